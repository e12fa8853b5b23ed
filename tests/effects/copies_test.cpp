#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

import modus.autodiff;
import modus.distributions;
import modus.effects;
import modus.support;
using namespace modus;

namespace {

struct Names : Handler {
    std::vector<std::string> seen;
    template <Scalar Real> void process(Message<Real>& message) {
        seen.push_back(message.name());
        if (!has_value(message.value)) message.answer(Real(static_cast<double>(seen.size())), Provenance::sampled);
    }
};

struct Shift : Handler {
    template <Scalar Real> void process(Message<Real>& message) { message.answer(Real(7.0), Provenance::sampled); }
};

} // namespace

BOOST_AUTO_TEST_CASE(a_plate_around_a_model_repeats_it) {
    const auto model = []<Scalar Real>(double loc) -> Model<Real, Real> {
        const auto x = co_yield sample("x", Normal(loc, 1));
        co_return 10.0 * x;
    };
    Names names;
    const std::vector<double> results = run(model | plate("copies", 3) | names, 0.5);
    BOOST_TEST(names.seen == (std::vector<std::string>{"x[0]", "x[1]", "x[2]"}), boost::test_tools::per_element());
    BOOST_TEST(results == (std::vector<double>{10, 20, 30}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(handlers_inside_the_plate_serve_each_copy) {
    const auto model = []<Scalar Real>() -> Model<Real, Real> { co_return co_yield sample("x", Normal(0, 1)); };
    Names names;
    const auto results = run(model | Shift{} | plate("copies", 2) | names);
    BOOST_TEST(results == (std::vector<double>{7, 7}), boost::test_tools::per_element());
    BOOST_TEST(names.seen == (std::vector<std::string>{"x[0]", "x[1]"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(plates_around_plates) {
    const auto model = []<Scalar Real>() -> Model<Real> { co_yield sample("x", Normal(0, 1)); };
    Names names;
    run(model | plate("inner", 2) | plate("outer", 2) | names);
    BOOST_TEST(names.seen == (std::vector<std::string>{"x[0][0]", "x[0][1]", "x[1][0]", "x[1][1]"}),
               boost::test_tools::per_element());
}
