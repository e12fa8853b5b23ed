#include <boost/test/unit_test.hpp>
#include <cmath>
#include <numbers>
#include <string>
#include <vector>

import modus.autodiff;
import modus.distributions;
import modus.effects;
import modus.handlers;
import modus.support;
using namespace modus;

#include "models.hpp"

namespace {

std::vector<std::string> names(const Trace& t) {
    std::vector<std::string> result;
    for (const TraceSite& site : t) result.push_back(site.name);
    return result;
}
using Names = std::vector<std::string>;

} // namespace

BOOST_AUTO_TEST_CASE(handlers_outside_see_the_prefix_and_handlers_inside_do_not) {
    const auto scoped = small_model | condition({{"a", 1.0}}) | scope("left") | condition({{"left/b", 2.0}});
    BOOST_TEST(names(run(scoped | trace, 3.0)) == (Names{"left/a", "left/b", "left/y"}),
               boost::test_tools::per_element());
    BOOST_TEST(run(scoped, 3.0) == 3);
    BOOST_TEST(names(run(small_model | seed(1) | trace | scope("left"), 3.0)) == (Names{"a", "b", "y"}),
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(scopes_nest_and_keep_apart) {
    const auto model = []<Scalar Real>() -> Model<Real> {
        co_yield submodel(small_model | scope("x"), 1.0);
        co_yield submodel(small_model | scope("y"), 1.0);
        for ([[maybe_unused]] auto i : co_yield plate("row", 2)) co_yield sample("z", Normal(0, 1));
    };
    const Trace t = run(model | scope("inner") | scope("outer") | seed(1) | trace);
    BOOST_TEST(names(t) == (Names{"outer/inner/x/a", "outer/inner/x/b", "outer/inner/x/y", "outer/inner/y/a",
                                  "outer/inner/y/b", "outer/inner/y/y", "outer/inner/z[0]", "outer/inner/z[1]"}),
               boost::test_tools::per_element());
    // The name, whoever made its prefix, is what draws depend on.
    const auto other = []<Scalar Real>() -> Model<Real> {
        co_yield submodel("outer", []<Scalar R>() -> Model<R> { co_yield sample("q", Normal(0, 1)); });
    };
    const auto q = []<Scalar Real>() -> Model<Real> { co_yield sample("q", Normal(0, 1)); };
    BOOST_TEST(run(other | seed(1) | trace).get<double>("outer/q") ==
               run(q | scope("outer") | seed(1) | trace).get<double>("outer/q"));
}
