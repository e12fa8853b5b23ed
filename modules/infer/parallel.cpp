module;
#include <cstddef>
#include <exception>
#include <functional>
#include <vector>

module modus.infer;

import modus.autodiff;

namespace modus {

void parallel_for(std::size_t n, const std::function<void(std::size_t)>& work) {
    std::vector<std::exception_ptr> errors(n);
    for_each_in_threads(n, [&](std::size_t k) {
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
