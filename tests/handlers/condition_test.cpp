#include <boost/test/unit_test.hpp>
#include <cmath>
#include <error_parts.hpp>
#include <numbers>

import modus.autodiff;
import modus.distributions;
import modus.effects;
import modus.handlers;
import modus.support;
using namespace modus;

#include "models.hpp"

BOOST_AUTO_TEST_CASE(conditioned_sites_are_observed) {
    const auto t = run(small_model | condition({{"a", 1.0}}) | seed(2) | trace, 2.0);
    BOOST_TEST(t.get<double>("a") == 1);
    BOOST_TEST((t["a"].provenance == Provenance::observed));
    BOOST_TEST((t["b"].provenance == Provenance::sampled));
    BOOST_TEST(t["a"].log_density == normal(1, 0, 1), boost::test_tools::tolerance(1e-15));
}

BOOST_AUTO_TEST_CASE(integers_and_arrays_are_accepted_where_they_fit) {
    const auto model = []<Scalar Real>() -> Model<Real, double> {
        const auto w = co_yield sample("w", Normal(0, 1).expand(2).to_event(1));
        const auto k = co_yield sample("k", Poisson(3));
        co_return value_of(w[1]) + static_cast<double>(k);
    };
    BOOST_TEST(run(model | condition({{"w", Vector{1, 2}}, {"k", 4}})) == 6);
    BOOST_TEST(run(model | condition({{"w", Vector{1, 2}}, {"k", 4.0}})) == 6);
    BOOST_CHECK_EXCEPTION(run(model | condition({{"w", Vector{1, 2, 3}}, {"k", 4}})), Error,
                          (Says{"w", "a value of shape [2]", "shape [3]", ""}));
    BOOST_CHECK_EXCEPTION(run(model | condition({{"w", Vector{1, 2}}, {"k", 4.5}})), Error,
                          (Says{"k", "an integer that is 0 or more", "4.5", ""}));
}

BOOST_AUTO_TEST_CASE(a_name_that_no_site_has_is_an_error_that_lists_the_sites) {
    BOOST_CHECK_EXCEPTION(
        run(small_model | condition({{"aa", 1.0}}) | seed(2), 2.0), Error,
        (Says{"aa", "one of the sites that reach condition: a, b, y", "no site of this name", "spelling"}));
}

BOOST_AUTO_TEST_CASE(a_site_with_other_data_is_an_error) {
    BOOST_CHECK_EXCEPTION(run(small_model | condition({{"y", 1.0}}) | seed(2), 2.0), Error,
                          (Says{"y", "one value", "two, from condition", "innermost handler answers first"}));
    run(small_model | condition({{"y", 2.0}}) | seed(2), 2.0); // the same data twice is no conflict
}

BOOST_AUTO_TEST_CASE(a_composition_can_be_run_again) {
    const auto handled = small_model | condition({{"a", 1.0}}) | seed(2) | trace;
    BOOST_TEST(run(handled, 2.0).log_prob_sum() == run(handled, 2.0).log_prob_sum());
}

BOOST_AUTO_TEST_CASE(the_list_of_sites_has_their_scopes) {
    const auto whole = []<Scalar Real>() -> Model<Real> {
        co_yield sample("a", Normal(0, 1));
        co_yield submodel("first", []<Scalar R>() -> Model<R> { co_yield sample("mu", Normal(0, 1)); });
        for ([[maybe_unused]] auto i : co_yield plate("row", 3)) co_yield sample("z", Normal(0, 1));
    };
    BOOST_CHECK_EXCEPTION(run(whole | condition({{"mu", 1.0}}) | seed(1)), Error,
                          (Says{"mu", "that reach condition: a, first/mu, z", "no site of this name", "spelling"}));
    BOOST_CHECK_EXCEPTION(run(whole | scope("all") | condition({{"mu", 1.0}}) | seed(1)), Error,
                          (Says{"mu", "all/a, all/first/mu, all/z", "no site of this name", "spelling"}));
}
