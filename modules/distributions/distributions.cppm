// The room of distributions: a leaf that nothing else imports.
export module modus.distributions;

export import :bernoulli;
export import :bernoulli_logits;
export import :beta;
export import :binomial;
export import :binomial_logits;
export import :categorical;
export import :categorical_logits;
export import :cauchy;
export import :delta;
export import :dirichlet;
export import :elementwise;
export import :exponential;
export import :gamma;
export import :half_cauchy;
export import :half_normal;
export import :joint;
export import :lkj_cholesky;
export import :log_normal;
export import :multinomial;
export import :multivariate_normal;
export import :normal;
export import :plain;
export import :poisson;
export import :student_t;
export import :uniform;
