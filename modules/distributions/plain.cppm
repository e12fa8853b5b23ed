// The side of a distribution that is never differentiated: draws, summaries, validation. Compiled once, for all
// distributions of independent numbers and all scalars; `:elementwise` makes the view that it works on.
export module modus.distributions:plain;

import modus.standard;
import modus.autodiff;
import modus.support;

export namespace modus {

/// What a parameter must be, for the check and for the message.
enum class Constraint { real, positive, nonnegative, unit_interval, count };

struct Parameter {
    std::string_view name;
    Constraint constraint;
};

std::string describe(Constraint constraint);

/// Plain numbers at the elements of a broadcast shape; a step of 0 repeats them.
struct PlainNumbers {
    const double* real = nullptr;
    const Integer* whole = nullptr; ///< in place of `real`
    std::size_t size = 1, row_step = 0, column_step = 0;

    inline double operator[](std::size_t k) const { return real ? real[k] : static_cast<double>(whole[k]); }
    inline double at(std::size_t row, std::size_t column) const {
        return (*this)[row * row_step + column * column_step];
    }
};

/// The index of the first number for which the predicate does not hold, in storage order; the size where there is none.
template <class F> std::size_t first_that_is_not(const F& predicate, const PlainNumbers& x) {
    if (x.size == 1) return predicate(x[0]) ? 1 : 0; // as most parameters have
    const auto search = [&](const auto* numbers) {
        constexpr std::size_t block = 64; // looked at without a branch for each number
        std::size_t k = 0;
        for (bool all = true; k + block <= x.size; k += block) {
            for (std::size_t i = 0; i < block; ++i) all &= predicate(static_cast<double>(numbers[k + i]));
            if (!all) break;
        }
        while (k < x.size && predicate(static_cast<double>(numbers[k]))) ++k;
        return k;
    };
    return x.real ? search(x.real) : search(x.whole);
}

/// Whether a number is what a parameter must be. Without branches, for loops.
inline bool satisfies(Constraint constraint, double x) {
    switch (constraint) {
    case Constraint::real: return std::isfinite(x);
    case Constraint::positive: return (x > 0) & std::isfinite(x);
    case Constraint::nonnegative: return (x >= 0) & std::isfinite(x);
    case Constraint::unit_interval: return (x >= 0) & (x <= 1);
    case Constraint::count: return (x >= 0) & std::isfinite(x) & (x == std::floor(x));
    }
    return false;
}

/// The formulas of a family for one number and its parameters p.
struct PlainFormulas {
    std::string_view name;
    std::span<const Parameter> parameters;
    bool is_discrete;
    std::size_t free_coordinates;
    double (*draw)(Random& random, const double* p);
    double (*mean)(const double* p);
    double (*variance)(const double* p);
    double (*quantile)(double q, const double* p);
    double (*feasible)(const double* p);
    double (*unconstrain)(double x, const double* p);
    bool (*contains)(double x, const double* p);
    bool has_fixed_support;                                               ///< whatever the parameters
    std::size_t (*first_outside)(const PlainNumbers& x, const double* p); ///< with the same p for all numbers
    std::string (*support_name)(const double* p);
    std::string_view (*check)(const double* p); ///< what parameters that depend on each other should be, or nothing
};

/// A distribution of independent numbers, with its memory elsewhere.
class PlainDistribution {
  public:
    const PlainFormulas& formulas;
    Shape shape;
    std::array<PlainNumbers, 4> parameters{};
    bool is_masked = false;
    PlainNumbers mask{};

    std::string support_name() const;
    /// Throws Error naming the parameter and the first element that is out of its domain.
    void check_parameters() const;
    /// Throws Error where the shape differs or an element (that is not masked) is outside the support.
    void check_value(const Data& data) const;
    Data draw(Random& random) const;
    Data mean() const;
    Data variance() const;
    /// Of each element; for discrete ones the smallest value that is enough.
    Data quantile(double q) const;
    Data feasible() const;
    Vector unconstrain(const Data& data) const;

  private:
    std::array<double, 4> parameters_at(std::size_t k) const;
    std::size_t row(std::size_t k) const;
    std::size_t column(std::size_t k) const;
    std::string index(std::size_t k) const;
    template <class F> Data each(bool is_whole, const F& f) const;
};

} // namespace modus

namespace modus {

/// Throws Error where an element of a parameter is not what it must be.
void check_parameter(std::string_view distribution, const Parameter& parameter, const PlainNumbers& numbers);
void check_parameter(std::string_view distribution, const Parameter& parameter, const Data& numbers);
/// Throws Error where the value of a site has another shape than its distribution.
void check_shape(const Data& value, const Shape& shape);

} // namespace modus
