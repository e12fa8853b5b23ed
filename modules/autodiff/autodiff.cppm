// The room of derivatives: dual numbers, arrays of them, and what can be computed with both.
export module modus.autodiff;

export import :algebra;
export import :array;
export import :dual;
export import :error;
export import :gradient;
export import :kernel;
export import :math;
export import :pool;
