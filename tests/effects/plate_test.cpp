#include <boost/test/unit_test.hpp>
#include <cstdint>
#include <cstdlib>
#include <error_parts.hpp>
#include <stdexcept>
#include <string>
#include <utility>
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
                          (Says{"x", "a batch axis -1 for plate 'rows' of size 5", "batch shape []", ".expand(rows)"}));
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

namespace {

/// Answers plates with indices.
struct Choose : Handler {
    IntVector indices;
    explicit Choose(IntVector indices_) : indices(std::move(indices_)) {}
    template <Scalar Real> void process(Message<Real>& message) {
        if (message.kind == Kind::plate && !has_value(message.value)) message.answer(indices, Provenance::sampled);
    }
};

/// The scale of each site.
struct Scales : Handler {
    std::vector<double> scales;
    template <Scalar Real> void process(Message<Real>& message) {
        if (message.kind == Kind::sample) scales.push_back(message.scale);
    }
};

const Vector ten{0, 10, 20, 30, 40, 50, 60, 70, 80, 90};

} // namespace

BOOST_AUTO_TEST_CASE(a_subsampled_plate_visits_a_part_of_the_data_and_scales_it) {
    const auto model = []<Scalar Real>(const Vector& y) -> Model<Real, Vector> {
        auto data = co_yield plate("data", 10, {.subsample_size = 4});
        BOOST_TEST(data.size() == 4u);
        BOOST_TEST(data.full_size() == 10u);
        const Vector part = data.subsample(y);
        co_yield sample("y", Normal(0, 1), obs = part);
        co_return part;
    };
    Scales scales;
    const Vector part = run(RunOptions{.subsample_seed = 3}, model | scales, ten);
    BOOST_REQUIRE(part.size() == 4u);
    for (std::size_t k = 1; k < 4; ++k) BOOST_TEST(part[k - 1] < part[k]); // different ones, in order
    BOOST_TEST(scales.scales == std::vector<double>{2.5}, boost::test_tools::per_element());
    // The same seed, the same indices; another seed, others.
    BOOST_TEST((run(RunOptions{.subsample_seed = 3}, model, ten) == part));
    BOOST_TEST(!(run(RunOptions{.subsample_seed = 4}, model, ten) == part));
}

BOOST_AUTO_TEST_CASE(given_indices_are_never_replaced) {
    // Acceptance case P26.
    const auto model = []<Scalar Real>(const IntVector& rows, const Vector& y) -> Model<Real, Vector> {
        auto data = co_yield plate("data", 10, {.subsample = rows});
        co_return data.subsample(y);
    };
    const IntVector rows{7, 2, 5};
    BOOST_TEST(
        (run(RunOptions{.subsample_seed = 3}, model | Choose(IntVector{1, 2, 3}), rows, ten) == Vector{70, 20, 50}));
}

BOOST_AUTO_TEST_CASE(every_pair_is_drawn_as_often_as_the_others) {
    const auto model = []<Scalar Real>() -> Model<Real, IntVector> {
        auto data = co_yield plate("data", 5, {.subsample_size = 2});
        co_return data.indices();
    };
    int counts[5][5] = {};
    constexpr int runs = 20000;
    for (int seed = 0; seed < runs; ++seed) {
        const IntVector pair = run(RunOptions{.subsample_seed = static_cast<std::uint64_t>(seed)}, model);
        ++counts[pair[0]][pair[1]];
    }
    // 10 pairs, 2000 times each; the standard deviation is 42.
    for (int i = 0; i < 5; ++i)
        for (int j = i + 1; j < 5; ++j) BOOST_TEST(std::abs(counts[i][j] - runs / 10) < 5 * 42);
}

