// The part of oneTBB that the test uses to have threads; see parallel_for.h.
#pragma once

namespace tbb {

struct task_arena {
    explicit task_arena(int) {}
    template <class Work> void execute(const Work& work) { work(); }
};

} // namespace tbb
