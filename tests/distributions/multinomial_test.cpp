#include "reference/distributions.hpp"
#include "reference/joint_distributions.hpp"
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <error_parts.hpp>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

import modus.autodiff;
import modus.distributions;
import modus.support;

using namespace modus;

#include "autodiff/modes.hpp"
#include "distributions/joint_laws.hpp"

static_assert(Distribution<decltype(Multinomial(3, Vector{1}))>);
static_assert(Distribution<decltype(Multinomial(3, Vector{1}).expand(2))>);

namespace {
const Vector probs{0.2, 0.3, 0.5};
} // namespace

BOOST_AUTO_TEST_CASE(log_mass_is_that_of_the_table) {
    check_table("Multinomial", [](const Vector& x, const Vector& p) { return Multinomial(sum(x), p).log_density(x); });
    const double row = Multinomial(12, probs).log_density(IntVector{5, 0, 7});
    BOOST_TEST(Multinomial(12, probs).expand(2).log_density(IntMatrix{{5, 0, 7}, {5, 0, 7}}) == 2 * row,
               boost::test_tools::tolerance(1e-14));
}

BOOST_AUTO_TEST_CASE(derivatives) {
    const Vector p{0.3, -0.2, 0.5};
    CHECK_MODES(([](const auto& v) { return Multinomial(12, exp(v)).log_density(IntVector{5, 0, 7}); }), p);
    CHECK_MODES(
        ([](const auto& v) { return Multinomial(12, exp(v)).expand(2).log_density(IntMatrix{{5, 0, 7}, {1, 1, 10}}); }),
        p);
}

BOOST_AUTO_TEST_CASE(draws_and_summaries) {
    check_draws(Multinomial(12, probs));
    check_draws(Multinomial(3, Vector{0, 0.25, 0.75, 0}).expand(2));
    BOOST_TEST((Multinomial(12, probs).feasible() == Data(IntVector{12, 0, 0})));
    BOOST_TEST((std::get<Vector>(Multinomial(12, probs).mean())[2] == 6));
}

BOOST_AUTO_TEST_CASE(errors) {
    check_error([] { Multinomial(2.5, probs).check_parameters(); }, "total_count of Multinomial to be a whole number",
                "2.5");
    check_error([] { Multinomial(2, Vector{0.5, 0.75}).check_parameters(); }, "probs of Multinomial", "the sum 1.25");
    check_error([] { Multinomial(12, probs).check_value(Data(IntVector{5, 0, 6})); },
                "whole numbers that sum to 12, the support of Multinomial", "the sum 11", "Check the data");
    check_error([] { Multinomial(12, probs).check_value(Data(IntVector{5, -1, 8})); }, "sum to 12", "-1 at index [1]");
}
