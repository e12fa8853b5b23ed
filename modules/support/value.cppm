module;
#include <array>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <span>
#include <string>
#include <type_traits>
#include <variant>

// Values of sites with their types erased, as handlers, traces and initial values pass them on.
export module modus.support:value;

import modus.autodiff;

export namespace modus {

/// A value of a site: nothing yet, a number, a vector or a matrix, real or integer. Constants are cheap in every
/// scalar: an array of data shares its memory.
template <Scalar Real>
using Value = std::variant<std::monostate, Real, Array<Real, 1>, Array<Real, 2>, Integer, IntVector, IntMatrix>;

/// A value without tangents: data, initial values, what a trace records.
using Data = Value<double>;

/// The sizes of up to two axes; "[]" is a scalar. (Batch and event axes of a site together are two at most.)
struct Shape {
    std::array<std::size_t, 2> extents{};
    std::size_t rank = 0;

    std::size_t size() const { return (rank > 0 ? extents[0] : 1) * (rank > 1 ? extents[1] : 1); }
    std::span<const std::size_t> axes() const { return {extents.data(), rank}; }
    std::string str() const { return format_shape(axes()); }
    /// The axes from `first` up to `last`.
    Shape part(std::size_t first, std::size_t last) const {
        Shape result;
        for (std::size_t d = first; d < last; ++d) result.extents[result.rank++] = extents[d];
        return result;
    }
    friend bool operator==(const Shape&, const Shape&) = default;
};

template <std::size_t Rank> Shape make_shape(const Extents<Rank>& extents) {
    Shape result;
    for (const std::size_t extent : extents) result.extents[result.rank++] = extent;
    return result;
}

template <class V> bool has_value(const V& value) { return value.index() != 0; }

template <class... T> Shape shape_of(const std::variant<T...>& value) {
    return std::visit(
        []<class A>(const A& a) {
            if constexpr (AnyArray<A>) return make_shape(a.extents());
            else return Shape{};
        },
        value);
}

/// The constant `data` as a value in a model over Real; shares memory.
template <Scalar Real> Value<Real> to_value(const Data& data) {
    return std::visit(
        []<class A>(const A& a) -> Value<Real> {
            if constexpr (std::same_as<element_t<A>, double>) return array_t<Real, rank_of<A>>(a);
            else return a;
        },
        data);
}

/// The value without its tangents; shares memory.
template <class... T> Data data_of(const std::variant<T...>& value) {
    return std::visit(
        []<class A>(const A& a) -> Data {
            if constexpr (std::same_as<A, std::monostate>) return a;
            else return value_of(a);
        },
        value);
}

/// "a vector of shape [3]", "an integer", for messages.
std::string describe(const Data& value);
/// The numbers, as `guide.median()` prints them: "1.20", "[0.52, -0.31]", a matrix row by row.
std::string format(const Data& value);
/// A number with all its digits, for error messages.
std::string format_exactly(double x);

/// The value as a T: a number or an array, real (constant or not) or integer. Integers become real numbers; real
/// constants become integers where they are whole. Throws Error where the kind or the rank differ.
template <class T, class... A> T value_as(const std::variant<A...>& value) {
    return std::visit(
        [&]<class B>(const B& b) -> T {
            if constexpr (std::same_as<B, T>) {
                return b;
            } else if constexpr (!std::same_as<B, std::monostate> && rank_of<B> == rank_of<T>) {
                constexpr bool to_integer = std::same_as<element_t<T>, Integer>;
                if constexpr (std::same_as<element_t<B>, Integer>) {
                    return T(map([](double x) { return x; }, b));
                } else if constexpr (to_integer) {
                    const auto numbers = value_of(b);
                    if (find_first(
                            [&] {
                                if constexpr (AnyArray<B>) return b.extents();
                                else return Extents<0>{};
                            }(),
                            [](double x) { return x != std::floor(x); }, numbers) < shape_of(value).size())
                        throw Error("", "whole numbers", format(data_of(value)), "Pass integers for a discrete site.");
                    if constexpr (AnyArray<B>)
                        return map([](double x) { return static_cast<Integer>(x); }, numbers);
                    else return static_cast<Integer>(numbers);
                } else if constexpr (std::convertible_to<B, T>) {
                    return b; // a constant in a model over duals
                } else {
                    return value_of(b);
                }
            } else {
                throw Error("", rank_of<T> == 0 ? "a number" : rank_of<T> == 1 ? "a vector" : "a matrix",
                            describe(data_of(value)), "Give the site a value of the rank that the model uses it with.");
            }
        },
        value);
}

} // namespace modus
