#include <boost/test/unit_test.hpp>
#include <cmath>
#include <error_parts.hpp>
#include <initializer_list>
#include <string>
#include <vector>

import modus.autodiff;
import modus.distributions;
import modus.effects;
import modus.handlers;
import modus.infer;
import modus.support;
using namespace modus;

namespace {

constexpr auto model = []<Scalar Real>() -> Model<Real> {
    auto x = co_yield sample("x", LogNormal(0, 1));
    auto y = co_yield sample("y", LogNormal(log(x), 1));
    co_yield sample("data", Normal(y, 0.5), obs = 2.0);
};
constexpr auto y_program = []<Scalar Real>() -> Model<Real> {
    auto at = co_yield param("y_at", 0.25, support::positive);
    co_yield sample("y", Delta(at));
};

template <class G> NamedValues fit(G& guide) {
    SVI svi(model, guide, Adam{.lr = 0.02, .lr_decay = 0.999}, TraceELBO{});
    svi.run(6000);
    return guide.median();
}

} // namespace

BOOST_AUTO_TEST_CASE(parts_together_are_one_guide) {
    // Acceptance case P29.
    AutoDelta whole(model);
    GuideList parts(model, AutoDelta(model | block({.expose = {"x"}})), AutoDelta(model | block({.expose = {"y"}})));
    const NamedValues expected = fit(whole), found = fit(parts);
    BOOST_REQUIRE(found.size() == 2u);
    BOOST_TEST(found.get<double>("x") == expected.get<double>("x"), boost::test_tools::tolerance(1e-9));
    BOOST_TEST(found.get<double>("y") == expected.get<double>("y"), boost::test_tools::tolerance(1e-9));
    BOOST_TEST(parts.names() == (std::vector<std::string>{"x", "y"}), boost::test_tools::per_element());
    BOOST_TEST((parts.quantiles({0.5})[0] == found));
}

