// A translation unit that writes a coroutine must see std::coroutine_traits. Re-exporting the names here lets
// `import modus;` alone suffice. (Formally this adds declarations to std, as modus.standard does.)
export module modus.effects:coroutine;

import modus.standard;

export namespace std {
using std::coroutine_handle;
using std::coroutine_traits;
using std::suspend_always;
} // namespace std
