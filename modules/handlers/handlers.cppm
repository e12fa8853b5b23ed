// The room of handlers: one a file.
export module modus.handlers;

export import :assignment;
export import :block;
export import :condition;
export import :do_;
export import :explain;
export import :infer_config;
export import :lift;
export import :mask;
export import :named_values;
export import :replay;
export import :scale;
export import :scope;
export import :seed;
export import :substitute;
export import :trace;
export import :uncondition;
