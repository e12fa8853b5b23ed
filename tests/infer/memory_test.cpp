// A step needs little memory besides the data, and the next ones need no more.
#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <fstream>
#include <limits>
#include <string>
#include <thread>

import modus.autodiff;
import modus.distributions;
import modus.effects;
import modus.handlers;
import modus.infer;
import modus.support;
using namespace modus;

namespace {

/// A line of /proc/self/status, in bytes; 0 where there is none.
std::size_t bytes_of(const std::string& key) {
    std::ifstream status("/proc/self/status");
    for (std::string word; status >> word; status.ignore(std::numeric_limits<std::streamsize>::max(), '\n'))
        if (std::size_t kibibytes = 0; word == key && status >> kibibytes) return kibibytes * 1024;
    return 0;
}
std::size_t peak() { return bytes_of("VmHWM:"); }
std::size_t resident() { return bytes_of("VmRSS:"); }

/// Lets the peak start anew. A kernel that does not permit it leaves the old one, which is not much before the data.
void reset_peak() { std::ofstream("/proc/self/clear_refs") << "5"; }

boost::test_tools::assertion_result is_measurable(boost::unit_test::test_unit_id) {
    boost::test_tools::assertion_result answer(true);
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
    answer = false;
    answer.message() << "AddressSanitizer keeps memory of its own";
#endif
#endif
    if (peak() == 0 || resident() == 0) {
        answer = false;
        answer.message() << "/proc/self/status does not tell";
    }
    return answer;
}

constexpr auto regression = []<Scalar Real>(const Matrix& X, const Vector& y) -> Model<Real> {
    auto weight = co_yield sample("weight", Normal(0, 10).expand(X.cols()).to_event(1));
    auto bias = co_yield sample("bias", Normal(0, 10));
    auto sigma = co_yield sample("sigma", LogNormal(0, 1));
    auto rows = co_yield plate("rows", X.rows());
    co_yield sample("y", Normal(X * weight + bias, sigma), obs = y);
};

} // namespace

BOOST_AUTO_TEST_CASE(steps_stay_within_three_times_the_data, *boost::unit_test::precondition(is_measurable)) {
    constexpr std::size_t rows = 100'000, columns = 10;
    constexpr std::size_t data = rows * (columns + 1) * sizeof(double);
    // The kernel counts pages in batches, and a thread of TBB may start late. A vector of 100,000 is 800 kB.
    const std::size_t slack = data / 20 + std::thread::hardware_concurrency() * 128 * 1024;

    reset_peak();
    const std::size_t before = peak();
    Matrix X(rows, columns);
    Vector y(rows);
    for (std::size_t i = 0; i < rows; ++i) {
        for (std::size_t j = 0; j < columns; ++j) X(i, j) = static_cast<double>((i * (2 * j + 3)) % 101) / 50 - 1;
        y[i] = X(i, 0) - X(i, 1) + static_cast<double>(i % 7) / 7;
    }
    AutoDelta guide(regression);
    SVI svi(regression, guide, Adam{.lr = 0.01}, TraceELBO{});

    for (int k = 0; k < 5; ++k) svi.step(X, y);
    const std::size_t early_peak = peak(), early = resident();
    BOOST_TEST_MESSAGE("data " << data << ", peak " << early_peak - before);
    BOOST_TEST(early_peak >= before + data - slack); // else this measures something else
    BOOST_TEST(early_peak <= before + 3 * data);

    for (int k = 5; k < 50; ++k) svi.step(X, y);
    BOOST_TEST_MESSAGE("after 50 steps: peak " << peak() - before << ", resident " << resident() << " instead of "
                                               << early);
    BOOST_TEST(peak() <= early_peak + slack);
    BOOST_TEST(resident() <= early + slack);
}
