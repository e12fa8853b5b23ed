// After the first evaluation a step allocates nothing.
#include <atomic>
#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <new>

import modus.autodiff;
import modus.distributions;
import modus.effects;
import modus.handlers;
import modus.infer;
import modus.support;
using namespace modus;

namespace {

std::atomic<long> allocations = 0;

void* counted(std::size_t bytes, std::size_t alignment) {
    ++allocations;
    void* block = alignment > alignof(std::max_align_t)
                      ? std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment)
                      : std::malloc(bytes ? bytes : 1);
    if (!block) throw std::bad_alloc();
    return block;
}

} // namespace

void* operator new(std::size_t bytes) { return counted(bytes, 0); }
void* operator new(std::size_t bytes, std::align_val_t alignment) {
    return counted(bytes, static_cast<std::size_t>(alignment));
}
void operator delete(void* block) noexcept { std::free(block); }
void operator delete(void* block, std::size_t) noexcept { std::free(block); }
void operator delete(void* block, std::align_val_t) noexcept { std::free(block); }
void operator delete(void* block, std::size_t, std::align_val_t) noexcept { std::free(block); }

BOOST_AUTO_TEST_CASE(steps_do_not_allocate) {
    const auto model = []<Scalar Real>(const Matrix& X, Observed<Vector> y) -> Model<Real> {
        auto weight = co_yield sample("weight", Normal(0, 10).expand(X.cols()).to_event(1));
        auto sigma = co_yield sample("sigma", LogNormal(0, 1));
        for ([[maybe_unused]] auto i : co_yield plate("group", 40)) co_yield sample("theta", Normal(0, 1));
        auto rows = co_yield plate("data", X.rows());
        co_yield sample("obs", Normal(X * weight + 1.0, sigma), obs = y);
    };
    const Matrix X{{1, 2}, {3, 4}, {5, 7}};
    const Vector y{1, 2, 3};
    AutoDelta guide(model);
    SVI svi(model, guide, Adam{.lr = 0.01}, TraceELBO{});
    svi.step(X, y);
    svi.step(X, y);
    const long before = allocations;
    for (int k = 0; k < 10; ++k) svi.step(X, y);
    const long during = allocations - before;
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
    BOOST_TEST(during > 0); // the pool is off, so that recycling hides no error
    return;
#endif
#endif
    BOOST_TEST(before > 0);
    BOOST_TEST(during == 0);
}
