#include <boost/test/unit_test.hpp>
#include <cmath>
#include <error_parts.hpp>
#include <optional>
#include <type_traits>
#include <variant>
#include <vector>

import modus.autodiff;
import modus.distributions;
import modus.effects;
import modus.support;
using namespace modus;

namespace {

constexpr double half_log_2pi = 0.91893853320467274178;

/// The log joint density; answers latent sites with the feasible point.
struct SumUp : Handler {
    double total = 0;
    Provenance last = Provenance::none;
    template <Scalar Real> void process(Message<Real>& message) {
        if (message.kind == Kind::sample && !has_value(message.value))
            message.answer(to_value<Real>(message.distribution->feasible()), Provenance::sampled);
    }
    template <Scalar Real> void postprocess(Message<Real>& message) {
        total += value_of(message.log_density());
        last = message.provenance;
    }
    double result() { return total; }
};

struct See : Handler {
    Data seen;
    template <Scalar Real> void postprocess(Message<Real>& message) { seen = data_of(message.value); }
};

constexpr auto scalar_site = []<Scalar Real>(const auto& y) -> Model<Real> {
    co_yield sample("y", Normal(0, 1), obs = y);
};
constexpr auto vector_site = []<Scalar Real>(const auto& y) -> Model<Real> {
    auto rows = co_yield plate("rows", 3);
    co_yield sample("y", Normal(0, 1).expand(3), obs = y);
};
constexpr auto repeated_site = []<Scalar Real>(const auto& y) -> Model<Real> {
    auto rows = co_yield plate("rows", 3);
    co_yield sample("y", Normal(0, 1), obs = y);
};

} // namespace

BOOST_AUTO_TEST_CASE(data_of_every_kind) {
    const double one = -0.5 * 4 - half_log_2pi;
    BOOST_TEST(run(scalar_site | SumUp{}, 2.0) == one);
    BOOST_TEST(run(scalar_site | SumUp{}, 2) == one);
    BOOST_TEST(run(scalar_site | SumUp{}, 2.0f) == one);
    BOOST_TEST(run(scalar_site | SumUp{}, std::optional(2.0)) == one);
    BOOST_TEST(run(scalar_site | SumUp{}, Observed<double>(2.0)) == one);
    const double three = -0.5 * (1 + 4 + 9) - 3 * half_log_2pi;
    const std::vector<double> y{1, 2, 3};
    BOOST_TEST(run(vector_site | SumUp{}, y) == three);
    BOOST_TEST(run(vector_site | SumUp{}, Vector(y)) == three);
    BOOST_TEST(run(vector_site | SumUp{}, std::optional(y)) == three);
    BOOST_TEST(run(vector_site | SumUp{}, Observed<Vector>(y)) == three);
    BOOST_TEST(run(vector_site | SumUp{}, std::vector<int>{1, 2, 3}) == three);
}

BOOST_AUTO_TEST_CASE(absent_data_make_a_site_latent) {
    SumUp joint;
    run(scalar_site | joint, std::optional<double>());
    BOOST_TEST((joint.last == Provenance::sampled));
    run(vector_site | joint, Observed<Vector>(absent));
    BOOST_TEST((joint.last == Provenance::sampled));
    run(vector_site | joint, Observed<Vector>(Vector{1, 2, 3}));
    BOOST_TEST((joint.last == Provenance::observed));
}

BOOST_AUTO_TEST_CASE(a_scalar_distribution_repeats_along_its_data) {
    const double three = -0.5 * (1 + 4 + 9) - 3 * half_log_2pi;
    BOOST_TEST(run(repeated_site | SumUp{}, Vector{1, 2, 3}) == three);
    BOOST_TEST(run(repeated_site | SumUp{}, Matrix{{1, 2, 3}}) == three);
}

