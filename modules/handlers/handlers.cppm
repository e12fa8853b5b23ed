// The room of handlers: one a file.
export module modus.handlers;

export import :assignment;
export import :block;
export import :condition;
export import :named_values;
export import :replay;
export import :seed;
export import :substitute;
export import :trace;
