// map and sum_map: a scalar formula evaluated over broadcast arguments. Every elementwise operation and every log
// density goes through these two functions; a new kind of scalar only has to supply them.
export module modus.autodiff:kernel;

import modus.standard;
import :array;
import :block;
import :dual;
import :error;

export namespace modus {

/// An argument of a formula: a scalar, a plain number, or an array.
template <class A>
concept Argument = Scalar<A> || std::is_arithmetic_v<A> || AnyArray<A>;

/// The extents to which all arguments broadcast, aligned at the last axis as in NumPy and PyTorch: an axis of size 1,
/// or one that is missing on the left, repeats. Throws Error naming both shapes where they do not fit.
template <Argument... A> auto broadcast_extents(const A&... arguments) {
    constexpr std::size_t rank = std::max({std::size_t{0}, rank_of<A>...});
    Extents<rank> result;
    result.fill(1);
    const auto merge = [&]<class B>(const B& argument) {
        if constexpr (AnyArray<B>) {
            constexpr std::size_t offset = rank - rank_of<B>;
            auto merged = result;
            for (std::size_t d = 0; d < rank_of<B>; ++d) {
                const std::size_t extent = argument.extents()[d];
                std::size_t& size = merged[offset + d];
                if (size != extent && size != 1 && extent != 1)
                    fail({"shapes that broadcast to ", result}, {argument.extents()},
                         "Sizes must agree along each axis, counted from the last, or be 1.");
                if (size == 1) size = extent;
            }
            result = merged;
        }
    };
    (merge(arguments), ...);
    return result;
}

/// Reads an argument at row i, column j of the broadcast shape; integers are read as double.
template <std::size_t Rank, class A> class Reader {
  public:
    explicit Reader(const A& argument) : argument_(argument) {
        if constexpr (AnyArray<A>) steps_ = broadcast_steps<Rank>(argument.extents());
    }
    decltype(auto) operator()(std::size_t i, std::size_t j) const {
        if constexpr (!AnyArray<A>) return as_real(argument_);
        else return as_real(argument_.load(i * steps_.row + j * steps_.column));
    }

  private:
    template <class T> static auto as_real(const T& x) {
        if constexpr (std::is_arithmetic_v<T>) return static_cast<double>(x);
        else return x;
    }
    const A& argument_;
    Steps steps_;
};

template <std::size_t Rank, class F, Argument... A>
auto map_elements(const Extents<Rank>& extents, const F& f, const A&... arguments) {
    const auto each = [&](const auto&... reader) {
        if constexpr (Rank == 0) {
            return f(reader(0, 0)...);
        } else {
            using Result = std::remove_cvref_t<decltype(f(reader(0, 0)...))>;
            auto result = Array<Result, Rank>::uninitialized(extents);
            const std::size_t rows = extents[0];
            const std::size_t columns = Rank == 2 ? extents[Rank - 1] : 1;
            for (std::size_t j = 0; j < columns; ++j)
                for (std::size_t i = 0; i < rows; ++i) result.store(i + rows * j, f(reader(i, j)...));
            return result;
        }
    };
    return each(Reader<Rank, A>(arguments)...);
}

/// f at every element of `extents`, to which the arguments broadcast, as an array (a scalar where Rank is 0).
/// On a tape, f is called with batches of local duals: it must be generic, and choose with `select` rather than `?:`.
/// It must not write to what it captures: where there is much to do, several threads call it.
template <std::size_t Rank, class F, Argument... A>
auto map_to(const Extents<Rank>& extents, const F& f, const A&... arguments) {
    if constexpr ((on_tape<A> || ...)) return map_over_tape(extents, f, arguments...);
    else return map_elements(extents, f, arguments...);
}

/// f at every element of the broadcast arguments, as an array (or a scalar where no argument is an array).
template <class F, Argument... A> auto map(const F& f, const A&... arguments) {
    return map_to(broadcast_extents(arguments...), f, arguments...);
}

/// The first element of `extents`, in storage order, for which the predicate holds; the size where there is none.
template <std::size_t Rank, class F, Argument... A>
std::size_t find_first(const Extents<Rank>& extents, const F& predicate, const A&... arguments) {
    const auto search = [&](const auto&... reader) -> std::size_t {
        const std::size_t rows = Rank > 0 ? extents[0] : 1;
        const std::size_t columns = Rank == 2 ? extents[Rank - 1] : 1;
        for (std::size_t j = 0; j < columns; ++j)
            for (std::size_t i = 0; i < rows; ++i)
                if (predicate(reader(i, j)...)) return i + rows * j;
        return rows * columns;
    };
    return search(Reader<Rank, A>(arguments)...);
}

/// Which elements count: an array of 0 and 1 that repeats to the shape of a sum, or nothing for all of them.
template <std::size_t Rank> using MaskPointer = const array_t<Integer, Rank>*;

template <std::size_t Rank, class F, Argument... A>
auto sum_elements_where(MaskPointer<Rank> mask, const Extents<Rank>& extents, const F& f, const A&... arguments) {
    const auto add = [&](const auto&... reader) {
        using Result = std::remove_cvref_t<decltype(f(reader(0, 0)...))>;
        if constexpr (Rank == 0) {
            return mask && *mask == 0 ? Result(0.0) : f(reader(0, 0)...);
        } else {
            const Steps mask_steps = mask ? broadcast_steps<Rank>(mask->extents()) : Steps{};
            const std::size_t rows = extents[0];
            const std::size_t columns = Rank == 2 ? extents[Rank - 1] : 1;
            constexpr std::size_t block = 256;
            Result total(0.0), part(0.0);
            std::size_t in_part = 0; // blocks go on from column to column: rows may be few
            for (std::size_t j = 0; j < columns; ++j)
                for (std::size_t first = 0; first < rows; first += block) {
                    const std::size_t last = first + block < rows ? first + block : rows;
                    for (std::size_t i = first; i < last; ++i)
                        if (!mask || mask->load(i * mask_steps.row + j * mask_steps.column) != 0)
                            part += f(reader(i, j)...);
                    in_part += last - first;
                    if (in_part < block) continue;
                    total += part;
                    part = Result(0.0);
                    in_part = 0;
                }
            return total + part;
        }
    };
    return add(Reader<Rank, A>(arguments)...);
}

/// The sum over `extents` of f at the elements of the arguments, which broadcast to it: a scalar argument counts once
/// for each element. Where the mask is 0, f is not evaluated. Summed in blocks, so that the rounding error grows with
/// the square root of the size at most.
template <std::size_t Rank, class F, Argument... A>
auto sum_map_where(MaskPointer<Rank> mask, const Extents<Rank>& extents, const F& f, const A&... arguments) {
    if constexpr ((on_tape<A> || ...)) return sum_over_tape<Rank>(mask, extents, f, arguments...);
    else return sum_elements_where<Rank>(mask, extents, f, arguments...);
}

/// The sum of f over all elements.
template <std::size_t Rank, class F, Argument... A>
auto sum_map(const Extents<Rank>& extents, const F& f, const A&... arguments) {
    return sum_map_where<Rank>(nullptr, extents, f, arguments...);
}

} // namespace modus
