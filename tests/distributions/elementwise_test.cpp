// What the distributions over numbers share: shapes, broadcasting, masks, expansion, errors, erasure.
#include <algorithm>
#include <array>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <functional>
#include <limits>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

import modus.autodiff;
import modus.distributions;
import modus.support;

using namespace modus;

namespace {

using Real = Dual<double, 4>;
using RealVector = Array<Real, 1>;
using RealMatrix = Array<Real, 2>;

constexpr double missing = std::numeric_limits<double>::quiet_NaN();

Real lane(double value, std::size_t k, double seed) {
    Real result(value);
    result.tangent[k] = seed;
    return result;
}

void equal(double found, double expected) {
    BOOST_TEST(std::fabs(found - expected) <= 1e-14 * std::max(1.0, std::fabs(expected)), found << " != " << expected);
}
void equal(const Real& found, const Real& expected) {
    equal(found.value, expected.value);
    for (std::size_t k = 0; k < 4; ++k) equal(found.tangent[k], expected.tangent[k]);
}

void throws(const std::function<void()>& f, const std::string& expected, const std::string& found,
            const std::string& advice) {
    try {
        f();
        BOOST_ERROR("no error, where one should say: found " << found);
    } catch (const Error& error) {
        BOOST_TEST(error.site == "");
        BOOST_TEST(error.expected == expected);
        BOOST_TEST(error.found == found);
        BOOST_TEST(error.advice == advice);
    }
}

const std::string sizes_must_agree = "Sizes must agree along each axis, counted from the last, or be 1.";
const std::string batch_then_event = "The value of a site has its batch shape followed by its event shape.";

} // namespace

BOOST_AUTO_TEST_CASE(parameters_may_be_numbers_duals_arrays_and_ranges) {
    const double expected = Normal(1.0, 2.0).log_density(0.5);
    BOOST_TEST(Normal(1, 2).log_density(0.5) == expected);
    BOOST_TEST(Normal(1u, 2.0f).log_density(0.5) == expected);
    BOOST_TEST(Normal(Real(1), 2).log_density(0.5).value == expected);
    BOOST_TEST(Normal(Vector{1}, 2).log_density(Vector{0.5}) == expected);
    BOOST_TEST(Normal(std::vector<int>{1}, 2).log_density(Vector{0.5}) == expected);
    BOOST_TEST(Normal(std::array{1.0}, IntVector{2}).log_density(Vector{0.5}) == expected);
    BOOST_TEST(Poisson(IntVector{3}).log_density(IntVector{2}) == Poisson(3.0).log_density(2.0));
}

BOOST_AUTO_TEST_CASE(a_distribution_of_one_parameter_can_be_copied) {
    Exponential original(Vector{1, 2});
    const Exponential copy(original), moved(std::move(original));
    static_assert(std::same_as<decltype(copy), const Exponential<Vector>>);
    BOOST_TEST(copy.log_density(Vector{1, 1}) == moved.log_density(Vector{1, 1}));
}

BOOST_AUTO_TEST_CASE(shapes_broadcast) {
    const Normal scalar(0, 1);
    BOOST_TEST(scalar.rank == 0u);
    BOOST_TEST(scalar.batch_shape().str() == "[]");
    BOOST_TEST(scalar.unconstrained_size() == 1u);
    const Normal vector(Vector{1, 2, 3}, 1);
    BOOST_TEST(vector.batch_shape().str() == "[3]");
    BOOST_TEST(vector.event_shape().str() == "[]");
    BOOST_TEST(vector.unconstrained_size() == 3u);
    const Normal matrix(Vector{1, 2, 3}, Matrix{{1}, {2}});
    BOOST_TEST(matrix.batch_shape().str() == "[2, 3]");
    BOOST_TEST(matrix.unconstrained_size() == 6u);
    throws([] { Normal(Vector{1, 2, 3}, Vector{1, 2}); }, "shapes that broadcast to [3]", "[2]", sizes_must_agree);
}

