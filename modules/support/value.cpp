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

} // namespace modus
