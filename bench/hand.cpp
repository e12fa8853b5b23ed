#include "hand.hpp"
#include "simd.hpp"
#include <algorithm>
#include <cmath>
#include <vector>

// What was tried, with AVX-512 at 3.5 GHz, in microseconds; the best of each is below.
// - Linear, 1,000 x 10: everything in registers .71; a chunk of 32 rows through predictor, residual and products, with
//   the number of columns fixed, .76, 64 to 256 rows .98 to 1.1; any number of columns, 128 rows .99, 4 columns at a
//   time in both passes 1.14. Prefetching 512 bytes to 4 KB ahead .69 to 1.1: noise or worse.
// - Linear, 10,000 x 100 and 100,000 x 10: a bare sum of X takes 276, every form below 512 rows 280 to 310, 2048 rows
//   with prefetching of the next block 660.
// - Logistic, 1,000 x 10: 1.7; exp without the table 2.0, with Horner's rule 2.1; rcp14 and two Newton steps for the
//   division 1.9; a logarithm for each row 2.6; chunks of 32 to 256 rows, whose loops need fewer registers, 1.75
//   to 2.0.
// - Varying intercepts, 12,000 rows, 1,000 groups, sorted: 6.4, with groups found beforehand 4.5, eight groups' sums
//   transposed together 6.8, as if they were not sorted 19 (each sum waits for the one before).

namespace hand {
namespace {

constexpr double half_log_2pi = 0.91893853320467274178;
constexpr double log_10 = 2.3025850929940456840;

/// log Normal(x; 0, 10), added up, and its derivative.
struct WidePrior {
    double value = 0;
    double slope(double x) {
        value -= 0.005 * x * x + log_10 + half_log_2pi;
        return -0.01 * x;
    }
};

/// log LogNormal(exp(u); 0, 1); its derivative in u is -1 - u.
double log_normal(double u) { return -u - 0.5 * u * u - half_log_2pi; }

/// Scratch memory that survives the call.
Batch* scratch(std::size_t batches) {
    static thread_local std::vector<Batch> memory;
    if (memory.size() < batches) memory.resize(batches);
    return memory.data();
}

/// Rows of a regression: from the linear predictor to the derivative of the log likelihood in it.
struct NormalRows {
    const double* y;
    Batch squares{};