BOOST_AUTO_TEST_CASE(a_loop_over_a_subsampled_plate_visits_the_selected_indices) {
    const auto model = []<Scalar Real>() -> Model<Real> {
        for (auto i : co_yield plate("row", 9, {.subsample = IntVector{8, 3}}))
            co_yield sample("x", Normal(static_cast<double>(i), 1));
    };
    Record record;
    Scales scales;
    run(model | record | scales);
    BOOST_TEST(record.names == (Names{"row", "x[8]", "x[3]"}), boost::test_tools::per_element());
    BOOST_TEST(scales.scales == (std::vector<double>{4.5, 4.5}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(scales_of_nested_plates_multiply) {
    // Acceptance case P28: 10 of which 5, around 11 of which 6 or all.
    const auto model = []<Scalar Real>() -> Model<Real> {
        auto outer = co_yield plate("outer", 10, {.subsample_size = 5});
        {
            auto inner = co_yield plate("inner", 11, {.subsample_size = 6});
            co_yield sample("x", Normal(0, 1).expand(6, 5));
        }
        {
            auto inner = co_yield plate("whole", 11);
            co_yield sample("y", Normal(0, 1).expand(11, 5));
        }
        co_yield sample("z", Normal(0, 1).expand(5));
        for ([[maybe_unused]] auto i : co_yield plate("loop", 4, {.subsample = IntVector{1}}))
            co_yield sample("w", Normal(0, 1).expand(5));
    };
    Record record;
    Scales scales;
    run(RunOptions{.subsample_seed = 1}, model | record | scales);
    BOOST_TEST(scales.scales == (std::vector<double>{2 * (11.0 / 6), 2, 2, 8}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(plates_choose_their_axis) {
    const auto model = []<Scalar Real>(int dim) -> Model<Real> {
        auto outer = co_yield plate("outer", 4, {.dim = dim});
        auto inner = co_yield plate("inner", 3);
        co_yield sample("x", Normal(0, 1).expand(dim == -1 ? 3 : 4, dim == -1 ? 4 : 3));
    };
    Record record;
    run(model | record, -1);
    run(model | record, -2);
    BOOST_TEST(record.names.size() == 2u);
    const auto collision = []<Scalar Real>() -> Model<Real> {
        auto outer = co_yield plate("outer", 4, {.dim = -2});
        auto inner = co_yield plate("inner", 3, {.dim = -2});
    };
    // Acceptance case N9, four times; and nothing is left open afterwards.
    BOOST_CHECK_EXCEPTION(run(collision), Error,
                          (Says{"inner", "a batch axis of its own", "dim -2, which plate 'outer' around it has",
                                "Choose the other dim"}));
    BOOST_CHECK_EXCEPTION(run(model, 0), Error, (Says{"outer", "dim -1 or -2", "dim 0", "counted from the right"}));
    BOOST_CHECK_EXCEPTION(run(model, 1), Error, (Says{"outer", "dim -1 or -2", "dim 1", "counted from the right"}));
    const auto after = []<Scalar Real>() -> Model<Real> {
        try {
            auto outer = co_yield plate("outer", 4, {.dim = -2});
            auto inner = co_yield plate("inner", 3, {.dim = -2});
        } catch (const Error&) {
        }
        auto again = co_yield plate("outer", 4, {.dim = -2});
        auto last = co_yield plate("inner", 3);
        co_yield sample("x", Normal(0, 1).expand(4, 3));
    };
    run(after | record);
    BOOST_TEST(record.frames.back() == 2u);
}

BOOST_AUTO_TEST_CASE(loops_take_no_axis) {
    const auto model = []<Scalar Real>() -> Model<Real> {
        auto outer = co_yield plate("outer", 4);
        for ([[maybe_unused]] auto i : co_yield plate("loop", 2)) {
            auto inner = co_yield plate("inner", 3);
            for ([[maybe_unused]] auto j : co_yield plate("innermost", 2))
                co_yield sample("x", Normal(0, 1).expand(3, 4));
        }
    };
    Record record;
    run(model | record);
    BOOST_TEST(record.names == (Names{"x[0][0]", "x[0][1]", "x[1][0]", "x[1][1]"}), boost::test_tools::per_element());
    const auto three = []<Scalar Real>() -> Model<Real> {
        auto a = co_yield plate("a", 2);
        auto b = co_yield plate("b", 2);
        auto c = co_yield plate("c", 2);
        co_yield sample("x", Normal(0, 1).expand(2, 2));
    };
    BOOST_CHECK_EXCEPTION(run(three | record), Error,
                          (Says{"x", "two vectorized plates at most", "plate 'c' inside two others", "Loop over"}));
}

BOOST_AUTO_TEST_CASE(a_batch_axis_that_no_plate_covers_is_refused) {
    // Acceptance case N7.
    const auto model = []<Scalar Real>() -> Model<Real> { co_yield sample("x", Normal(0, 1).expand(3)); };
    Record record;
    BOOST_CHECK_EXCEPTION(run(model | record), Error,
                          (Says{"x", "a plate for batch axis -1 of size 3", "batch shape [3]", ".to_event(1)"}));
    const auto outer = []<Scalar Real>() -> Model<Real> {
        auto rows = co_yield plate("rows", 3);
        co_yield sample("x", Normal(0, 1).expand(2, 3));
    };
    BOOST_CHECK_EXCEPTION(run(outer | record), Error,
                          (Says{"x", "a plate for batch axis -2 of size 2", "batch shape [2, 3]", ".to_event(2)"}));
}

BOOST_AUTO_TEST_CASE(subsamples_that_make_no_sense_are_refused) {
    // Acceptance case N10.
    const auto model = []<Scalar Real>(const PlateOptions& options) -> Model<Real> {
        auto rows = co_yield plate("rows", 10, options);
    };
    const auto refused = [&](const PlateOptions& options, const char* expected, const char* found, const char* advice) {
        BOOST_CHECK_EXCEPTION(run(model, options), Error, (Says{"rows", expected, found, advice}));
    };
    refused({.subsample_size = 12}, "10 at most", "subsample_size 12 > size 10", "without replacement");
    refused({.subsample_size = 0}, "1 or more", "subsample_size 0", "Leave subsample_size out");
    refused({.subsample_size = 2, .subsample = IntVector{1, 2, 3}}, "one length", "subsample_size 2 but 3 indices",
            "the indices say it");
    refused({.subsample = IntVector(12)}, "10 at most", "subsample_size 12 > size 10, in subsample", "fewer indices");
    refused({.subsample = IntVector{1, 10}}, "indices from 0 to 9", "10 at subsample[1]", "Indices count from 0");
    refused({.subsample = IntVector{-1}}, "indices from 0 to 9", "-1 at subsample[0]", "Indices count from 0");
    refused({.subsample = IntVector(0)}, "at least one index", "none in subsample", "Leave the plate out");
    refused({.subsample_size = 3}, "the 3 indices that this plate visits of 10", "no handler that draws them",
            "Add | seed(n)");
    run(model, PlateOptions{.subsample_size = 10}); // all of them: nothing is drawn
}

BOOST_AUTO_TEST_CASE(data_are_subsampled_along_the_axis_of_the_plate) {
    const Matrix X{{1, 2, 3}, {4, 5, 6}}; // inner 2, outer 3
    const auto model = []<Scalar Real>(const Matrix& x, const Vector& column, const Vector& row) -> Model<Real> {
        auto outer = co_yield plate("outer", 3, {.subsample = IntVector{2, 0}});
        auto inner = co_yield plate("inner", 2, {.subsample = IntVector{1}});
        BOOST_TEST((inner.subsample(outer.subsample(x)) == Matrix{{6, 4}}));
        BOOST_TEST((outer.subsample(row) == Vector{3, 1}));
        BOOST_TEST((inner.subsample(Matrix(2, 1, column)) == Matrix{{5}}));
        co_yield factor("f", 1.0);
    };
    run(model, X, Vector{4, 5}, Vector{1, 2, 3});
    const auto regression = []<Scalar Real>(const Matrix& x, std::size_t event_dim) -> Model<Real, Matrix> {
        auto data = co_yield plate("data", 2, {.subsample = IntVector{1}});
        co_return data.subsample(x, event_dim);
    };
    BOOST_TEST((run(regression, X, 1) == Matrix{{4, 5, 6}}));
    BOOST_CHECK_EXCEPTION(run(regression, X, 0), Error,
                          (Says{"data", "data as long as the plate, 2", "3 along its axis", "subsample(X, 1)"}));
    BOOST_CHECK_EXCEPTION(run(regression, X, 2), Error, (Says{"data", "data with 3 axes", "2 axes", ""}));
}

BOOST_AUTO_TEST_CASE(full_size_parameters_are_subsampled_with_their_derivatives) {
    const auto total = []<Scalar Real>(const Array<Real, 1>& u) {
        const auto model = [&u]<Scalar R>() -> Model<R, R> {
            auto data = co_yield plate("data", 4, {.subsample = IntVector{3, 1}});
            const auto part = data.subsample(u);
            co_return sum(part * part);
        };
        return run<Real>(model);
    };
    const auto [value, slope] = value_and_gradient(total, Vector{1, 2, 3, 4});
    BOOST_TEST(value == 20);
    BOOST_TEST((slope == Vector{0, 4, 0, 8}));
}

BOOST_AUTO_TEST_CASE(an_axis_of_size_one_repeats_along_its_plate) {
    const auto model = []<Scalar Real>(Observed<Matrix> y) -> Model<Real, Shape> {
        auto outer = co_yield plate("outer", 4);
        auto inner = co_yield plate("inner", 3);
        const Matrix rows = Vector{1, 2, 3}.reshape(Extents<2>{3, 1});
        const auto x = co_yield sample("y", Normal(rows, 1).expand(3, 1), obs = y);
        co_return Shape{{x.rows(), x.cols()}, 2};
    };
    Record record;
    BOOST_TEST(run(model | record, Matrix(3, 4)).str() == "[3, 4]");
    BOOST_TEST(run(model | record, absent).str() == "[3, 4]");
    // Other sizes do not repeat. Acceptance case N8.
    const auto wrong = []<Scalar Real>() -> Model<Real> {
        auto outer = co_yield plate("outer", 4);
        auto inner = co_yield plate("inner", 3);
        co_yield sample("y", Normal(Matrix(3, 2), 1));
    };
    BOOST_CHECK_EXCEPTION(run(wrong | record), Error,
                          (Says{"y", "size 4 at batch axis -1, inside plate 'outer' of size 4", "batch shape [3, 2]",
                                "as long as the plate"}));
}

BOOST_AUTO_TEST_CASE(an_effect_that_is_kept_repeats_along_each_of_its_plates) {
    const auto model = []<Scalar Real>() -> Model<Real, std::vector<std::size_t>> {
        const auto site = sample("z", Normal(Vector{0}, 1));
        auto changing = sample("w", Normal(Vector{0}, 1));
        std::vector<std::size_t> sizes;
        for (auto i : co_yield plate("loop", 2)) {
            auto rows = co_yield plate("rows", 3 + i);
            const auto z = co_yield site;
            const auto w = co_yield changing;
            sizes.push_back(z.size());
            sizes.push_back(w.size());
        }
        co_return sizes;
    };
    BOOST_TEST(run(model | Record()) == (std::vector<std::size_t>{3, 3, 4, 4}), boost::test_tools::per_element());
}
