module;
#include <cmath>
#include <fmt/format.h>
#include <string>
#include <variant>

module modus.support;

import modus.autodiff;

namespace modus {
namespace {

std::string number(double x) {
    const double size = std::fabs(x);
    if (x == 0 || (size >= 0.01 && size < 1e5)) return fmt::format("{:.2f}", x);
    return fmt::format("{:.3g}", x);
}
std::string number(Integer x) { return std::to_string(x); }

} // namespace

std::string format_exactly(double x) { return fmt::format("{}", x); }

std::string format_index(std::size_t k, const Shape& shape) {
    if (shape.rank < 2) return fmt::format("[{}]", k);
    return fmt::format("[{}, {}]", k % shape.extents[0], k / shape.extents[0]);
}

std::string format_element(const Data& value, std::size_t k) {
    return std::visit(
        [&]<class A>(const A& a) -> std::string {
            if constexpr (std::same_as<A, std::monostate>) return "no value";
            else if constexpr (AnyArray<A>)
                return fmt::format("{} at index {}", a.load(k), format_index(k, make_shape(a.extents())));
            else return fmt::format("{}", a);
        },
        value);
}

std::string describe(const Data& value) {
    return std::visit(
        [&]<class A>(const A& a) -> std::string {
            if constexpr (std::same_as<A, std::monostate>) return "no value";
            else if constexpr (AnyArray<A>) {
                const std::string kind = std::same_as<element_t<A>, Integer> ? "integers of shape " : "shape ";
                return kind + format_shape(a.extents());
            } else {
                return (std::same_as<A, Integer> ? "the integer " : "the number ") + format(value);
            }
        },
        value);
}

std::string format(const Data& value) {
    return std::visit(
        []<class A>(const A& a) -> std::string {
            if constexpr (std::same_as<A, std::monostate>) {
                return "-";
            } else if constexpr (rank_of<A> == 0) {
                return number(a);
            } else if constexpr (rank_of<A> == 1) {
                std::string text = "[";
                for (std::size_t i = 0; i < a.size(); ++i) text += (i ? ", " : "") + number(a[i]);
                return text + "]";
            } else {
                std::string text = "[";
                for (std::size_t i = 0; i < a.rows(); ++i) {
                    text += i ? ", [" : "[";
                    for (std::size_t j = 0; j < a.cols(); ++j) text += (j ? ", " : "") + number(a(i, j));
                    text += "]";
                }
                return text + "]";
            }
        },
        value);
}

Shape shape_of(const Data& value) {
    return std::visit(
        []<class A>(const A& a) {
            if constexpr (AnyArray<A>) return make_shape(a.extents());
            else return Shape{};
        },
        value);
}

namespace {

template <std::size_t Rank> [[noreturn]] void wrong_kind(const Data& value) {
    throw Error("",
                Rank == 0   ? "a number"
                : Rank == 1 ? "a vector"
                            : "a matrix",
                describe(value), "Give the site a value of the rank that the model uses it with.");
}

} // namespace

template <std::size_t Rank> array_t<double, Rank> real_of(const Data& value) {
    if (const auto* real = std::get_if<array_t<double, Rank>>(&value)) return *real;
    if (const auto* whole = std::get_if<array_t<Integer, Rank>>(&value)) return map([](double x) { return x; }, *whole);
    wrong_kind<Rank>(value);
}

template <std::size_t Rank> array_t<Integer, Rank> whole_of(const Data& value) {
    if (const auto* whole = std::get_if<array_t<Integer, Rank>>(&value)) return *whole;
    const auto* real = std::get_if<array_t<double, Rank>>(&value);
    if (!real) wrong_kind<Rank>(value);
    return map(
        [&](double x) {
            if (x != std::floor(x) || !(std::fabs(x) <= 0x1p53))
                throw Error("", "whole numbers", format(value), "Pass integers for a discrete site.");
            return static_cast<Integer>(x);
        },
        *real);
}

template double real_of<0>(const Data&);
template Vector real_of<1>(const Data&);
template Matrix real_of<2>(const Data&);
template Integer whole_of<0>(const Data&);
template IntVector whole_of<1>(const Data&);
template IntMatrix whole_of<2>(const Data&);

} // namespace modus
