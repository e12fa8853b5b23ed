module;
#include <coroutine>

// A translation unit that writes a coroutine must see std::coroutine_traits. Re-exporting the names here lets
// `import modus;` alone suffice. (Formally this adds declarations to std; it is done in this one place only.)
export module modus.effects:coroutine;

export namespace std {
using std::coroutine_handle;
using std::coroutine_traits;
using std::suspend_always;
} // namespace std
