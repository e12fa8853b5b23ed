// The gradient of a loss, recorded once and replayed while the arguments stay the same.
export module modus.infer:recorded;

import modus.standard;
import modus.autodiff;
import modus.effects;
import modus.support;

export namespace modus {

/// Whether two arguments of a model are the same, so that it does the same with both: for numbers, enumerations,
/// arrays, optional and observed ones, and options of plates. Arrays are where they share their memory: an array that
/// is kept is copied before it is changed. What is borrowed is not. For arguments of a type of your own, write an
/// `is_same_argument` beside it; with others the model is run in each step of a fit.
template <class T> requires std::is_arithmetic_v<T> || std::is_enum_v<T>
bool is_same_argument(const T& x, const T& y) {
    return x == y;
}
template <class T, std::size_t R> bool is_same_argument(const Array<T, R>& x, const Array<T, R>& y) {
    return x.buffer().data() && x.data() == y.data() && x.extents() == y.extents();
}
template <class T> requires requires(const T& t) { is_same_argument(t, t); }
bool is_same_argument(const std::optional<T>& x, const std::optional<T>& y) {
    return x && y ? is_same_argument(*x, *y) : !x && !y;
}
template <class T> requires requires(const std::optional<T>& t) { is_same_argument(t, t); }
bool is_same_argument(const Observed<T>& x, const Observed<T>& y) {
    return is_same_argument(x.data(), y.data());
}
inline bool is_same_argument(const PlateOptions& x, const PlateOptions& y) {
    return is_same_argument(x.subsample_size, y.subsample_size) && is_same_argument(x.subsample, y.subsample) &&
           is_same_argument(x.dim, y.dim);
}
template <class T>
concept ComparableArgument = std::copy_constructible<T> && requires(const T& x) { is_same_argument(x, x); };

} // namespace modus

namespace modus {

/// Whether a value and its gradient are.
inline bool all_finite(double value, std::span<const double> gradient) {
    double zero = 0 * value; // NaN where something is not finite
    if (gradient.size() < Batch::size) {
        for (const double slope : gradient) zero += 0 * slope;
        return zero == 0;
    }
    const std::size_t last = gradient.size() - Batch::size;
    Batch zeros = 0.0 * Batch::load(gradient.data() + last);
    for (std::size_t k = 0; k < last; k += Batch::size) zeros += 0.0 * Batch::load(gradient.data() + k);
    return zero + sum(zeros) == 0;
}

/// Whether a recipe does the same at each call, as far as its type tells: it holds nothing, and handlers around it are
/// its own. A lambda that captures, or a handler that is used in place, may have changed.
template <class M> inline constexpr bool is_repeatable = std::is_empty_v<M>;
template <class M, class... H> inline constexpr bool is_repeatable<Handled<M, H...>> =
    is_repeatable<std::remove_cvref_t<M>> && ((std::is_empty_v<H> || H::is_repeatable) && ...);
template <class M, class... H> requires(std::is_reference_v<H> || ...)
inline constexpr bool is_repeatable<Handled<M, H...>> = false;
template <class M> inline constexpr bool is_repeatable<Copies<M>> = is_repeatable<M>;

} // namespace modus

export namespace modus {

/// What is remembered of the gradients of one loss of one model with one guide. A copy remembers nothing.
class Recorded {
  public:
    Recorded() = default;
    Recorded(const Recorded&) {}
    Recorded& operator=(const Recorded&) {
        last_.reset();
        wait_ = pause_ = 0;
        return *this;
    }

    // `Of` is of what, as a type: the model and the guide.

    /// The value and the gradient where a call as the last one is replayed, and need not be compared: most steps of a
    /// fit, which have nothing else to do. None in other cases.
    template <class Of, ComparableArgument... A> std::optional<double>
    replay(const RunOptions& options, const Vector& u, std::span<double> gradient, const A&... arguments) {
        if (!last_ || last_->until_check == 1 || !last_->recording || !is_last<Of>(options, u, arguments...) ||
            !last_->recording->is_for(u, gradient))
            return {};
        const std::optional<double> value = replayed(u, gradient);
        if (value) --last_->until_check;
        return value;
    }

