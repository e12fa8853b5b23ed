// The part of oneTBB that has and knows threads; see parallel_for.h, which makes them.
#pragma once

namespace tbb {

struct task_arena {
    explicit task_arena(int) {}
    template <class Work> void execute(const Work& work) { work(); }
};

namespace this_task_arena {
inline thread_local int index = 0;
inline int current_thread_index() { return index; }
inline int max_concurrency() { return 3; }
template <class Work> void isolate(const Work& work) { work(); }
} // namespace this_task_arena

} // namespace tbb
