module;
#include <cstddef>
#include <exception>
#include <functional>
#include <tbb/parallel_for.h>
#include <vector>

module modus.infer;

namespace modus {

void parallel_for(std::size_t n, const std::function<void(std::size_t)>& work) {
    std::vector<std::exception_ptr> errors(n);
    tbb::parallel_for(std::size_t{0}, n, [&](std::size_t k) {
        try {
            work(k);
        } catch (...) {
            errors[k] = std::current_exception();
        }
    });
    for (const std::exception_ptr& error : errors)
        if (error) std::rethrow_exception(error);
}

} // namespace modus
