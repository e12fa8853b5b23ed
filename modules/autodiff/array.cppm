// Array<T, Rank>: the one container that models, distributions and data share.
//
// Memory is a reference-counted block of 8-byte words, so copies and slices cost nothing and values in traces stay
// what they were. An array of duals is stored as planes - all values, then all first tangents, ... - so that a linear
// operation such as X * w is one matrix product over all planes. An array of constants in a dual model has its value
// plane alone: data enters a model without being copied.
export module modus.autodiff:array;

import modus.standard;
import :dual;
import :error;
import :pool;

export namespace modus {

/// Integers in data and in discrete sites.
using Integer = std::int64_t;

/// What an Array can hold: a scalar of the model, or integers.
template <class T>
concept Element = Scalar<T> || std::same_as<T, Integer>;

template <Element T, std::size_t Rank> class Array;

/// Data: constant vectors and matrices, and vectors of counts, labels or indices.
using Vector = Array<double, 1>;
using Matrix = Array<double, 2>;
using IntVector = Array<Integer, 1>;
using IntMatrix = Array<Integer, 2>;

/// Throws Error where an index is not in [0, size).
void check_indices(const IntVector& indices, std::size_t size);

/// The sizes along each axis. A matrix has {rows, columns}.
template <std::size_t Rank> using Extents = std::array<std::size_t, Rank>;

/// The ways of asking what an argument of a formula is.
template <class A> inline constexpr std::size_t rank_of = 0;
template <class T, std::size_t R> inline constexpr std::size_t rank_of<Array<T, R>> = R;
template <class A>
concept AnyArray = rank_of<A> > 0;
template <class A> struct ElementOf {
    using type = A;
};
template <class T, std::size_t R> struct ElementOf<Array<T, R>> {
    using type = T;
};
template <class A> using element_t = typename ElementOf<A>::type;

/// Array<T, Rank>, where rank 0 is a bare T.
template <class T, std::size_t Rank> struct ArrayOrScalar {
    using type = Array<T, Rank>;
};
template <class T> struct ArrayOrScalar<T, 0> {
    using type = T;
};
template <class T, std::size_t Rank> using array_t = typename ArrayOrScalar<T, Rank>::type;

/// A shared block of memory, freed with its last owner.
class Buffer {
  public:
    Buffer() = default;
    inline explicit Buffer(std::size_t bytes) {
        const std::size_t all = sizeof(Header) + bytes + padding;
        header_ = ::new (pool_allocate(all)) Header{1, all};
    }
    inline Buffer(const Buffer& other) : header_(other.header_) {
        if (header_) header_->owners.fetch_add(1, std::memory_order_relaxed);
    }
    inline Buffer(Buffer&& other) noexcept : header_(std::exchange(other.header_, nullptr)) {}
    inline Buffer& operator=(Buffer other) noexcept {
        std::swap(header_, other.header_);
        return *this;
    }
    inline ~Buffer() {
        if (header_ && header_->owners.fetch_sub(1, std::memory_order_acq_rel) == 1)
            pool_release(header_, header_->bytes);
    }
    inline void* data() const { return header_ ? header_ + 1 : nullptr; }
    inline bool unique() const { return header_ && header_->owners.load(std::memory_order_acquire) == 1; }

  private:
    static constexpr std::size_t padding = 64; // so that whole batches can be read from any word on