BOOST_AUTO_TEST_CASE(the_log_density_of_a_vector_is_the_sum_over_its_elements) {
    const std::vector<double> x{0.5, -1.5, 3.0}, loc{0.1, 0.2, 0.3};
    const double scale = 1.7;
    double sum = 0, shared = 0;
    Real gradient(0.0);
    for (std::size_t i = 0; i < 3; ++i) {
        sum += Normal(loc[i], scale).log_density(x[i]);
        shared += Normal(0.1, scale).log_density(x[i]);
        gradient += Normal(lane(loc[i], i, 1.9), lane(scale, 3, -0.7)).log_density(x[i]);
    }
    equal(Normal(loc, scale).log_density(Vector(x)), sum);
    equal(Normal(0.1, scale).expand(3).log_density(Vector(x)), shared);
    equal(Normal(Vector{0.1}, scale).expand(3).log_density(Vector(x)), shared);
    auto duals = RealVector::uninitialized({3});
    for (std::size_t i = 0; i < 3; ++i) duals.store(i, lane(loc[i], i, 1.9));
    equal(Normal(duals, lane(scale, 3, -0.7)).log_density(Vector(x)), gradient);
    // A number stands for as many elements as the parameters have.
    equal(Normal(loc, scale).log_density(0.5), Normal(loc[0], scale).log_density(0.5) +
                                                   Normal(loc[1], scale).log_density(0.5) +
                                                   Normal(loc[2], scale).log_density(0.5));
}

BOOST_AUTO_TEST_CASE(the_log_density_of_a_matrix_is_the_sum_over_its_elements) {
    const Matrix x{{0.5, -1.5, 3.0}, {0.25, 1.25, -2.0}}, row_scale{{1.5}, {0.5}};
    const Vector column_loc{0.1, 0.2, 0.3};
    const Real a = lane(0.4, 0, 2.3), b = lane(1.5, 1, -0.7);
    double sum = 0;
    Real gradient(0.0);
    for (std::size_t i = 0; i < 2; ++i)
        for (std::size_t j = 0; j < 3; ++j) {
            sum += Normal(column_loc[j], row_scale(i, 0)).log_density(x(i, j));
            gradient += Normal(a * column_loc[j], b * row_scale(i, 0)).log_density(x(i, j));
        }
    equal(Normal(column_loc, row_scale).log_density(x), sum);
    equal(Normal(a * column_loc, b * row_scale).log_density(x), gradient);
    equal(Normal(column_loc, row_scale).log_density(RealMatrix(x)), Real(sum));
    equal(Normal(column_loc, row_scale).to_event(1).log_density(x), sum);
}

BOOST_AUTO_TEST_CASE(a_number_of_trials_for_each_element) {
    const IntVector total_count{10, 20}, x{3, 15};
    const Vector logits{0.5, -0.25};
    equal(BinomialLogits(total_count, logits).log_density(x),
          BinomialLogits(10, 0.5).log_density(3.0) + BinomialLogits(20, -0.25).log_density(15.0));
    BOOST_CHECK_NO_THROW(BinomialLogits(total_count, logits).check_value(Data(x)));
    throws([&] { BinomialLogits(total_count, logits).check_value(Data(IntVector{11, 11})); },
           "an integer from 0 to 10, the support of BinomialLogits", "11 at index [0]",
           "Check the data, or choose a distribution with a wider support.");
    throws([&] { BinomialLogits(IntVector{10, -20}, logits).check_parameters(); },
           "total_count of BinomialLogits to be a whole number, 0 or more", "-20 at element 1",
           "Check the parameter, or the support of the site that it comes from.");
    Random random(3);
    BOOST_TEST(std::get<IntVector>(BinomialLogits(total_count, 800.0).draw(random))[1] == 20);
}

