// The room of inference: guides, losses, optimizers, the steps that fit one with the other, and how fits are kept.
export module modus.infer;

export import :auto_delta;
export import :checkpoint;
export import :elbo;
export import :file;
export import :init;
export import :optim.adam;
export import :optim.options;
export import :optim.sgd;
export import :progress;
export import :svi;
