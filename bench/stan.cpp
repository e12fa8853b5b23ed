// Stan against the formulas by hand, for the column "Stan" of docs/performance.md: the log joint density with its
// gradient (propto = false, no Jacobian) through stan::model::log_prob_grad, with models written like the C++ that
// stanc emits: plain, with struct-of-arrays vectors (stanc --O1), and with GLM primitives. It is no part of the build.
// With the package r-cran-stanheaders 2.32 (Debian 13), Eigen and oneTBB:
//
//     S=/usr/lib/R/site-library/StanHeaders/include
//     clang++-19 -std=c++20 -O2 -march=native -c bench/hand.cpp -o hand.o
//     g++ -std=c++17 -O3 -march=native -DNDEBUG -D_REENTRANT -DTBB_INTERFACE_NEW -w -isystem $S/src -isystem $S
//         -isystem /usr/include/eigen3 bench/stan.cpp hand.o -o stan -ltbb
#include <stan/io/deserializer.hpp>
#include <stan/math.hpp>
#include <stan/model/indexing.hpp>
#include <stan/model/log_prob_grad.hpp>
#if __cplusplus < 202002L // data.hpp wants std::numbers
#include <numbers>
namespace std {
namespace numbers {
inline constexpr double pi = 3.14159265358979323846;
}
} // namespace std
#endif
#include "data.hpp"
#include "hand.hpp"
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

namespace {

using namespace stan::math;
template <class T> using Vec = Eigen::Matrix<T, Eigen::Dynamic, 1>;
using DataVector = Eigen::Map<Eigen::VectorXd>; // as stanc 3 has them
using DataMatrix = Eigen::Map<Eigen::MatrixXd>;

/// For data: cache lines, as Eigen's own and the benchmark's arrays have.
template <class T> struct Aligned {
    using value_type = T;
    Aligned() = default;
    template <class U> Aligned(const Aligned<U>&) {}
    T* allocate(std::size_t n) { return static_cast<T*>(::operator new(n * sizeof(T), std::align_val_t(64))); }
    void deallocate(T* p, std::size_t) { ::operator delete(p, std::align_val_t(64)); }
    template <class U> bool operator==(const Aligned<U>&) const { return true; }
    template <class U> bool operator!=(const Aligned<U>&) const { return false; }
};
template <class T> using Data = std::vector<T, Aligned<T>>;

enum Form { plain, soa, glm };

/// The parameters, in order.
template <class T, bool is_soa> class Input {
  public:
    Input(std::vector<T>& u, std::vector<int>& i) : in_(u, i) {}
    using Vector = std::conditional_t<is_soa, stan::conditional_var_value_t<T, Vec<T>>, Vec<T>>;
    Vector vector(int n) { return in_.template read<Vector>(n); }
    T scalar() { return in_.template read<T>(); }
    T positive() {
        T lp(0);
        return in_.template read_constrain_lb<T, false>(0, lp);
    }

  private:
    stan::io::deserializer<T> in_;
};

// A macro, because rvalue is a lazy expression that must not outlive its full expression.
#define SELECT(a, group) stan::model::rvalue(a, "a", stan::model::index_multi(group))

#define LOG_PROB                                                                                                       \
    template <bool propto, bool jacobian, class T>                                                                     \
    T log_prob(std::vector<T>& u, std::vector<int>& ui, std::ostream* = nullptr) const

template <Form form> struct LinearModel {
    DataMatrix X;
    DataVector y;
    std::size_t num_params_r() const { return X.cols() + 2; }
    LOG_PROB {
        Input<T, form == soa> in(u, ui);
        accumulator<T> lp;
        auto w = in.vector(X.cols());
        T b = in.scalar();
        T sigma = in.positive();
        lp.add(normal_lpdf<propto>(w, 0, 10));
        lp.add(normal_lpdf<propto>(b, 0, 10));
        lp.add(lognormal_lpdf<propto>(sigma, 0, 1));
        if constexpr (form == glm) lp.add(normal_id_glm_lpdf<propto>(y, X, b, w, sigma));
        else lp.add(normal_lpdf<propto>(y, add(multiply(X, w), b), sigma));
        return lp.sum();
    }
};

template <Form form> struct LogisticModel {
    DataMatrix X;
    std::vector<int> y;
    std::size_t num_params_r() const { return X.cols() + 1; }
    LOG_PROB {
        Input<T, form == soa> in(u, ui);
        accumulator<T> lp;
        auto w = in.vector(X.cols());
        T b = in.scalar();
        lp.add(normal_lpdf<propto>(w, 0, 10));
        lp.add(normal_lpdf<propto>(b, 0, 10));
        if constexpr (form == glm) lp.add(bernoulli_logit_glm_lpmf<propto>(y, X, b, w));
        else lp.add(bernoulli_logit_lpmf<propto>(y, add(multiply(X, w), b)));
        return lp.sum();
    }
};

template <Form form> struct SchoolsModel {
    DataVector error, y;
    std::size_t num_params_r() const { return y.size() + 2; }
    LOG_PROB {
        Input<T, form == soa> in(u, ui);
        accumulator<T> lp;
        T mu = in.scalar();
        T tau = in.positive();
        auto z = in.vector(y.size());
        lp.add(normal_lpdf<propto>(mu, 0, 5));
        lp.add(cauchy_lpdf<propto>(tau, 0, 5));
        lp.add(0.69314718055994530942); // half-Cauchy
        lp.add(std_normal_lpdf<propto>(z));
        lp.add(normal_lpdf<propto>(y, add(mu, multiply(tau, z)), error));
        return lp.sum();
    }
};

template <Form form, bool is_centred> struct GroupedModel {
    int groups;
    std::vector<int> group; // from 1
    DataVector x, y;
    DataMatrix X; // x as a matrix, for the GLM
    std::size_t num_params_r() const { return groups + 4; }
    LOG_PROB {
        Input<T, form == soa> in(u, ui);
        accumulator<T> lp;
        T mu = in.scalar();
        const auto beta = [&] {
            if constexpr (form == glm) return in.vector(1); // a GLM wants a vector
            else return in.scalar();
        }();
        T sigma_a = in.positive();
        T sigma_y = in.positive();
        auto raw = in.vector(groups);
        lp.add(normal_lpdf<propto>(mu, 0, 10));
        lp.add(normal_lpdf<propto>(beta, 0, 10));
        lp.add(lognormal_lpdf<propto>(sigma_a, 0, 1));
        lp.add(lognormal_lpdf<propto>(sigma_y, 0, 1));
        if constexpr (is_centred) {
            lp.add(normal_lpdf<propto>(raw, mu, sigma_a));
            likelihood<propto>(lp, raw, beta, sigma_y);
        } else {
            lp.add(std_normal_lpdf<propto>(raw));
            using V = decltype(raw);
            V a = add(mu, multiply(sigma_a, raw));
            likelihood<propto>(lp, a, beta, sigma_y);
        }
        return lp.sum();
    }
    template <bool propto, class L, class V, class B, class S>
    void likelihood(L& lp, const V& a, const B& beta, const S& sigma) const {
        if constexpr (form == glm) lp.add(normal_id_glm_lpdf<propto>(y, X, SELECT(a, group), beta, sigma));
        else lp.add(normal_lpdf<propto>(y, add(SELECT(a, group), multiply(beta, x)), sigma));
    }
};

using Evaluation = std::function<double(std::vector<double>& u, std::vector<double>& gradient)>;

template <class M> Evaluation stan_evaluation(const M& model) {
    return [model, none = std::vector<int>()](std::vector<double>& u, std::vector<double>& gradient) mutable {
        return stan::model::log_prob_grad<false, false>(model, u, none, gradient);
    };
}

double seconds() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }
volatile double sink;