    Batch operator()(std::size_t i, Batch predictor) {
        const Batch residual = load(y + i) - predictor;
        squares = residual * residual + squares;
        return residual;
    }
    Batch operator()(std::size_t i, Batch predictor, std::size_t n) {
        const Batch residual = is_first(n) ? load(y + i, n) - predictor : Batch{};
        squares = residual * residual + squares;
        return residual;
    }
    void advance(std::size_t) {}
};

/// With z = -predictor where y = 1, else the predictor, the loss of a row is softplus(z) = max(z, 0) + log1p(e),
/// e = exp(-|z|), and its derivative 1 / (1 + e), times e where z < 0: one exponential serves both.
///
/// The logarithms of many rows are taken at once: with m = (1 + e1) (1 + e2) - 1 = e1 + e2 + e1 e2, no accuracy is lost
/// where e is small.
template <bool has_log_of_rows> struct LogisticRows {
    const std::int64_t* y;
    Batch positive{}, logs{}, m{};
    double log_sum = 0;
    std::size_t pending = 0;

    Batch operator()(std::size_t i, Batch predictor) {
        const Bits sign = load(y + i) << 63;
        return row((Batch)((Bits)predictor ^ sign), sign);
    }
    Batch operator()(std::size_t i, Batch predictor, std::size_t n) {
        const Bits sign = load(y + i, n) << 63;
        return row(is_first(n) ? (Batch)((Bits)predictor ^ sign) : broadcast(-1000), sign); // contributes nothing
    }
    Batch row(Batch z, Bits sign) {
        const Batch e = exp_negative((Batch)((Bits)z | std::int64_t(1) << 63));
        Batch inverse;
        if constexpr (has_log_of_rows) {
            const Batch both = 1.0 / ((1.0 + e) * (2.0 + e));
            logs += log1p_unit(e, both * (1.0 + e));
            inverse = both * (2.0 + e);
        } else {
            m = (m * e + e) + m;
            inverse = 1.0 / (1.0 + e);
        }
        positive += z > 0.0 ? z : Batch{};
        const Batch slope = z > 0.0 ? inverse : e * inverse;
        return (Batch)((Bits)slope ^ (~sign & (std::int64_t(1) << 63)));
    }
    /// To be called before 1024 rows are pending, where the product could overflow.
    void advance(std::size_t rows) {
        pending += rows;
        if (pending >= 880) flush();
    }
    void flush() {
        const Batch half = __builtin_shufflevector(m, m, 4, 5, 6, 7, 0, 1, 2, 3), four = m * half + m + half;
        const Batch quarter = __builtin_shufflevector(four, four, 2, 3, 0, 1, 6, 7, 4, 5);
        const Batch two = four * quarter + four + quarter;
        log_sum += std::log1p(two[0] * two[1] + two[0] + two[1]);
        m = Batch{};
        pending = 0;
    }
    double loss() {
        flush();
        return sum(positive) + sum(logs) + log_sum;
    }
};

/// X' r and the sum of r into slope[0] ... slope[columns], r = rows(X w + bias), w[columns] being the bias.
/// For a fixed number of columns everything of eight rows stays in registers, and X is read once.
template <std::size_t columns, class Rows>
void few_columns(std::size_t n, const double* X, const double* w, Rows& result, double* slope) {
    Rows rows = result; // in registers: nobody else sees it
    Batch sums[columns]{}, sum_of_r{};
    const double bias = w[columns];
    std::size_t i = 0;
    while (i + lanes <= n) {
        const std::size_t first = i, end = std::min(n / lanes * lanes, i + 1008);
        for (; i < end; i += lanes) {
            Batch x[columns], even = broadcast(bias), odd{};
#pragma clang loop unroll(full)
            for (std::size_t d = 0; d < columns; ++d) {
                x[d] = load(X + d * n + i);
                if (d % 2) odd = x[d] * w[d] + odd;
                else even = x[d] * w[d] + even;
            }
            const Batch r = rows(i, even + odd);
            sum_of_r += r;
#pragma clang loop unroll(full)
            for (std::size_t d = 0; d < columns; ++d) sums[d] = x[d] * r + sums[d];
        }
        rows.advance(end - first);
    }
    if (i < n) {
        Batch predictor = broadcast(bias);
        for (std::size_t d = 0; d < columns; ++d) predictor = load(X + d * n + i, n - i) * w[d] + predictor;
        const Batch r = rows(i, predictor, n - i);
        sum_of_r += r;
        for (std::size_t d = 0; d < columns; ++d) sums[d] = load(X + d * n + i, n - i) * r + sums[d];
    }
    for (std::size_t d = 0; d < columns; ++d) slope[d] = sum(sums[d]);
    slope[columns] = sum(sum_of_r);
    result = rows;
}

/// sums[d] += column d of X * r, over a block of m rows, `step` columns at a time.
template <std::size_t step>
void add_products(std::size_t n, std::size_t columns, const double* X, const double* r, std::size_t m, Batch* sums) {
    const std::size_t whole = m / lanes * lanes;
    std::size_t d = 0;
    for (; d + step <= columns; d += step) {
        const double* x = X + d * n;
        Batch total[step];
        for (std::size_t k = 0; k < step; ++k) total[k] = sums[d + k];
        for (std::size_t i = 0; i < whole; i += lanes) {
            const Batch row = load(r + i);
#pragma clang loop unroll(full)
            for (std::size_t k = 0; k < step; ++k) total[k] = load(x + k * n + i) * row + total[k];
        }
        if (whole < m)
            for (std::size_t k = 0; k < step; ++k)
                total[k] = load(x + k * n + whole, m - whole) * load(r + whole) + total[k];
        for (std::size_t k = 0; k < step; ++k) sums[d + k] = total[k];
    }
    if constexpr (step > 1)
        if (d < columns) add_products<1>(n, columns - d, X + d * n, r, m, sums + d);
}

/// predictor += X w over a block of m rows, `step` columns at a time.
template <std::size_t step> void add_columns(std::size_t n, std::size_t columns, const double* X, const double* w,
                                             std::size_t m, double* predictor) {
    const std::size_t whole = m / lanes * lanes;
    std::size_t d = 0;
    for (; d + step <= columns; d += step) {
        const double* x = X + d * n;
        for (std::size_t i = 0; i < whole; i += lanes) {
            Batch even = load(predictor + i), odd{};
#pragma clang loop unroll(full)
            for (std::size_t k = 0; k < step; ++k) {
                const Batch term = load(x + k * n + i);
                if (k % 2) odd = term * w[d + k] + odd;
                else even = term * w[d + k] + even;
            }
            store(predictor + i, even + odd);
        }
        if (whole < m) {
            Batch p = load(predictor + whole);
            for (std::size_t k = 0; k < step; ++k) p = load(x + k * n + whole, m - whole) * w[d + k] + p;
            store(predictor + whole, p);
        }
    }
    if constexpr (step > 1)
        if (d < columns) add_columns<1>(n, columns - d, X + d * n, w + d, m, predictor);
}

/// For any number of columns, a block of rows at a time, so that X is in cache when it is read again. Up to 1024
/// columns, a block of 128 rows fits the second-level cache: four batches of rows go through all columns in registers.
/// With more columns nothing fits, and long runs down a column are what matters.
template <class Rows>
void many_columns(std::size_t n, std::size_t columns, const double* X, const double* w, Rows& result, double* slope) {
    Rows rows = result;
    constexpr std::size_t longest = 880, step = 4;
    const bool fits = columns <= 1024;
    const std::size_t block = fits ? 128 : longest;
    Batch* const sums = scratch(columns);
    std::fill_n(sums, columns, Batch{});
    alignas(64) double predictor[longest], r[longest];
    Batch sum_of_r{};
    const Batch bias = broadcast(w[columns]);
    for (std::size_t first = 0; first < n; first += block) {
        const std::size_t m = std::min(block, n - first);
        const double* x = X + first;
        std::size_t in_registers = 0;
        if (fits)
            for (; in_registers + step * lanes <= m; in_registers += step * lanes) {
                Batch p[step];
                for (Batch& element : p) element = bias;
                const double* column = x + in_registers;
                for (std::size_t d = 0; d < columns; ++d, column += n)
#pragma clang loop unroll(full)
                    for (std::size_t k = 0; k < step; ++k) p[k] = load(column + k * lanes) * w[d] + p[k];
                for (std::size_t k = 0; k < step; ++k) store(predictor + in_registers + k * lanes, p[k]);
            }
        if (in_registers < m) {
            for (std::size_t i = in_registers; i < m; i += lanes) store(predictor + i, bias);
            add_columns<8>(n, columns, x + in_registers, w, m - in_registers, predictor + in_registers);
        }
        for (std::size_t i = 0; i < m; i += lanes) {
            const Batch p = load(predictor + i);
            const Batch row = m - i < lanes ? rows(first + i, p, m - i) : rows(first + i, p);
            store(r + i, row);
            sum_of_r += row;
        }
        rows.advance(m);
        if (fits) add_products<4>(n, columns, x, r, m, sums);
        else add_products<8>(n, columns, x, r, m, sums);
    }
    for (std::size_t d = 0; d < columns; ++d) slope[d] = sum(sums[d]);
    slope[columns] = sum(sum_of_r);
    result = rows;
}

#ifdef __AVX512F__
constexpr std::size_t most_in_registers = 12;
#else // 1,000 x 10 with AVX2: 2.3 in chunks, 3.0 in registers, of which there are too few
constexpr std::size_t most_in_registers = 4;
#endif
template <class Rows, std::size_t columns = most_in_registers>
void regression(std::size_t n, std::size_t actual, const double* X, const double* w, Rows& rows, double* slope) {
    if constexpr (columns == 0) many_columns(n, actual, X, w, rows, slope);
    else if (actual == columns) few_columns<columns>(n, X, w, rows, slope);
    else regression<Rows, columns - 1>(n, actual, X, w, rows, slope);
}

template <bool has_log_of_rows> double logistic(const Logistic& data, const double* u, double* gradient) {
    LogisticRows<has_log_of_rows> rows{data.y};
    regression(data.rows, data.columns, data.X, u, rows, gradient);
    WidePrior prior;
    for (std::size_t d = 0; d <= data.columns; ++d) gradient[d] += prior.slope(u[d]);
    return prior.value - rows.loss();
}

/// What the rows of a grouped regression add up to.
struct GroupSums {
    double squares, products_with_x;
};

/// Where a group begins, and the number of rows.
std::size_t find_groups(const Grouped& data, std::int32_t* starts) {
    starts[0] = 0;
    std::size_t count = 1, i = 1;
#ifdef __AVX512F__ // 8 comparisons at once, their positions packed
    __m256i position = _mm256_setr_epi32(1, 2, 3, 4, 5, 6, 7, 8);
    for (; i + lanes <= data.rows; i += lanes) {
        const __mmask8 begins =
            _mm512_cmpneq_epi64_mask((__m512i)load(data.group + i), (__m512i)load(data.group + i - 1));
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(starts + count), _mm256_maskz_compress_epi32(begins, position));
        count += static_cast<std::size_t>(__builtin_popcount(begins));
        position = _mm256_add_epi32(position, _mm256_set1_epi32(8));
    }
#endif
    for (; i < data.rows; ++i) {
        starts[count] = static_cast<std::int32_t>(i);
        count += data.group[i] != data.group[i - 1];
    }
    starts[count] = static_cast<std::int32_t>(data.rows);
    return count;
}

GroupSums sorted_rows(const Grouped& data, const double* intercept, double beta, double* sums) {
    static thread_local std::vector<std::int32_t> starts;
    if (starts.size() < data.rows + 16) starts.resize(data.rows + 16);
    const std::size_t count = find_groups(data, starts.data());
    std::fill_n(sums, data.groups, 0.0); // a group may have no rows
    Batch squares{}, products{};
    const auto rows = [&](std::size_t n, std::size_t i, Batch a) {
        const Batch x = load(data.x + i, n), y = load(data.y + i, n);
        const Batch r = first(n, (y - x * beta) - a);
        squares = r * r + squares;
        products = r * x + products;
        return r;
    };
    for (std::size_t k = 0; k < count; ++k) {
        std::size_t i = static_cast<std::size_t>(starts[k]);
        const std::size_t end = static_cast<std::size_t>(starts[k + 1]), g = static_cast<std::size_t>(data.group[i]);
        const Batch a = broadcast(intercept[g]);
        Batch total{};
        for (; i + 16 < end; i += lanes) total += rows(lanes, i, a);
        // 16 rows or fewer, without a branch
        total += rows(std::min(end - i, lanes), i, a);
        total += rows(end - i - std::min(end - i, lanes), i + lanes, a);
        sums[g] = sum(total);
    }
    return {sum(squares), sum(products)};
}

GroupSums any_rows(const Grouped& data, const double* intercept, double beta, double* sums) {
    std::fill_n(sums, data.groups, 0.0);
    Batch squares{}, products{};
    const auto add = [&](const std::int64_t* group, const Batch& a, const Batch& x, const Batch& y, std::size_t count) {
        const Batch row = (y - x * beta) - a;
        squares = row * row + squares;
        products = row * x + products;
        for (std::size_t k = 0; k < count; ++k) sums[group[k]] += row[k];
    };
    std::size_t i = 0;
    for (; i + lanes <= data.rows; i += lanes) {
        Batch a;
        for (std::size_t k = 0; k < lanes; ++k) {
            double one = intercept[data.group[i + k]];
            asm("" : "+x"(one)); // else a gather instruction, which is slower
            a[k] = one;
        }
        add(data.group + i, a, load(data.x + i), load(data.y + i), lanes);
    }
    if (const std::size_t rest = data.rows - i) {
        Batch a{};
        for (std::size_t k = 0; k < rest; ++k) a[k] = intercept[data.group[i + k]];
        add(data.group + i, a, load(data.x + i, rest), load(data.y + i, rest), rest);
    }
    return {sum(squares), sum(products)};
}

GroupSums group_rows(const Grouped& data, const double* intercept, double beta, double* sums, bool sorted) {
    return sorted ? sorted_rows(data, intercept, beta, sums) : any_rows(data, intercept, beta, sums);
}

} // namespace

