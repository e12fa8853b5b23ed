// After the first steps - one that runs the model, one that records it, one that is compared - a step allocates
// nothing.
#include "counted_allocations.hpp"
#include <boost/test/unit_test.hpp>

import modus.autodiff;
import modus.distributions;
import modus.effects;
import modus.handlers;
import modus.infer;
import modus.support;
using namespace modus;

namespace {

template <class M, class... A> void check_steps(const M& model, const A&... arguments) {
    AutoDelta guide(model);
    SVI svi(model, guide, Adam{.lr = 0.01}, TraceELBO{});
    for (int k = 0; k < 3; ++k) svi.step(arguments...);
    const long before = allocations;
    for (int k = 0; k < 20; ++k) svi.step(arguments...);
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

} // namespace

BOOST_AUTO_TEST_CASE(steps_do_not_allocate) {
    const auto model = []<Scalar Real>(const Matrix& X, Observed<Vector> y) -> Model<Real> {
        auto weight = co_yield sample("weight", Normal(0, 10).expand(X.cols()).to_event(1));
        auto sigma = co_yield sample("sigma", LogNormal(0, 1));
        for ([[maybe_unused]] auto i : co_yield plate("group", 40)) co_yield sample("theta", Normal(0, 1));
        auto rows = co_yield plate("data", X.rows());
        co_yield sample("obs", Normal(X * weight + 1.0, sigma), obs = y);
    };
    check_steps(model, Matrix{{1, 2}, {3, 4}, {5, 7}}, Vector{1, 2, 3});
}

BOOST_AUTO_TEST_CASE(steps_with_whole_vectors_and_matrices_do_not_allocate) {
    const auto model = []<Scalar Real>(const Matrix& rows, const IntVector& categories) -> Model<Real> {
        auto factor = co_yield sample("factor", LKJCholesky(3, 2));
        auto loc = co_yield sample("loc", MultivariateNormal(0, factor));
        auto data = co_yield plate("data", rows.rows());
        auto shares = co_yield sample("shares", Dirichlet(Vector{1, 2, 3}).expand(rows.rows()));
        co_yield sample("category", Categorical(shares), obs = categories);
        co_yield sample("rows", MultivariateNormal(loc, factor), obs = rows);
    };
    check_steps(model, Matrix{{1, 2, 3}, {3, -4, 5}}, IntVector{2, 0});
}
