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

const Vector y{1, 2, 4};

constexpr auto model = []<Scalar Real>() -> Model<Real> {
    auto mu = co_yield sample("mu", Normal(0, 1));
    auto tau = co_yield sample("tau", LogNormal(0, 1));
    auto rows = co_yield plate("rows", 3);
    auto z = co_yield sample("z", Normal(mu, tau).expand(rows));
    co_yield sample("y", Normal(z, 1), obs = y);
};

constexpr auto program = []<Scalar Real>() -> Model<Real> {
    auto mu_at = co_yield param("mu_at", 0.5);
    co_yield sample("mu", Delta(mu_at));
    auto tau_at = co_yield param("tau_at", 2.0, support::positive);
    co_yield sample("tau", Delta(tau_at));
    auto z_at = co_yield param("z_at", Vector{0, 0, 0});
    auto rows = co_yield plate("rows", 3);
    co_yield sample("z", Delta(z_at));
};

constexpr Adam adam{.lr = 0.05, .lr_decay = 0.998};

} // namespace

BOOST_AUTO_TEST_CASE(a_guide_written_by_hand_finds_the_same_point_as_auto_delta) {
    Guide by_hand(model, program);
    AutoDelta automatic(model, init_to_value({{"mu", 0.5}, {"tau", 2.0}, {"z", Vector{0, 0, 0}}}));
    SVI first(model, by_hand, adam, TraceELBO{});
    SVI second(model, automatic, adam, TraceELBO{});
    const auto a = first.run(3000), b = second.run(3000);
    BOOST_TEST(a.losses.front() == b.losses.front(), boost::test_tools::tolerance(1e-14));
    BOOST_TEST(a.losses.back() == b.losses.back(), boost::test_tools::tolerance(1e-12));
    const NamedValues p = by_hand.median(), q = automatic.median();
    BOOST_TEST(p.get<double>("tau") == q.get<double>("tau"), boost::test_tools::tolerance(1e-9));
    for (std::size_t k = 0; k < 3; ++k)
        BOOST_TEST(p.get<Vector>("z")[k] == q.get<Vector>("z")[k], boost::test_tools::tolerance(1e-9));
}