double linear_regression(const Linear& data, const double* u, double* gradient) {
    const std::size_t D = data.columns;
    const double n = static_cast<double>(data.rows), log_sigma = u[D + 1], precision = std::exp(-2 * log_sigma);
    NormalRows rows{data.y};
    regression(data.rows, D, data.X, u, rows, gradient);
    WidePrior prior;
    for (std::size_t d = 0; d <= D; ++d) gradient[d] = precision * gradient[d] + prior.slope(u[d]);
    const double squares = precision * sum(rows.squares);
    gradient[D + 1] = squares - n - 1 - log_sigma;
    return prior.value + log_normal(log_sigma) - 0.5 * squares - n * (log_sigma + half_log_2pi);
}

double logistic_regression(const Logistic& data, const double* u, double* gradient) {
    return logistic<false>(data, u, gradient);
}
double logistic_regression_by_rows(const Logistic& data, const double* u, double* gradient) {
    return logistic<true>(data, u, gradient);
}

double eight_schools(const Schools& data, const double* u, double* gradient) {
    const double mu = u[0], tau = std::exp(u[1]), t = 0.2 * tau, mu_slope = -0.04 * mu;
    const Batch z = load(u + 2), inverse = 1.0 / load(data.error);
    const Batch residual = (load(data.y) - (z * tau + mu)) * inverse, slope = residual * inverse;
    store(gradient + 2, slope * tau - z);
    gradient[0] = sum(slope) + mu_slope;
    gradient[1] = tau * sum(slope * z) - 2 * t * t / (1 + t * t);
    // log Normal(mu; 0, 5), log HalfCauchy(tau; 5)
    constexpr double log_5 = 1.6094379124341003746, log_half_pi = 0.45158270528945486473;
    return sum(-0.5 * (residual * residual + z * z) - log_positive(load(data.error))) - 0.02 * mu * mu -
           std::log1p(t * t) - 17 * half_log_2pi - log_half_pi - 2 * log_5;
}

