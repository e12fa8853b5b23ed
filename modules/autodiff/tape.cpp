module;
#include <algorithm>
#include <cstddef>
#include <new>

module modus.autodiff;

namespace modus {

namespace {
constexpr std::size_t first_block = std::size_t{1} << 15; // a small model's tape stays in the first-level cache
} // namespace

Arena::~Arena() {
    while (block_) {
        Block* previous = block_->previous;
        pool_release(block_, block_->bytes);
        block_ = previous;
    }
}

void* Arena::allocate_in_new_block(std::size_t bytes) {
    std::size_t size = block_ ? 2 * block_->bytes : first_block;
    while (size < bytes + 3 * 64) size *= 2;
    auto* block = ::new (pool_allocate(size)) Block{block_, size};
    block_ = block;
    next_ = reinterpret_cast<std::byte*>(block) + 64;
    end_ = reinterpret_cast<std::byte*>(block) + size - 64; // whole batches can be read from any word on
    return allocate(bytes);
}

} // namespace modus