BOOST_AUTO_TEST_CASE(expand_repeats_a_distribution) {
    const auto three = Normal(0, 1).expand(3);
    BOOST_TEST(three.batch_shape().str() == "[3]");
    BOOST_TEST(Normal(Vector{1, 2, 3}, 1).expand(2, 3).batch_shape().str() == "[2, 3]");
    BOOST_TEST(Normal(Matrix{{1}, {2}}, 1).expand(2, 4).batch_shape().str() == "[2, 4]");
    BOOST_TEST(three.expand(4, 3).batch_shape().str() == "[4, 3]");
    equal(Normal(Vector{1, 2}, 1).expand(3, 2).log_density(Matrix{{1, 2}, {1, 2}, {1, 2}}),
          6 * Normal(0, 1).log_density(0.0));
    throws([] { Normal(Vector{1, 2, 3}, 1).expand(2); }, "a batch shape to which [3] repeats", "[2]", sizes_must_agree);
    throws([] { Normal(Vector{1, 2, 3}, 1).expand(3, 2); }, "a batch shape to which [3] repeats", "[3, 2]",
           sizes_must_agree);
    throws([&] { three.to_event(1).expand(2, 3); }, "expand before to_event", "to_event(1) first",
           "Write .expand(n).to_event(k).");
    // Each element has draws of its own, and moments are those of the one.
    Random random(5);
    const auto x = std::get<Vector>(three.draw(random));
    BOOST_TEST(x.size() == 3u);
    BOOST_TEST(x[0] != x[1]);
    BOOST_TEST((std::get<Vector>(Normal(Vector{1, 2}, 3).expand(2).variance()) == Vector{9, 9}));
    BOOST_TEST((std::get<Matrix>(Normal(Vector{1, 2}, 3).expand(2, 2).mean()) == Matrix{{1, 2}, {1, 2}}));
    BOOST_TEST((std::get<IntVector>(Poisson(1).expand(2).quantile(0.5)) == IntVector{1, 1}));
    BOOST_TEST((std::get<Vector>(Gamma(1, 1).expand(2).feasible()) == Vector{1, 1}));
}

BOOST_AUTO_TEST_CASE(to_event_moves_axes_to_the_event) {
    const auto matrix = Normal(0, 1).expand(2, 3);
    BOOST_TEST(matrix.to_event(1).batch_shape().str() == "[2]");
    BOOST_TEST(matrix.to_event(1).event_shape().str() == "[3]");
    BOOST_TEST(matrix.to_event(2).batch_shape().str() == "[]");
    BOOST_TEST(matrix.to_event(2).event_shape().str() == "[2, 3]");
    BOOST_TEST(matrix.to_event(1).to_event(1).event_shape().str() == "[2, 3]");
    BOOST_TEST(matrix.to_event(0).event_shape().str() == "[]");
    throws([&] { matrix.to_event(3); }, "at most 2 batch axes to become event axes", "to_event(3)",
           "Expand the distribution first.");
    throws([&] { matrix.to_event(1).to_event(2); }, "at most 1 batch axes to become event axes", "to_event(2)",
           "Expand the distribution first.");
}

BOOST_AUTO_TEST_CASE(masked_elements_contribute_nothing) {
    const Real loc = lane(0.5, 0, 2.3), scale = lane(1.5, 1, -0.7);
    const Vector x{1.0, missing, -0.5};
    const Normal d(loc, scale);
    const Real expected = d.log_density(1.0) + d.log_density(-0.5);
    equal(d.expand(3).mask(IntVector{1, 0, 1}).log_density(x), expected);
    BOOST_TEST(std::isnan(value_of(d.expand(3).log_density(x))));
    // Not even where the parameters are the missing ones, or x has derivatives.
    const Vector some_loc{0.5, missing, 0.5};
    auto duals = RealVector::uninitialized({3});
    for (std::size_t i = 0; i < 3; ++i) duals.store(i, lane(x[i], 2, 0.4));
    const Normal plain(some_loc, 1.5);
    equal(plain.mask(IntVector{1, 0, 1}).log_density(duals),
          Normal(0.5, 1.5).log_density(lane(1.0, 2, 0.4)) + Normal(0.5, 1.5).log_density(lane(-0.5, 2, 0.4)));
    // One mask for all elements.
    equal(d.mask(false).log_density(missing), Real(0.0));
    equal(d.mask(true).log_density(1.0), d.log_density(1.0));
    equal(d.expand(3).mask(false).log_density(x), Real(0.0));
    BOOST_TEST(std::isnan(value_of(d.expand(3).mask(true).log_density(x))));
}

