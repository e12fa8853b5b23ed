#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

#include "accuracy.hpp"

import modus.autodiff;

using namespace modus;
using accuracy::close;

namespace {

Vector sample(std::size_t n) {
    Vector x(n);
    for (std::size_t i = 0; i < n; ++i) x[i] = 0.3 + 0.37 * static_cast<double>(i % 5) - 0.05 * static_cast<double>(i);
    return x;
}

/// Every coordinate enters in another way, and neighbours interact: sum_i (i + 1) sin(x_i) + sum_i x_i^2 x_{i+1}.
struct Chain {
    template <class T> T operator()(const Array<T, 1>& x) const {
        T total(0.0);
        for (std::size_t i = 0; i < x.size(); ++i) {
            total += static_cast<double>(i + 1) * sin(x[i]);
            if (i + 1 < x.size()) total += x[i] * x[i] * x[i + 1];
        }
        return total;
    }
};

double chain_slope(const Vector& x, std::size_t i) {
    double slope = static_cast<double>(i + 1) * std::cos(x.load(i));
    if (i + 1 < x.size()) slope += 2 * x.load(i) * x.load(i + 1);
    if (i > 0) slope += x.load(i - 1) * x.load(i - 1);
    return slope;
}

double chain_curvature(const Vector& x, std::size_t i, std::size_t j) {
    if (i == j) return -static_cast<double>(i + 1) * std::sin(x.load(i)) + (i + 1 < x.size() ? 2 * x.load(i + 1) : 0.0);
    if (i > j) std::swap(i, j);
    return j == i + 1 ? 2 * x.load(i) : 0.0;
}

constexpr std::size_t sizes[] = {1, 2, 3, 4, 5, 8, 9, 17};
constexpr Mode modes[] = {Mode::automatic, Mode::forward, Mode::reverse};

} // namespace

BOOST_AUTO_TEST_CASE(a_gradient_in_place_of_the_point) {
    const auto f = []<Scalar R>(const Array<R, 1>& x) { return x[0] * x[1] + exp(x[2]) * x[5] - x[3] * x[4]; };
    for (const Mode mode : {Mode::forward, Mode::reverse}) {
        Vector x{1.5, -2, 0, 4, 0.5, 3};
        BOOST_TEST(value_and_gradient(f, x, {x.data(), x.size()}, mode) == -2.0);
        BOOST_TEST((x == Vector{-2, 1.5, 3, -0.5, -4, 1}));
    }
}

