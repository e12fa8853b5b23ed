// In place of oneTBB, for ThreadSanitizer alone, which would take each of its tasks for a race: the library comes
// without instrumentation, so that nobody sees how it orders them. Threads of the standard library are seen, and each
// loop gets them anew, also on one processor. What is done in the loops must not throw.
#pragma once
#include <algorithm>
#include <atomic>
#include <cstddef>
#include <tbb/task_arena.h>
#include <thread>
#include <vector>

namespace tbb {

struct task_group_context {
    enum kind { isolated };
    explicit task_group_context(kind) {}
};

template <class Work>
void parallel_for(std::size_t first, std::size_t last, const Work& work, const task_group_context&) {
    std::atomic<std::size_t> next = first;
    std::vector<std::jthread> threads;
    for (std::size_t t = 0; t < std::min<std::size_t>(last - first, 3); ++t)
        threads.emplace_back([&, t] {
            this_task_arena::index = static_cast<int>(t);
            for (std::size_t k; (k = next++) < last;) work(k);
        });
}

} // namespace tbb
