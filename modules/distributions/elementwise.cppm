// What all distributions over single numbers share: broadcasting of parameters, shapes, masks, validation, sums. A
// family supplies the formulas for one number.
export module modus.distributions:elementwise;

import modus.standard;
import modus.autodiff;
import modus.support;
import :plain;

export namespace modus {

/// What may stand in a parameter's place: a number, a scalar of the model, an array of either, a range of numbers.
template <class T> requires Argument<T> || std::ranges::range<const T>
decltype(auto) as_parameter(const T& x) {
    if constexpr (std::is_arithmetic_v<T>) return static_cast<double>(x);
    else if constexpr (Scalar<T> || AnyArray<T>) return (x);
    else
        return Vector(std::ranges::subrange(x.begin(), x.end()) |
                      std::views::transform([](auto v) { return static_cast<double>(v); }));
}
template <class T> using parameter_t = std::remove_cvref_t<decltype(as_parameter(std::declval<const T&>()))>;

/// Whether each axis of `from`, counted from the last, is 1 or that of `to`.
bool repeats(std::span<const std::size_t> from, std::span<const std::size_t> to);

/// The formulas of a family in one table, for `PlainDistribution`.
template <class Family, class Indices = std::make_index_sequence<Family::parameters.size()>> struct FormulasOf;
template <class Family, std::size_t... K> struct FormulasOf<Family, std::index_sequence<K...>> {
    using Support = decltype(Family::support((static_cast<void>(K), 0.0)...));

    static double draw(Random& random, const double* p) { return Family::draw(random, p[K]...); }
    static double mean(const double* p) { return Family::mean(p[K]...); }
    static double variance(const double* p) { return Family::variance(p[K]...); }
    static double quantile(double q, const double* p) { return Family::quantile(q, p[K]...); }
    static double feasible(const double* p) { return Family::support(p[K]...).feasible(); }
    static bool contains(double x, const double* p) { return Family::support(p[K]...).contains(x); }
    static std::string support_name(const double* p) { return Family::support(p[K]...).name(); }
    static double unconstrain(double x, const double* p) {
        if constexpr (Support::free_coordinates > 0) return Family::support(p[K]...).unconstrain(x);
        else return x;
    }
    static std::string_view check(const double* p) {
        if constexpr (requires { Family::check(p[K]...); }) return Family::check(p[K]...);
        else return {};
    }
    static constexpr bool has_check = requires(const double* p) { Family::check(p[K]...); };
    static std::size_t first_outside(const PlainNumbers& x, const double* p) {
        const auto support = Family::support(p[K]...);
        return first_that_is_not([&](double v) { return support.contains(v); }, x);
    }

    static constexpr PlainFormulas table{Family::name,
                                         Family::parameters,
                                         Support::is_discrete,
                                         Support::free_coordinates,
                                         draw,
                                         mean,
                                         variance,
                                         quantile,
                                         feasible,
                                         unconstrain,
                                         contains,
                                         std::is_empty_v<Support>,
                                         first_outside,
                                         support_name,
                                         has_check ? check : nullptr};
};

/// Whether a family has its log density in two parts.
template <class Family, class... P>
concept HasNormalizer = requires(const P&... p) { Family::log_normalizer(p...); };
/// Whether the normalizer is a plain number, for parameters of these types.
template <class Family, class... P>
concept HasKnownNormalizer =
    HasNormalizer<Family, P...> && std::same_as<decltype(Family::log_normalizer(std::declval<const P&>()...)), double>;

/// Whether the normalizers are an array of plain numbers that a recording keeps.
template <class Family, class... P>
concept KeepsNormalizers =
    Family::keeps_normalizers && AnyArray<decltype(Family::log_normalizer(std::declval<const P&>()...))> &&
    std::same_as<element_t<decltype(Family::log_normalizer(std::declval<const P&>()...))>, double>;

/// Whether the normalizer needs the logarithm alone of a parameter that is one number on a tape.
template <class Family, class... P>
concept NormalizesByLog =
    requires { Family::logged; } && is_var<std::tuple_element_t<Family::logged, std::tuple<P...>>>;

/// The log density of a family as a formula. It is part of a loop, of which it leaves what does not change from element
/// to element.
enum class Normalizer {
    computed, ///< by the formula, if there is one
    last,     ///< the last argument
    by_log    ///< from the logarithm of a parameter, the first argument
};
template <class Family, bool is_summand, Normalizer normalizer, bool takes_log = false> struct FamilyDensity {
    template <class X, class... P> auto operator()(const X& x, const P&... p) const {
        if constexpr (normalizer == Normalizer::by_log) [[clang::always_inline]]
            return of_parameters(x, p...);
        else if constexpr (normalizer == Normalizer::last || !HasNormalizer<Family, P...>) [[clang::always_inline]]
            return of_all(x, p...);
        else [[clang::always_inline]] return of_all(x, p..., Family::log_normalizer(p...));
    }
    static const RowLoops* row_loops(const auto*... arguments) requires requires { Family::row_loops(arguments...); }
    {
        return Family::row_loops(arguments...);
    }

  private:
    template <class... A> static auto of_all(const A&... a) {
        if constexpr (is_summand) [[clang::always_inline]]
            return Family::summand(a...);
        else if constexpr (takes_log) [[clang::always_inline]] return Family::log_density_by_log(a...);
        else [[clang::always_inline]] return Family::log_density(a...);
    }
    template <class L, class... A> static auto of_parameters(const L& logarithm, const A&... a) {
        [[clang::always_inline]] return of_all(a..., Family::log_normalizer_by(logarithm));
    }
};

/// A distribution of independent numbers. `Family` holds the formulas for one number, as static members: `name`;
/// `parameters` with their constraints; `support(p...)`, a support::Domain; `log_density(x, p...)` for any mixture of
/// scalars, or in two parts, `log_normalizer(p...)` and `log_density(x, p..., normalizer)`, so that of parameters which
/// are constant it is computed once, and by a recording for arrays of such parameters, too, if `keeps_normalizers`:
/// there must be no product in it, which a loop might fuse with others, so that other bits came out;
/// `log_normalizer_by(log_p)`, where it needs no more than the logarithm of parameter number `logged`;
/// `log_density_by_log(log_x, p..., normalizer)`, where the density needs no more of x; and for plain numbers
/// `draw(random, p...)`, `mean(p...)`, `variance(p...)`, `quantile(q, p...)`, and where parameters depend on each other
/// `check(p...)`, which says what they should be, or nothing. `log_density_of_all(x, p...)` may know the sum over all
/// elements at once; `summand(x, p..., normalizer)` is the log density for a sum over elements that have parameter
/// number `shared` in common.
template <class Family, std::size_t Rank, class... P> class Elementwise {
    using Formulas = FormulasOf<Family>;
    using Support = typename Formulas::Support;

  public:
    static constexpr std::size_t rank = Rank;
    static constexpr bool is_discrete = Support::is_discrete;

    explicit Elementwise(const P&... parameters) requires(Rank == std::max({std::size_t{0}, rank_of<P>...}))
        : extents_(broadcast_extents(parameters...)), parameters_(parameters...) {}
    Elementwise(const std::tuple<P...>& parameters, const Extents<Rank>& extents)
        : extents_(extents), parameters_(parameters) {}

    /// The same distribution repeated to this batch shape, to which the present one must broadcast.
    template <std::convertible_to<std::size_t>... N> auto expand(const N&... sizes) const {
        return expand_to(Extents<sizeof...(N)>{static_cast<std::size_t>(sizes)...});
    }
    template <std::size_t R> auto expand_to(const Extents<R>& extents) const {
        static_assert(R >= Rank, "expand needs a size for every batch axis, the present ones included");
        if (event_rank_ > 0)
            fail({"expand before to_event"}, {"to_event(", event_rank_, ") first"}, "Write .expand(n).to_event(k).");
        if (!repeats(extents_, extents))
            fail({"a batch shape to which ", extents_, " repeats"}, {extents},
                 "Sizes must agree along each axis, counted from the last, or be 1.");
        Elementwise<Family, R, P...> result(parameters_, extents);
        if (mask_) result.mask_ = repeat_mask<R>(*mask_);
        return result;
    }

    /// Repeats along this batch axis, counted from the right, from 1, where its size is 1: for the plates of a model.
    void repeat_along(std::size_t axis, std::size_t size) {
        if (axis + event_rank_ <= Rank)
            if (std::size_t& extent = extents_[Rank - event_rank_ - axis]; extent == 1) extent = size;
    }

    /// The last `count` batch axes become event axes: one draw then fills all of them.
    Elementwise to_event(std::size_t count) const {
        if (event_rank_ + count > Rank)
            fail({"at most ", Rank - event_rank_, " batch axes to become event axes"}, {"to_event(", count, ")"},
                 "Expand the distribution first.");
        Elementwise result = *this;
        result.event_rank_ += count;
        return result;
    }

    /// Elements where the mask is false contribute nothing to the log density and may be any number, NaN included.
    /// A bool, or whole numbers of a shape that broadcasts to the distribution's; a vector masks along the batch axis,
    /// if there is one besides the event axis: whole events.
    template <class M> Elementwise mask(const M& mask) const {
        if constexpr (Rank == 2 && rank_of<M> == 1)
            if (event_rank_ == 1) return this->mask(mask.reshape(Extents<2>{mask.size(), 1}));
        Elementwise result = *this;
        if constexpr (std::is_arithmetic_v<M>) result.mask_ = repeat_mask<Rank>(static_cast<Integer>(mask));
        else result.mask_ = repeat_mask<Rank>(mask);
        if constexpr (Rank > 0) {
            const auto& shape = result.mask_->extents();
            if (!repeats(shape, extents_))
                fail({"a mask that repeats to ", extents_}, {shape},
                     "Sizes must agree along each axis, counted from the last, or be 1.");
        }
        return result;
    }

    /// Elements where these whole numbers are 0 do not count either: `mask` for a shape that is known at run time, in
    /// addition to the present one.
    Elementwise masked(const Data& more) const {
        Elementwise result = *this;
        if (const auto* one = std::get_if<Integer>(&more)) {
            result = mask(*one);
        } else {
            if constexpr (Rank >= 1)
                if (const auto* vector = std::get_if<IntVector>(&more)) result = mask(*vector);
            if constexpr (Rank == 2)
                if (const auto* matrix = std::get_if<IntMatrix>(&more)) result = mask(*matrix);
            if (shape_of(more).rank > Rank)
                fail({"a mask that repeats to ", extents_}, {describe(more).c_str()},
                     "Put co_yield mask(m) around the sites that it is for: sizes must agree along each axis.");
        }
        if (mask_) {
            const auto both = [](double a, double b) { return static_cast<Integer>(a != 0 && b != 0); };
            result.mask_ = map_to(extents_, both, *mask_, *result.mask_);
        }
        return result;
    }

    /// The mask, if there is one.
    Data own_mask() const { return mask_ ? Data(*mask_) : Data(); }

    /// Parameter number k as a value, in its own shape.
    template <Scalar Real> Value<Real> parameter(std::size_t k) const {
        Value<Real> result;
        std::apply(
            [&](const auto&... p) {
                std::size_t j = 0;
                ((j++ == k ? set_value(result, p) : void()), ...);
            },
            parameters_);
        return result;
    }

    std::string_view name() const { return Family::name; }
    Shape batch_shape() const { return make_shape(extents_).part(0, Rank - event_rank_); }
    Shape event_shape() const { return make_shape(extents_).part(Rank - event_rank_, Rank); }

    // All that needs no tangents: see PlainDistribution.
    std::string support_name() const { return plain().support_name(); }
    void check_parameters() const {
        plain().check_parameters();
        if constexpr (((std::same_as<element_t<P>, Var<double>>) || ...)) record_check();
    }
    void check_value(const Data& data) const {
        plain().check_value(data);
        if constexpr (support_moves)
            if (Tape<double>* tape = tape_of_parameters()) tape->can_replay = false; // no replay would check the data
    }
    Data draw(Random& random) const { return plain().draw(random); }
    Data mean() const { return plain().mean(); }
    Data variance() const { return plain().variance(); }
    Data quantile(double q) const { return plain().quantile(q); }
    Data feasible() const { return plain().feasible(); }
    std::size_t unconstrained_size() const { return make_shape(extents_).size() * Support::free_coordinates; }
    Vector unconstrain(const Data& data) const { return plain().unconstrain(data); }

    /// The log density, summed over all elements.
    template <class X> auto log_density(const X& x) const {
        if constexpr (AnyArray<X>)
            if (x.extents() != extents_)
                fail({"a value of shape ", extents_}, {"shape ", x.extents()},
                     "The value of a site has its batch shape followed by its event shape.");
        // Of a number on the tape the logarithm may be known.
        if constexpr (is_var<X> && requires { Family::log_density_by_log(x, std::declval<const P&>()..., x); })
            return sum_over<true>(log(x));
        else return sum_over<false>(x);
    }

    /// The point of the support with these unconstrained coordinates.
    template <Scalar R> auto constrain(const Array<R, 1>& u) const {
        return std::apply(
            [&](const auto&... p) {
                if constexpr (std::same_as<Support, support::Real>) {
                    return shaped(u);
                } else if constexpr (Support::free_coordinates == 0) {
                    return map_to(extents_, [](const auto&... q) { return Family::support(q...).point; }, p...);
                } else {
                    const auto free = shaped(u);
                    const auto x = map_to(
                        extents_, [](const auto& v, const auto&... q) { return Family::support(q...).constrain(v); },
                        free, p...);
                    // Up to rounding, unless x is the largest number or the smallest one.
                    if constexpr (Rank == 0 && is_var<R> && std::derived_from<Support, support::Positive>)
                        know_log(x, free);
                    return x;
                }
            },
            parameters_);
    }
    template <Scalar R> R log_abs_det_jacobian(const Array<R, 1>& u) const {
        return std::apply(
            [&](const auto&... p) {
                if constexpr (Support::free_coordinates == 0) return R(0.0);
                else
                    return R(sum_map(
                        extents_,
                        [](const auto& v, const auto&... q) { return Family::support(q...).log_abs_det_jacobian(v); },
                        shaped(u), p...));
            },
            parameters_);
    }

  private:
    template <class, std::size_t, class...> friend class Elementwise;

    /// Of x, or of its logarithm.
    template <bool is_log, class X> auto sum_over(const X& x) const {
        return std::apply(
            [&](const auto&... p) {
                if constexpr (requires { Family::log_density_of_all(x, p...); })
                    if (!mask_)
                        if (const auto total = Family::log_density_of_all(x, p...)) return *total;
                const auto* const mask = mask_ ? &*mask_ : nullptr;
                constexpr bool is_shared = Rank != 0 && shares_parameter<std::tuple<P...>>;
                if constexpr (HasKnownNormalizer<Family, P...>) {
                    // Computed once, and not again in a replay.
                    const FamilyDensity<Family, is_shared, Normalizer::last, is_log> formula;
                    return sum_map_where<Rank>(mask, extents_, formula, x, p..., Family::log_normalizer(p...));
                } else if constexpr (NormalizesByLog<Family, P...>) {
                    const FamilyDensity<Family, is_shared, Normalizer::by_log, is_log> formula;
                    return sum_map_where<Rank>(mask, extents_, formula, log(std::get<Family::logged>(parameters_)), x,
                                               p...);
                } else {
                    if constexpr (KeepsNormalizers<Family, P...>)
                        if constexpr (std::same_as<element_t<X>, Var<double>> ||
                                      (std::same_as<element_t<P>, Var<double>> || ...))
                            if (const Tape<double>* tape = tape_of_any(x, p...); tape && tape->for_replay) {
                                const FamilyDensity<Family, is_shared, Normalizer::last, is_log> formula;
                                return sum_map_where<Rank>(mask, extents_, formula, x, p..., known_normalizers(p...));
                            }
                    const FamilyDensity<Family, is_shared, Normalizer::computed, is_log> formula;
                    return sum_map_where<Rank>(mask, extents_, formula, x, p...);
                }
            },
            parameters_);
    }

    template <class A> using plain_t =
        std::conditional_t<std::same_as<element_t<A>, Var<double>>, double, element_t<A>>;
    using Mask = array_t<Integer, Rank>;

    /// The normalizers, which do not depend on what is on a tape.
    static auto known_normalizers(const P&... p) {
        const auto known = []<class A>(const A& a) {
            if constexpr (on_tape<A>) return 0.0;
            else return a;
        };
        const auto formula = [](const auto&... q) { return Family::log_normalizer(q...); };
        return [&](const auto&... q) { return map_to(broadcast_extents(q...), formula, q...); }(known(p)...);
    }

    /// Whether the parameter that a `summand` needs to be one number is.
    template <class Parameters> static constexpr bool shares_parameter = false;
    template <class Parameters> requires requires { Family::shared; }
    static constexpr bool shares_parameter<Parameters> = !AnyArray<std::tuple_element_t<Family::shared, Parameters>>;

    /// u in the shape of the distribution.
    template <Scalar R> auto shaped(const Array<R, 1>& u) const {
        if constexpr (Rank == 0) return u.load(0);
        else return u.reshape(extents_);
    }

    template <Scalar Real, class A> static void set_value(Value<Real>& result, const A& p) {
        if constexpr (std::same_as<element_t<A>, Integer>) result = p;
        else result = array_t<Real, rank_of<A>>(p);
    }

    template <std::size_t R, class M> static array_t<Integer, R> repeat_mask(const M& mask) {
        if constexpr (rank_of<M> == R) {
            return mask;
        } else {
            Extents<R> ones; // repeats along every axis that the mask lacks
            ones.fill(1);
            if constexpr (rank_of<M> == 1) ones[R - 1] = mask.size();
            return map_to(ones, [](double m) { return static_cast<Integer>(m); }, mask);
        }
    }

    /// The parameters as plain numbers; where there is a tape, as a replay will find them there.
    template <class A>
    PlainNumbers plain_numbers(const A& a, [[maybe_unused]] Constraint constraint, Tape<double>* tape = nullptr) const {
        PlainNumbers numbers;
        // A linear predictor stays one where its numbers would only be looked at: if one is not finite, the log density
        // or its gradient is not either, and whoever optimizes asks for the reason.
        if constexpr (on_tape<A> && AnyArray<A>)
            if (a.predictor() && constraint == Constraint::real && std::is_empty_v<Support> && !Formulas::has_check) {
                static constexpr double any = 0;
                numbers.real = &any;
                numbers.size = 0;
                return numbers;
            }
        if constexpr (AnyArray<A>) {
            const Steps steps = broadcast_steps<Rank>(a.extents());
            numbers.size = a.size();
            numbers.row_step = steps.row;
            numbers.column_step = steps.column;
        }
        if constexpr (std::same_as<element_t<A>, Integer>) {
            if constexpr (AnyArray<A>) numbers.whole = a.data();
            else numbers.whole = tape ? tape->copy(a) : &a;
        } else {
            numbers.real = value_plane(a);
            if constexpr (std::same_as<A, double> || std::same_as<A, Var<double>>) {
                if (tape) numbers.real = tape->cell(a);
            }
        }
        if constexpr (AnyArray<A>) {
            if constexpr (on_tape<A>) {
                if (tape && a.is_constant()) tape->hold(a.numbers().buffer());
            } else {
                if (tape) tape->hold(a.buffer());
            }
        }
        return numbers;
    }
    PlainDistribution plain(Tape<double>* tape = nullptr) const {
        PlainDistribution result{Formulas::table, make_shape(extents_)};
        std::apply(
            [&](const auto&... p) {
                std::size_t j = 0;
                ((result.parameters[j] = plain_numbers(p, Family::parameters[j].constraint, tape), ++j), ...);
            },
            parameters_);
        if (mask_) {
            result.is_masked = true;
            result.mask = plain_numbers(*mask_, Constraint::real);
        }
        return result;
    }

    /// A replay checks what depends on its point.
    struct CheckNode : Tape<double>::Node {
        const PlainDistribution* plain;

        void push_forward() { plain->check_parameters(); }
    };
    /// The same of single numbers, which are looked at here.
    struct NumbersCheck : CheckNode {
        std::array<const double*, sizeof...(P)> numbers; ///< none where there is nothing to check

        void push_forward() {
            [this]<std::size_t... J>(std::index_sequence<J...>) {
                const auto is_right = [this]<std::size_t K>() {
                    return !numbers[K] || satisfies(Family::parameters[K].constraint, *numbers[K]);
                };
                if (!(is_right.template operator()<J>() && ...)) this->plain->check_parameters();
            }(std::index_sequence_for<P...>());
        }
    };
    /// Whether the bounds of the support are parameters that may be on a tape.
    static constexpr bool support_moves = !std::same_as<decltype(Family::support(std::declval<element_t<P>>()...)),
                                                        decltype(Family::support(std::declval<plain_t<P>>()...))>;
    /// The tape that a parameter is on, or none.
    template <class A> static Tape<double>* tape_of(const A& p) {
        if constexpr (std::same_as<A, Var<double>>) return p.slot ? p.tape : nullptr;
        else if constexpr (std::same_as<element_t<A>, Var<double>>) return p.tape();
        else return nullptr;
    }
    template <class... A> static Tape<double>* tape_of_any(const A&... a) {
        Tape<double>* tape = nullptr;
        ((tape = tape ? tape : tape_of(a)), ...);
        return tape;
    }
    /// The value of a positive site is a positive number, whatever its coordinate, or NaN, which nothing comes of but
    /// NaN: `Recorded` then runs the model.
    template <class A> static bool is_surely(Constraint constraint, const A& p) {
        if constexpr (std::same_as<A, Var<double>>)
            return (constraint == Constraint::positive || constraint == Constraint::nonnegative) && known_log(p);
        else return false;
    }
    Tape<double>* tape_of_parameters() const {
        return std::apply([](const auto&... p) { return tape_of_any(p...); }, parameters_);
    }
    void record_check() const {
        Tape<double>* tape = tape_of_parameters();
        if (!tape || !tape->for_replay) return;
        PlainDistribution view = plain(tape);
        if constexpr (!Formulas::has_check) { // else a parameter may be wrong because of another
            std::size_t j = 0, to_check = 0, most = 0;
            std::array<const double*, sizeof...(P)> numbers;
            const auto leave_out = [&]<class A>(const A& p) {
                PlainNumbers& checked = view.parameters[j];
                if (!tape_of(p)) checked.size = 0; // has been checked
                else if (is_surely(Family::parameters[j].constraint, p)) checked.size = 0;
                numbers[j++] = checked.size > 0 ? checked.real : nullptr;
                to_check += checked.size;
                most = std::max(most, checked.size);
            };
            std::apply([&](const auto&... p) { (leave_out(p), ...); }, parameters_);
            if (to_check == 0) return;
            if (most == 1) {
                auto* node = tape->template record<NumbersCheck>();
                node->plain = tape->copy(view);
                node->numbers = numbers;
                return;
            }
        }
        auto* node = tape->template record<CheckNode>();
        node->plain = tape->copy(view);
    }

    Extents<Rank> extents_{};
    std::tuple<P...> parameters_;
    std::size_t event_rank_ = 0;
    std::optional<Mask> mask_;
};

/// The base of a distribution whose batch shape is that of its parameters.
template <class Family, class... P> using Univariate =
    Elementwise<Family, std::max({std::size_t{0}, rank_of<P>...}), P...>;

} // namespace modus
