#include <counted_allocations.hpp>

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <error_parts.hpp>
#include <span>
#include <vector>

import modus.autodiff;
import modus.infer;
using namespace modus;

BOOST_AUTO_TEST_CASE(the_first_steps_by_hand) {
    // Kingma & Ba, algorithm 1: the first step is lr * g / (|g| + eps), the second follows by hand.
    const Adam adam{.lr = 0.1};
    Adam::State state;
    std::vector<double> x{1, -2}, g{3, -0.5};
    adam.update(x, g, state);
    BOOST_TEST(x[0] == 1 - 0.1, boost::test_tools::tolerance(1e-8));
    BOOST_TEST(x[1] == -2 + 0.1, boost::test_tools::tolerance(1e-7));
    g = {-1, 2};
    const double m = (0.9 * 0.1 * 3 + 0.1 * -1) / (1 - 0.81);
    const double v = (0.999 * 0.001 * 9 + 0.001 * 1) / (1 - 0.999 * 0.999);
    const double before = x[0];
    adam.update(x, g, state);
    BOOST_TEST(x[0] == before - 0.1 * m / (std::sqrt(v) + 1e-8), boost::test_tools::tolerance(1e-12));
    BOOST_TEST(state.steps == 2u);
}

BOOST_AUTO_TEST_CASE(other_betas_are_other_powers) {
    std::vector<double> x{0.5}, y{0.5};
    const std::vector<double> g{0.3};
    Adam::State kept, fresh;
    Adam{.beta1 = 0.5}.update(x, g, kept);
    Adam{.beta1 = 0.5}.update(y, g, fresh);
    fresh.powers = {};
    Adam{.beta1 = 0.9, .beta2 = 0.99}.update(x, g, kept);
    Adam{.beta1 = 0.9, .beta2 = 0.99}.update(y, g, fresh);
    BOOST_TEST(x[0] == y[0]);
}

BOOST_AUTO_TEST_CASE(the_step_size_decays) {
    const Adam adam{.lr = 0.1, .lr_decay = 0.5};
    Adam::State state;
    std::vector<double> x{0}, g{1};
    for (int k = 0; k < 3; ++k) adam.update(x, g, state);
    BOOST_TEST(x[0] == -0.1 * (1 + 0.5 + 0.25), boost::test_tools::tolerance(1e-7)); // a constant gradient
}

BOOST_AUTO_TEST_CASE(options_are_checked) {
    // Acceptance case N27.
    BOOST_CHECK_EXCEPTION(Adam{.lr = 0}.check(), Error, (Says{"", "lr of the optimizer above 0", "0", "Correct"}));
    BOOST_CHECK_EXCEPTION(Adam{.lr = std::nan("")}.check(), Error, (Says{"", "lr", "nan", "Correct"}));
    BOOST_CHECK_EXCEPTION(Adam{.beta1 = 1}.check(), Error, (Says{"", "beta1", "1", "Correct"}));
    BOOST_CHECK_EXCEPTION(Adam{.beta2 = -0.1}.check(), Error, (Says{"", "beta2", "-0.1", "Correct"}));
    BOOST_CHECK_EXCEPTION(Adam{.eps = 0}.check(), Error, (Says{"", "eps", "0", "Correct"}));
    BOOST_CHECK_EXCEPTION(Adam{.lr_decay = 1.1}.check(), Error, (Says{"", "lr_decay", "1.1", "Correct"}));
    BOOST_CHECK_NO_THROW(Adam{}.check());
}

BOOST_AUTO_TEST_CASE(selected_coordinates_step_by_their_own_counts) {
    // Each coordinate alone, in its own steps, is the reference: bias correction and moments must be the same.
    const Adam adam{.lr = 0.1};
    const std::vector<std::vector<unsigned char>> active{{1, 0, 1}, {0, 0, 1}, {1, 0, 255}, {0, 1, 1}, {1, 1, 0}};
    std::vector<double> x{1, -2, 3};
    std::vector<double> alone = x;
    Adam::State state;
    std::vector<Adam::State> states(3);
    for (std::size_t step = 0; step < active.size(); ++step) {
        std::vector<double> g(3);
        for (std::size_t k = 0; k < 3; ++k) {
            g[k] = active[step][k] ? std::sin(static_cast<double>(3 * step + k)) : std::nan(""); // not looked at
            if (active[step][k]) adam.update(std::span(&alone[k], 1), std::span(&g[k], 1), states[k]);
        }
        adam.update(x, g, state, active[step]);
        BOOST_TEST(x == alone);
    }
    for (std::size_t k = 0; k < 3; ++k) {
        BOOST_TEST(state.first[k] == states[k].first[0]);
        BOOST_TEST(state.second[k] == states[k].second[0]);
        BOOST_TEST(state.own_steps[k] == states[k].steps);
    }
    BOOST_TEST(state.steps == active.size());
}

BOOST_AUTO_TEST_CASE(a_coordinate_that_comes_late_takes_a_first_step) {
    const Adam adam{.lr = 0.1, .lr_decay = 0.99};
    const std::vector<unsigned char> early{1, 0}, late{0, 1};
    std::vector<double> x{0, 0}, g{1, -3};
    Adam::State state;
    for (int step = 1; step < 100; ++step) adam.update(x, g, state, early);
    BOOST_TEST(x[1] == 0);
    BOOST_TEST(state.first[1] == 0);
    adam.update(x, g, state, late);
    const double rate = 0.1 * std::pow(0.99, 99); // decayed by all steps
    BOOST_TEST(x[1] == rate * 3 / (3 + 1e-8), boost::test_tools::tolerance(1e-13));
}

BOOST_AUTO_TEST_CASE(all_coordinates_selected_is_a_dense_step_and_both_mix) {
    const Adam adam{.lr = 0.1, .lr_decay = 0.9};
    const std::vector<unsigned char> all{1, 1};
    std::vector<double> dense{1, 2}, marked = dense, mixed = dense, g{0.3, -4};
    Adam::State of_dense, of_marked, of_mixed;
    for (int step = 0; step < 50; ++step) {
        adam.update(dense, g, of_dense);
        adam.update(marked, g, of_marked, all);
        if (step % 3 == 1) adam.update(mixed, g, of_mixed, all);
        else adam.update(mixed, g, of_mixed);
    }
    BOOST_TEST(of_dense.own_steps.empty());
    BOOST_TEST(marked == dense);
    BOOST_TEST(mixed == dense);
    BOOST_TEST(of_mixed.first == of_dense.first);
    BOOST_TEST(of_mixed.second == of_dense.second);
}

BOOST_AUTO_TEST_CASE(there_is_a_mark_for_each_coordinate) {
    std::vector<double> x{1, 2, 3};
    Adam::State state;
    const std::vector<unsigned char> two{1, 0};
    BOOST_CHECK_EXCEPTION(Adam{}.update(x, x, state, two), Error, (Says{"", "3 marks", "2", "Pass 1"}));
    BOOST_TEST((state.first.empty() && state.own_steps.empty() && state.steps == 0));
}

BOOST_AUTO_TEST_CASE(selected_steps_allocate_once) {
    std::vector<double> x(100), g(100, 1.0);
    std::vector<unsigned char> active(100);
    for (std::size_t k = 0; k < active.size(); k += 3) active[k] = 1;
    Adam::State state;
    Adam{}.update(x, g, state, active);
    const long before = allocations;
    for (int step = 0; step < 10; ++step) {
        Adam{}.update(x, g, state, active);
        Adam{}.update(x, g, state);
    }
    BOOST_TEST(allocations == before);
}
