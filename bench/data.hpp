// Simulated data, the same on every platform: SplitMix64 and the Box-Muller transform.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <vector>

class Simulation {
  public:
    explicit Simulation(std::uint64_t seed) : state_(seed) {}

    std::uint64_t bits() {
        std::uint64_t z = state_ += 0x9e3779b97f4a7c15;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        return z ^ (z >> 31);
    }
    /// Above 0, at most 1.
    double uniform() { return static_cast<double>((bits() >> 11) + 1) * 0x1p-53; }
    double normal() {
        if (has_spare_) {
            has_spare_ = false;
            return spare_;
        }
        const double radius = std::sqrt(-2 * std::log(uniform())), angle = 2 * std::numbers::pi * uniform();
        spare_ = radius * std::sin(angle);
        has_spare_ = true;
        return radius * std::cos(angle);
    }

  private:
    std::uint64_t state_;
    double spare_ = 0;
    bool has_spare_ = false;
};

/// Effects of a known size, smaller with more columns, so that the predictor keeps its spread.
inline double true_weight(std::size_t d, std::size_t columns) {
    return (d % 2 ? -1.0 : 1.0) / std::sqrt(static_cast<double>(columns));
}

/// Column-major X, normal; predictor = X w + 0.5.
inline void simulate_predictor(std::size_t rows, std::size_t columns, double* X, double* predictor) {
    Simulation random(1000003 * rows + columns);
    std::fill_n(predictor, rows, 0.5);
    for (std::size_t d = 0; d < columns; ++d)
        for (std::size_t i = 0; i < rows; ++i) {
            const double x = random.normal();
            X[d * rows + i] = x;
            predictor[i] += true_weight(d, columns) * x;
        }
}

/// Turns the predictor into data.
inline void add_noise(std::size_t rows, double* predictor) {
    Simulation random(7);
    for (std::size_t i = 0; i < rows; ++i) predictor[i] += 0.7 * random.normal();
}

inline void simulate_labels(std::size_t rows, const double* predictor, std::int64_t* y) {
    Simulation random(11);
    for (std::size_t i = 0; i < rows; ++i) y[i] = random.uniform() < 1 / (1 + std::exp(-predictor[i]));
}

/// Groups of random sizes; each has a row.
inline void simulate_groups(std::size_t rows, std::size_t groups, bool sorted, std::int64_t* group, double* x,
                            double* y) {
    Simulation random(13 * rows + groups);
    for (std::size_t i = 0; i < rows; ++i)
        group[i] = static_cast<std::int64_t>(i < groups ? i : random.bits() % groups);
    if (sorted) std::sort(group, group + rows);
    else // Fisher and Yates
        for (std::size_t i = rows; i > 1; --i) std::swap(group[i - 1], group[random.bits() % i]);
    std::vector<double> a(groups);
    for (double& value : a) value = 1 + 0.8 * random.normal();
    for (std::size_t i = 0; i < rows; ++i) {
        x[i] = random.normal();
        y[i] = a[static_cast<std::size_t>(group[i])] + 0.5 * x[i] + 0.6 * random.normal();
    }
}