double centred(const Grouped& data, const double* u, double* gradient, bool sorted) {
    const double n = static_cast<double>(data.rows), groups = static_cast<double>(data.groups);
    const double mu = u[0], beta = u[1], log_sigma_a = u[2], log_sigma_y = u[3];
    const double precision_a = std::exp(-2 * log_sigma_a), precision = std::exp(-2 * log_sigma_y);
    const double* a = u + 4;
    double* const slope = gradient + 4;
    const GroupSums rows = group_rows(data, a, beta, slope, sorted);
    double between = 0, between_squares = 0;
    {
        Batch sum_of_r{}, squares{};
        std::size_t g = 0;
        for (; g + lanes <= data.groups; g += lanes) {
            const Batch r = load(a + g) - mu;
            sum_of_r += r;
            squares = r * r + squares;
            store(slope + g, load(slope + g) * precision - r * precision_a);
        }
        between = sum(sum_of_r), between_squares = sum(squares);
        for (; g < data.groups; ++g) {
            const double r = a[g] - mu;
            between += r;
            between_squares += r * r;
            slope[g] = slope[g] * precision - r * precision_a;
        }
    }
    WidePrior prior;
    const double squares_a = precision_a * between_squares, squares = precision * rows.squares;
    gradient[0] = precision_a * between + prior.slope(mu);
    gradient[1] = precision * rows.products_with_x + prior.slope(beta);
    gradient[2] = squares_a - groups - 1 - log_sigma_a;
    gradient[3] = squares - n - 1 - log_sigma_y;
    return prior.value + log_normal(log_sigma_a) + log_normal(log_sigma_y) - 0.5 * (squares + squares_a) -
           n * (log_sigma_y + half_log_2pi) - groups * (log_sigma_a + half_log_2pi);
}

