#include <boost/test/unit_test.hpp>
#include <cmath>
#include <error_parts.hpp>
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
    BOOST_CHECK_EXCEPTION(Adam{.lr = std::nan("")}.check(), Error, (Says{"", "lr", "nan", ""}));
    BOOST_CHECK_EXCEPTION(Adam{.beta1 = 1}.check(), Error, (Says{"", "beta1", "1", ""}));
    BOOST_CHECK_EXCEPTION(Adam{.beta2 = -0.1}.check(), Error, (Says{"", "beta2", "-0.1", ""}));
    BOOST_CHECK_EXCEPTION(Adam{.eps = 0}.check(), Error, (Says{"", "eps", "0", ""}));
    BOOST_CHECK_EXCEPTION(Adam{.lr_decay = 1.1}.check(), Error, (Says{"", "lr_decay", "1.1", ""}));
    BOOST_CHECK_NO_THROW(Adam{}.check());
}
