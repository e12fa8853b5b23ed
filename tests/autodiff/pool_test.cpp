#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <new>
#include <numeric>
#include <set>
#include <thread>
#include <utility>
#include <vector>

import modus.autodiff;

using namespace modus;

// Under AddressSanitizer blocks are not recycled, so that it sees a use after release.
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define MODUS_TEST_NO_REUSE
#endif
#endif

namespace {

bool aligned(const void* block) { return reinterpret_cast<std::uintptr_t>(block) % 64 == 0; }

} // namespace

BOOST_AUTO_TEST_CASE(blocks_are_aligned_and_writable_to_the_end) {
    for (const std::size_t bytes : {0u, 1u, 8u, 63u, 64u, 65u, 127u, 128u, 129u, 1000u, 4096u, 100000u, 50000000u}) {
        void* block = pool_allocate(bytes);
        BOOST_REQUIRE(block);
        BOOST_TEST(aligned(block), bytes);
        std::memset(block, 0x5a, bytes); // under AddressSanitizer this finds a block that is too small
        if (bytes) BOOST_TEST(static_cast<unsigned char*>(block)[bytes - 1] == 0x5a);
        pool_release(block, bytes);
    }
}

BOOST_AUTO_TEST_CASE(live_blocks_are_distinct) {
    std::vector<std::size_t*> blocks;
    for (std::size_t k = 0; k < 1000; ++k) {
        auto* block = static_cast<std::size_t*>(pool_allocate(64 + k % 100));
        *block = k;
        blocks.push_back(block);
    }
    BOOST_TEST(std::set<std::size_t*>(blocks.begin(), blocks.end()).size() == 1000u);
    bool intact = true;
    for (std::size_t k = 0; k < 1000; ++k) {
        intact = intact && *blocks[k] == k;
        pool_release(blocks[k], 64 + k % 100);
    }
    BOOST_TEST(intact);
}

#ifndef MODUS_TEST_NO_REUSE
BOOST_AUTO_TEST_CASE(a_released_block_comes_back) {
    for (const std::size_t bytes : {0u, 24u, 64u, 200u, 5000u}) {
        void* first = pool_allocate(bytes);
        pool_release(first, bytes);
        void* second = pool_allocate(bytes);
        BOOST_TEST(second == first, bytes);
        pool_release(second, bytes);
    }
}

BOOST_AUTO_TEST_CASE(a_block_comes_back_for_any_size_of_its_class) {
    void* first = pool_allocate(130); // a block of 256 bytes
    pool_release(first, 130);
    void* second = pool_allocate(256);
    BOOST_TEST(second == first);
    void* third = pool_allocate(257); // the next class
    BOOST_TEST(third != first);
    pool_release(second, 256);
    pool_release(third, 257);
}

BOOST_AUTO_TEST_CASE(a_block_released_on_another_thread_stays_there) {
    void* first = pool_allocate(3000);
    void* again = nullptr;
    std::thread([&] {
        pool_release(first, 3000);
        again = pool_allocate(3000);
        pool_release(again, 3000);
    }).join();
    BOOST_TEST(again == first);
}
#endif

BOOST_AUTO_TEST_CASE(threads_exchange_blocks) {
    // Allocated here and released there, and the other way round; the sanitizers watch for leaks and races.
    std::vector<void*> ours, theirs;
    for (int k = 0; k < 100; ++k) ours.push_back(pool_allocate(500));
    std::thread([&] {
        for (void* block : ours) pool_release(block, 500);
        for (int k = 0; k < 100; ++k) theirs.push_back(pool_allocate(700));
        for (void* block : theirs) std::memset(block, 1, 700);
    }).join();
    bool written = true;
    for (void* block : theirs) {
        written = written && static_cast<unsigned char*>(block)[699] == 1;
        pool_release(block, 700);
    }
    BOOST_TEST(written);
}

BOOST_AUTO_TEST_CASE(absurd_sizes_are_refused) {
    BOOST_CHECK_THROW(pool_allocate(std::numeric_limits<std::size_t>::max()), std::bad_alloc);
    BOOST_CHECK_THROW(pool_allocate(std::size_t{1} << 50), std::bad_alloc);
}

BOOST_AUTO_TEST_CASE(vectors_in_the_pool) {
    PoolVector<int> numbers;
    BOOST_TEST(numbers.data() == nullptr); // nothing is allocated before the first element
    for (int k = 0; k < 1000; ++k) numbers.push_back(k);
    BOOST_TEST(aligned(numbers.data()));
    BOOST_TEST(std::accumulate(numbers.begin(), numbers.end(), 0) == 999 * 500);
    const PoolVector<int> copy = numbers;
    numbers[0] = 7;
    BOOST_TEST(copy[0] == 0);
    PoolVector<int> moved = std::move(numbers);
    BOOST_TEST(moved.size() == 1000u);
    BOOST_TEST(moved[0] == 7);
    BOOST_TEST((PoolAllocator<int>() == PoolAllocator<int>()));
}
