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
    BOOST_CHECK_EXCEPTION(SGD{.momentum = 1}.check(), Error, (Says{"", "momentum", "1", ""}));
    BOOST_CHECK_EXCEPTION(SGD{.lr_decay = 0}.check(), Error, (Says{"", "lr_decay", "0", ""}));
}
