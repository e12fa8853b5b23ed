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

static_assert(Distribution<decltype(Categorical(Vector{1}))>);
static_assert(Distribution<decltype(Categorical(Matrix{{1}}))>);
static_assert(Distribution<decltype(Categorical(Vector{1}).expand(2, 3))>);

namespace {
const Vector probs{0.2, 0.3, 0.5};
const IntVector data{2, 0, 2, 1};
} // namespace

BOOST_AUTO_TEST_CASE(log_mass) {
    const auto close = boost::test_tools::tolerance(1e-14);
    BOOST_TEST(Categorical(probs).log_density(Integer{1}) == std::log(0.3), close);
    BOOST_TEST(Categorical(probs).log_density(2.0) == std::log(0.5), close);
    BOOST_TEST(Categorical(probs).expand(4).log_density(data) == std::log(0.2 * 0.3 * 0.25), close);
    BOOST_TEST(Categorical(probs).expand(1, 2).log_density(IntMatrix{{2, 0}}) == std::log(0.1), close);
    const Matrix rows{{0.2, 0.3, 0.5}, {0.25, 0.7, 0.05}};
    BOOST_TEST(Categorical(rows).log_density(IntVector{2, 1}) == std::log(0.35), close);
    BOOST_TEST(Categorical(Matrix{{0.2, 0.3, 0.5}}).expand(4).log_density(data) == std::log(0.2 * 0.3 * 0.25), close);
    BOOST_TEST(Categorical(Vector{0, 1}).log_density(Integer{1}) == 0.0);
    BOOST_TEST(std::isinf(Categorical(Vector{0, 1}).log_density(Integer{0})));
}

BOOST_AUTO_TEST_CASE(derivatives) {
    const Vector p{0.3, -0.2, 0.5, 0.7, -0.1, 0.4};
    CHECK_MODES(([](const auto& v) { return Categorical(exp(v)).expand(4).log_density(data); }), p);
    CHECK_MODES(([](const auto& v) { return Categorical(exp(v)).log_density(Integer{3}); }), p);
    CHECK_MODES(
        ([](const auto& v) { return Categorical(exp(v.reshape(Extents<2>{2, 3}))).log_density(IntVector{2, 1}); }), p);
}

BOOST_AUTO_TEST_CASE(draws_and_summaries) {
    check_draws(Categorical(probs));
    check_draws(Categorical(probs).expand(2, 2));
    check_draws(Categorical(Matrix{{0.2, 0.3, 0.5}, {0.25, 0, 0.75}}));
    const Categorical d(probs);
    BOOST_TEST(std::get<double>(d.mean()) == 1.3, boost::test_tools::tolerance(1e-15));
    BOOST_TEST(std::get<Integer>(d.quantile(0.2)) == 0);
    BOOST_TEST(std::get<Integer>(d.quantile(0.4)) == 1);
    BOOST_TEST(std::get<Integer>(d.quantile(1)) == 2);
    BOOST_TEST(std::get<Integer>(Categorical(Vector{0, 1}).quantile(0)) == 1);
    BOOST_TEST(d.unconstrained_size() == 0u);
}

BOOST_AUTO_TEST_CASE(errors) {
    check_error([] { Categorical(Vector{0.5, 0.75}).check_parameters(); },
                "probs of Categorical to be numbers from 0 to 1 that sum to 1", "the sum 1.25", "CategoricalLogits");
    check_error([] { Categorical(Vector{1.5, -0.5}).check_parameters(); }, "probs of Categorical", "-0.5 at index [1]");
    check_error([] { Categorical(Matrix{{1, 0}, {0, 2}}).check_parameters(); }, "sum to 1", "the sum 2 in row 1");
    check_error([] { Categorical(Vector()).check_parameters(); }, "at least one category", "shape [0]");
    check_error([] { Categorical(probs).check_value(Data(Integer{3})); },
                "an integer from 0 to 2, the support of Categorical", "3");
    check_error([] { Categorical(probs).expand(2).check_value(Data(IntVector{0, -1})); }, "an integer from 0 to 2",
                "-1 at index [1]");
}