BOOST_AUTO_TEST_CASE(params_of_the_model_are_learned_too) {
    const auto with_param = []<Scalar Real>() -> Model<Real> {
        auto mu = co_yield sample("mu", Normal(0, 1));
        auto sigma = co_yield param("sigma", 1.0, support::positive);
        auto rows = co_yield plate("rows", 3);
        co_yield sample("y", Normal(mu, sigma), obs = y);
    };
    const auto one = []<Scalar Real>() -> Model<Real> {
        auto at = co_yield param("at", 0.0);
        co_yield sample("mu", Delta(at));
    };
    Guide guide(with_param, one);
    SVI svi(with_param, guide, adam, TraceELBO{});
    svi.run(3000);
    const NamedValues fit = guide.median();
    const double mu = fit.get<double>("mu");
    double squares = 0;
    for (const double x : y) squares += (x - mu) * (x - mu);
    BOOST_TEST(fit.get<double>("sigma") == std::sqrt(squares / 3), boost::test_tools::tolerance(1e-8));
    BOOST_TEST(guide.names() == (std::vector<std::string>{"at", "sigma"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(model_and_guide_must_have_the_same_latent_sites) {
    // Acceptance cases N16 and N17.
    const auto missing = []<Scalar Real>() -> Model<Real> {
        co_yield sample("mu", Delta(0.0));
        auto rows = co_yield plate("rows", 3);
        co_yield sample("z", Delta(Vector{0, 0, 0}));
    };
    Guide less(model, missing);
    BOOST_CHECK_EXCEPTION(less.setup(), Error,
                          (Says{"tau", "a point for each latent site", "none in the guide, which has mu, z",
                                "sample(\"tau\", Delta(...))"}));
    const auto extra = []<Scalar Real>() -> Model<Real> {
        co_yield submodel(program);
        co_yield sample("other", Delta(0.0));
    };
    Guide more(model, extra);
    BOOST_CHECK_EXCEPTION(more.setup(), Error,
                          (Says{"other", "a latent site of the model", "only in the guide", "is_auxiliary"}));
    Guide marked(model, extra | infer_config([](const std::string& site) {
                            return InferOptions{.is_auxiliary = site == "other"};
                        }));
    marked.setup();
    BOOST_TEST(marked.latents().blocks.size() == 3u);
    const auto observed = []<Scalar Real>() -> Model<Real> {
        co_yield submodel(program);
        auto rows = co_yield plate("rows", 3);
        co_yield sample("y", Delta(y));
    };
    Guide with_data(model, observed);
    BOOST_CHECK_EXCEPTION(with_data.setup(), Error,
                          (Says{"y", "a latent site", "a site with data", "Take the site out"}));
}

BOOST_AUTO_TEST_CASE(shapes_of_model_and_guide_must_agree) {
    // Acceptance cases N5 and N6: both shapes are shown.
    const auto z_as = [](const auto& z) {
        return [z]<Scalar Real>() -> Model<Real> {
            co_yield sample("mu", Delta(0.0));
            co_yield sample("tau", Delta(1.0));
            co_yield sample("z", z);
        };
    };
    Guide longer(model, z_as(Delta(Vector{0, 0, 0, 0}).to_event(1)));
    BOOST_CHECK_EXCEPTION(longer.setup(), Error,
                          (Says{"z", "batch shape [3], as in the model at guide_test.cpp:",
                                "batch shape [] in the guide at guide_test.cpp:", "must agree"}));
    const auto event_model = []<Scalar Real>() -> Model<Real> {
        co_yield sample("w", Normal(0, 1).expand(3).to_event(1));
    };
    const auto w_as = [](const auto& w) { return [w]<Scalar Real>() -> Model<Real> { co_yield sample("w", w); }; };
    Guide other(event_model, w_as(Delta(Vector{0, 0}).to_event(1)));
    BOOST_CHECK_EXCEPTION(
        other.setup(), Error,
        (Says{"w", "event shape [3], as in the model", "event shape [2] in the guide", "must agree"}));
}

BOOST_AUTO_TEST_CASE(a_guide_is_points) {
    // Acceptance case N4: whatever is not a point is refused by name, with the way out.
    const auto normal = []<Scalar Real>() -> Model<Real> { co_yield sample("mu", Normal(0, 1)); };
    Guide guide(model, normal);
    BOOST_CHECK_EXCEPTION(guide.setup(), Error, (Says{"mu", "a point, Delta(value)", "Normal", "learn it with param"}));
}

BOOST_AUTO_TEST_CASE(parameters_are_read_and_set_by_name) {
    AutoDelta guide(model);
    guide.setup();
    BOOST_TEST(guide.names() == (std::vector<std::string>{"mu", "tau", "z"}), boost::test_tools::per_element());
    BOOST_TEST(guide.match("t.*|z") == (std::vector<std::string>{"tau", "z"}), boost::test_tools::per_element());
    BOOST_TEST(guide.match("a").empty());
    BOOST_CHECK_EXCEPTION(guide.match("("), Error, (Says{"", "a regular expression", "'('", "ECMAScript"}));
    guide.set("tau", 2.5);
    BOOST_TEST(value_as<double>(guide.get("tau")) == 2.5, boost::test_tools::tolerance(1e-15));
    BOOST_TEST(guide.unconstrained("tau")[0] == std::log(2.5), boost::test_tools::tolerance(1e-15));
    guide.set("z", Vector{1, 2, 3});
    BOOST_TEST((value_as<Vector>(guide.get("z")) == Vector{1, 2, 3}));
    BOOST_CHECK_EXCEPTION(guide.set("tau", -1.0), Error, (Says{"tau", "a positive number", "-1", ""}));
    BOOST_TEST(value_as<double>(guide.get("tau")) == 2.5, boost::test_tools::tolerance(1e-15));
    BOOST_CHECK_EXCEPTION(guide.get("sigma"), Error,
                          (Says{"sigma", "one of the sites that are learned: mu, tau, z", "no site", "spelling"}));
    guide.clear();
    BOOST_TEST(guide.names().empty());
    BOOST_TEST(value_as<double>(guide.get("tau")) == 1);
}

BOOST_AUTO_TEST_CASE(the_quantiles_of_a_point_are_the_point) {
    AutoDelta guide(model);
    const auto quantiles = guide.quantiles({0.1, 0.9});
    BOOST_REQUIRE(quantiles.size() == 2u);
    BOOST_TEST((quantiles[0] == guide.median()));
    BOOST_TEST((quantiles[1] == guide.median()));
    BOOST_CHECK_EXCEPTION(guide.quantiles({1.5}), Error, (Says{"", "a quantile from 0 to 1", "1.5", ""}));
}

BOOST_AUTO_TEST_CASE(infer_config_says_where_a_site_starts) {
    const auto started = model | infer_config([](const std::string& site) {
                             return site == "tau" ? InferOptions{.initial = 3.0} : InferOptions{};
                         });
    AutoDelta guide(started);
    BOOST_TEST(value_as<double>(guide.get("tau")) == 3, boost::test_tools::tolerance(1e-15));
    AutoDelta wrong(model | infer_config([](const std::string&) { return InferOptions{.initial = -3.0}; }));
    BOOST_CHECK_EXCEPTION(wrong.setup(), Error, (Says{"tau", "a positive number", "-3", "initial value"}));
}

BOOST_AUTO_TEST_CASE(a_param_may_be_a_point_of_a_region) {
    const auto shares_model = []<Scalar Real>(const IntVector& draws) -> Model<Real> {
        auto p = co_yield sample("p", Dirichlet(Vector{2, 3, 4}));
        auto rows = co_yield plate("rows", draws.size());
        co_yield sample("draw", Categorical(p), obs = draws);
    };
    const auto shares_program = []<Scalar Real>(const IntVector&) -> Model<Real> {
        auto at = co_yield param("p_at", Vector{0.5, 0.25, 0.25}, support::simplex(3));
        co_yield sample("p", Delta(at).to_event(1));
    };
    const IntVector draws{0, 0, 0, 0, 0, 2, 2, 2, 2, 2, 2, 2};
    Guide guide(shares_model, shares_program);
    BOOST_TEST(guide.median(draws).get<Vector>("p")[0] == 0.5, boost::test_tools::tolerance(1e-15));
    SVI svi(shares_model, guide, Adam{.lr = 0.05, .lr_decay = 0.998}, TraceELBO{});
    svi.run(4000, draws);
    const Vector p = guide.median(draws).get<Vector>("p"); // acceptance case P10: (6, 2, 10) / 18
    for (std::size_t k = 0; k < 3; ++k)
        BOOST_TEST(p[k] == (Vector{6, 2, 10}[k] / 18), boost::test_tools::tolerance(1e-8));
    const auto wrong = []<Scalar Real>(const IntVector&) -> Model<Real> {
        co_yield param("p_at", Vector{0.5, 0.25, 0.5}, support::simplex(3));
    };
    BOOST_CHECK_EXCEPTION(run(wrong, draws), Error, (Says{"p_at", "sum to 1", "1.25", "inside its domain"}));
}

// Found by a reader: the params that are the guide's alone were listed, but could neither be read nor set.
BOOST_AUTO_TEST_CASE(params_of_a_program_are_read_and_set) {
    const auto simple = []<Scalar Real>(double y) -> Model<Real> {
        auto mu = co_yield sample("mu", Normal(0, 1));
        co_yield sample("y", Normal(mu, 1), obs = y);
    };
    const auto program = []<Scalar Real>(double) -> Model<Real> {
        auto at = co_yield param("mu_at", 0.5);
        co_yield sample("mu", Delta(at));
    };
    Guide guide(simple, program);
    guide.setup(1.0);
    BOOST_TEST(value_as<double>(guide.get("mu_at", 1.0)) == 0.5);
    guide.set("mu_at", 2.0, 1.0);
    BOOST_TEST(value_as<double>(guide.get("mu_at", 1.0)) == 2);
    BOOST_TEST(guide.median(1.0).get<double>("mu") == 2);
    GuideList list(simple, Guide(simple, program));
    list.setup(1.0);
    list.set("mu_at", 1.5, 1.0);
    BOOST_TEST(value_as<double>(list.get("mu_at", 1.0)) == 1.5);
    BOOST_TEST(list.median(1.0).get<double>("mu") == 1.5);
}
