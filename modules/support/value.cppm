// Values of sites with their types erased, as handlers, traces and initial values pass them on.
export module modus.support:value;

import modus.standard;
import modus.autodiff;

export namespace modus {

/// A value of a site: nothing yet, a number, a vector or a matrix, real or integer. Constants are cheap in every
/// scalar: an array of data shares its memory.
template <Scalar Real> using Value =
    std::variant<std::monostate, Real, Array<Real, 1>, Array<Real, 2>, Integer, IntVector, IntMatrix>;

/// A value without tangents: data, initial values, what a trace records.
using Data = Value<double>;

/// The sizes of up to two axes; "[]" is a scalar. (Batch and event axes of a site together are two at most.)
struct Shape {
    std::array<std::size_t, 2> extents{};
    std::size_t rank = 0;

    inline std::size_t size() const { return (rank > 0 ? extents[0] : 1) * (rank > 1 ? extents[1] : 1); }
    inline std::span<const std::size_t> axes() const { return {extents.data(), rank}; }
    std::string str() const { return format_shape(axes()); }
    /// The axes from `first` up to `last`.
    inline Shape part(std::size_t first, std::size_t last) const {
        Shape result;
        for (std::size_t d = first; d < last; ++d) result.extents[result.rank++] = extents[d];
        return result;
    }
    friend bool operator==(const Shape&, const Shape&) = default;
};

/// The axes of one shape followed by those of another.
inline Shape joined(const Shape& first, const Shape& last) {
    Shape result = first;
    for (std::size_t d = 0; d < last.rank; ++d) result.extents[result.rank++] = last.extents[d];
    return result;
}

template <std::size_t Rank> Shape make_shape(const Extents<Rank>& extents) {
    Shape result;
    for (const std::size_t extent : extents) result.extents[result.rank++] = extent;
    return result;
}

/// What sums up the rows of a matrix, as in x * ones(x.cols()).
inline Vector ones(std::size_t size) {
    return map_to(Extents<1>{size}, [](double) { return 1.0; }, 0);
}

template <class V> bool has_value(const V& value) { return value.index() != 0; }

/// The constant `data` as a value in a model over Real; shares memory.
template <Scalar Real> Value<Real> to_value(const Data& data) {
    if constexpr (std::same_as<Real, double>) return data;
    else if (const auto* number = std::get_if<double>(&data)) return Real(*number);
    else if (const auto* vector = std::get_if<Vector>(&data)) return Array<Real, 1>(*vector);
    else if (const auto* matrix = std::get_if<Matrix>(&data)) return Array<Real, 2>(*matrix);
    else if (const auto* integer = std::get_if<Integer>(&data)) return *integer;
    else if (const auto* integers = std::get_if<IntVector>(&data)) return *integers;
    else if (const auto* table = std::get_if<IntMatrix>(&data)) return *table;
    else return std::monostate();
}

/// The value without its tangents; shares memory.
inline const Data& data_of(const Data& value) { return value; }
template <Scalar Real> Data data_of(
    const std::variant<std::monostate, Real, Array<Real, 1>, Array<Real, 2>, Integer, IntVector, IntMatrix>& value) {
    if (const auto* number = std::get_if<Real>(&value)) return value_of(*number);
    if (const auto* vector = std::get_if<Array<Real, 1>>(&value)) return vector->values();
    if (const auto* matrix = std::get_if<Array<Real, 2>>(&value)) return matrix->values();
    if (const auto* integer = std::get_if<Integer>(&value)) return *integer;
    if (const auto* integers = std::get_if<IntVector>(&value)) return *integers;
    if (const auto* table = std::get_if<IntMatrix>(&value)) return *table;
    return std::monostate();
}

Shape shape_of(const Data& value);
template <class... T> Shape shape_of(const std::variant<T...>& value) { return shape_of(data_of(value)); }

/// "shape [3]", "the integer 3", for messages.
std::string describe(const Data& value);
/// The numbers, as `guide.median()` prints them: "1.20", "[0.52, -0.31]", a matrix row by row.
std::string format(const Data& value);
/// A number with all its digits, for error messages.
std::string format_exactly(double x);
/// "[2]", "[0, 1]": the index of element k in storage order.
std::string format_index(std::size_t k, const Shape& shape);
/// "-3 at index [2]", or the number alone where there is but one.
std::string format_element(const Data& value, std::size_t k);

/// The numbers of a value of this rank, integers as real numbers, or whole numbers as integers. Throw Error where the
/// rank or the kind differs.
template <std::size_t Rank> array_t<double, Rank> real_of(const Data& value);
template <std::size_t Rank> array_t<Integer, Rank> whole_of(const Data& value);

/// The value as a T: a number or an array, real (constant or not) or integer. Integers become real numbers; real
/// constants become integers where they are whole. Throws Error where the kind or the rank differ.
template <class T, class... A> T value_as(const std::variant<A...>& value) {
    if constexpr ((std::same_as<T, A> || ...))
        if (const T* exact = std::get_if<T>(&value)) return *exact;
    if constexpr (std::same_as<element_t<T>, Integer>) return whole_of<rank_of<T>>(data_of(value));
    else return T(real_of<rank_of<T>>(data_of(value)));
}
template <class T, class... A> T value_as(std::variant<A...>&& value) {
    if constexpr ((std::same_as<T, A> || ...))
        if (T* exact = std::get_if<T>(&value)) return std::move(*exact);
    return value_as<T>(std::as_const(value));
}

} // namespace modus