    /// In all cases: from `run_model`, which has the same bits, where the arguments of the
    /// model are not those of the last call, or f cannot be replayed; else from a recording of f, made at the second
    /// call. The first replay, and then fewer and fewer of them, at least each 1,024th, are compared with a run. Throws
    /// Error where that comes to another result, though replays have been used before.
    template <class Of, class F, class Run, ComparableArgument... A>
    double value_and_gradient(const F& f, CompactData* compact_data, const Run& run_model, const RunOptions& options,
                              const Vector& u, std::span<double> gradient, const A&... arguments) {
        if (pause_ > 0) {
            --pause_;
            return run_model();
        }
        using Arguments = std::tuple<A...>;
        if (last_ &&
            !is_last<Of>(options, u,
                         arguments...)) { // if they change all the time, do not hold on to them, or each is copied
            last_.reset();
            pause_ = wait_ = std::min(2 * wait_ + 1, longest_wait);
            return run_model();
        }
        if (!last_) {
            last_ = std::make_unique<Call<Arguments>>(Arguments(arguments...));
            last_->types = &types<Of, A...>;
            last_->validate = options.validate;
            last_->whole_plates = options.whole_plates;
            last_->fill = options.fill;
            last_->size = u.size();
            return run_model();
        }
        if (last_->recording && !last_->recording->is_for(u, gradient)) { // u was moved, as an array that is shared is
            last_->place = Recording::Place::anywhere;
            last_->is_recorded = false;
        }
        if (!last_->is_recorded) {
            last_->recording.emplace(f, u, gradient, last_->place, compact_data);
            last_->is_recorded = true;
            const double value = last_->recording->value();
            if (!last_->recording->can_replay()) last_->recording.reset();
            return value;
        }
        if (!last_->recording) return run_model();
        const std::optional<double> value = replayed(u, gradient);
        if (!value) { // a run says what is wrong; what it leaves behind, a replay does not
            last_.reset();
            return run_model();
        }
        wait_ = 0;
        return --last_->until_check > 0 ? *value : compared(*value, gradient, run_model);
    }

    /// Compares the next replay with a run.
    void compare_next() {
        if (last_) last_->until_check = 1;
    }

  private:
    static constexpr std::uint32_t longest_wait = 255, longest_interval = 1024;

    struct AnyCall {
        virtual ~AnyCall() = default;
        const void* types;
        bool validate, fill;
        RunOptions::Whole whole_plates; ///< seeds of plates do not matter: what draws cannot be replayed
        std::size_t size;
        bool is_recorded = false;
        Recording::Place place = Recording::Place::same;
        std::optional<Recording> recording{};
        std::uint32_t interval = 1, until_check = 1; ///< replays from one comparison with a run to the next
        std::vector<double> slopes{};                ///< of a replay to be compared
    };
    template <class Arguments> struct Call : AnyCall {
        explicit Call(Arguments&& arguments_) : arguments(std::move(arguments_)) {}
        const Arguments arguments;
    };

    template <class Of, class... A> static constexpr char types = 0; ///< its address tells them
    /// Whether the last call was one with these.
    template <class Of, class... A>
    bool is_last(const RunOptions& options, const Vector& u, const A&... arguments) const {
        if (last_->types != &types<Of, A...> || last_->validate != options.validate ||
            last_->whole_plates != options.whole_plates || last_->fill != options.fill || last_->size != u.size())
            return false;
        const auto& then = static_cast<const Call<std::tuple<A...>>&>(*last_).arguments;
        return std::apply([&](const auto&... x) { return (is_same_argument(x, arguments) && ...); }, then);
    }
    /// The result of a replay; none where a parameter of a distribution is not what it must be, or anything else.
    inline std::optional<double> replayed(const Vector& u, std::span<double> gradient) {
        try {
            const double value = last_->recording->replay(u, gradient);
            if (std::isnan(value)) return {}; // not all numbers are checked
            return value;
        } catch (const Error&) { // without the name of a site
            return {};
        }
    }
    /// The result of a run, which that of a replay must be.
    template <class Run> double compared(double value, std::span<double> gradient, const Run& run_model) {
        std::unique_ptr<AnyCall> kept = std::move(last_); // forgotten where something is thrown
        AnyCall& call = *kept;
        call.slopes.assign(gradient.begin(), gradient.end());
        const double now = run_model();
        if (!all_finite(now, gradient)) return now;
        const bool is_same = now == value && std::ranges::equal(gradient, call.slopes);
        double largest = std::fabs(now), difference = std::fabs(now - value);
        for (std::size_t k = 0; k < gradient.size(); ++k) {
            largest = std::max(largest, std::fabs(gradient[k]));
            difference = std::max(difference, std::fabs(gradient[k] - call.slopes[k]));
        }
        if (!is_same && call.interval == 1) { // no replay has been used
            call.recording.reset();
        } else if (difference > 1e-9 * std::max(largest, 1.0)) {
            throw Error("", "a model that does the same at each step with the same arguments",
                        "a loss of " + format_exactly(now) + " where what it did before, which was right at most " +
                            std::to_string(call.interval) + " steps ago, gives " + format_exactly(value),
                        "Pass what changes as an argument of the model (an array that is written to through a pointer "
                        "from before the fit does not count as changed), or set TraceELBO{.replay = false}.");
        }
        call.until_check = call.interval = std::min(2 * call.interval, longest_interval);
        last_ = std::move(kept);
        return now;
    }

    std::unique_ptr<AnyCall> last_;
    std::uint32_t wait_ = 0, pause_ = 0; ///< how many calls to run without looking at arguments: next time, and now
};

} // namespace modus
