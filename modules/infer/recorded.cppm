// The gradient of a loss, recorded once and replayed while the arguments stay the same.
export module modus.infer:recorded;

import modus.standard;
import modus.autodiff;
import modus.effects;

namespace modus {

// Whether two arguments of a model are the same, so that it does the same with both. Arrays are where they share their
// memory: an array that is kept is copied before it is changed. What is borrowed, and what cannot be compared, is not.
template <class T> bool is_same(const T& x, const T& y) {
    if constexpr (std::is_arithmetic_v<T> || std::is_enum_v<T>) return x == y;
    else return false;
}
template <class T, std::size_t R> bool is_same(const Array<T, R>& x, const Array<T, R>& y) {
    return x.buffer().data() && x.data() == y.data() && x.extents() == y.extents();
}
template <class T> bool is_same(const std::optional<T>& x, const std::optional<T>& y) {
    return x && y ? is_same(*x, *y) : !x && !y;
}
template <class T> bool is_same(const Observed<T>& x, const Observed<T>& y) { return is_same(x.data(), y.data()); }
inline bool is_same(const PlateOptions& x, const PlateOptions& y) {
    return is_same(x.subsample_size, y.subsample_size) && is_same(x.subsample, y.subsample) && is_same(x.dim, y.dim);
}

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
template <class M> inline constexpr bool holds_nothing = std::is_empty_v<M>;
template <class M, class... H> inline constexpr bool holds_nothing<Handled<M, H...>> =
    holds_nothing<std::remove_cvref_t<M>> && (!std::is_reference_v<H> && ...);
template <class M> inline constexpr bool holds_nothing<Copies<M>> = holds_nothing<M>;

} // namespace modus

export namespace modus {

/// What a loss remembers of its last call. A copy remembers nothing.
class Recorded {
  public:
    Recorded() = default;
    Recorded(const Recorded&) {}
    Recorded& operator=(const Recorded&) {
        last_.reset();
        return *this;
    }

    /// The value and the gradient of f at u: from `run_model` where the arguments of the model are not those of the
    /// last call, or f cannot be replayed; from a recording of f, made at the second call, where they are.
    template <class F, class Run, class M, class... A>
    double value_and_gradient(const F& f, const Run& run_model, const RunOptions& options, const Vector& u,
                              std::span<double> gradient, const M& model, const A&... arguments) {
        using Arguments = std::tuple<A...>;
        static constexpr char type_of_call = 0; // its address tells the types of model and arguments
        const auto is_last = [&] {
            if (!last_ || last_->type != &type_of_call || last_->model != &model ||
                last_->validate != options.validate || last_->whole_plates != options.whole_plates ||
                last_->fill != options.fill || last_->size != u.size())
                return false;
            const auto& then = static_cast<const Call<Arguments>&>(*last_).arguments;
            return std::apply([&](const auto&... x) { return (is_same(x, arguments) && ...); }, then);
        };
        if (!is_last()) {
            last_ = std::make_unique<Call<Arguments>>(Arguments(arguments...));
            last_->type = &type_of_call;
            last_->model = &model;
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
            last_->recording.emplace(f, u, gradient, last_->place);
            last_->is_recorded = true;
            const double value = last_->recording->value();
            if (!last_->recording->can_replay()) last_->recording.reset();
            return value;
        }
        if (!last_->recording) return run_model();
        try {
            const double value = last_->recording->replay(u, gradient);
            if (all_finite(value, gradient)) return value;
        } catch (const Error&) { // without the name of a site
        }
        return run_model(); // which says what is wrong
    }

  private:
    struct AnyCall {
        virtual ~AnyCall() = default;
        const void *type, *model;
        bool validate, fill;
        RunOptions::Whole whole_plates; ///< seeds of plates do not matter: what draws cannot be replayed
        std::size_t size;
        bool is_recorded = false;
        Recording::Place place = Recording::Place::same;
        std::optional<Recording> recording{};
    };
    template <class Arguments> struct Call : AnyCall {
        explicit Call(Arguments&& arguments_) : arguments(std::move(arguments_)) {}
        const Arguments arguments;
    };

    std::unique_ptr<AnyCall> last_;
};

} // namespace modus
