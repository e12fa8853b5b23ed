// The part of oneTBB that chooses the number of threads; see parallel_for.h, which has always three.
#pragma once
#include <cstddef>

namespace tbb {

struct global_control {
    enum parameter { max_allowed_parallelism };
    global_control(parameter, std::size_t) {}
    static std::size_t active_value(parameter) { return 3; }
};

} // namespace tbb
