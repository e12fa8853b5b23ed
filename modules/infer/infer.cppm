// The room of inference: guides, losses, optimizers, and the steps that fit one with the other.
export module modus.infer;

export import :auto_delta;
export import :elbo;
export import :init;
export import :optim.adam;
export import :optim.options;
export import :optim.sgd;
export import :progress;
export import :svi;
