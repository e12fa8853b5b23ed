// The room of supports: values, where they live, and what the effects ask of a distribution.
export module modus.support;

export import :corr_cholesky;
export import :counts;
export import :distribution;
export import :domain;
export import :random;
export import :region;
export import :simplex;
export import :sphere;
export import :sticks;
export import :value;
