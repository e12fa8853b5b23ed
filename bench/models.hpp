// The models of the table, as a user writes them. To be included after `import modus;`.
#pragma once

constexpr auto linear_regression = []<Scalar Real>(const Matrix& X, const Vector& y) -> Model<Real> {
    auto weight = co_yield sample("weight", Normal(0, 10).expand(X.cols()).to_event(1));
    auto bias = co_yield sample("bias", Normal(0, 10));
    auto sigma = co_yield sample("sigma", LogNormal(0, 1));
    auto data = co_yield plate("data", X.rows());
    co_yield sample("y", Normal(X * weight + bias, sigma), obs = y);
};

constexpr auto logistic_regression = []<Scalar Real>(const Matrix& X, const IntVector& y) -> Model<Real> {
    auto weight = co_yield sample("weight", Normal(0, 10).expand(X.cols()).to_event(1));
    auto bias = co_yield sample("bias", Normal(0, 10));
    auto data = co_yield plate("data", X.rows());
    co_yield sample("y", BernoulliLogits(X * weight + bias), obs = y);
};

constexpr auto eight_schools = []<Scalar Real>(const Vector& error, const Vector& y) -> Model<Real> {
    auto mu = co_yield sample("mu", Normal(0, 5));
    auto tau = co_yield sample("tau", HalfCauchy(5));
    auto school = co_yield plate("school", error.size());
    auto z = co_yield sample("z", Normal(0, 1).expand(school));
    co_yield sample("y", Normal(mu + tau * z, error), obs = y);
};

constexpr auto centred = []<Scalar Real>(std::size_t groups, const IntVector& group, const Vector& x,
                                         const Vector& y) -> Model<Real> {
    auto mu_a = co_yield sample("mu_a", Normal(0, 10));
    auto beta = co_yield sample("beta", Normal(0, 10));
    auto sigma_a = co_yield sample("sigma_a", LogNormal(0, 1));
    auto sigma_y = co_yield sample("sigma_y", LogNormal(0, 1));
    auto a = co_yield sample("a", Normal(mu_a, sigma_a).expand(groups).to_event(1));
    auto data = co_yield plate("data", y.size());
    co_yield sample("y", Normal(a[group] + beta * x, sigma_y), obs = y);
};

constexpr auto non_centred = []<Scalar Real>(std::size_t groups, const IntVector& group, const Vector& x,
                                             const Vector& y) -> Model<Real> {
    auto mu_a = co_yield sample("mu_a", Normal(0, 10));
    auto beta = co_yield sample("beta", Normal(0, 10));
    auto sigma_a = co_yield sample("sigma_a", LogNormal(0, 1));
    auto sigma_y = co_yield sample("sigma_y", LogNormal(0, 1));
    auto a_raw = co_yield sample("a_raw", Normal(0, 1).expand(groups).to_event(1));
    auto a = mu_a + sigma_a * a_raw;
    auto data = co_yield plate("data", y.size());
    co_yield sample("y", Normal(a[group] + beta * x, sigma_y), obs = y);
};

constexpr auto poisson_regression = []<Scalar Real>(const Matrix& X, const IntVector& y) -> Model<Real> {
    auto weight = co_yield sample("weight", Normal(0, 1).expand(X.cols()).to_event(1));
    auto data = co_yield plate("data", X.rows());
    co_yield sample("y", Poisson(exp(X * weight)), obs = y);
};

constexpr auto softmax_regression = []<Scalar Real>(const Matrix& X, std::size_t kinds,
                                                    const IntVector& y) -> Model<Real> {
    auto weight = co_yield sample("weight", Normal(0, 1).expand(X.cols(), kinds).to_event(2));
    auto data = co_yield plate("data", X.rows());
    co_yield sample("y", CategoricalLogits(X * weight), obs = y);
};
