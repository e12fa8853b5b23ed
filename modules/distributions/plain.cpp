module;
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <variant>

module modus.distributions;

import modus.autodiff;
import modus.support;

namespace modus {
namespace {

PlainNumbers numbers_of(const Data& data) {
    PlainNumbers numbers;
    std::visit(
        [&]<class A>(const A& a) {
            if constexpr (!std::same_as<A, std::monostate>) {
                const element_t<A>* first;
                if constexpr (AnyArray<A>) first = a.data();
                else first = &a;
                if constexpr (AnyArray<A>) numbers.size = a.size();
                if constexpr (std::same_as<element_t<A>, Integer>) numbers.whole = first;
                else numbers.real = first;
            }
        },
        data);
    return numbers;
}

/// The first number that is not what a parameter must be; the size where there is none.
std::size_t first_unsatisfied(Constraint constraint, const PlainNumbers& x) {
    const auto search = [&]<Constraint C>() { return first_that_is_not([](double v) { return satisfies(C, v); }, x); };
    switch (constraint) {
    case Constraint::real: return search.template operator()<Constraint::real>();
    case Constraint::positive: return search.template operator()<Constraint::positive>();
    case Constraint::nonnegative: return search.template operator()<Constraint::nonnegative>();
    case Constraint::unit_interval: return search.template operator()<Constraint::unit_interval>();
    case Constraint::count: return search.template operator()<Constraint::count>();
    }
    return x.size;
}

} // namespace

bool repeats(std::span<const std::size_t> from, std::span<const std::size_t> to) {
    for (std::size_t d = 0; d < from.size(); ++d)
        if (from[d] != 1 && from[d] != to[to.size() - from.size() + d]) return false;
    return true;
}

std::string describe(Constraint constraint) {
    switch (constraint) {
    case Constraint::real: return "a real number";
    case Constraint::positive: return "positive";
    case Constraint::nonnegative: return "0 or more";
    case Constraint::unit_interval: return "between 0 and 1";
    case Constraint::count: return "a whole number, 0 or more";
    }
    return "";
}

namespace {

/// Apart, so that a check that passes is short.
[[noreturn, gnu::noinline]] void refuse(std::string_view distribution, const Parameter& parameter,
                                        const PlainNumbers& numbers, std::size_t k) {
    const double found = numbers[k];
    throw Error("",
                std::string(parameter.name) + " of " + std::string(distribution) + " to be " +
                    describe(parameter.constraint),
                format_exactly(found) + (numbers.size > 1 ? " at element " + std::to_string(k) : ""),
                found != found ? "Look for the computation that gave NaN."
                               : "Check the parameter, or the support of the site that it comes from.");
}

} // namespace

void check_parameter(std::string_view distribution, const Parameter& parameter, const PlainNumbers& numbers) {
    const std::size_t k = first_unsatisfied(parameter.constraint, numbers);
    if (k != numbers.size) refuse(distribution, parameter, numbers, k);
}
void check_parameter(std::string_view distribution, const Parameter& parameter, const Data& numbers) {
    check_parameter(distribution, parameter, numbers_of(numbers));
}

void check_shape(const Data& value, const Shape& shape) {
    if (!has_value(value) || shape_of(value) != shape)
        throw Error("", "a value of shape " + shape.str(), describe(value),
                    "The value of a site has its batch shape followed by its event shape.");
}

std::size_t PlainDistribution::row(std::size_t k) const { return shape.rank == 2 ? k % shape.extents[0] : k; }
std::size_t PlainDistribution::column(std::size_t k) const { return shape.rank == 2 ? k / shape.extents[0] : 0; }

std::array<double, 4> PlainDistribution::parameters_at(std::size_t k) const {
    std::array<double, 4> p{};
    for (std::size_t j = 0; j < formulas.parameters.size(); ++j) p[j] = parameters[j].at(row(k), column(k));
    return p;
}

std::string PlainDistribution::index(std::size_t k) const {
    return shape.rank == 0 ? "" : " at index " + format_index(k, shape);
}

template <class F> Data PlainDistribution::each(bool is_whole, const F& f) const {
    const auto fill = [&](auto result) -> Data {
        for (std::size_t k = 0; k < result.size(); ++k)
            result.store(k, static_cast<element_t<decltype(result)>>(f(parameters_at(k).data())));
        return result;
    };
    if (shape.rank == 0) {
        const double x = f(parameters_at(0).data());
        return is_whole ? Data(static_cast<Integer>(x)) : Data(x);
    }
    if (shape.rank == 1) {
        const Extents<1> extents{shape.extents[0]};
        return is_whole ? fill(IntVector::uninitialized(extents)) : fill(Vector::uninitialized(extents));
    }
    return is_whole ? fill(IntMatrix::uninitialized(shape.extents)) : fill(Matrix::uninitialized(shape.extents));
}

std::string PlainDistribution::support_name() const {
    return formulas.support_name(shape.size() ? parameters_at(0).data() : std::array<double, 4>{}.data());
}

void PlainDistribution::check_parameters() const {
    for (std::size_t j = 0; j < formulas.parameters.size(); ++j) {
        const PlainNumbers& p = parameters[j];
        if (p.size == 0 || (p.size == 1 && satisfies(formulas.parameters[j].constraint, p[0]))) continue;
        check_parameter(formulas.name, formulas.parameters[j], p);
    }
    if (!formulas.check) return;
    for (std::size_t k = 0; k < shape.size(); ++k) {
        const auto p = parameters_at(k);
        const std::string_view expected = formulas.check(p.data());
        if (expected.empty()) continue;
        std::string found;
        for (std::size_t j = 0; j < formulas.parameters.size(); ++j) found += (j ? " and " : "") + format_exactly(p[j]);
        throw Error("", std::string(formulas.name) + " with " + std::string(expected), found + index(k),
                    "Check the parameters of the distribution.");
    }
}

void PlainDistribution::check_value(const Data& data) const {
    check_shape(data, shape);
    const PlainNumbers x = numbers_of(data);
    const bool has_one_support =
        formulas.has_fixed_support ||
        std::ranges::all_of(parameters, [](const PlainNumbers& p) { return p.row_step == 0 && p.column_step == 0; });
    std::size_t k = has_one_support && x.size > 0 ? formulas.first_outside(x, parameters_at(0).data()) : 0;
    for (; k < x.size; ++k) {
        const auto p = parameters_at(k);
        if (formulas.contains(x[k], p.data()) || (is_masked && mask.at(row(k), column(k)) == 0)) continue;
        throw Error("", formulas.support_name(p.data()) + ", the support of " + std::string(formulas.name),
                    format_exactly(x[k]) + index(k),
                    x[k] != x[k] ? "Remove the missing value, or leave it out with .mask(...)."
                                 : "Check the data, or choose a distribution with a wider support.");
    }
}

Data PlainDistribution::draw(Random& random) const {
    return each(formulas.is_discrete, [&](const double* p) { return formulas.draw(random, p); });
}
Data PlainDistribution::mean() const { return each(false, formulas.mean); }
Data PlainDistribution::variance() const { return each(false, formulas.variance); }
Data PlainDistribution::quantile(double q) const {
    if (!(q >= 0 && q <= 1))
        throw Error("", "a probability from 0 to 1", format_exactly(q), "Check the argument of quantile.");
    return each(formulas.is_discrete, [&](const double* p) { return formulas.quantile(q, p); });
}
Data PlainDistribution::feasible() const { return each(formulas.is_discrete, formulas.feasible); }

Vector PlainDistribution::unconstrain(const Data& data) const {
    Vector u(shape.size() * formulas.free_coordinates);
    const PlainNumbers x = numbers_of(data);
    for (std::size_t k = 0; k < u.size(); ++k) u[k] = formulas.unconstrain(x[k], parameters_at(k).data());
    return u;
}

} // namespace modus