BOOST_AUTO_TEST_CASE(gradients_around_the_number_of_lanes) {
    static_assert(default_lanes == 4); // what the sizes are chosen for
    for (const std::size_t n : sizes) {
        const Vector x = sample(n);
        for (const Mode mode : modes) {
            const auto [value, slopes] = value_and_gradient(Chain{}, x, mode);
            BOOST_TEST(close(value, Chain{}(x), 1e-15), n);
            BOOST_REQUIRE(slopes.size() == n);
            for (std::size_t i = 0; i < n; ++i) {
                BOOST_TEST(close(slopes[i], chain_slope(x, i), 1e-14), "df/dx_" << i << " of " << n);
                BOOST_TEST(close(slopes[i], accuracy::partial_derivative(Chain{}, x, i), 1e-9),
                           "df/dx_" << i << " of " << n);
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(the_number_of_lanes_does_not_matter) {
    for (const std::size_t n : sizes) {
        const Vector x = sample(n);
        const Vector expected = gradient(Chain{}, x, Mode::forward);
        const auto with_lanes = [&]<std::size_t Lanes>() {
            Vector slopes(n);
            forward_gradient<Lanes>(Chain{}, x, {slopes.data(), n});
            return slopes;
        };
        BOOST_TEST((with_lanes.operator()<1>() == expected), n);
        BOOST_TEST((with_lanes.operator()<3>() == expected), n);
        BOOST_TEST((with_lanes.operator()<16>() == expected), n);
    }
}

BOOST_AUTO_TEST_CASE(the_gradient_goes_where_the_caller_says) {
    const Vector x = sample(9);
    std::vector<double> slopes(11, -77.0);
    const double value = value_and_gradient(Chain{}, x, std::span(slopes).subspan(1, 9));
    BOOST_TEST(close(value, Chain{}(x), 1e-15));
    for (std::size_t i = 0; i < 9; ++i) BOOST_TEST(close(slopes[i + 1], chain_slope(x, i), 1e-14));
    BOOST_TEST(slopes.front() == -77); // and nowhere else
    BOOST_TEST(slopes.back() == -77);
}

BOOST_AUTO_TEST_CASE(the_function_learns_which_pass_is_the_first) {
    std::vector<bool> passes;
    const auto f = [&](const auto& x, bool is_first) {
        passes.push_back(is_first);
        return sum(x * x);
    };
    gradient(f, sample(11), Mode::reverse);
    BOOST_TEST((passes == std::vector<bool>{true}));
    passes.clear();
    const Vector slopes = gradient(f, sample(11), Mode::forward);
    BOOST_TEST((passes == std::vector<bool>{true, false, false}));
    BOOST_TEST(slopes[10] == 2 * sample(11)[10]);
}

BOOST_AUTO_TEST_CASE(the_choice_of_mode) {
    // As Mode says: duals, a pass for each chunk of lanes, or a tape, whose scalar is a Var; few parameters need no
    // tape.
    for (const std::size_t n : sizes) {
        std::size_t calls = 0, taped = 0;
        const auto f = [&]<class T>(const Array<T, 1>& x) {
            ++calls;
            taped += is_var<T>;
            return sum(x);
        };
        gradient(f, sample(n), Mode::forward);
        BOOST_TEST(calls == (n + 3) / 4, n);
        BOOST_TEST(taped == 0u);
        gradient(f, sample(n), Mode::reverse);
        BOOST_TEST(taped == 1u);
        gradient(f, sample(n));
        BOOST_TEST(taped == (n <= forward_parameters ? 1u : 2u), n);
    }
    BOOST_TEST((chosen_mode(4, 6) == Mode::forward));
    BOOST_TEST((chosen_mode(5, 6) == Mode::reverse));
    BOOST_TEST((chosen_mode(4, 7) == Mode::reverse));
    {
    }
}

BOOST_AUTO_TEST_CASE(hessian_vector_products) {
    const Vector x = sample(9);
    Vector v(9);
    for (std::size_t i = 0; i < 9; ++i) v[i] = std::cos(2.0 * static_cast<double>(i));
    const Vector product = hessian_vector_product(Chain{}, x, v);
    for (std::size_t i = 0; i < 9; ++i) {
        double exact = 0;
        for (std::size_t j = 0; j < 9; ++j) exact += chain_curvature(x, i, j) * v[j];
        BOOST_TEST(std::fabs(product[i] - exact) < 1e-13);
    }
}

BOOST_AUTO_TEST_CASE(a_function_of_nothing) {
    // A model without free parameters still has a density.
    std::size_t calls = 0;
    const auto f = [&]<class T>(const Array<T, 1>& x) {
        ++calls;
        return T(4.5) + sum(x);
    };
    const auto [value, slopes] = value_and_gradient(f, Vector{});
    BOOST_TEST(value == 4.5);
    BOOST_TEST(slopes.size() == 0u);
    BOOST_TEST(calls == 1u);
    const Matrix curvature = hessian(f, Vector{});
    BOOST_TEST(curvature.rows() == 0u);
    BOOST_TEST(curvature.cols() == 0u);
}

BOOST_AUTO_TEST_CASE(seeds) {
    const Vector x{2.5, -1.5, 4.0};
    const auto seeded = seed_directions<2>(x, 1);
    for (std::size_t i = 0; i < 3; ++i) {
        BOOST_TEST(seeded[i].value == x[i]);
        for (std::size_t k = 0; k < 2; ++k) BOOST_TEST(seeded[i].tangent[k] == (i == k + 1 ? 1.0 : 0.0));
    }
    BOOST_TEST(!seeded.is_constant());
}

BOOST_AUTO_TEST_CASE(hessians_against_the_closed_form) {
    for (const std::size_t n : sizes) {
        const Vector x = sample(n);
        const Matrix curvature = hessian(Chain{}, x);
        BOOST_REQUIRE((curvature.extents() == Extents<2>{n, n}));
        bool symmetric = true;
        for (std::size_t i = 0; i < n; ++i)
            for (std::size_t j = 0; j < n; ++j) {
                const double exact = chain_curvature(x, i, j);
                BOOST_TEST(std::fabs(curvature.load(i + n * j) - exact) <= 1e-14 * (1 + std::fabs(exact)),
                           "d2f/dx_" << i << "dx_" << j << " of " << n);
                symmetric = symmetric && curvature.load(i + n * j) == curvature.load(j + n * i);
            }
        BOOST_TEST(symmetric, n);
    }
}

BOOST_AUTO_TEST_CASE(hessians_are_dense) {
    // log sum exp: p_i (delta_ij - p_j), with every pair of coordinates.
    const Vector x = sample(9);
    const Matrix curvature = hessian([](const auto& t) { return log_sum_exp(t); }, x);
    const double top = log_sum_exp(x);
    for (std::size_t i = 0; i < 9; ++i)
        for (std::size_t j = 0; j < 9; ++j) {
            const double p = std::exp(x[i] - top), q = std::exp(x[j] - top);
            BOOST_TEST(std::fabs(curvature(i, j) - p * ((i == j) - q)) < 1e-15);
        }
}

BOOST_AUTO_TEST_CASE(gradient_of_a_linear_model) {
    // -|y - X w|^2 / 2 has the gradient X'(y - X w): products of a constant matrix with live vectors.
    Matrix x(20, 9);
    Vector y(20);
    for (std::size_t i = 0; i < 20; ++i) {
        y[i] = std::sin(1.7 * static_cast<double>(i));
        for (std::size_t j = 0; j < 9; ++j) x(i, j) = std::cos(0.3 * static_cast<double>(i * (j + 1)));
    }
    const Vector w = sample(9);
    const Vector slopes = gradient(
        [&](const auto& t) {
            const auto residual = y - x * t;
            return -0.5 * dot(residual, residual);
        },
        w);
    for (std::size_t j = 0; j < 9; ++j) {
        double exact = 0;
        for (std::size_t i = 0; i < 20; ++i) {
            double residual = y[i];
            for (std::size_t k = 0; k < 9; ++k) residual -= x(i, k) * w[k];
            exact += x(i, j) * residual;
        }
        BOOST_TEST(std::fabs(slopes[j] - exact) < 1e-13);
    }
}
