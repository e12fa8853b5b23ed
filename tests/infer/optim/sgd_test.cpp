#include <boost/test/unit_test.hpp>
#include <error_parts.hpp>
#include <vector>

import modus.autodiff;
import modus.infer;
using namespace modus;

BOOST_AUTO_TEST_CASE(plain_steps) {
    const SGD sgd{.lr = 0.1};
    SGD::State state;
    std::vector<double> x{1, -2}, g{3, -0.5};
    sgd.update(x, g, state);
    BOOST_TEST(x[0] == 0.7, boost::test_tools::tolerance(1e-15));
    BOOST_TEST(x[1] == -1.95, boost::test_tools::tolerance(1e-15));
}

BOOST_AUTO_TEST_CASE(momentum_and_decay) {
    const SGD sgd{.lr = 0.1, .momentum = 0.5, .lr_decay = 0.5};
    SGD::State state;
    std::vector<double> x{0}, g{1};
    sgd.update(x, g, state); // velocity 1, step 0.1
    sgd.update(x, g, state); // velocity 1.5, step 0.05
    sgd.update(x, g, state); // velocity 1.75, step 0.025
    BOOST_TEST(x[0] == -(0.1 + 0.075 + 0.04375), boost::test_tools::tolerance(1e-15));
}

BOOST_AUTO_TEST_CASE(options_are_checked) {
    BOOST_CHECK_EXCEPTION(SGD{.lr = -1}.check(), Error, (Says{"", "lr of the optimizer above 0", "-1", "Correct"}));
    BOOST_CHECK_EXCEPTION(SGD{.momentum = 1}.check(), Error, (Says{"", "momentum", "1", "Correct"}));
    BOOST_CHECK_EXCEPTION(SGD{.lr_decay = 0}.check(), Error, (Says{"", "lr_decay", "0", "Correct"}));
}

BOOST_AUTO_TEST_CASE(selected_coordinates_alone_move) {
    const SGD sgd{.lr = 0.1, .momentum = 0.5, .lr_decay = 0.5};
    const std::vector<unsigned char> first{1, 0}, second{0, 1}, all{1, 1};
    std::vector<double> x{0, 0}, g{1, 1};
    SGD::State state;
    sgd.update(x, g, state, first);  // velocity 1, step 0.1
    sgd.update(x, g, state, second); // velocity 1, step 0.05
    sgd.update(x, g, state, first);  // velocity 1.5, step 0.025
    BOOST_TEST(x[0] == -(0.1 + 0.0375), boost::test_tools::tolerance(1e-15));
    BOOST_TEST(x[1] == -0.05, boost::test_tools::tolerance(1e-15));
    BOOST_TEST(state.velocity == (std::vector<double>{1.5, 1}));
    std::vector<double> other = x;
    SGD::State copy = state;
    sgd.update(x, g, state);
    sgd.update(other, g, copy, all);
    BOOST_TEST(x == other);
    BOOST_CHECK_EXCEPTION(sgd.update(x, g, state, {}), Error, (Says{"", "2 marks", "0", "Pass 1"}));
}