double per_call(const Evaluation& f, std::vector<double>& u, std::vector<double>& g, long n) {
    const double start = seconds();
    for (long k = 0; k < n; ++k) sink = f(u, g);
    return (seconds() - start) / static_cast<double>(n);
}

/// forms: plain, SoA, GLM (empty: none), by hand.
void row(const std::string& name, std::size_t parameters, const std::vector<Evaluation>& forms) {
    constexpr int repetitions = 25;
    constexpr double length = 0.02;
    std::vector<double> u(parameters), expected(parameters), g(parameters);
    for (std::size_t k = 0; k < parameters; ++k) u[k] = 0.1 + 0.05 * std::sin(1.7 * static_cast<double>(k));
    const std::size_t F = forms.size();
    const double value = forms[F - 1](u, expected);
    double largest = 1, error = 0;
    for (double x : expected) largest = std::max(largest, std::fabs(x));
    for (std::size_t f = 0; f + 1 < F; ++f) {
        if (!forms[f]) continue;
        const double v = forms[f](u, g);
        double worst = std::fabs(v - value) / std::max(1.0, std::fabs(value));
        for (std::size_t k = 0; k < parameters; ++k) worst = std::max(worst, std::fabs(g[k] - expected[k]) / largest);
        if (!(worst <= 1e-9)) {
            std::fprintf(stderr, "%s, form %zu: %.17g, by hand %.17g, worst %g\n", name.c_str(), f, v, value, worst);
            std::exit(1);
        }
        error = std::max(error, worst);
    }
    std::vector<std::vector<double>> times(F);
    std::vector<long> n(F);
    for (std::size_t f = 0; f < F; ++f) {
        if (!forms[f]) continue;
        per_call(forms[f], u, g, 3);
        double t = per_call(forms[f], u, g, 3);
        t = per_call(forms[f], u, g, std::max(3L, static_cast<long>(0.2 * length / t)));
        n[f] = std::max(1L, static_cast<long>(length / t));
    }
    for (int r = 0; r < repetitions; ++r) // interleaved: what disturbs one disturbs all
        for (std::size_t f = 0; f < F; ++f)
            if (forms[f]) times[f].push_back(per_call(forms[f], u, g, n[f]));
    std::vector<double> median(F), least(F);
    for (std::size_t f = 0; f < F; ++f) {
        if (!forms[f]) continue;
        std::sort(times[f].begin(), times[f].end());
        median[f] = 1e6 * times[f][times[f].size() / 2], least[f] = 1e6 * times[f][0];
    }
    const auto cell = [](double x) { x > 0 ? std::printf(" %10.3f", x) : std::printf(" %10s", "-"); };
    std::printf("%-28s", name.c_str());
    for (double m : median) cell(m);
    std::printf(" |");
    for (std::size_t f = 0; f + 1 < F; ++f)
        median[f] > 0 ? std::printf(" %7.2f", median[f] / median[F - 1]) : std::printf(" %7s", "-");
    std::printf(" | fastest:");
    for (double m : least) cell(m);
    std::printf(" | error %.1e\n", error);
    std::fflush(stdout);
}

