#include <boost/test/unit_test.hpp>
#include <cmath>
#include <error_parts.hpp>
#include <numbers>
#include <sstream>
#include <string>

import modus.autodiff;
import modus.distributions;
import modus.effects;
import modus.handlers;
import modus.support;
using namespace modus;

#include "models.hpp"

BOOST_AUTO_TEST_CASE(a_trace_lists_the_sites_in_order) {
    const auto t = run(small_model | substitute({{"a", 0.5}, {"b", -1.0}}) | trace, 2.0);
    BOOST_REQUIRE(t.size() == 3u);
    std::string names;
    for (const auto& site : t) names += site.name + " ";
    BOOST_TEST(names == "a b y ");
    BOOST_TEST(t.get<double>("a") == 0.5);
    BOOST_TEST((t["a"].provenance == Provenance::substituted));
    BOOST_TEST((t["y"].provenance == Provenance::observed));
    BOOST_TEST(t["b"].log_density == normal(-1, 0.5, 2), boost::test_tools::tolerance(1e-15));
    BOOST_TEST(t.log_prob_sum() == normal(0.5, 0, 1) + normal(-1, 0.5, 2) + normal(2, -0.5, 1),
               boost::test_tools::tolerance(1e-15));
    BOOST_TEST(std::string(t["y"].where.file_name()).ends_with("models.hpp"));
}

BOOST_AUTO_TEST_CASE(a_trace_is_of_plain_numbers_whatever_the_scalar) {
    const auto plain = run(small_model | seed(3) | trace, 2.0);
    const auto dual = run<Dual<double, 4>>(small_model | seed(3) | trace, 2.0);
    BOOST_TEST(plain.log_prob_sum() == dual.log_prob_sum());
    BOOST_TEST(plain.get<double>("b") == dual.get<double>("b"));
}

BOOST_AUTO_TEST_CASE(a_trace_keeps_its_values_when_the_data_change_later) {
    Vector y{1, 2, 3};
    const auto model = []<Scalar Real>(const Vector& data) -> Model<Real> {
        auto rows = co_yield plate("rows", data.size());
        co_yield sample("y", Normal(0, 1), obs = data);
    };
    const auto t = run(model | trace, y);
    y[0] = 100;
    BOOST_TEST(t.get<Vector>("y")[0] == 1);
}

BOOST_AUTO_TEST_CASE(format_shapes_tells_batch_event_and_log_density) {
    const auto model = []<Scalar Real>(const Vector& y) -> Model<Real> {
        co_yield sample("w", Normal(0, 1).expand(2).to_event(1));
        co_yield param("p", 1.0);
        auto rows = co_yield plate("rows", 3);
        co_yield sample("y", Normal(0, 1), obs = y);
        co_yield deterministic("d", y * 2.0);
    };
    const auto t = run(model | seed(1) | trace, Vector{1, 2, 3});
    BOOST_TEST(t["w"].batch_shape.str() == "[]");
    BOOST_TEST(t["w"].event_shape.str() == "[2]");
    BOOST_TEST(t["y"].batch_shape.str() == "[3]");
    BOOST_TEST(t["y"].event_shape.str() == "[]");
    const std::string table = t.format_shapes();
    for (const char* part : {"site", "Normal", "[3]", "[2]", "sampled", "observed", "deterministic", "param", "sum"})
        BOOST_TEST(table.find(part) != std::string::npos, part);
    std::ostringstream out;
    out << t;
    BOOST_TEST(out.str() == table);
}

BOOST_AUTO_TEST_CASE(an_unknown_name_is_an_error_that_lists_the_sites) {
    const auto t = run(small_model | seed(3) | trace, 2.0);
    BOOST_CHECK_EXCEPTION(t["c"], Error, (Says{"c", "one of the sites of the trace: a, b, y", "no site", "spelling"}));
}
