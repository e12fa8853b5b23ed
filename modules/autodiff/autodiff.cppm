// The room of derivatives: dual numbers, arrays of them, and what can be computed with both.
export module modus.autodiff;

export import :algebra;
export import :array;
export import :batch;
export import :block;
export import :compact;
export import :dual;
export import :error;
export import :gradient;
export import :kernel;
export import :local;
export import :math;
export import :order;
export import :pool;
export import :predictor;
export import :product_rows;
export import :select;
export import :summand;
export import :tape;
export import :tape_algebra;
export import :tape_array;
export import :tape_number;
export import :total;
export import :triangular;
