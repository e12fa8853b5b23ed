// What distributions share whose events are not independent numbers: shapes, repetition, masks, validation,
// coordinates.
export module modus.distributions:joint;

import modus.standard;
import modus.autodiff;
import modus.support;
import :elementwise;
import :plain;

namespace modus {

/// Throws Error: the value lies outside the support.
[[noreturn]] void outside_support(const std::string& support, std::string_view distribution, const std::string& found);
/// Throws Error: a parameter is not what it must be.
[[noreturn]] void bad_parameter(const char* parameter, std::string_view distribution, const char* expected,
                                const std::string& found, const char* advice);

/// A parameter with at least one axis, of real numbers.
template <class T> auto as_real_array(const T& x) {
    const auto parameter = as_parameter(x);
    using P = std::remove_cv_t<decltype(parameter)>;
    static_assert(AnyArray<P>, "this parameter must be a vector, or a matrix with one vector in each row");
    if constexpr (std::same_as<element_t<P>, Integer>) return map([](double v) { return v; }, parameter);
    else return parameter;
}
template <class T> using real_array_t = decltype(as_real_array(std::declval<const T&>()));
/// The numbers of such a parameter, one event in each row.
template <AnyArray A> Matrix rows_of(const A& parameter) {
    const auto& extents = parameter.extents();
    constexpr std::size_t last = rank_of<A> - 1;
    return value_of(parameter).reshape(Extents<2>{last == 1 ? extents[0] : 1, extents[last]});
}

} // namespace modus

export namespace modus {

/// The base of a distribution with events of rank `EventRank`; in front of their axes are batch axes, one event in each
/// row. `Self` derives from this and supplies `name()`, `support()`, a support::Region of the whole shape,
/// `check_parameters()`, `log_density_of(x)`, `draw`, `mean`, `variance`, `quantile`, and `with_extents(extents)`,
/// itself repeated to that shape.
template <class Self, std::size_t EventRank, std::size_t Rank> class Joint {
  public:
    static constexpr std::size_t rank = Rank;

    /// The same distribution repeated to this batch shape, to which the present one must broadcast.
    template <std::convertible_to<std::size_t>... N> requires(sizeof...(N) + EventRank <= 2)
    auto expand(const N&... sizes) const {
        Extents<sizeof...(N) + EventRank> extents{static_cast<std::size_t>(sizes)...};
        for (std::size_t d = 1; d <= EventRank; ++d) extents[extents.size() - d] = extents_[Rank - d];
        return expand_to(extents);
    }
    /// The same, to a batch shape followed by the event shape.
    template <std::size_t R> auto expand_to(const Extents<R>& extents) const {
        static_assert(R >= Rank, "expand needs a size for every batch axis, the present ones included");
        if (to_event_ > 0)
            fail({"expand before to_event"}, {"to_event(", to_event_, ") first"}, "Write .expand(n).to_event(k).");
        if (!repeats(extents_, extents))
            fail({"a shape to which ", extents_, " repeats"}, {extents},
                 "Sizes must agree along each axis, counted from the last, or be 1.");
        auto result = self().with_extents(extents);
        result.is_masked_ = is_masked_;
        return result;
    }

    /// Repeats along this batch axis, counted from the right, from 1, where its size is 1: for the plates of a model.
    void repeat_along(std::size_t axis, std::size_t size) {
        if (axis + EventRank + to_event_ > Rank) return;
        Extents<Rank> extents = extents_;
        std::size_t& extent = extents[Rank - EventRank - to_event_ - axis];
        if (extent != 1 || size == 1) return;
        extent = size;
        Self result = self().with_extents(extents);
        result.to_event_ = to_event_;
        result.is_masked_ = is_masked_;
        static_cast<Self&>(*this) = result;
    }

    /// The last `count` batch axes become event axes: one draw then fills all of them.
    Self to_event(std::size_t count) const {
        if (to_event_ + count + EventRank > Rank)
            fail({"at most ", Rank - EventRank - to_event_, " batch axes to become event axes"},
                 {"to_event(", count, ")"}, "Expand the distribution first.");
        Self result = self();
        result.to_event_ += count;
        return result;
    }

    /// Where `keep` is false, the log density is 0, whatever the value.
    Self mask(bool keep) const {
        Self result = self();
        result.is_masked_ = is_masked_ || !keep;
        return result;
    }
    /// With this mask in addition to its own.
    Self masked(const Data& more) const {
        const auto* keep = std::get_if<Integer>(&more);
        if (!keep)
            throw Error("", "a mask that is true or false for " + std::string(self().name()), describe(more),
                        "Its events are scored together. Leave some out by a loop, for (auto i : co_yield "
                        "plate(...)), with a mask for each.");
        return mask(*keep != 0);
    }

    Shape batch_shape() const { return make_shape(extents_).part(0, Rank - EventRank - to_event_); }
    Shape event_shape() const { return make_shape(extents_).part(Rank - EventRank - to_event_, Rank); }

    std::string support_name() const { return self().support().name(); }
    void check_value(const Data& data) const {
        check_shape(data, make_shape(extents_));
        if (is_masked_) return;
        const std::string found = self().support().violation(data);
        if (!found.empty()) outside_support(support_name(), self().name(), found);
    }
    Data feasible() const { return self().support().feasible(); }
    std::size_t unconstrained_size() const { return self().support().unconstrained_size(); }
    Vector unconstrain(const Data& data) const { return self().support().unconstrain(data); }
    /// The point of the support with these unconstrained coordinates.
    template <Scalar R> auto constrain(const Array<R, 1>& u) const { return self().support().constrain(u); }
    template <Scalar R> R log_abs_det_jacobian(const Array<R, 1>& u) const {
        return self().support().log_abs_det_jacobian(u);
    }

    /// The log density, summed over all events.
    template <class X> auto log_density(const X& x) const {
        if constexpr (AnyArray<X>)
            if (x.extents() != extents_)
                fail({"a value of shape ", extents_}, {"shape ", x.extents()},
                     "The value of a site has its batch shape followed by its event shape.");
        using Result = decltype(self().log_density_of(x));
        return is_masked_ ? Result(0.0) : self().log_density_of(x);
    }

  protected:
    explicit Joint(const Extents<Rank>& extents) : extents_(extents) {}

    const Extents<Rank>& extents() const { return extents_; }
    /// Numbers at all elements, repeated from an array that broadcasts to them.
    template <class A> Data repeated(const A& numbers) const {
        return map_to(extents_, [](const auto& v) { return v; }, numbers);
    }
    /// What a distribution says that has no such summary.
    Data undefined() const { return repeated(std::numeric_limits<double>::quiet_NaN()); }
    /// How many events there are.
    std::size_t events() const { return make_shape(extents_).part(0, Rank - EventRank).size(); }

  private:
    template <class, std::size_t, std::size_t> friend class Joint;
    const Self& self() const { return static_cast<const Self&>(*this); }

    Extents<Rank> extents_;
    std::size_t to_event_ = 0;
    bool is_masked_ = false;
};

} // namespace modus
