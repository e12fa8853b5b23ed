// The part of oneTBB that the test uses to choose the number of threads; see parallel_for.h, which has always three.
#pragma once
#include <cstddef>

namespace tbb {

struct global_control {
    enum parameter { max_allowed_parallelism };
    global_control(parameter, std::size_t) {}
};

} // namespace tbb
