module;
#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <functional>
#include <tbb/global_control.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

module modus.autodiff;

namespace modus {
namespace {

/// How many chunks of a part are taken; on a cache line of its own, so that only helpers slow its thread down.
struct alignas(64) Taken {
    std::atomic<std::size_t> count = 0;
};

/// That may work here: an arena keeps its size where a limit is set later.
std::size_t threads_here() {
    return std::min(static_cast<std::size_t>(tbb::this_task_arena::max_concurrency()),
                    tbb::global_control::active_value(tbb::global_control::max_allowed_parallelism));
}

} // namespace

std::size_t chunks_of(std::size_t rows) {
    const auto divided = [](std::size_t n, std::size_t by) { return (n + by - 1) / by; };
    return divided(rows, chunk_rows * divided(rows, chunk_rows * most_chunks));
}

void for_each_chunk(std::size_t count, bool is_downward, const std::function<void(std::size_t)>& work) {
    if (count == 1) return work(0);
    const std::size_t parts = std::min({threads_here(), count, most_chunks});
    std::array<Taken, most_chunks> taken;
    tbb::parallel_for(std::size_t{0}, parts, [&](std::size_t) {
        const auto own = static_cast<std::size_t>(tbb::this_task_arena::current_thread_index());
        for (std::size_t k = 0; k < parts; ++k) {
            const std::size_t part = (own + k) % parts, begin = count * part / parts, end = count * (part + 1) / parts;
            for (std::size_t n; (n = taken[part].count.fetch_add(1, std::memory_order_relaxed)) < end - begin;)
                work(is_downward ? end - 1 - n : begin + n);
        }
    });
}

} // namespace modus
