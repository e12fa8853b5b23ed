#include <boost/test/unit_test.hpp>
#include <cmath>
#include <error_parts.hpp>
#include <limits>
#include <numbers>

import modus.autodiff;
import modus.distributions;
import modus.effects;
import modus.handlers;
import modus.support;
using namespace modus;

#include "models.hpp"

BOOST_AUTO_TEST_CASE(scales_multiply_log_densities) {
    const auto model = small_model | condition({{"a", 0.5}, {"b", 1.5}});
    const double whole = run(model | trace, 2.0).log_prob_sum();
    BOOST_TEST(run(model | scale(0.5) | trace, 2.0).log_prob_sum() == 0.5 * whole, boost::test_tools::tolerance(1e-15));
    BOOST_TEST(run(model | scale(0.5) | scale(4) | trace, 2.0).log_prob_sum() == 2 * whole,
               boost::test_tools::tolerance(1e-15));
    // A handler further in does not see it.
    BOOST_TEST(run(model | trace | scale(0.5), 2.0).log_prob_sum() == 0.5 * whole, boost::test_tools::tolerance(1e-15));
}

BOOST_AUTO_TEST_CASE(a_scale_inside_a_model_lasts_to_the_end_of_its_block_and_multiplies_with_plates) {
    const auto model = []<Scalar Real>() -> Model<Real> {
        {
            auto half = co_yield scale(0.5);
            for ([[maybe_unused]] auto i : co_yield plate("row", 6, {.subsample = IntVector{4}}))
                co_yield sample("a", Normal(0, 1));
        }
        co_yield sample("b", Normal(0, 1));
    };
    const Trace t = run(model | condition({{"a[4]", 1.0}, {"b", 1.0}}) | trace);
    BOOST_TEST(t["a[4]"].log_density == 3 * normal(1, 0, 1), boost::test_tools::tolerance(1e-15));
    BOOST_TEST(t["b"].log_density == normal(1, 0, 1), boost::test_tools::tolerance(1e-15));
}

BOOST_AUTO_TEST_CASE(a_scale_must_be_positive) {
    // Acceptance case N19.
    const auto refused = [](double wrong, const char* found) {
        BOOST_CHECK_EXCEPTION(scale{wrong}, Error, (Says{"", "a positive number for scale", found, "mask(false)"}));
    };
    refused(0, "0");
    refused(-1, "-1");
    refused(std::nan(""), "nan");
    refused(std::numeric_limits<double>::infinity(), "inf");
}
