module;
#include <array>
#include <bit>
#include <cstddef>
#include <new>

module modus.autodiff;

namespace modus {
namespace {

constexpr std::size_t smallest = 6; // 64 bytes
constexpr std::size_t classes = 40; // one free list per power of two
constexpr std::align_val_t alignment{64};

// Under AddressSanitizer recycling would hide a use after free.
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define MODUS_NO_POOL
#endif
#endif

struct Block {
    Block* next;
};

thread_local bool lists_alive = true; // trivial, so still readable when static objects are released at exit

struct FreeLists {
    std::array<Block*, classes> heads{};

    ~FreeLists() {
        lists_alive = false;
        for (Block*& head : heads)
            while (head) {
                Block* next = head->next;
                ::operator delete(head, alignment);
                head = next;
            }
    }
};

thread_local FreeLists lists;

std::size_t size_class(std::size_t bytes) {
    const std::size_t width = std::bit_width(bytes ? bytes - 1 : 0);
    return width < smallest ? 0 : width - smallest;
}

} // namespace

void* pool_allocate(std::size_t bytes) {
    const std::size_t index = size_class(bytes);
    if (index >= classes) throw std::bad_alloc();
#ifndef MODUS_NO_POOL
    if (Block* block = lists.heads[index]) {
        lists.heads[index] = block->next;
        return block;
    }
#endif
    return ::operator new(std::size_t{1} << (index + smallest), alignment);
}

void pool_release(void* memory, std::size_t bytes) noexcept {
#ifndef MODUS_NO_POOL
    if (lists_alive) {
        Block*& head = lists.heads[size_class(bytes)];
        head = ::new (memory) Block{head};
        return;
    }
#else
    static_cast<void>(bytes);
#endif
    ::operator delete(memory, alignment);
}

} // namespace modus
