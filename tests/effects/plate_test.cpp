#include <boost/test/unit_test.hpp>
#include <error_parts.hpp>
#include <stdexcept>
#include <string>
#include <vector>

import modus.autodiff;
import modus.distributions;
import modus.effects;
import modus.support;
using namespace modus;

namespace {

/// Records names, and answers with the feasible point.
struct Record : Handler {
    std::vector<std::string> names;
    std::vector<std::size_t> frames;
    template <Scalar Real> void process(Message<Real>& message) {
        names.push_back(message.name());
        frames.push_back(message.frames.size());
        if (message.kind == Kind::sample && !has_value(message.value))
            message.answer(to_value<Real>(message.distribution->feasible()), Provenance::sampled);
    }
};

using Names = std::vector<std::string>;

} // namespace

BOOST_AUTO_TEST_CASE(a_vectorized_plate_lasts_to_the_end_of_its_block) {
    const auto model = []<Scalar Real>() -> Model<Real> {
        {
            auto rows = co_yield plate("rows", 3);
            BOOST_TEST(rows.size() == 3u);
            co_yield sample("z", Normal(0, 1).expand(rows));
        }
        co_yield sample("mu", Normal(0, 1));
    };
    Record record;
    run(model | record);
    BOOST_TEST(record.names == (Names{"z", "mu"}), boost::test_tools::per_element());
    BOOST_TEST(record.frames == (std::vector<std::size_t>{1, 0}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_sequential_plate_indexes_the_names) {
    const auto model = []<Scalar Real>() -> Model<Real> {
        for (auto i : co_yield plate("school", 2)) {
            co_yield sample("theta", Normal(static_cast<double>(i), 1));
            for ([[maybe_unused]] auto j : co_yield plate("pupil", 2)) co_yield sample("eta", Normal(0, 1));
        }
        co_yield sample("mu", Normal(0, 1));
    };
    Record record;
    run(model | record);
    BOOST_TEST(record.names ==
                   (Names{"theta[0]", "eta[0][0]", "eta[0][1]", "theta[1]", "eta[1][0]", "eta[1][1]", "mu"}),
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_loop_over_a_named_scope_ends_before_the_scope) {
    const auto model = []<Scalar Real>() -> Model<Real> {
        auto rows = co_yield plate("rows", 2);
        for ([[maybe_unused]] auto i : rows) co_yield sample("a", Normal(0, 1));
        co_yield sample("b", Normal(0, 1).expand(rows));
    };
    Record record;
    run(model | record);
    BOOST_TEST(record.names == (Names{"a[0]", "a[1]", "b"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(an_early_break_closes_the_plate) {
    const auto model = []<Scalar Real>() -> Model<Real> {
        for (auto i : co_yield plate("school", 5)) {
            co_yield sample("theta", Normal(0, 1));
            if (i == 1) break;
        }
        co_yield sample("mu", Normal(0, 1));
    };
    Record record;
    run(model | record);
    BOOST_TEST(record.names == (Names{"theta[0]", "theta[1]", "mu"}), boost::test_tools::per_element());
    BOOST_TEST(record.frames.back() == 0u);
}

BOOST_AUTO_TEST_CASE(a_break_from_a_loop_over_a_named_scope_leaves_the_scope_vectorized) {
    const auto model = []<Scalar Real>() -> Model<Real> {
        auto rows = co_yield plate("rows", 3);
        for (auto i : rows) {
            co_yield sample("a", Normal(0, 1));
            if (i == 1) break;
        }
        co_yield sample("b", Normal(0, 1).expand(rows));
    };
    Record record;
    run(model | record);
    BOOST_TEST(record.names == (Names{"a[0]", "a[1]", "b"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_plate_keeps_a_name_made_at_run_time) {
    const auto model = []<Scalar Real>(const std::string& text) -> Model<Real> {
        auto rows = co_yield plate(dynamic("a_name_that_is_longer_than_a_short_string_" + text), 2);
        auto again = co_yield plate(dynamic("a_name_that_is_longer_than_a_short_string_" + text), 2);
    };
    BOOST_CHECK_EXCEPTION(run(model, std::string("x")), Error,
                          (Says{"a_name_that_is_longer_than_a_short_string_x", "one open plate", "a second one", ""}));
}

BOOST_AUTO_TEST_CASE(an_exception_closes_the_plate) {
    const auto model = []<Scalar Real>() -> Model<Real> {
        try {
            auto rows = co_yield plate("rows", 3);
            throw std::runtime_error("in the block");
        } catch (const std::runtime_error&) {
        }
        co_yield sample("mu", Normal(0, 1));
    };
    Record record;
    run(model | record);
    BOOST_TEST(record.frames.back() == 0u);
}

BOOST_AUTO_TEST_CASE(an_empty_plate_is_refused) {
    const auto model = []<Scalar Real>() -> Model<Real> { auto rows = co_yield plate("rows", 0); };
    BOOST_CHECK_EXCEPTION(run(model), Error, (Says{"rows", "size 1 or more", "size 0", "Leave the plate out"}));
}

BOOST_AUTO_TEST_CASE(a_plate_inside_one_of_the_same_name_is_refused) {
    const auto model = []<Scalar Real>() -> Model<Real> {
        auto rows = co_yield plate("rows", 2);
        auto again = co_yield plate("rows", 2);
    };
    BOOST_CHECK_EXCEPTION(run(model), Error, (Says{"rows", "one open plate", "a second one", "different names"}));
}

BOOST_AUTO_TEST_CASE(a_site_must_be_as_long_as_its_plate) {
    const auto model = []<Scalar Real>(std::size_t n) -> Model<Real> {
        auto rows = co_yield plate("rows", 5);
        co_yield sample("x", Normal(0, 1).expand(n));
    };
    Record record;
    BOOST_CHECK_EXCEPTION(run(model | record, 4), Error,
                          (Says{"x", "size 5 at batch axis -1, inside plate 'rows' of size 5", "batch shape [4]",
                                "as long as the plate"}));
    run(model | record, 5);
    BOOST_TEST(record.names.back() == "x");
}

BOOST_AUTO_TEST_CASE(a_scalar_site_in_a_vectorized_plate_is_refused_with_the_way_out) {
    const auto model = []<Scalar Real>() -> Model<Real> {
        auto rows = co_yield plate("rows", 5);
        co_yield sample("x", Normal(0, 1));
    };
    Record record;
    BOOST_CHECK_EXCEPTION(run(model | record), Error,
                          (Says{"x", "a batch axis for plate 'rows' of size 5", "batch shape []", ".expand(rows)"}));
}

BOOST_AUTO_TEST_CASE(two_nested_plates_are_two_batch_axes) {
    // The outermost plate is the last axis, as in Pyro.
    const auto model = []<Scalar Real>(std::size_t left, std::size_t right) -> Model<Real> {
        auto outer = co_yield plate("outer", 4);
        auto inner = co_yield plate("inner", 3);
        co_yield sample("x", Normal(0, 1).expand(left, right));
    };
    Record record;
    run(model | record, 3, 4);
    BOOST_TEST(record.names.size() == 1u);
    BOOST_CHECK_EXCEPTION(run(model | record, 4, 3), Error,
                          (Says{"x", "size 4 at batch axis -1", "batch shape [4, 3]", ""}));
}
