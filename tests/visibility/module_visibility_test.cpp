// `import modus;` alone: every exported name can be reached, a coroutine needs no header, no macro leaks.
import modus;

#ifdef EIGEN_VERSION_AT_LEAST
#error "a macro of Eigen leaked through the module"
#endif
#ifdef BOOST_VERSION
#error "a macro of Boost leaked through the module"
#endif

using namespace modus;

// A model over every distribution, in every effect.
constexpr auto everything = []<Scalar Real>(Observed<Vector> y) -> Model<Real, Real> {
    auto a = co_yield sample("normal", Normal(0, 1));
    co_yield sample("log_normal", LogNormal(0, 1));
    co_yield sample("half_normal", HalfNormal(1));
    co_yield sample("student_t", StudentT(3, a, 1));
    co_yield sample("cauchy", Cauchy(0, 1));
    co_yield sample("half_cauchy", HalfCauchy(1));
    co_yield sample("exponential", Exponential(1));
    co_yield sample("gamma", Gamma(2, 1));
    auto p = co_yield sample("beta", Beta(2, 2));
    co_yield sample("uniform", Uniform(0, 1));
    co_yield sample("bernoulli", Bernoulli(p), obs = 1);
    co_yield sample("bernoulli_logits", BernoulliLogits(a), obs = true);
    co_yield sample("binomial", Binomial(10, p), obs = 3);
    co_yield sample("binomial_logits", BinomialLogits(10, a), obs = 3);
    co_yield sample("poisson", Poisson(exp(a)), obs = 3);
    co_yield sample("delta", Delta(2.0));
    co_yield sample(dynamic("dynamic"), Normal(0, 1));
    co_yield factor("factor", -0.5 * a * a);
    co_yield deterministic("twice", 2.0 * a);
    co_yield param("param", 1.0, support::positive);
    for (auto i : co_yield plate("loop", 2)) co_yield sample("looped", Normal(static_cast<double>(i), 1));
    auto rows = co_yield plate("rows", 3);
    co_yield sample("y", Normal(a, 1), obs = y);
    co_return a;
};
constexpr auto outer = []<Scalar Real>(const Vector& y) -> Model<Real> { co_yield submodel("inner", everything, y); };

// Every function of :math, on every kind of argument.
template <class X> auto functions(const X& x) {
    return square(x) + exp(x) + expm1(x) + log(x) + log1p(x) + sqrt(x) + cbrt(x) + abs(x) + sin(x) + cos(x) + tan(x) +
           asin(x) + acos(x) + atan(x) + sinh(x) + cosh(x) + tanh(x) + asinh(x) + acosh(x + 1.0) + atanh(x) +
           sigmoid(x) + softplus(x) + log_sigmoid(x) + logit(x) + log1m_exp(-x) + erf(x) + erfc(x) + normal_cdf(x) +
           log_normal_cdf(x) + normal_quantile(x) + lgamma(x) + digamma(x) + trigamma(x) + polygamma(2, x) +
           clamp(x, 0.0, 1.0) + pow(x, 2.0) + atan2(x, x) + hypot(x, x) + log_add_exp(x, x) + xlogy(x, x) +
           xlog1py(x, x) + lbeta(x, x) + lchoose(x + 1.0, x);
}

static_assert(Scalar<double> && Scalar<Dual<double, 2>> && Scalar<Dual<Dual<double, 2>, 3>> && !Scalar<int>);
static_assert(Optimizer<Adam> && Optimizer<SGD>);
static_assert(support::Domain<support::Positive> && support::Domain<support::Interval<double, double>>);
static_assert(Distribution<Normal<double, double>> && AnyHandler<seed> && AnyHandler<condition> && !AnyHandler<int>);

int main() {
    bool is_right = true;
    const Vector y{1, 2, 3};
    functions(0.5);
    functions(Dual<double, 2>(0.5));
    functions(Vector{0.25, 0.5});

    const Trace t = run(outer | seed(1) | trace, y);
    is_right = is_right && t.size() == 23 && t["inner/y"].kind == Kind::sample;
    is_right = is_right && run(outer | seed(1) | block({.expose = {"inner/normal"}}) | trace, y).size() == 1;
    is_right = is_right && run(everything | replay(t, {.strict = false}) | seed(1) | plate("copies", 2), y).size() == 2;
    run<Dual<double, 2>>(everything | substitute({{"normal", 0.5}}) | condition({{"gamma", 1.0}}) | seed(1), absent);

    const NamedValues values{{"normal", 0.25}};
    for (const Initializer& init :
         {Initializer(init_to_median), Initializer(init_to_mean), Initializer(init_to_feasible), init_to_sample(),
          init_to_uniform(), init_to_value(values), init_to_generated([] { return init_to_uniform(); })}) {
        AutoDelta guide(everything, init);
        SVI adam(everything, guide, Adam{.lr = 1e-3}, TraceELBO{});
        adam.run(2, y);
        SVI sgd(everything, guide, SGD{.lr = 1e-6}, TraceELBO{});
        is_right = is_right && sgd.step(y) > sgd.evaluate_loss(y);
        is_right = is_right && guide.median(y).size() == 16;
    }

    const auto quadratic = [](const auto& x) { return dot(x, x); };
    is_right = is_right && gradient(quadratic, y) == y * 2.0 && hessian(quadratic, y)(1, 1) == 2;
    is_right = is_right && value_and_gradient(quadratic, y).first == 14;
    const Matrix X{{1, 2}, {3, 4}};
    is_right = is_right && (X * Vector{1, 1})[1] == 7 && (X * X)(0, 0) == 7 && elementwise_product(X, X)(1, 1) == 16;
    is_right = is_right && sum(X) == 10 && mean(y) == 2 && log_sum_exp(y) > 3 && stack(1.0, 2).size() == 2;
    is_right = is_right && concatenate(y, y)[IntVector{5, 0}] == Vector{3, 1};
    try {
        run(everything, y);
        is_right = false;
    } catch (const Error& error) {
        is_right = is_right && error.site.size() == 6;
    }
    return is_right ? 0 : 1;
}
