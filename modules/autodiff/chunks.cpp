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

std::size_t divided(std::size_t n, std::size_t by) { return (n + by - 1) / by; }

} // namespace

void for_each_in_threads(std::size_t n, const std::function<void(std::size_t)>& work) {
    tbb::task_group_context context(tbb::task_group_context::isolated);
    tbb::this_task_arena::isolate([&] { tbb::parallel_for(std::size_t{0}, n, work, context); });
}

Chunks::Chunks(std::size_t rows, std::size_t least, std::size_t at_most) : rows_(rows) {
    const std::size_t batches = divided(least, Batch::size);
    const std::size_t most_rows =
        batches * Batch::size * divided(rows, batches * Batch::size * std::clamp<std::size_t>(at_most, 1, most));
    size_ = rows == 0 ? 1 : divided(rows, most_rows);
    each_ = divided(divided(rows, size_), Batch::size) * Batch::size;
}

void Chunks::for_each(const std::function<void(std::size_t, std::size_t, std::size_t)>& work) {
    if (size_ == 1) return work(0, 0, rows_);
    const bool is_downward = is_downward_;
    is_downward_ = !is_downward;
    const std::size_t parts = std::min(threads_here(), size_);
    std::array<Taken, most> taken;
    const auto take = [&](std::size_t) {
        const auto own = static_cast<std::size_t>(tbb::this_task_arena::current_thread_index());
        for (std::size_t k = 0; k < parts; ++k) {
            const std::size_t part = (own + k) % parts, begin = size_ * part / parts, end = size_ * (part + 1) / parts;
            for (std::size_t n; (n = taken[part].count.fetch_add(1, std::memory_order_relaxed)) < end - begin;) {
                const std::size_t c = is_downward ? end - 1 - n : begin + n;
                work(c, c * each_, std::min((c + 1) * each_, rows_));
            }
        }
    };
    for_each_in_threads(parts, std::ref(take));
}

} // namespace modus
