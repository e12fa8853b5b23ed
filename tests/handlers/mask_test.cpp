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

namespace {

const auto exactly = boost::test_tools::tolerance(1e-15);
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

constexpr auto rows_model = []<Scalar Real>(const Vector& y) -> Model<Real> {
    auto rows = co_yield plate("rows", y.size());
    co_yield sample("y", Normal(0.5, 1), obs = y);
};

} // namespace

BOOST_AUTO_TEST_CASE(masked_sites_do_not_count) {
    const Trace t = run(small_model | condition({{"a", 0.5}, {"b", 1.5}}) | mask(false) | trace, 2.0);
    BOOST_TEST(t.log_prob_sum() == 0);
    BOOST_TEST(run(small_model | condition({{"a", 0.5}, {"b", 1.5}}) | mask(true) | trace, 2.0).log_prob_sum() ==
                   normal(0.5, 0, 1) + normal(1.5, 0.5, 2) + normal(2, 2, 1),
               exactly);
}

BOOST_AUTO_TEST_CASE(elements_are_masked_and_may_be_any_number) {
    const auto masked = rows_model | mask(IntVector{1, 0, 1}) | trace;
    const Trace t = run(masked, Vector{1, not_a_number, 2});
    BOOST_TEST(t["y"].log_density == normal(1, 0.5, 1) + normal(2, 0.5, 1), boost::test_tools::tolerance(1e-15));
    BOOST_CHECK_EXCEPTION(run(masked, Vector{not_a_number, 1, 2}), Error, (Says{"y", "a real number", "[0]", ""}));
}

BOOST_AUTO_TEST_CASE(masks_add_up) {
    const auto& model = rows_model;
    const auto density = [](const Trace& t) { return t["y"].log_density; };
    const Vector y{1, not_a_number, not_a_number};
    BOOST_TEST(density(run(model | mask(IntVector{1, 0, 1}) | mask(IntVector{1, 1, 0}) | trace, y)) ==
               normal(1, 0.5, 1));
    BOOST_TEST(density(run(model | mask(IntVector{1, 0, 0}) | mask(true) | trace, y)) == normal(1, 0.5, 1), exactly);
    BOOST_TEST(density(run(model | mask(IntVector{1, 0, 0}) | mask(false) | trace, y)) == 0);
    // With the mask of the distribution itself.
    const auto own = []<Scalar Real>(const Vector& y) -> Model<Real> {
        auto rows = co_yield plate("rows", y.size());
        co_yield sample("y", Normal(0.5, 1).expand(3).mask(IntVector{1, 1, 0}), obs = y);
    };
    BOOST_TEST(density(run(own | mask(IntVector{1, 0, 1}) | trace, y)) == normal(1, 0.5, 1), exactly);
}

BOOST_AUTO_TEST_CASE(a_mask_inside_a_model_lasts_to_the_end_of_its_block) {
    const auto model = []<Scalar Real>() -> Model<Real> {
        {
            auto none = co_yield mask(false);
            co_yield sample("a", Normal(0, 1));
            co_yield factor("f", 3.0);
        }
        co_yield sample("b", Normal(0, 1));
    };
    const Trace t = run(model | condition({{"a", 1.0}, {"b", 1.0}}) | trace);
    BOOST_TEST(t["a"].log_density == 0);
    BOOST_TEST(t["f"].log_density == 0);
    BOOST_TEST(t["b"].log_density == normal(1, 0, 1), exactly);
    const auto nested = []<Scalar Real>(const Vector& y) -> Model<Real> {
        auto rows = co_yield plate("rows", y.size());
        auto first = co_yield mask(IntVector{1, 1, 0});
        auto second = co_yield mask(IntVector{1, 0, 1});
        co_yield sample("y", Normal(0.5, 1), obs = y);
    };
    BOOST_TEST(run(nested | trace, Vector{1, not_a_number, not_a_number})["y"].log_density == normal(1, 0.5, 1),
               exactly);
}

BOOST_AUTO_TEST_CASE(masks_that_make_no_sense_are_refused) {
    // Acceptance case N19. (A mask of real numbers does not compile.)
    BOOST_CHECK_EXCEPTION(mask(IntVector{1, 2, 0}), Error, (Says{"", "0 or 1 in a mask", "2 at element 1", "scale"}));
    static_assert(!std::constructible_from<mask, Vector> && !std::constructible_from<mask, double>);
    BOOST_CHECK_EXCEPTION(run(rows_model | mask(IntVector{1, 0}) | trace, Vector{1, 2, 3}), Error,
                          (Says{"y", "a mask that repeats to [3]", "[2]", "agree"}));
    // Which sites of a model it is for is said inside the model, or by block.
    BOOST_CHECK_EXCEPTION(run(small_model | seed(1) | mask(IntVector{1, 0}) | trace, 2.0), Error,
                          (Says{"a", "a mask that repeats to []", "shape [2]", "co_yield mask(m)"}));
}

BOOST_AUTO_TEST_CASE(a_vector_masks_whole_events_along_the_plate) {
    const auto model = []<Scalar Real>(const Matrix& y) -> Model<Real> {
        auto rows = co_yield plate("rows", y.rows());
        co_yield sample("y", Normal(0, 1).expand(y.rows(), y.cols()).to_event(1), obs = y);
    };
    const double first = normal(1, 0, 1) + normal(2, 0, 1);
    // As long as the plate and the event, and as long as the plate alone.
    BOOST_TEST(run(model | mask(IntVector{1, 0}) | trace, Matrix{{1, 2}, {30, 40}}).log_prob_sum() == first, exactly);
    BOOST_TEST(run(model | mask(IntVector{1, 0, 0}) | trace, Matrix{{1, 2}, {30, 40}, {5, 6}}).log_prob_sum() == first,
               exactly);
    BOOST_TEST(Normal(0, 1).expand(2, 2).to_event(1).mask(IntVector{1, 0}).log_density(Matrix{{1, 2}, {30, 40}}) ==
                   first,
               exactly);
    // Elements by a matrix; a mask that was there before the event axis stays where it was.
    const double column = normal(1, 0, 1) + normal(30, 0, 1);
    BOOST_TEST(run(model | mask(IntMatrix{{1, 0}, {1, 0}}) | trace, Matrix{{1, 2}, {30, 40}}).log_prob_sum() == column,
               exactly);
    BOOST_TEST(Normal(0, 1).expand(2, 2).mask(IntVector{1, 0}).to_event(1).log_density(Matrix{{1, 2}, {30, 40}}) ==
                   column,
               exactly);
}