BOOST_AUTO_TEST_CASE(masks_repeat_like_parameters) {
    const Matrix x{{1.0, missing, 3.0}, {4.0, missing, 6.0}};
    const Normal d(0, 1);
    const double expected = d.log_density(1.0) + d.log_density(3.0) + d.log_density(4.0) + d.log_density(6.0);
    equal(d.expand(2, 3).mask(IntMatrix{{1, 0, 1}, {1, 0, 1}}).log_density(x), expected);
    equal(d.expand(2, 3).mask(IntVector{1, 0, 1}).log_density(x), expected);
    equal(d.expand(3).mask(IntVector{1, 0, 1}).expand(2, 3).log_density(x), expected);
    equal(d.expand(2, 3).mask(IntMatrix{{1, 0, 1}}).log_density(x), expected);
    equal(d.expand(1).mask(IntVector{0}).expand(3).log_density(Vector{1, missing, 2}), 0.0);
    equal(d.expand(2, 1)
              .mask(IntMatrix{{1}, {0}})
              .expand(2, 3)
              .log_density(Matrix{{1, 2, 3}, {missing, missing, missing}}),
          d.log_density(1.0) + d.log_density(2.0) + d.log_density(3.0));
    BOOST_CHECK_NO_THROW(d.expand(2, 3).mask(IntVector{1, 0, 1}).check_value(Data(x)));
    throws([&] { d.expand(3).mask(IntVector{1, 0}); }, "a mask that repeats to [3]", "[2]", sizes_must_agree);
    throws([&] { d.expand(2, 3).mask(IntVector{1, 0}); }, "a mask that repeats to [2, 3]", "[1, 2]", sizes_must_agree);
    throws([&] { d.expand(1).mask(IntVector{1, 0}); }, "a mask that repeats to [1]", "[2]", sizes_must_agree);
}

BOOST_AUTO_TEST_CASE(values_of_another_shape_are_refused) {
    const Normal d(Vector{1, 2, 3}, 1);
    throws([&] { d.log_density(Vector{1, 2}); }, "a value of shape [3]", "shape [2]", batch_then_event);
    throws([&] { d.check_value(Data(Vector{1, 2})); }, "a value of shape [3]", "shape [2]", batch_then_event);
    throws([&] { d.check_value(Data(1.0)); }, "a value of shape [3]", "the number 1.00", batch_then_event);
    throws([&] { d.check_value(Data(Matrix{{1, 2, 3}})); }, "a value of shape [3]", "shape [1, 3]", batch_then_event);
    throws([&] { d.check_value(Data()); }, "a value of shape [3]", "no value", batch_then_event);
    throws([&] { Normal(0, 1).check_value(Data(Vector{1})); }, "a value of shape []", "shape [1]", batch_then_event);
    throws([&] { Normal(0, 1).check_value(Data()); }, "a value of shape []", "no value", batch_then_event);
}

BOOST_AUTO_TEST_CASE(the_first_bad_element_is_named) {
    const Gamma d(Matrix{{1, 2, 3}, {4, 5, 6}}, 1);
    throws([&] { d.check_value(Data(Matrix{{1, 1, 1}, {1, -2, 0}})); }, "a positive number, the support of Gamma",
           "-2 at index [1, 1]", "Check the data, or choose a distribution with a wider support.");
    throws([&] { Poisson(Vector{1, 1}).check_value(Data(IntVector{3, -4})); },
           "an integer that is 0 or more, the support of Poisson", "-4 at index [1]",
           "Check the data, or choose a distribution with a wider support.");
    throws([&] { Bernoulli(0.5).check_value(Data(Integer{2})); }, "0 or 1, the support of Bernoulli", "2",
           "Check the data, or choose a distribution with a wider support.");
}

