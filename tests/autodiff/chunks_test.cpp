#include <algorithm>
#include <array>
#include <atomic>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <cstddef>
#include <map>
#include <mutex>
#include <set>
#include <tbb/global_control.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>
#include <thread>
#include <vector>

import modus.autodiff;

using namespace modus;

namespace {

/// The chunks in the order in which they came, from all threads.
std::vector<std::size_t> order_of(Chunks& chunks) {
    std::mutex mutex;
    std::vector<std::size_t> order;
    chunks.for_each([&](std::size_t c, std::size_t, std::size_t) {
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
    BOOST_TEST(Chunks().size() == 1);
    BOOST_TEST(Chunks(100'000).size() == 1);
    BOOST_TEST(Chunks(0, 1024).size() == 1);
    BOOST_TEST(Chunks(1, 1024).size() == 1);
    BOOST_TEST(Chunks(1024, 1024).size() == 1);
    BOOST_TEST(Chunks(1025, 1024).size() == 2);
    BOOST_TEST(Chunks(64 * 1024, 1024).size() == 64);
    BOOST_TEST(Chunks(64 * 1024 + 1, 1024).size() == 33); // of 2048 rows or somewhat fewer
    BOOST_TEST(Chunks(100'000, 1024).size() == 49);
    BOOST_TEST(Chunks(100'000, 1024, 5).size() == 5);
    BOOST_TEST(Chunks(100'000, 1024, 1).size() == 1);
    BOOST_TEST(Chunks(100'000, 1024, 0).size() == 1);
    BOOST_TEST(Chunks(100'000, 1, 1000).size() == Chunks::most);
}

BOOST_AUTO_TEST_CASE(chunks_are_whole_batches_that_follow_each_other) {
    for (const std::size_t least : {1, 8, 13, 256, 1024})
        for (const std::size_t most : {1, 3, 64})
            for (std::size_t rows = 1; rows < 1'000'000; rows += rows / 7 + 1) {
                Chunks chunks(rows, least, most);
                BOOST_REQUIRE(chunks.size() <= most);
                std::vector<std::array<std::size_t, 2>> ranges(chunks.size());
                chunks.for_each([&](std::size_t c, std::size_t begin, std::size_t end) { ranges[c] = {begin, end}; });
                std::size_t next = 0;
                for (std::size_t c = 0; c < ranges.size(); ++c) {
                    const auto& [begin, end] = ranges[c];
                    BOOST_REQUIRE(begin == next);
                    BOOST_REQUIRE(end > begin);
                    if (c + 1 < ranges.size()) BOOST_REQUIRE((end - begin) % Batch::size == 0);
                    if (c + 1 < ranges.size()) BOOST_REQUIRE(end - begin > least / 2);
                    next = end;
                }
                BOOST_REQUIRE(next == rows);
            }
}

BOOST_AUTO_TEST_CASE(each_chunk_is_done_once) {
    for (const int threads : {1, 2, 3, 8, 100}) {
        const tbb::global_control limit(tbb::global_control::max_allowed_parallelism,
                                        static_cast<std::size_t>(threads));
        tbb::task_arena(threads).execute([] {
            for (const std::size_t count : {1, 2, 3, 7, 49, 64}) {
                Chunks chunks(8 * count, 8);
                BOOST_REQUIRE(chunks.size() == count);
                for (int repeat = 0; repeat < 4; ++repeat) {
                    auto order = order_of(chunks);
                    std::sort(order.begin(), order.end());
                    BOOST_TEST((order == up_to(count)));
                }
            }
        });
    }
}

BOOST_AUTO_TEST_CASE(one_thread_goes_there_and_back) {
    const auto upward = up_to(49), downward = std::vector(upward.rbegin(), upward.rend());
    const tbb::global_control limit(tbb::global_control::max_allowed_parallelism, 1);
    Chunks chunks(100'000, 1024);
    for (int repeat = 0; repeat < 3; ++repeat) {
        BOOST_TEST((order_of(chunks) == upward));
        BOOST_TEST((order_of(chunks) == downward));
    }
}

BOOST_AUTO_TEST_CASE(threads_begin_at_the_end_of_their_own_parts_where_they_were_last) {
    const tbb::global_control limit(tbb::global_control::max_allowed_parallelism, 2);
    tbb::task_arena arena(2);
    Chunks chunks(20 * 8, 8);
    const auto first_chunks = [&] {
        std::mutex mutex;
        std::map<std::thread::id, std::size_t> first;
        arena.execute([&] {
            const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
            chunks.for_each([&](std::size_t c, std::size_t, std::size_t) {
                std::unique_lock lock(mutex);
                first.emplace(std::this_thread::get_id(), c);
                while (first.size() < 2 && std::chrono::steady_clock::now() < deadline) { // for the other one
                    lock.unlock();
                    std::this_thread::yield();
                    lock.lock();
                }
            });
        });
        std::set<std::size_t> result;
        for (const auto& [thread, c] : first) result.insert(c);
        return result;
    };
    for (int repeat = 0; repeat < 5; ++repeat) {
        BOOST_TEST((first_chunks() == std::set<std::size_t>{0, 10}));
        BOOST_TEST((first_chunks() == std::set<std::size_t>{9, 19}));
    }
}

BOOST_AUTO_TEST_CASE(chunks_are_done_where_a_loop_around_them_is_cancelled) {
    tbb::task_group_context context;
    std::vector<std::size_t> order;
    tbb::parallel_for(
        0, 1,
        [&](int) {
            context.cancel_group_execution(); // as where another of its iterations throws
            Chunks chunks(20 * 8, 8);
            order = order_of(chunks);
        },
        context);
    std::sort(order.begin(), order.end());
    BOOST_TEST((order == up_to(20)));
}

BOOST_AUTO_TEST_CASE(no_thread_begins_another_piece_of_a_loop_while_it_waits) {
    std::atomic<int> deepest = 0;
    tbb::parallel_for(0, 200, [&](int) {
        thread_local int depth = 0;
        ++depth;
        if (depth > deepest) deepest = depth;
        Chunks chunks(33 * 8, 8);
        const auto order = order_of(chunks);
        --depth;
    });
    BOOST_TEST(deepest == 1);
}

BOOST_AUTO_TEST_CASE(chunks_within_other_loops) {
    // As of several fits at a time: their threads are busy with each other's chunks.
    std::vector<std::vector<std::size_t>> orders(16);
    tbb::parallel_for(std::size_t{0}, orders.size(), [&](std::size_t k) {
        Chunks chunks(33 * 8, 8);
        orders[k] = order_of(chunks);
    });
    for (auto& order : orders) {
        std::sort(order.begin(), order.end());
        BOOST_TEST((order == up_to(33)));
    }
}
