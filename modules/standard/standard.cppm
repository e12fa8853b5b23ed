module;
#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <chrono>
#include <cmath>
#include <concepts>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <initializer_list>
#include <iosfwd>
#include <limits>
#include <memory>
#include <new>
#include <numbers>
#include <optional>
#include <ranges>
#include <source_location>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

// The names of the standard library that interfaces use, as a module: `import std` for compilers and standard libraries
// that do not have it yet. An interface that includes headers has a copy of them in its BMI; the compiler reads, merges
// and writes the copies of all it imports, which took five times as long as all else (docs/development.md). Here is the
// only one. A name that is missing is added below. Not exported by `modus`: whoever imports that includes what he
// needs.
export module modus.standard;

export namespace std {

using std::array, std::optional, std::pair, std::span, std::string, std::string_view, std::tuple, std::variant,
    std::vector, std::function, std::initializer_list;

using std::apply, std::as_const, std::copy_n, std::declval, std::exchange, std::fill_n, std::forward, std::get,
    std::get_if, std::holds_alternative, std::max, std::max_element, std::memset, std::min, std::monostate, std::move,
    std::nullopt, std::nullopt_t, std::swap, std::tuple_cat, std::tuple_element_t, std::upper_bound, std::visit,
    std::to_string;

using std::byte, std::int64_t, std::nullptr_t, std::ptrdiff_t, std::size_t, std::uint32_t, std::uint64_t,
    std::numeric_limits, std::bit_cast, std::popcount;

using std::acos, std::acosh, std::asin, std::asinh, std::atan, std::atan2, std::atanh, std::cbrt, std::cos, std::cosh,
    std::erf, std::erfc, std::exp, std::expm1, std::fabs, std::floor, std::hypot, std::isfinite, std::isinf, std::isnan,
    std::lerp, std::log, std::log1p, std::pow, std::sin, std::sinh, std::sqrt, std::tan, std::tanh;

using std::conditional_t, std::index_sequence, std::index_sequence_for, std::integral_constant, std::invoke_result_t,
    std::is_arithmetic_v, std::is_class_v, std::is_const_v, std::is_empty_v, std::is_enum_v, std::is_invocable_r_v,
    std::is_lvalue_reference_v, std::is_reference_v, std::is_trivially_destructible_v, std::make_index_sequence,
    std::remove_const_t, std::remove_cv_t, std::remove_cvref_t, std::remove_reference_t, std::type_identity,
    std::type_identity_t;

using std::convertible_to, std::copy_constructible, std::derived_from, std::floating_point, std::integral,
    std::invocable, std::same_as;

using std::coroutine_handle, std::coroutine_traits, std::suspend_always;

using std::atomic, std::memory_order_acq_rel, std::memory_order_acquire, std::memory_order_relaxed;

using std::make_shared, std::make_unique, std::shared_ptr, std::unique_ptr;

using std::bad_alloc, std::ostream, std::runtime_error, std::source_location;

using std::operator==, std::operator<=>, std::operator+, std::operator|;

namespace chrono {
using std::chrono::steady_clock;
} // namespace chrono

namespace numbers {
using std::numbers::inv_sqrtpi, std::numbers::ln2, std::numbers::pi, std::numbers::sqrt2;
} // namespace numbers

namespace ranges {
using std::ranges::equal, std::ranges::find, std::ranges::range, std::ranges::range_value_t, std::ranges::size,
    std::ranges::sized_range, std::ranges::subrange;
namespace views {
using std::ranges::views::transform;
} // namespace views
} // namespace ranges
namespace views = ranges::views;

} // namespace std

// Iterators of libstdc++ have their operators where they are.
#if defined(__GLIBCXX__)
export namespace __gnu_cxx {
using __gnu_cxx::operator==, __gnu_cxx::operator<=>, __gnu_cxx::operator+, __gnu_cxx::operator-;
} // namespace __gnu_cxx
#endif

export using ::operator new; // where it is placed
