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

static_assert(Distribution<decltype(CategoricalLogits(Vector{1}))>);
static_assert(Distribution<decltype(CategoricalLogits(Matrix{{1}}))>);

namespace {
const Matrix logits{{0.3, -1.2, 2}, {1e4, 1e4 + 1, -1e4}};
} // namespace

BOOST_AUTO_TEST_CASE(log_mass_is_that_of_the_table) {
    check_table("CategoricalLogits", [](const Vector& x, const Vector& p) {
        const auto category = static_cast<Integer>(x[0]);
        const double one = CategoricalLogits(p).log_density(category);
        const double in_a_row = CategoricalLogits(p.reshape(Extents<2>{1, p.size()})).log_density(IntVector{category});
        BOOST_TEST(std::fabs(one - in_a_row) <= 1e-13 * std::fabs(one));
        return one;
    });
    // Where the scale of the table hides it: differences of large logits are exact.
    BOOST_TEST(std::fabs(CategoricalLogits(Vector{1e4, 1e4 + 1}).log_density(Integer{0}) + std::log1p(std::exp(1))) <
               1e-15);
}

BOOST_AUTO_TEST_CASE(derivatives) {
    const Vector p{0.3, -0.2, 0.5, 0.7, -0.1, 0.4};
    const Matrix X{{1, 2}, {3, -4}, {0.5, 6}};
    CHECK_MODES(([](const auto& v) { return CategoricalLogits(v).expand(3).log_density(IntVector{2, 5, 2}); }), p);
    CHECK_MODES(([](const auto& v) { return CategoricalLogits(10.0 * v).log_density(Integer{3}); }), p);
    CHECK_MODES(([&](const auto& v) {
                    return CategoricalLogits(X * v.reshape(Extents<2>{2, 3})).log_density(IntVector{2, 0, 1});
                }),
                p);
}

BOOST_AUTO_TEST_CASE(draws_and_summaries) {
    check_draws(CategoricalLogits(Vector{0.3, -1.2, 2}));
    check_draws(CategoricalLogits(logits));
    BOOST_TEST(std::get<Integer>(CategoricalLogits(Vector{0.3, -1.2, 2}).quantile(0.5)) == 2);
}

BOOST_AUTO_TEST_CASE(errors) {
    check_error([] { CategoricalLogits(Vector{1, std::nan("")}).check_parameters(); },
                "logits of CategoricalLogits to be a real number", "nan at element 1");
    check_error([] { CategoricalLogits(logits).check_value(Data(IntVector{0, 3})); }, "an integer from 0 to 2",
                "3 at index [1]");
}
