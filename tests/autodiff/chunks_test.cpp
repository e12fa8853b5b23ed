#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <initializer_list>
#include <mutex>
#include <tbb/global_control.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>
#include <vector>

import modus.autodiff;

using namespace modus;

namespace {

/// The chunks in the order in which they came, from all threads.
std::vector<std::size_t> order_of(std::size_t count, bool is_downward) {
    std::mutex mutex;
    std::vector<std::size_t> order;
    for_each_chunk(count, is_downward, [&](std::size_t c) {
        const std::lock_guard lock(mutex);
        order.push_back(c);
    });
    return order;
}

std::vector<std::size_t> up_to(std::size_t count) {
    std::vector<std::size_t> all(count);
    for (std::size_t c = 0; c < count; ++c) all[c] = c;
    return all;
}

} // namespace

BOOST_AUTO_TEST_CASE(rows_are_cut_by_their_number_alone) {
    BOOST_TEST(chunks_of(1) == 1);
    BOOST_TEST(chunks_of(1024) == 1);
    BOOST_TEST(chunks_of(1025) == 2);
    BOOST_TEST(chunks_of(64 * 1024) == 64);
    BOOST_TEST(chunks_of(64 * 1024 + 1) == 33); // of 2048 rows
    BOOST_TEST(chunks_of(100'000) == 49);
    for (std::size_t rows = 1; rows < 10'000'000; rows += rows / 7 + 1) BOOST_TEST(chunks_of(rows) <= most_chunks);
}

BOOST_AUTO_TEST_CASE(each_chunk_is_done_once) {
    for (const int threads : {1, 2, 3, 8, 100}) {
        const tbb::global_control limit(tbb::global_control::max_allowed_parallelism,
                                        static_cast<std::size_t>(threads));
        tbb::task_arena(threads).execute([] {
            for (const std::size_t count : {1, 2, 3, 7, 49, 64, 1000})
                for (const bool is_downward : {false, true}) {
                    auto order = order_of(count, is_downward);
                    std::sort(order.begin(), order.end());
                    BOOST_TEST((order == up_to(count)));
                }
        });
    }
}

BOOST_AUTO_TEST_CASE(one_thread_goes_there_and_back) {
    const auto upward = up_to(49), downward = std::vector(upward.rbegin(), upward.rend());
    const tbb::global_control limit(tbb::global_control::max_allowed_parallelism, 1);
    BOOST_TEST((order_of(49, false) == upward));
    BOOST_TEST((order_of(49, true) == downward));
}

BOOST_AUTO_TEST_CASE(a_thread_begins_with_its_own_part_at_the_end_it_was_told_to) {
    // Of two parts, 0 to 9 and 10 to 19, some thread does a chunk at an end of one first.
    const tbb::global_control limit(tbb::global_control::max_allowed_parallelism, 2);
    tbb::task_arena arena(2);
    for (int repeat = 0; repeat < 20; ++repeat) {
        const std::size_t first = arena.execute([] { return order_of(20, false).front(); });
        BOOST_TEST((first == 0 || first == 10));
        const std::size_t last = arena.execute([] { return order_of(20, true).front(); });
        BOOST_TEST((last == 9 || last == 19));
    }
}

BOOST_AUTO_TEST_CASE(chunks_within_other_loops) {
    // As of several fits at a time: their threads are busy with each other's chunks.
    std::vector<std::vector<std::size_t>> orders(16);
    tbb::parallel_for(std::size_t{0}, orders.size(), [&](std::size_t k) { orders[k] = order_of(33, k % 2 == 0); });
    for (auto& order : orders) {
        std::sort(order.begin(), order.end());
        BOOST_TEST((order == up_to(33)));
    }
}
