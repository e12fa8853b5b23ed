module;
#include <algorithm>
#include <cstddef>
#include <span>
#include <utility>

// Derivatives of a callable of one vector: run it on dual numbers, a chunk of directions at a time.
export module modus.autodiff:gradient;

import :array;
import :dual;

export namespace modus {

/// Directions per pass: one AVX-512 register of tangents. More lanes mean fewer passes and larger scalars.
inline constexpr std::size_t default_lanes = 8;

/// x as an array of duals whose directions are the coordinates from `first` on.
template <std::size_t Lanes, Scalar T>
Array<Dual<T, Lanes>, 1> seed_directions(const Array<T, 1>& x, std::size_t first) {
    using Real = Dual<T, Lanes>;
    auto result = Array<Real, 1>::uninitialized(x.extents());
    for (std::size_t i = 0; i < x.size(); ++i) {
        Real element(x.load(i), {});
        if (i >= first && i < first + Lanes) element.tangent[i - first] = T(1.0);
        result.store(i, element);
    }
    return result;
}

/// f(x), with its gradient written to `gradient` (as long as x). f maps Array<Real, 1> to Real for any Scalar Real;
/// it is called ceil(n / Lanes) times. `f(x, is_first)` is called instead where f takes a second argument, so that
/// work which no derivative depends on can be done once.
template <std::size_t Lanes = default_lanes, class F>
double value_and_gradient(F&& f, const Vector& x, std::span<double> gradient) {
    double value = 0;
    std::size_t first = 0;
    do {
        const auto seeded = seed_directions<Lanes>(x, first);
        Dual<double, Lanes> y;
        if constexpr (requires { f(seeded, true); }) y = f(seeded, first == 0);
        else y = f(seeded);
        value = y.value;
        for (std::size_t k = 0; k < Lanes && first + k < x.size(); ++k) gradient[first + k] = y.tangent[k];
        first += Lanes;
    } while (first < x.size());
    return value;
}

/// f(x) and its gradient.
template <std::size_t Lanes = default_lanes, class F>
std::pair<double, Vector> value_and_gradient(F&& f, const Vector& x) {
    Vector gradient(x.size());
    const double value = value_and_gradient<Lanes>(f, x, {gradient.data(), gradient.size()});
    return {value, gradient};
}

/// The gradient of f at x.
template <std::size_t Lanes = default_lanes, class F> Vector gradient(F&& f, const Vector& x) {
    return value_and_gradient<Lanes>(f, x).second;
}

/// The matrix of second derivatives of f at x, by duals over duals; symmetric to the last bit.
template <std::size_t Lanes = 4, class F> Matrix hessian(F&& f, const Vector& x) {
    const std::size_t n = x.size();
    Matrix result(n, n);
    for (std::size_t row = 0; row < n; row += Lanes)
        for (std::size_t column = 0; column <= row; column += Lanes) {
            const auto inner = seed_directions<Lanes>(x, column);
            const auto y = f(seed_directions<Lanes>(inner, row));
            for (std::size_t i = row; i < std::min(row + Lanes, n); ++i)
                for (std::size_t j = column; j < std::min(column + Lanes, i + 1); ++j)
                    result(i, j) = result(j, i) = y.tangent[i - row].tangent[j - column];
        }
    return result;
}

} // namespace modus
