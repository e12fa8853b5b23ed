// The room of distributions: a leaf that nothing else imports.
export module modus.distributions;

export import :elementwise;
export import :normal;
