// The room of distributions: a leaf that nothing else imports.
export module modus.distributions;

export import :bernoulli;
export import :bernoulli_logits;
export import :beta;
export import :binomial;
export import :binomial_logits;
export import :cauchy;
export import :delta;
export import :elementwise;
export import :exponential;
export import :gamma;
export import :half_cauchy;
export import :half_normal;
export import :log_normal;
export import :normal;
export import :plain;
export import :poisson;
export import :student_t;
export import :uniform;
