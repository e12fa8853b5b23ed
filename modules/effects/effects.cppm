// The room of effects: what a model can yield, the coroutine that yields it, and the stack that answers.
export module modus.effects;

export import :batch;
export import :copies;
export import :coroutine;
export import :effect;
export import :message;
export import :model;
export import :name;
export import :plate;
export import :site;
export import :stack;
export import :state;
