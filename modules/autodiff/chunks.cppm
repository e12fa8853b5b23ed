// Rows of large data in chunks, which several threads work on.
export module modus.autodiff:chunks;

import modus.standard;

export namespace modus {

/// Rows of large data are cut into chunks of so many, as Chunks says.
inline constexpr std::size_t chunk_rows = 1024;

/// Fewer numbers are done before another thread has woken up.
inline constexpr std::size_t parallel_numbers = 1 << 18;

/// Calls `work(k)`, which must not throw, for k = 0, 1, ..., n - 1, in several threads. Around this there may be a loop
/// over fits, say. Where one of them fails and the others are cancelled, this is done to the end all the same; and a
/// thread that waits here does not begin another fit meanwhile, and in that perhaps the next one.
void for_each_in_threads(std::size_t n, const std::function<void(std::size_t)>& work);

/// Rows, or columns, in chunks: cut by their number alone, so that what is summed up in each, and then over the chunks
/// in their order, does not depend on the number of threads.
class Chunks {
  public:
    static constexpr std::size_t most = 64; ///< more are not needed to keep many threads busy

    Chunks() = default;
    /// All in one.
    explicit inline Chunks(std::size_t rows) : rows_(rows), each_(rows) {}
    /// Of `least` rows, or of a multiple where there would be more than `at_most` chunks, or of somewhat fewer so that
    /// all have as many; these are whole batches, and the last chunk has the rest.
    Chunks(std::size_t rows, std::size_t least, std::size_t at_most = most);

    inline std::size_t size() const { return size_; }

    /// Calls `work(c, begin, end)`, which must not throw, for each chunk c and its rows, in several threads. Each
    /// thread has a part of the chunks of its own, the same in every call, which it takes from the front and in the
    /// next call from the back: so it begins with the rows that it has read last, and finds them in its cache even
    /// where the cache is smaller than the part. Once done with it, it helps the others.
    void for_each(const std::function<void(std::size_t, std::size_t, std::size_t)>& work);

  private:
    std::size_t rows_ = 0, each_ = 0, size_ = 1;
    bool is_downward_ = false;
};

} // namespace modus
