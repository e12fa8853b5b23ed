// Independent pieces of work in threads.
export module modus.infer:parallel;

import modus.standard;

export namespace modus {

/// Calls `work(k)` for k = 0, 1, ..., n - 1, in any order and in several threads. Where calls throw, the exception of
/// the smallest k is thrown, so that an error does not depend on the threads.
void parallel_for(std::size_t n, const std::function<void(std::size_t)>& work);

} // namespace modus