BOOST_AUTO_TEST_CASE(parameters_that_contradict_each_other_are_refused) {
    const std::string advice = "Check the parameters of the distribution.";
    throws([] { Uniform(3, 2).check_parameters(); }, "Uniform with low < high", "3 and 2", advice);
    throws([] { Uniform(2, 2).check_parameters(); }, "Uniform with low < high", "2 and 2", advice);
    throws([] { Uniform(Vector{0, 1, 4}, 1).check_parameters(); }, "Uniform with low < high", "1 and 1 at index [1]",
           advice);
    throws([] { Uniform(Vector{0, 1}, Matrix{{2}, {1}}).check_parameters(); }, "Uniform with low < high",
           "1 and 1 at index [1, 1]", advice);
    BOOST_CHECK_NO_THROW(Uniform(Vector{0, 1}, 2).check_parameters());
    // Duals are judged by their values.
    throws([] { Uniform(lane(3, 0, 1), 2).check_parameters(); }, "Uniform with low < high", "3 and 2", advice);
    throws([] { Normal(0, lane(-1, 0, 1)).check_parameters(); }, "scale of Normal to be positive", "-1",
           "Check the parameter, or the support of the site that it comes from.");
}

BOOST_AUTO_TEST_CASE(quantiles_are_for_probabilities) {
    for (const double q : {-0.1, 1.5, missing}) BOOST_CHECK_THROW(Poisson(1).quantile(q), Error);
    BOOST_TEST(std::get<double>(Uniform(1, 3).quantile(0)) == 1.0);
    BOOST_TEST(std::get<double>(Uniform(1, 3).quantile(1)) == 3.0);
    BOOST_TEST(std::get<double>(Exponential(1).quantile(1)) == std::numeric_limits<double>::infinity());
    BOOST_TEST(std::get<Integer>(Binomial(7, 0.5).quantile(0)) == 0);
    BOOST_TEST(std::get<Integer>(Binomial(7, 0.5).quantile(1)) == 7);
    BOOST_TEST(std::get<Integer>(Binomial(7, 0).quantile(0.5)) == 0);
    BOOST_TEST(std::get<Integer>(Binomial(7, 1).quantile(0.5)) == 7);
    BOOST_TEST(std::get<Integer>(Binomial(0, 0.5).quantile(0.5)) == 0);
    BOOST_TEST(std::get<Integer>(Bernoulli(1).quantile(1e-20)) == 1);
    BOOST_TEST(std::get<Integer>(Bernoulli(1e-20).quantile(1)) == 1);
    BOOST_TEST(std::get<Integer>(Poisson(0).quantile(0.5)) == 0);
    BOOST_TEST(std::get<Integer>(Poisson(3).quantile(0)) == 0);
    BOOST_TEST(std::get<Integer>(Poisson(3).quantile(1)) > 100); // where the upper tail underflows
}

BOOST_AUTO_TEST_CASE(bounds_from_the_model_carry_derivatives) {
    const Uniform d(lane(-1, 0, 2.3), lane(3, 1, -0.7));
    auto u = RealVector::uninitialized({1});
    u.store(0, lane(0, 2, 1.9));
    const Real x = d.constrain(u); // low + (high - low) sigmoid(u)
    equal(x, Real(1, {0.5 * 2.3, 0.5 * -0.7, 1.9, 0}));
    equal(d.log_abs_det_jacobian(u), Real(0, {-2.3 / 4, -0.7 / 4, 0, 0}));
    equal(d.log_density(x), Real(-std::log(4), {2.3 / 4, 0.7 / 4, 0, 0}));
    BOOST_TEST(d.unconstrain(Data(1.0))[0] == 0.0);
}

