// Rows of large data in chunks, which several threads work on.
export module modus.autodiff:chunks;

import modus.standard;

export namespace modus {

/// A chunk has so many rows, or a multiple where there would be more chunks than keep many threads busy.
inline constexpr std::size_t chunk_rows = 1024, most_chunks = 64;

/// Fewer numbers are done before another thread has woken up.
inline constexpr std::size_t parallel_numbers = 1 << 18;

/// Into how many chunks so many rows are cut, whatever the number of threads: sums must not depend on it.
std::size_t chunks_of(std::size_t rows);

/// Calls `work(c)` for c = 0, 1, ..., count - 1, which must not throw, in several threads. Each thread has a part of
/// the chunks of its own, the same in every call, which it takes from the front or, `is_downward`, from the back; once
/// done with it, it helps the others. In calls that go there and back in turn, a thread begins with the rows that it
/// has read last, and finds them in its cache even where the cache is smaller than the part.
void for_each_chunk(std::size_t count, bool is_downward, const std::function<void(std::size_t)>& work);

} // namespace modus
