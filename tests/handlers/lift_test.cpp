#include <boost/test/unit_test.hpp>
#include <cmath>
#include <error_parts.hpp>
#include <numbers>

import modus.autodiff;
import modus.distributions;
import modus.effects;
import modus.handlers;
import modus.support;
using namespace modus;

#include "models.hpp"

namespace {

constexpr auto with_params = []<Scalar Real>(double y) -> Model<Real, Real> {
    auto sigma = co_yield param("sigma", 2.0, support::positive);
    auto at = co_yield param("at", Vector{1, 2});
    co_yield sample("y", Normal(sum(at), sigma), obs = y);
    co_return sigma;
};

} // namespace

BOOST_AUTO_TEST_CASE(a_lifted_param_is_a_random_site) {
    const Trace t = run(with_params | lift("sigma", LogNormal(0, 1)) | condition({{"sigma", 0.5}}) | trace, 2.0);
    BOOST_TEST(static_cast<int>(t["sigma"].kind) == static_cast<int>(Kind::sample));
    BOOST_TEST(t["sigma"].distribution == "LogNormal");
    BOOST_TEST(t["sigma"].log_density == normal(std::log(0.5), 0, 1) - std::log(0.5),
               boost::test_tools::tolerance(1e-15));
    BOOST_TEST(static_cast<int>(t["at"].kind) == static_cast<int>(Kind::param));
    BOOST_TEST(t["y"].log_density == normal(2, 3, 0.5), boost::test_tools::tolerance(1e-15));
}

BOOST_AUTO_TEST_CASE(handlers_inside_still_see_a_param) {
    const Trace t = run(with_params | trace | lift("sigma", LogNormal(0, 1)) | seed(3), 2.0);
    BOOST_TEST(static_cast<int>(t["sigma"].kind) == static_cast<int>(Kind::param));
    BOOST_TEST(t.get<double>("sigma") == run(with_params | lift("sigma", LogNormal(0, 1)) | seed(3), 2.0));
}

BOOST_AUTO_TEST_CASE(several_params_are_lifted_by_several_handlers) {
    const Trace t = run(with_params | lift("sigma", LogNormal(0, 1)) | lift("at", Normal(0, 1).expand(2).to_event(1)) |
                            seed(3) | trace,
                        2.0);
    BOOST_TEST(static_cast<int>(t["at"].kind) == static_cast<int>(Kind::sample));
    BOOST_TEST(t.get<Vector>("at").size() == 2u);
}

BOOST_AUTO_TEST_CASE(a_prior_of_another_shape_and_an_unknown_param_are_refused) {
    BOOST_CHECK_EXCEPTION(run(with_params | lift("at", Normal(0, 1)) | seed(3), 2.0), Error,
                          (Says{"at", "a prior of shape [2]", "shape []", ".expand(n)"}));
    BOOST_CHECK_EXCEPTION(run(with_params | lift("tau", Normal(0, 1)) | seed(3), 2.0), Error,
                          (Says{"tau", "a param site that reaches lift", "no param of this name", "spelling"}));
}

BOOST_AUTO_TEST_CASE(a_prior_with_batch_axes_wants_a_plate) {
    BOOST_CHECK_EXCEPTION(
        run(with_params | lift("at", Normal(0, 1).expand(2)) | seed(3), 2.0), Error,
        (Says{"at", "a plate for batch axis -1 of size 2", "batch shape [2] and no plate", ".to_event(1)"}));
}
