// Where whole vectors and matrices live, as a domain is where a number does: the elements of an event may depend on one
// another.
export module modus.support:region;

import modus.standard;
import modus.autodiff;
import :domain;
import :value;

export namespace modus::support {

/// What a region offers: `rank` and `extents()` of its values; `name`; `violation(x)`, which says in words what keeps a
/// value of this shape out, or nothing; `feasible()`, a point inside; and the map from `unconstrained_size()` real
/// numbers: `constrain(u)`, its inverse `unconstrain(x)`, and `log_abs_det_jacobian(u)`, with respect to the
/// coordinates of the value that are free.
template <class R>
concept Region = requires(const R& region, const Data& x) {
    { R::rank } -> std::convertible_to<std::size_t>;
    { R::is_discrete } -> std::convertible_to<bool>;
    { region.extents() } -> std::same_as<Extents<R::rank>>;
    { region.name() } -> std::convertible_to<std::string>;
    { region.violation(x) } -> std::same_as<std::string>;
    { Data(region.feasible()) };
    { region.unconstrained_size() } -> std::same_as<std::size_t>;
    { region.unconstrain(x) } -> std::same_as<Vector>;
};

/// The same domain for each element of an array.
template <Domain D, std::size_t Rank> class Each {
  public:
    static constexpr std::size_t rank = Rank;
    static constexpr bool is_discrete = D::is_discrete;

    explicit Each(const Extents<Rank>& extents, const D& domain = {}) : extents_(extents), domain_(domain) {}

    Extents<Rank> extents() const { return extents_; }
    std::string name() const { return domain_.name(); }
    std::string violation(const Data& x) const {
        const auto values = real_of<Rank>(x);
        const std::size_t k = find_first(extents_, [this](double v) { return !domain_.contains(v); }, values);
        return k == make_shape(extents_).size() ? std::string() : format_element(x, k);
    }
    auto feasible() const {
        using Number = std::conditional_t<is_discrete, Integer, double>;
        const auto point = static_cast<Number>(domain_.feasible());
        if constexpr (Rank == 0) {
            return point;
        } else {
            auto result = Array<Number, Rank>::uninitialized(extents_);
            for (std::size_t k = 0; k < result.size(); ++k) result.store(k, point);
            return result;
        }
    }
    std::size_t unconstrained_size() const { return make_shape(extents_).size() * D::free_coordinates; }
    Vector unconstrain(const Data& x) const {
        Vector u(unconstrained_size());
        if constexpr (D::free_coordinates > 0) {
            const auto values = real_of<Rank>(x);
            if constexpr (Rank == 0) u.store(0, domain_.unconstrain(values));
            else
                for (std::size_t k = 0; k < u.size(); ++k) u.store(k, domain_.unconstrain(values.load(k)));
        }
        return u;
    }
    template <Scalar R> auto constrain(const Array<R, 1>& u) const {
        const auto shaped = [&] {
            if constexpr (Rank == 0) return u.load(0);
            else return u.reshape(extents_);
        };
        if constexpr (std::same_as<D, Real>) return shaped();
        else if constexpr (std::is_empty_v<D>) // a formula that holds nothing can be replayed
            return map_to(extents_, [](const auto& v) { return D().constrain(v); }, shaped());
        else return map_to(extents_, [this](const auto& v) { return domain_.constrain(v); }, shaped());
    }
    template <Scalar R> R log_abs_det_jacobian(const Array<R, 1>& u) const {
        return sum_map(u.extents(), [this](const auto& v) { return domain_.log_abs_det_jacobian(v); }, u);
    }

  private:
    Extents<Rank> extents_;
    [[no_unique_address]] D domain_;
};

/// Vectors of `size` finite numbers, or `rows` of them as the rows of a matrix.
inline Each<Real, 1> real_vector(std::size_t size) { return Each<Real, 1>({size}); }
inline Each<Real, 2> real_vectors(std::size_t rows, std::size_t size) { return Each<Real, 2>({rows, size}); }

} // namespace modus::support