double non_centred(const Grouped& data, const double* u, double* gradient, bool sorted) {
    const double n = static_cast<double>(data.rows), groups = static_cast<double>(data.groups);
    const double mu = u[0], beta = u[1], log_sigma_a = u[2], log_sigma_y = u[3];
    const double sigma_a = std::exp(log_sigma_a), precision = std::exp(-2 * log_sigma_y);
    const double* z = u + 4;
    double* const slope = gradient + 4;
    double* const a = reinterpret_cast<double*>(scratch(data.groups / lanes + 1));
    std::size_t g = 0;
    for (; g + lanes <= data.groups; g += lanes) store(a + g, load(z + g) * sigma_a + mu);
    for (; g < data.groups; ++g) a[g] = z[g] * sigma_a + mu;
    const GroupSums rows = group_rows(data, a, beta, slope, sorted);

    const double scale = sigma_a * precision;
    Batch sum_of_r{}, products{}, squares_z{};
    for (g = 0; g + lanes <= data.groups; g += lanes) {
        const Batch r = load(slope + g), raw = load(z + g);
        sum_of_r += r;
        products = r * raw + products;
        squares_z = raw * raw + squares_z;
        store(slope + g, r * scale - raw);
    }
    double total = sum(sum_of_r), product = sum(products), square_z = sum(squares_z);
    for (; g < data.groups; ++g) {
        total += slope[g];
        product += slope[g] * z[g];
        square_z += z[g] * z[g];
        slope[g] = slope[g] * scale - z[g];
    }
    WidePrior prior;
    const double squares = precision * rows.squares;
    gradient[0] = precision * total + prior.slope(mu);
    gradient[1] = precision * rows.products_with_x + prior.slope(beta);
    gradient[2] = scale * product - 1 - log_sigma_a;
    gradient[3] = squares - n - 1 - log_sigma_y;
    return prior.value + log_normal(log_sigma_a) + log_normal(log_sigma_y) - 0.5 * (squares + square_z) -
           n * (log_sigma_y + half_log_2pi) - groups * half_log_2pi;
}

} // namespace hand
