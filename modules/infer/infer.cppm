// The room of inference: guides, losses, optimizers, the steps that fit one with the other, and how fits are kept.
export module modus.infer;

export import :auto_delta;
export import :checkpoint;
export import :elbo;
export import :epoch;
export import :file;
export import :guide;
export import :guide_list;
export import :init;
export import :latents;
export import :optim.adam;
export import :optim.options;
export import :optim.sgd;
export import :parallel;
export import :plates;
export import :point_guide;
export import :predictive;
export import :progress;
export import :recorded;
export import :render_model;
export import :svi;
