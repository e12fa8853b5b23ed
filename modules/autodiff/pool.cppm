// Recycled memory: coroutine frames, array buffers and small per-run tables come from free lists, so that after its
// first evaluation a model allocates nothing. Which block is handed out never influences a result.
export module modus.autodiff:pool;

import modus.standard;

export namespace modus {

/// A block of at least `bytes`, aligned to 64, from the calling thread's free list. Throws std::bad_alloc.
void* pool_allocate(std::size_t bytes);

/// Gives a block back, with the size that it was asked for; any thread may do so.
void pool_release(void* block, std::size_t bytes) noexcept;

/// The pool as an allocator for standard containers.
template <class T> struct PoolAllocator {
    using value_type = T;
    PoolAllocator() = default;
    template <class U> PoolAllocator(const PoolAllocator<U>&) {}
    T* allocate(std::size_t n) { return static_cast<T*>(pool_allocate(n * sizeof(T))); }
    void deallocate(T* block, std::size_t n) noexcept { pool_release(block, n * sizeof(T)); }
    friend bool operator==(PoolAllocator, PoolAllocator) { return true; }
};

template <class T> using PoolVector = std::vector<T, PoolAllocator<T>>;

} // namespace modus
