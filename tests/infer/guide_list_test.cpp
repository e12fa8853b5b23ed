#include <boost/test/unit_test.hpp>
#include <cmath>
#include <error_parts.hpp>
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
                          (Says{"x", "one part of the GuideList", "two, part 2 and one before it", "block({.hide"}));
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