BOOST_AUTO_TEST_CASE(a_scalar_distribution_without_data_is_as_long_as_its_plates) {
    const auto model = []<Scalar Real>(Observed<Vector> y) -> Model<Real> {
        auto rows = co_yield plate("rows", 4);
        auto x = co_yield sample("y", Normal(0, 1), obs = y);
        BOOST_TEST(x.size() == 4u);
    };
    run(model | SumUp{}, absent);
    BOOST_CHECK_EXCEPTION(run(scalar_site | SumUp{}, Observed<Vector>(absent)), Error,
                          (Says{"y", "a plate for each axis", "0 plates for 1 axes", "expand its distribution"}));
}

BOOST_AUTO_TEST_CASE(replies_have_the_type_of_the_site) {
    const auto model = []<Scalar Real>() -> Model<Real> {
        const auto a = co_yield sample("a", Normal(0, 1));
        static_assert(std::is_same_v<decltype(a), const Real>);
        const auto b = co_yield sample("b", Normal(0, 1).expand(2).to_event(1));
        static_assert(std::is_same_v<decltype(b), const Array<Real, 1>>);
        const auto c = co_yield sample("c", Normal(0, 1).expand(2, 3).to_event(2));
        static_assert(std::is_same_v<decltype(c), const Array<Real, 2>>);
        auto rows = co_yield plate("rows", 2);
        const auto y = co_yield sample("y", Normal(0, 1), obs = Vector{1, 2});
        static_assert(std::is_same_v<decltype(y), const Array<Real, 1>>);
        BOOST_TEST(value_of(y[1]) == 2);
    };
    run(model | SumUp{});
    run<Dual<double, 2>>(model | SumUp{});
}

BOOST_AUTO_TEST_CASE(factors_add_to_the_joint_once_for_each_element_of_a_plate) {
    // Acceptance case P14: factors 5 and 4; one is in a plate of 3.
    const auto model = []<Scalar Real>(double log_factor) -> Model<Real> {
        co_yield factor("f1", log_factor);
        auto three = co_yield plate("three", 3);
        co_yield factor("f2", log_factor);
    };
    BOOST_TEST(run(model | SumUp{}, 5.0) - run(model | SumUp{}, 4.0) == 4);
    const auto vector = []<Scalar Real>() -> Model<Real> { co_yield factor("f", Vector{1, 2, 4}); };
    BOOST_TEST(run(vector | SumUp{}) == 7);
}

BOOST_AUTO_TEST_CASE(deterministic_values_are_seen_and_given_back) {
    See see;
    const auto model = []<Scalar Real>() -> Model<Real> {
        const auto x = co_yield deterministic("x", Vector{1, 2} * 2.0);
        BOOST_TEST(x[1] == 4);
    };
    run(model | see);
    BOOST_TEST((std::get<Vector>(see.seen) == Vector{2, 4}));
}

BOOST_AUTO_TEST_CASE(params_start_at_their_initial_value) {
    const auto model = []<Scalar Real>() -> Model<Real> {
        const auto a = co_yield param("a", 1.5, support::positive);
        BOOST_TEST(value_of(a) == 1.5);
        const auto b = co_yield param("b", Vector{1, 2});
        BOOST_TEST(value_of(b[1]) == 2);
    };
    BOOST_TEST(run(model | SumUp{}) == 0);
    const auto outside = []<Scalar Real>() -> Model<Real> { co_yield param("a", -1.5, support::positive); };
    BOOST_CHECK_EXCEPTION(run(outside), Error, (Says{"a", "a positive number", "-1.5", "inside its domain"}));
}

BOOST_AUTO_TEST_CASE(data_that_do_not_fit_the_distribution_are_named) {
    const auto model = []<Scalar Real>() -> Model<Real> {
        co_yield sample("y", Normal(Vector{1, 2, 3}, 1), obs = Matrix{{1, 2}, {3, 4}});
    };
    BOOST_CHECK_EXCEPTION(run(model), Error, (Says{"y", "a batch shape to which [3] repeats", "[2, 2]", "agree"}));
}