    struct alignas(64) Header { // keeps the words behind it on a cache line of their own
        std::atomic<std::size_t> owners;
        std::size_t bytes;
    };
    Header* header_ = nullptr;
};

/// A contiguous, 64-byte aligned, column-major array of rank 1 or 2. T is double, a Dual, or Integer.
/// Elements of double and Integer arrays are references where the array is not const; writing to an array that shares
/// its memory first makes a copy. Elements of dual arrays are read by value; make such arrays with `map`, `stack` and
/// arithmetic.
template <Element T, std::size_t Rank> class Array {
    static_assert(Rank == 1 || Rank == 2);

  public:
    using Word = std::conditional_t<std::same_as<T, Integer>, Integer, double>;
    static constexpr std::size_t planes = sizeof(T) / sizeof(Word);
    static constexpr bool is_plain = planes == 1;

    Array() = default;
    Array(const Array&) = default;
    Array& operator=(const Array&) = default;
    Array(Array&& other) noexcept // leaves an empty array
        : buffer_(std::move(other.buffer_)),
          data_(std::exchange(other.data_, nullptr)),
          extents_(std::exchange(other.extents_, {})),
          planes_(std::exchange(other.planes_, {})) {}
    Array& operator=(Array&& other) noexcept {
        Array moved(std::move(other));
        swap(moved);
        return *this;
    }

    /// All zeros.
    explicit Array(const Extents<Rank>& extents) : Array(uninitialized(extents)) {
        for (std::size_t k = 0; k < planes * size(); ++k) data_[k] = Word{};
    }
    explicit Array(std::size_t n) requires(Rank == 1)
        : Array(Extents<1>{n}) {}
    Array(std::size_t rows, std::size_t columns) requires(Rank == 2)
        : Array(Extents<2>{rows, columns}) {}

    /// A copy of the numbers in a list or a range, rank 1. Between integers and real numbers, only when asked for.
    Array(std::initializer_list<Word> values) requires(Rank == 1 && is_plain)
    {
        assign(values);
    }
    template <std::ranges::sized_range R>
    requires(Rank == 1 && is_plain && std::is_arithmetic_v<std::ranges::range_value_t<R>> &&
             !std::same_as<std::remove_cvref_t<R>, Array>)
    explicit(std::integral<std::ranges::range_value_t<R>> != std::same_as<T, Integer>) Array(const R& values) {
        assign(values);
    }
    /// A matrix from its rows: Matrix{{1, 2}, {3, 4}}. Throws Error where the rows differ in length.
    Array(std::initializer_list<std::initializer_list<Word>> rows) requires(Rank == 2 && is_plain)
    {
        *this = uninitialized({rows.size(), rows.size() ? rows.begin()->size() : 0});
        std::size_t i = 0;
        for (const auto& row : rows) {
            if (row.size() != cols())
                fail({cols(), " numbers in each row of the matrix"}, {row.size(), " in row ", i}, "Complete the row.");
            std::size_t j = 0;
            for (Word x : row) data_[i + rows_() * j++] = x;
            ++i;
        }
    }
    /// A copy of column-major numbers.
    Array(std::size_t rows, std::size_t columns, std::span<const Word> values) requires(Rank == 2 && is_plain)
    {
        if (values.size() != rows * columns)
            fail({rows * columns, " numbers"}, {values.size()}, "Pass rows x columns numbers, column by column.");
        *this = uninitialized({rows, columns});
        for (std::size_t k = 0; k < values.size(); ++k) data_[k] = values[k];
    }

    /// Constants in a model over duals: shares the memory of the data.
    template <std::same_as<Array<double, Rank>> Constants> requires(Scalar<T> && !is_plain)
    Array(const Constants& constants)
        : buffer_(constants.buffer_), data_(constants.data_), extents_(constants.extents_), planes_{0, true} {}

    /// Memory to be filled by the caller, every element once.
    static Array uninitialized(const Extents<Rank>& extents) {
        Array result;
        result.extents_ = extents;
        result.buffer_ = Buffer(words_for(extents) * sizeof(Word));
        if constexpr (!is_plain) result.planes_.stride = result.size();
        result.data_ = static_cast<Word*>(result.buffer_.data());
        return result;
    }

    /// A view of memory owned by somebody else, column-major, which must outlive every copy of the view. Planes, where
    /// T has several, are `stride` words apart.
    static Array borrow(const Word* data, const Extents<Rank>& extents, [[maybe_unused]] std::size_t stride = 0) {
        Array result;
        result.extents_ = extents;
        if constexpr (!is_plain) result.planes_.stride = stride;
        result.data_ = const_cast<Word*>(data); // never written through: a borrowed array is not `unique`
        return result;
    }

    std::size_t size() const {
        if constexpr (Rank == 1) return extents_[0];
        else return extents_[0] * extents_[1];
    }
    std::size_t rows() const requires(Rank == 2)
    {
        return extents_[0];
    }
    std::size_t cols() const requires(Rank == 2)
    {
        return extents_[1];
    }
    const Extents<Rank>& extents() const { return extents_; }

    /// What keeps the memory alive; nothing where it is borrowed.
    const Buffer& buffer() const { return buffer_; }

    /// Whether every tangent is zero because the elements are data.
    bool is_constant() const {
        if constexpr (is_plain) return true;
        else return planes_.is_constant;
    }
    /// The values without their tangents; shares memory.
    Array<double, Rank> values() const requires Scalar<T>
    {
        Array<double, Rank> result;
        result.buffer_ = buffer_;
        result.data_ = data_;
        result.extents_ = extents_;
        return result;
    }

    /// The elements from `first` on, `count` of them; shares memory.
    Array slice(std::size_t first, std::size_t count) const requires(Rank == 1)
    {
        if (first > size() || count > size() - first) no_slice(first, count);
        Array result = *this;
        result.data_ += first;
        result.extents_ = {count};
        return result;
    }
    /// The same elements, column by column, in another shape of the same size; shares memory.
    template <std::size_t R> Array<T, R> reshape(const Extents<R>& extents) const {
        Array<T, R> result;
        result.buffer_ = buffer_;
        result.data_ = data_;
        result.extents_ = extents;
        if constexpr (!is_plain) result.planes_ = {planes_.stride, planes_.is_constant};
        if (result.size() != size()) no_reshape(extents);
        return result;
    }

    /// Element k in storage order.
    T load(std::size_t k) const {
        if constexpr (is_plain) {
            return data_[k];
        } else {
            if (planes_.is_constant) return T(data_[k]);
            std::array<double, planes> words;
            for (std::size_t p = 0; p < planes; ++p) words[p] = data_[p * planes_.stride + k];
            return std::bit_cast<T>(words);
        }
    }
    /// Writes element k; for memory that nobody else sees yet.
    void store(std::size_t k, const T& x) {
        if constexpr (is_plain) {
            data_[k] = x;
        } else {
            const auto words = std::bit_cast<std::array<double, planes>>(x);
            for (std::size_t p = 0; p < planes; ++p) data_[p * planes_.stride + k] = words[p];
        }
    }

    T operator[](std::size_t i) const requires(Rank == 1)
    {
        return load(checked(i));
    }
    T operator()(std::size_t i, std::size_t j) const requires(Rank == 2)
    {
        return load(checked(i, j));
    }
    Word& operator[](std::size_t i) requires(Rank == 1 && is_plain)
    {
        return writable()[checked(i)];
    }
    Word& operator()(std::size_t i, std::size_t j) requires(Rank == 2 && is_plain)
    {
        return writable()[checked(i, j)];
    }

    /// The elements at `indices`, in their order: alpha[group]. Throws Error where an index is out of range.
    Array operator[](const IntVector& indices) const requires(Rank == 1)
    {
        Array result;
        if (is_constant() && !is_plain) {
            if constexpr (!is_plain) result = Array(values()[indices]);
            return result;
        }
        result = uninitialized({indices.size()});
        check_indices(indices, size());
        const Integer* index = indices.data();
        for (std::size_t p = 0; p < planes; ++p)
            for (std::size_t k = 0; k < indices.size(); ++k)
                result.data_[p * result.plane_stride() + k] =
                    data_[p * plane_stride() + static_cast<std::size_t>(index[k])];
        return result;
    }

    /// The words: for plain arrays the elements, else the value plane, with `plane_stride` words to the next one.
    const Word* data() const { return data_; }
    Word* data() requires is_plain
    {
        return writable();
    }
    std::size_t plane_stride() const {
        if constexpr (is_plain) return size();
        else return planes_.stride;
    }
    /// Words to be filled right after `uninitialized`.
    Word* fresh() { return data_; }

    const Word* begin() const requires is_plain
    {
        return data_;
    }
    const Word* end() const requires is_plain
    {
        return data_ + size();
    }

    friend bool operator==(const Array& x, const Array& y) requires is_plain
    {
        if (x.extents_ != y.extents_) return false;
        for (std::size_t k = 0; k < x.size(); ++k)
            if (!(x.data_[k] == y.data_[k])) return false;
        return true;
    }

  private:
    template <Element, std::size_t> friend class Array;

    struct OnePlane {};
    struct Planes {
        std::size_t stride = 0;
        bool is_constant = false; ///< then there is only the first
    };

    void swap(Array& other) noexcept {
        std::swap(buffer_, other.buffer_);
        std::swap(data_, other.data_);
        std::swap(extents_, other.extents_);
        std::swap(planes_, other.planes_);
    }

    std::size_t rows_() const { return extents_[0]; }

    /// In all planes. Throws std::bad_alloc instead of wrapping around, as for a size of 0 - 1.
    static std::size_t words_for(const Extents<Rank>& extents) {
        std::size_t words = planes;
        for (const std::size_t extent : extents) {
            if (extent > 0 && words > std::numeric_limits<std::size_t>::max() / (2 * sizeof(Word)) / extent)
                throw std::bad_alloc();
            words *= extent;
        }
        return words;
    }

    template <class R> void assign(const R& values) {
        *this = uninitialized({static_cast<std::size_t>(std::ranges::size(values))});
        std::size_t k = 0;
        for (const auto& x : values) data_[k++] = static_cast<Word>(x);
    }

    std::size_t checked(std::size_t i) const {
        if (i >= extents_[0]) out_of_range({{i}});
        return i;
    }
    std::size_t checked(std::size_t i, std::size_t j) const {
        if (i >= extents_[0] || j >= extents_[1]) out_of_range({{i, j}});
        return i + extents_[0] * j;
    }
    [[noreturn]] void out_of_range(const Extents<Rank>& index) const {
        fail({"an index within ", extents_}, {index}, "Indices count from 0.");
    }
    // Apart from their callers, which are small enough to be inlined.
    [[noreturn]] void no_slice(std::size_t first, std::size_t count) const {
        fail({"a slice within ", extents_}, {"elements ", first, " to ", first + count}, "Shorten the slice.");
    }
    template <std::size_t R> [[noreturn]] void no_reshape(const Extents<R>& extents) const {
        fail({"a shape with ", size(), " elements"}, {extents}, "Reshaping keeps the number of elements.");
    }

    Word* writable() {
        if (!buffer_.unique()) {
            Array copy = uninitialized(extents_);
            for (std::size_t k = 0; k < size(); ++k) copy.data_[k] = data_[k];
            *this = std::move(copy);
        }
        return data_;
    }

    Buffer buffer_;
    Word* data_ = nullptr;
    Extents<Rank> extents_{};
    [[no_unique_address]] std::conditional_t<is_plain, OnePlane, Planes> planes_{};
};

/// How far the next row and the next column are in storage, for an array that repeats to a shape of rank `Rank`: an
/// axis of size 1, or one that is missing on the left, repeats, with a step of 0.
struct Steps {
    std::size_t row = 0, column = 0;
};
template <std::size_t Rank, std::size_t R> Steps broadcast_steps(const Extents<R>& extents) {
    const auto step = [&](std::size_t axis, std::size_t size) { return extents[axis] > 1 ? size : 0; };
    if constexpr (R == 2) return {step(0, 1), step(1, extents[0])};
    else if constexpr (Rank == 2) return {0, step(0, 1)};
    else return {step(0, 1), 0};
}

/// The numbers without their tangents.
template <Scalar T, std::size_t R> Array<double, R> value_of(const Array<T, R>& x) { return x.values(); }
/// Where the plain values begin.
inline const double* value_plane(const double& x) { return &x; }
template <class T, std::size_t N> const double* value_plane(const Dual<T, N>& x) { return value_plane(x.value); }
template <Scalar T, std::size_t R> const double* value_plane(const Array<T, R>& x) { return x.data(); }

constexpr Integer value_of(Integer x) { return x; }
template <std::size_t R> Array<Integer, R> value_of(const Array<Integer, R>& x) { return x; }

} // namespace modus