BOOST_AUTO_TEST_CASE(a_part_may_be_written_by_hand) {
    // Acceptance case P30.
    AutoDelta whole(model);
    GuideList parts(model, AutoDelta(model | block({.hide = {"y", "data"}})),
                    Guide(model | block({.hide = {"x"}}), y_program));
    const NamedValues expected = fit(whole), found = fit(parts);
    BOOST_TEST(found.get<double>("x") == expected.get<double>("x"), boost::test_tools::tolerance(1e-6));
    BOOST_TEST(found.get<double>("y") == expected.get<double>("y"), boost::test_tools::tolerance(1e-6));
    BOOST_TEST(parts.names() == (std::vector<std::string>{"x", "y_at"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(overlapping_parts_are_refused) {
    // Acceptance case N18.
    GuideList parts(model, AutoDelta(model | block({.expose = {"x"}})),
                    AutoDelta(model | block({.expose = {"x", "y"}})));
    BOOST_CHECK_EXCEPTION(parts.setup(), Error,
                          (Says{"x", "one part of the GuideList", "two, part 1 and part 2", "block({.hide"}));
}

BOOST_AUTO_TEST_CASE(a_site_without_a_part_is_refused) {
    GuideList parts(model, AutoDelta(model | block({.expose = {"x"}})));
    BOOST_CHECK_EXCEPTION(parts.setup(), Error,
                          (Says{"y", "one part of the GuideList that answers", "none of its 1 parts", "Expose"}));
}

BOOST_AUTO_TEST_CASE(parts_share_the_plates_of_the_model) {
    const Vector data{1, 2, 3, 4, 5, 6};
    const auto rows_model = []<Scalar Real>(const Vector& v) -> Model<Real> {
        auto mu = co_yield sample("mu", Normal(0, 2));
        auto rows = co_yield plate("rows", v.size(), {.subsample_size = 3});
        auto z = co_yield sample("z", Normal(mu, 1).expand(rows));
        co_yield sample("v", Normal(z, 1), obs = rows.subsample(v));
    };
    AutoDelta whole(rows_model);
    GuideList parts(rows_model, AutoDelta(rows_model | block({.expose = {"mu"}})),
                    AutoDelta(rows_model | block({.expose = {"z"}})));
    SVI first(rows_model, whole, Adam{.lr = 0.1}, TraceELBO{}, SVIOptions{.seed = 5});
    SVI second(rows_model, parts, Adam{.lr = 0.1}, TraceELBO{}, SVIOptions{.seed = 5});
    BOOST_TEST(first.run(50, data).losses == second.run(50, data).losses, boost::test_tools::per_element());
    BOOST_TEST((whole.median(data) == parts.median(data)));
}

BOOST_AUTO_TEST_CASE(parts_written_by_hand_that_overlap_are_refused_in_any_order) {
    // Acceptance case N18.
    const auto automatic = AutoDelta(model | block({.hide = {"data"}}));
    const auto by_hand = Guide(model | block({.hide = {"x"}}), y_program);
    GuideList one(model, automatic, by_hand);
    GuideList other(model, by_hand, automatic);
    const Says says{"y", "one part of the GuideList", "two, part 1 and part 2", "block({.hide"};
    BOOST_CHECK_EXCEPTION(one.setup(), Error, says);
    BOOST_CHECK_EXCEPTION(other.setup(), Error, says);
    GuideList twice(model, by_hand, by_hand, AutoDelta(model | block({.expose = {"x"}})));
    BOOST_CHECK_EXCEPTION(twice.setup(), Error, says);
}

BOOST_AUTO_TEST_CASE(params_of_two_parts_have_different_names) {
    const auto x_program = []<Scalar Real>() -> Model<Real> {
        auto at = co_yield param("y_at", 0.25, support::positive);
        co_yield sample("x", Delta(at));
    };
    GuideList parts(model, Guide(model | block({.hide = {"x"}}), y_program),
                    Guide(model | block({.hide = {"y"}}), x_program));
    BOOST_CHECK_EXCEPTION(parts.setup(), Error,
                          (Says{"y_at", "different names for the params", "part 2 and in one before", "Rename"}));
}

BOOST_AUTO_TEST_CASE(initial_values_are_within_bounds_that_other_parts_set) {
    const auto bounded = []<Scalar Real>() -> Model<Real> {
        auto x = co_yield sample("x", LogNormal(0, 1));
        auto y = co_yield sample("y", Uniform(0, x));
        co_yield sample("z", Uniform(y, x));
    };
    const NamedValues start{{"x", 5.0}, {"y", 4.5}, {"z", 4.75}};
    const auto part = [&](std::initializer_list<std::string> sites) {
        return AutoDelta(bounded | block({.expose = sites}), init_to_value(start));
    };
    GuideList forwards(bounded, part({"x"}), part({"y"}), part({"z"}));
    GuideList backwards(bounded, part({"z"}), part({"y"}), part({"x"}));
    GuideList mixed(bounded, part({"x", "z"}), part({"y"}));
    for (const char* site : {"x", "y", "z"}) {
        const double expected = start.get<double>(site);
        BOOST_TEST(forwards.median().get<double>(site) == expected, boost::test_tools::tolerance(1e-12));
        BOOST_TEST(backwards.median().get<double>(site) == expected, boost::test_tools::tolerance(1e-12));
        BOOST_TEST(mixed.median().get<double>(site) == expected, boost::test_tools::tolerance(1e-12));
    }
    GuideList outside(bounded, part({"x"}), part({"y"}),
                      AutoDelta(bounded | block({.expose = {"z"}}), init_to_value({{"z", 7.0}})));
    BOOST_CHECK_EXCEPTION(outside.setup(), Error, (Says{"z", "a number from 4", "7", "initial value"}));
}

BOOST_AUTO_TEST_CASE(the_plates_of_one_part_are_those_of_all) {
    std::vector<IntVector> in_model, in_program;
    const auto rows_model = [&]<Scalar Real>(const IntVector&) -> Model<Real> {
        auto mu = co_yield sample("mu", Normal(0, 2));
        auto rows = co_yield plate("rows", 6, {.subsample_size = 2});
        in_model.push_back(rows.indices());
        co_yield sample("z", Normal(mu, 1).expand(rows));
    };
    const auto program = [&]<Scalar Real>(const IntVector&) -> Model<Real> {
        auto all = co_yield param("all", Vector{0, 1, 2, 3, 4, 5});
        auto rows = co_yield plate("rows", 6, {.subsample_size = 2});
        in_program.push_back(rows.indices());
        co_yield sample("z", Delta(rows.subsample(all)));
    };
    const auto create_plates = [](const IntVector& chosen) { return plate("rows", 6, {.subsample = chosen}); };
    GuideList parts(rows_model,
                    AutoDelta(rows_model | block({.expose = {"mu"}}), init_to_median,
                              AutoDeltaOptions{.create_plates = create_plates}),
                    Guide(rows_model | block({.hide = {"mu"}}), program));
    SVI svi(rows_model, parts, SGD{.lr = 0.01}, TraceELBO{});
    for (const IntVector& chosen : {IntVector{0, 1}, IntVector{4, 2}}) {
        in_model.clear();
        in_program.clear();
        svi.step(chosen);
        BOOST_REQUIRE(!in_model.empty());
        BOOST_REQUIRE(!in_program.empty());
        for (const IntVector& rows : in_model) BOOST_TEST((rows == chosen));
        for (const IntVector& rows : in_program) BOOST_TEST((rows == chosen));
    }
}
