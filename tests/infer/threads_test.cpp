// Fits and predictions in several threads of one process have the bits that they have one by one, also while others
// end early with an exception. tests/threads_sanitized builds this for ThreadSanitizer, too.
#include <array>
#include <atomic>
#include <barrier>
#include <bit>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string>
#include <tbb/global_control.h>
#include <tbb/task_arena.h>
#include <thread>
#include <vector>

import modus.autodiff;
import modus.distributions;
import modus.effects;
import modus.handlers;
import modus.infer;
import modus.support;
using namespace modus;

namespace {

/// Losses and parameters, and whatever else a fit or a prediction says, as bits: NaN equals NaN, and 0 is not -0.
using Bits = std::vector<std::uint64_t>;

void append(Bits& bits, double x) { bits.push_back(std::bit_cast<std::uint64_t>(x)); }
void append(Bits& bits, const Vector& numbers) {
    for (std::size_t k = 0; k < numbers.size(); ++k) append(bits, numbers.load(k));
}

double wave(std::size_t k) { return std::sin(1.7 * static_cast<double>(k) + 0.3); }
Vector wave(std::size_t size, double scale) {
    Vector result(size);
    for (std::size_t k = 0; k < size; ++k) result[k] = scale * wave(k);
    return result;
}
Matrix table(std::size_t rows, std::size_t columns) {
    Matrix result(rows, columns);
    for (std::size_t i = 0; i < rows; ++i)
        for (std::size_t j = 0; j < columns; ++j) result(i, j) = wave(i * (2 * j + 3) + j);
    return result;
}

constexpr auto regression = []<Scalar Real>(const Matrix& X, Observed<Vector> y) -> Model<Real> {
    auto weight = co_yield sample("weight", Normal(0, 10).expand(X.cols()).to_event(1));
    auto bias = co_yield sample("bias", Normal(0, 10));
    auto sigma = co_yield sample("sigma", LogNormal(0, 1));
    auto rows = co_yield plate("rows", X.rows());
    co_yield sample("y", Normal(X * weight + bias, sigma), obs = y);
};

/// With rates, elements of a predictor, a product of matrices, and slices that overlap, in memory.
constexpr auto rates_of_rows = []<Scalar Real>(const Matrix& X, const IntVector& y) -> Model<Real> {
    const std::size_t columns = X.cols(), some = X.rows() - 3;
    auto weight = co_yield sample("weight", Normal(0, 0.5).expand(4 * columns).to_event(1));
    auto rate = exp(X * weight.slice(0, columns));
    auto eta = X * weight.slice(columns, columns);
    co_yield factor("element", -1e-4 * (eta[1] + sum(square(eta))));
    co_yield factor("product", -1e-4 * sum(square(X * weight.reshape(Extents<2>{columns, 4}))));
    const auto neighbours = [](const auto& a, const auto& b, const auto& c, const auto& d) { return a * b - c * d; };
    co_yield factor("neighbours", 1e-5 * sum(map(neighbours, rate.slice(0, some), rate.slice(1, some),
                                                 rate.slice(2, some), rate.slice(3, some))));
    auto rows = co_yield plate("rows", X.rows());
    co_yield sample("y", Poisson(rate), obs = y);
};

constexpr auto eight_schools = []<Scalar Real>(const Vector& error, Observed<Vector> y) -> Model<Real> {
    auto mu = co_yield sample("mu", Normal(0, 5));
    auto tau = co_yield sample("tau", Gamma(2, 0.1));
    auto school = co_yield plate("school", error.size());
    auto z = co_yield sample("z", Normal(0, 1).expand(school));
    auto theta = co_yield deterministic("theta", mu + tau * z);
    co_yield sample("y", Normal(theta, error), obs = y);
};

constexpr auto subsampled = []<Scalar Real>(const Vector& y, std::size_t batch) -> Model<Real> {
    auto mu = co_yield sample("mu", Normal(0, 2));
    auto rows = co_yield plate("rows", y.size(), {.subsample_size = batch});
    auto z = co_yield sample("z", StudentT(5, mu, 1).expand(rows));
    co_yield sample("y", Normal(z, 0.5), obs = rows.subsample(y));
};

/// For a list of guides and for one written by hand.
constexpr auto rates = []<Scalar Real>(const IntVector& counts) -> Model<Real> {
    auto a = co_yield sample("a", Gamma(2, 1));
    auto b = co_yield sample("b", Gamma(3, 1));
    auto rows = co_yield plate("rows", counts.size());
    auto rate = co_yield sample("rate", Gamma(a, b).expand(rows));
    co_yield sample("count", Poisson(rate), obs = counts);
};
constexpr auto rates_program = []<Scalar Real>(const IntVector& counts) -> Model<Real> {
    auto a_at = co_yield param("a_at", 1.5, support::positive);
    co_yield sample("a", Delta(a_at));
    auto b_at = co_yield param("b_at", 1.0, support::positive);
    co_yield sample("b", Delta(b_at));
    Vector start(counts.size());
    for (std::size_t k = 0; k < start.size(); ++k) start[k] = 1;
    auto rate_at = co_yield param("rate_at", start, support::positive);
    auto rows = co_yield plate("rows", counts.size());
    co_yield sample("rate", Delta(rate_at));
};
constexpr auto b_program = []<Scalar Real>(const IntVector&) -> Model<Real> {
    auto b_at = co_yield param("b_at", 1.0, support::positive);
    co_yield sample("b", Delta(b_at));
};

constexpr auto vectors = []<Scalar Real>(const Matrix& x, const IntVector& kinds) -> Model<Real> {
    auto centre = co_yield sample("centre", MultivariateNormal(Vector{0, 1}, Matrix{{1, 0}, {0.5, 2}}));
    auto shares = co_yield sample("shares", Dirichlet(Vector{2, 3, 4}));
    auto rows = co_yield plate("rows", x.rows());
    co_yield sample("x", MultivariateNormal(centre, Matrix{{1, 0}, {0.3, 1}}).expand(rows), obs = x);
    co_yield sample("kind", Categorical(shares), obs = kinds);
};

/// Data that all threads read, and that copies share: arrays count their owners.
const Matrix wide = table(33'000, 8); // enough numbers for oneTBB within one sum
const Vector wide_y = wave(33'000, 2);
const IntVector wide_counts = [] {
    IntVector result(33'000);
    for (std::size_t k = 0; k < result.size(); ++k) result[k] = static_cast<Integer>(k * k % 4);
    return result;
}();
const Vector schools_y{28, 8, -3, 7, -1, 1, 18, 12}, schools_error{15, 10, 16, 11, 9, 11, 10, 18};
const IntVector counts{3, 0, 2, 5, 1}, kinds{0, 2, 1, 2, 2, 0};
/// A model with handlers, which each run copies.
const auto given_sigma = regression | condition({{"sigma", 0.7}}) | mask(true) | scale(0.5);

template <class M, class G, class... A>
Bits fitted(const M& model, G guide, std::size_t k, std::size_t steps, const A&... arguments) {
    SVI svi(model, guide, Adam{.lr = 0.01 + 0.001 * static_cast<double>(k % 7)}, TraceELBO{}, SVIOptions{.seed = k});
    Bits bits;
    for (std::size_t step = 0; step < steps; ++step) append(bits, svi.step(arguments...));
    append(bits, guide.parameters());
    return bits;
}

constexpr std::size_t fits = 200, steps = 20;

/// Fit number k: another kind of model, of another size, with other initial values and another step size.
Bits fit(std::size_t k) {
    const std::size_t size = 5 + k % 11;
    const Initializer start = init_to_uniform({.radius = 1, .seed = k});
    switch (k % 8) {
    case 0: return fitted(regression, AutoDelta(regression, start), k, steps, table(size, 1 + k % 5), wave(size, 2));
    case 1: return fitted(eight_schools, AutoDelta(eight_schools, start), k, steps, schools_error, schools_y);
    case 2: return fitted(subsampled, AutoDelta(subsampled, start), k, steps, wave(size, 3), 1 + k % 5);
    case 3:
        return fitted(rates,
                      GuideList(rates, AutoDelta(rates | block({.hide = {"b", "count"}}), start),
                                Guide(rates | block({.expose = {"b"}}), b_program)),
                      k, steps, counts);
    case 4: return fitted(rates, Guide(rates, rates_program), k, steps, counts);
    case 5: return fitted(vectors, AutoDelta(vectors, start), k, steps, table(6, 2), kinds);
    case 6: return fitted(given_sigma, AutoDelta(given_sigma, start), k, steps, table(size, 3), wave(size, 1));
    default:
        if (k % 16 == 15) return fitted(rates_of_rows, AutoDelta(rates_of_rows, start), k, 3, wide, wide_counts);
        return fitted(regression, AutoDelta(regression, start), k, 3, wide, wide_y);
    }
}

/// All fits, one by one; made once.
const std::vector<Bits>& alone() {
    static const std::vector<Bits> expected = [] {
        std::vector<Bits> result;
        for (std::size_t k = 0; k < fits; ++k) result.push_back(fit(k));
        return result;
    }();
    return expected;
}

/// Runs `work(thread)` in this many threads, which start together; then throws what one of them threw.
template <class Work> void in_threads(std::size_t threads, const Work& work) {
    std::barrier start(static_cast<std::ptrdiff_t>(threads));
    std::vector<std::exception_ptr> errors(threads);
    {
        std::vector<std::jthread> running;
        for (std::size_t t = 0; t < threads; ++t)
            running.emplace_back([&, t] {
                start.arrive_and_wait();
                try {
                    work(t);
                } catch (...) {
                    errors[t] = std::current_exception();
                }
            });
    }
    for (const std::exception_ptr& error : errors)
        if (error) std::rethrow_exception(error);
}

/// While `work` goes on in one thread, another one fits, and has to get what it gets alone.
template <class Work> void while_fits_run(const Work& work) {
    alone();
    std::atomic<bool> is_over = false;
    std::size_t done = 0, different = 0;
    in_threads(2, [&](std::size_t t) {
        if (t == 1) {
            struct End {
                std::atomic<bool>& is_over;
                ~End() { is_over = true; }
            } end{is_over};
            return work();
        }
        do different += fit(done % fits) != alone()[done % fits];
        while (++done < 8 || !is_over);
    });
    BOOST_TEST(different == 0u);
    BOOST_TEST_MESSAGE(done << " fits meanwhile");
}

std::size_t differing(const std::vector<Bits>& found) {
    std::size_t count = 0;
    for (std::size_t k = 0; k < fits; ++k) count += found[k] != alone()[k];
    return count;
}

/// What predictions of every kind say: from the prior (with TBB inside of a run, too), at a fit, at a subsampled fit.
struct Predictions {
    AutoDelta<std::remove_const_t<decltype(eight_schools)>> at_schools{eight_schools};
    AutoDelta<std::remove_const_t<decltype(subsampled)>> at_rows{subsampled};

    Bits operator()(std::uint64_t seed) {
        Bits bits;
        append(bits, value_as<Vector>(Predictive(regression, 6, {.seed = seed})(wide, absent).mean("y")));
        append(bits, value_as<Vector>(
                         Predictive(eight_schools, at_schools, 40, {.seed = seed})(schools_error, absent).mean("y")));
        for (const NamedValues& draw : Predictive(subsampled, at_rows, 20, {.seed = seed})(wave(9, 1), std::size_t{4}))
            append(bits, draw.get<Vector>("y"));
        return bits;
    }
};

/// How a run may end before its time.
struct Stop : std::exception {};

enum class Where {
    process,
    postprocess,
    model,
    vectorized_plate,
    sequential_plate,
    submodel,
    scopes,
    error_of_modus,
    nowhere
};
constexpr std::size_t places = static_cast<std::size_t>(Where::nowhere);

/// Throws at the third site, on the way out or on the way back.
struct Stopper : Handler {
    Where where;
    int seen = 0;
    explicit Stopper(Where where_) : where(where_) {}
    template <Scalar Real> void process(Message<Real>&) {
        if (where == Where::process && ++seen == 3) throw Stop();
    }
    template <Scalar Real> void postprocess(Message<Real>&) {
        if (where == Where::postprocess && ++seen == 3) throw Stop();
    }
};

void stop_at(Where here, Where where) {
    if (here == where) throw Stop();
}

constexpr auto inner_part = []<Scalar Real>(std::size_t size, Where where) -> Model<Real, Array<Real, 1>> {
    auto w = co_yield sample("w", Normal(0, 1).expand(size));
    for (const std::size_t j : co_yield plate("parts", 2)) {
        co_yield sample("v", Normal(w, 1));
        if (j == 1) stop_at(Where::submodel, where); // in a submodel, in three plates
    }
    co_return w;
};

/// Everything that a run opens and has to close: plates of all kinds, submodels, scopes, handlers of a submodel.
constexpr auto deep = []<Scalar Real>(Where where, const Vector& y) -> Model<Real> {
    auto mu = co_yield sample("mu", Normal(0, 1));
    stop_at(Where::model, where);
    auto groups = co_yield plate("groups", y.size(), {.subsample_size = 2});
    auto z = co_yield sample("z", Normal(mu, 1).expand(groups));
    stop_at(Where::vectorized_plate, where);
    {
        auto weighed = co_yield scale(0.5);
        auto seen = co_yield mask(true);
        co_yield sample("y", Normal(z, 1), obs = groups.subsample(y));
        stop_at(Where::scopes, where);
    }
    for (const std::size_t i : co_yield plate("loop", 3)) {
        auto part =
            co_yield submodel("part", inner_part | scope("deeper"), groups.size(), i == 2 ? where : Where::nowhere);
        auto pair = co_yield plate("pair", 2);
        co_yield factor("f", -0.1 * sum(part));
        if (i == 1) stop_at(Where::sequential_plate, where);
        if (i == 2 && where == Where::error_of_modus) co_yield sample("c", Normal(0.0, -1.0));
    }
};

} // namespace

BOOST_AUTO_TEST_CASE(fits_on_two_threads_have_the_bits_of_fits_one_by_one) {
    const std::vector<Bits>& expected = alone();
    for (const Bits& bits : expected) {
        BOOST_REQUIRE(bits.size() > 3);
        for (const std::uint64_t x : bits) BOOST_REQUIRE(std::isfinite(std::bit_cast<double>(x)));
    }
    for (std::size_t k = 16; k < fits; ++k) // the fits differ, else little would be compared
        if (k % 8 != 4) BOOST_TEST(expected[k] != expected[k - 16]);

    std::vector<Bits> found(fits);
    std::array<std::size_t, 2> done{};
    std::atomic<std::size_t> next = 0;
    in_threads(2, [&](std::size_t t) {
        for (std::size_t k; (k = next++) < fits; ++done[t]) found[k] = fit(k);
    });
    BOOST_TEST(differing(found) == 0u);
    BOOST_TEST(done[0] > 0u);
    BOOST_TEST(done[1] > 0u);
}

BOOST_AUTO_TEST_CASE(predictions_in_any_number_of_threads_while_fits_run) {
    std::vector<Bits> expected;
    {
        const tbb::global_control one(tbb::global_control::max_allowed_parallelism, 1);
        Predictions predictions;
        for (std::uint64_t seed = 0; seed < 5; ++seed) expected.push_back(predictions(seed));
    }
    BOOST_TEST(expected[0] != expected[1]);

    for (const std::size_t threads : {1, 2, 8}) {
        const tbb::global_control limit(tbb::global_control::max_allowed_parallelism, threads);
        while_fits_run([&] {
            tbb::task_arena arena(static_cast<int>(threads)); // so many, also where there are fewer processors
            arena.execute([&] {
                Predictions predictions;
                for (std::uint64_t seed = 0; seed < 5; ++seed) BOOST_TEST((predictions(seed) == expected[seed]));
            });
        });
    }
}

BOOST_AUTO_TEST_CASE(an_exception_in_the_middle_of_a_run_leaves_nothing_behind) {
    // Acceptance case N32. One thread has runs that end early, everywhere, plain and differentiated in both modes, each
    // followed by a run that must not notice; the other one fits.
    const Vector y{0.3, -1, 2, 0.5};
    const auto plain = [&](Where where) { return run(deep | Stopper(where) | seed(3) | trace, where, y); };
    const auto bits_of = [&] {
        Bits bits;
        for (const TraceSite& site : plain(Where::nowhere)) {
            append(bits, site.log_density);
            append(bits, static_cast<double>(site.hash >> 12));
        }
        return bits;
    };
    const auto unharmed = [&](Mode mode, std::optional<Where> where) {
        const auto model = deep | Stopper(where.value_or(Where::nowhere));
        const auto sound = deep | Stopper(Where::nowhere);
        AutoDelta guide(sound, init_to_uniform({.seed = 4}));
        SVI good(sound, guide, Adam{.lr = 0.02}, TraceELBO{.mode = mode}, SVIOptions{.seed = 9});
        // Another optimizer over the same guide: what it leaves behind would be seen by the next good step.
        SVI bad(model, guide, Adam{.lr = 0.02}, TraceELBO{.mode = mode}, SVIOptions{.seed = 9});
        Bits bits;
        for (int step = 0; step < 6; ++step) {
            append(bits, good.step(Where::nowhere, y));
            if (!where) continue;
            if (*where == Where::error_of_modus) BOOST_CHECK_THROW(bad.step(*where, y), Error);
            else BOOST_CHECK_THROW(bad.step(*where, y), Stop);
            // ... and steps of the fit itself that fail
            if (*where == Where::error_of_modus) BOOST_CHECK_THROW(good.step(*where, y), Error);
            else if (*where > Where::postprocess) BOOST_CHECK_THROW(good.step(*where, y), Stop);
        }
        append(bits, guide.parameters());
        return bits;
    };
    const Bits expected = bits_of();
    const std::array<Bits, 2> expected_fits{unharmed(Mode::forward, {}), unharmed(Mode::reverse, {})};

    while_fits_run([&] {
        for (std::size_t place = 0; place < places; ++place) {
            const Where where = static_cast<Where>(place);
            BOOST_TEST_CONTEXT("place " << place) {
                if (where == Where::error_of_modus)
                    BOOST_CHECK_EXCEPTION(plain(where), Error, [](const Error& e) { return e.site == "c[2]"; });
                else BOOST_CHECK_THROW(plain(where), Stop);
                BOOST_TEST((bits_of() == expected));
                BOOST_TEST((unharmed(Mode::forward, where) == expected_fits[0]));
                BOOST_TEST((unharmed(Mode::reverse, where) == expected_fits[1]));
            }
        }
    });
}

BOOST_AUTO_TEST_CASE(an_exception_in_a_prediction_stops_it_and_no_other) {
    // Every third draw throws, inside of oneTBB's threads.
    struct Answer {
        std::size_t thrown = 0, right = 0;
    };
    const auto model = []<Scalar Real>(bool throws) -> Model<Real> {
        auto x = co_yield sample("x", Normal(0, 1));
        for ([[maybe_unused]] auto i : co_yield plate("i", 3)) {
            co_yield sample("y", Normal(x, 1));
            if (throws && x > 0.4) throw Stop();
        }
    };
    const Vector expected = Predictive(model, 50, {.seed = 1})(false).get<Vector>("y[2]");
    std::array<Answer, 2> answers;
    in_threads(2, [&](std::size_t t) {
        for (int k = 0; k < 10; ++k) {
            try {
                Predictive(model, 50, {.seed = 1})(t == 0);
            } catch (const Stop&) {
                ++answers[t].thrown;
            }
            answers[t].right += Predictive(model, 50, {.seed = 1})(false).get<Vector>("y[2]") == expected;
        }
    });
    BOOST_TEST(answers[0].thrown == 10u);
    BOOST_TEST(answers[1].thrown == 0u);
    BOOST_TEST(answers[0].right == 10u);
    BOOST_TEST(answers[1].right == 10u);
}