std::string size_name(std::size_t n, std::size_t d) { return std::to_string(n) + "x" + std::to_string(d); }

DataVector view(Data<double>& v) { return DataVector(v.data(), v.size()); }
DataMatrix view(Data<double>& v, std::size_t n, std::size_t d) { return DataMatrix(v.data(), n, d); }
std::vector<int> ints(const Data<std::int64_t>& v, int shift) {
    std::vector<int> result(v.begin(), v.end());
    for (int& x : result) x += shift;
    return result;
}

void regressions(std::size_t n, std::size_t d) {
    Data<double> X(n * d), y(n);
    Data<std::int64_t> label(n);
    simulate_predictor(n, d, X.data(), y.data());
    simulate_labels(n, y.data(), label.data());
    add_noise(n, y.data());
    const hand::Linear linear{n, d, X.data(), y.data()};
    row("linear " + size_name(n, d), d + 2,
        {stan_evaluation(LinearModel<plain>{view(X, n, d), view(y)}),
         stan_evaluation(LinearModel<soa>{view(X, n, d), view(y)}),
         stan_evaluation(LinearModel<glm>{view(X, n, d), view(y)}),
         [=](auto& u, auto& g) { return hand::linear_regression(linear, u.data(), g.data()); }});
    const hand::Logistic logistic{n, d, X.data(), label.data()};
    row("logistic " + size_name(n, d), d + 1,
        {stan_evaluation(LogisticModel<plain>{view(X, n, d), ints(label, 0)}),
         stan_evaluation(LogisticModel<soa>{view(X, n, d), ints(label, 0)}),
         stan_evaluation(LogisticModel<glm>{view(X, n, d), ints(label, 0)}),
         [=](auto& u, auto& g) { return hand::logistic_regression(logistic, u.data(), g.data()); }});
}

void schools() {
    Data<double> y{28, 8, -3, 7, -1, 1, 18, 12}, error{15, 10, 16, 11, 9, 11, 10, 18};
    const hand::Schools data{error.data(), y.data()};
    row("eight schools", 10,
        {stan_evaluation(SchoolsModel<plain>{view(error), view(y)}),
         stan_evaluation(SchoolsModel<soa>{view(error), view(y)}), Evaluation(),
         [=](auto& u, auto& g) { return hand::eight_schools(data, u.data(), g.data()); }});
}

template <bool is_centred> void grouped(std::size_t n, std::size_t groups) {
    Data<double> x(n), y(n);
    Data<std::int64_t> group(n);
    simulate_groups(n, groups, true, group.data(), x.data(), y.data());
    const int G = static_cast<int>(groups);
    const hand::Grouped data{n, groups, group.data(), x.data(), y.data()};
    const auto by_hand = [=](auto& u, auto& g) {
        return is_centred ? hand::centred(data, u.data(), g.data(), true)
                          : hand::non_centred(data, u.data(), g.data(), true);
    };
    row((is_centred ? "centred " : "non-centred ") + size_name(n, groups), groups + 4,
        {stan_evaluation(GroupedModel<plain, is_centred>{G, ints(group, 1), view(x), view(y), view(x, n, 1)}),
         stan_evaluation(GroupedModel<soa, is_centred>{G, ints(group, 1), view(x), view(y), view(x, n, 1)}),
         stan_evaluation(GroupedModel<glm, is_centred>{G, ints(group, 1), view(x), view(y), view(x, n, 1)}), by_hand});
}

} // namespace

int main() {
    std::printf("Stan Math %d.%d.%d, Eigen %d.%d.%d, gcc %s, C++ %ld\n", STAN_MATH_MAJOR, STAN_MATH_MINOR,
                STAN_MATH_PATCH, EIGEN_WORLD_VERSION, EIGEN_MAJOR_VERSION, EIGEN_MINOR_VERSION, __VERSION__,
                static_cast<long>(__cplusplus));
    std::printf("%-28s %10s %10s %10s %10s | ratios to hand: plain, SoA, GLM\n", "microseconds", "plain", "SoA", "GLM",
                "hand");
    regressions(100, 3);
    regressions(1000, 10);
    regressions(10000, 100);
    regressions(100000, 10);
    schools();
    grouped<true>(919, 85);
    grouped<false>(919, 85);
    grouped<true>(12000, 1000);
    grouped<false>(12000, 1000);
}
