module;
#include <cstddef>
#include <string>
#include <variant>

module modus.handlers;

import modus.autodiff;
import modus.effects;
import modus.support;

namespace modus {

void mask::check_mask(const Data& elements) {
    std::visit(
        []<class A>(const A& a) {
            if constexpr (std::same_as<element_t<A>, Integer> && AnyArray<A>) {
                const Integer* numbers = a.data();
                for (std::size_t k = 0; k < a.size(); ++k)
                    if (numbers[k] != 0 && numbers[k] != 1)
                        throw Error("", "0 or 1 in a mask",
                                    std::to_string(numbers[k]) + " at element " + std::to_string(k),
                                    "A mask says which elements count; use scale to weigh them.");
            }
        },
        elements);
}

namespace {

bool is_zero(const Data& mask) {
    const auto* one = std::get_if<Integer>(&mask);
    return one && *one == 0;
}

} // namespace

Data mask::combined_masks(const Data& a, const Data& b) {
    if (std::holds_alternative<Integer>(a)) return is_zero(a) ? a : b;
    if (std::holds_alternative<Integer>(b)) return is_zero(b) ? b : a;
    return std::visit(
        []<class A, class B>(const A& x, const B& y) -> Data {
            if constexpr (std::same_as<element_t<A>, Integer> && std::same_as<element_t<B>, Integer> && AnyArray<A> &&
                          AnyArray<B>)
                return map([](double p, double q) { return static_cast<Integer>(p != 0 && q != 0); }, x, y);
            else return {};
        },
        a, b);
}

} // namespace modus