BOOST_AUTO_TEST_CASE(coordinates_of_arrays_are_in_storage_order) {
    const auto d = Gamma(1, 1).expand(2, 3);
    const Matrix x{{1, 2, 3}, {4, 5, 6}};
    const Vector u = d.unconstrain(Data(x));
    BOOST_TEST(u.size() == 6u);
    equal(u[1], std::log(4));
    const Matrix back = d.constrain(u);
    for (std::size_t i = 0; i < 2; ++i)
        for (std::size_t j = 0; j < 3; ++j) equal(back(i, j), x(i, j));
    equal(d.log_abs_det_jacobian(u), std::log(720));
    // A mask leaves the coordinates as they are.
    equal(d.mask(false).log_abs_det_jacobian(u), std::log(720));
    // Bounds that differ from element to element.
    const Uniform interval(Vector{0, 10}, Vector{1, 20});
    const Vector middle = interval.constrain(Vector{0, 0});
    BOOST_TEST((middle == Vector{0.5, 15}));
    equal(interval.log_abs_det_jacobian(Vector{0, 0}), std::log(0.25) + std::log(2.5));
}

BOOST_AUTO_TEST_CASE(a_seed_fixes_the_draws) {
    Random one(42), same(42), other(43);
    const auto d = StudentT(3, 0, Vector{1, 2, 3});
    const auto x = std::get<Vector>(d.draw(one));
    BOOST_TEST((x == std::get<Vector>(d.draw(same))));
    BOOST_TEST((x != std::get<Vector>(d.draw(other))));
    BOOST_TEST((x != std::get<Vector>(d.draw(one))));
}

BOOST_AUTO_TEST_CASE(draws_stay_in_the_support_where_a_double_cannot_hold_them) {
    Random random(1);
    const auto check = [&](const auto& d) {
        for (int k = 0; k < 1000; ++k) d.check_value(d.draw(random));
    };
    BOOST_CHECK_NO_THROW(check(Gamma(1e-4, 1)));
    BOOST_CHECK_NO_THROW(check(Beta(1e-4, 1e-4)));
    BOOST_CHECK_NO_THROW(check(StudentT(1e-3, 0, 1)));
    BOOST_CHECK_NO_THROW(check(LogNormal(0, 1e4)));
    BOOST_CHECK_NO_THROW(check(Cauchy(0, 1e200)));
    BOOST_CHECK_NO_THROW(check(Poisson(0)));
    BOOST_CHECK_NO_THROW(check(Uniform(-1e300, 1e300)));
}

BOOST_AUTO_TEST_CASE(erasure_forwards_everything) {
    const Normal d(lane(0.5, 0, 2.3), Vector{1, 2});
    const Erased<Real, std::remove_const_t<decltype(d)>> erased(d);
    const Density<Real>& density = erased;
    BOOST_TEST(density.name() == "Normal");
    BOOST_TEST(!density.is_discrete());
    BOOST_TEST(density.shape().str() == "[2]");
    const Vector x{1, -1};
    const Real expected = d.log_density(x);
    equal(density.log_density(Value<Real>(RealVector(x))), expected);
    equal(density.log_density(to_value<Real>(Data(x))), expected);
    BOOST_TEST((std::get<Vector>(density.mean()) == Vector{0.5, 0.5}));
    BOOST_TEST((value_of(std::get<RealVector>(density.constrain(RealVector(x)))) == x));

    const BernoulliLogits coin(RealVector(Vector{0.5, -2}));
    const Erased<Real, std::remove_const_t<decltype(coin)>> erased_coin(coin);
    const Real heads = coin.log_density(Vector{1, 0});
    equal(erased_coin.log_density(Value<Real>(IntVector{1, 0})), heads);
    equal(erased_coin.log_density(Value<Real>(RealVector(Vector{1, 0}))), heads);
    BOOST_CHECK_THROW(erased_coin.constrain(RealVector()), Error);
    BOOST_TEST(erased_coin.unconstrained_size() == 0u);
}
