// Where learnable points start. Pyro: pyro.infer.autoguide.initialization.
export module modus.infer:init;

import modus.standard;
import modus.handlers;
import modus.support;

export namespace modus {

/// A latent site, as an initialization sees it.
struct LatentSite {
    std::string name;
    std::uint64_t hash; ///< of the name; names the stream of random numbers of the site
    const Density<double>& distribution;
};

/// Chooses the initial value of each latent site. Made from any `Data(const LatentSite&)`, such as init_to_median, or
/// from a function that makes one for each initialization.
class Initializer {
  public:
    using Choice = std::function<Data(const LatentSite&)>;

    /// None: for `init_to_value` without a fallback.
    Initializer() = default;
    template <class F>
    requires(!std::same_as<std::remove_cvref_t<F>, Initializer> && std::invocable<const F&, const LatentSite&>)
    Initializer(F choose) : begin_([choice = Choice(std::move(choose))] { return choice; }) {}
    template <class F> requires(!std::invocable<const F&, const LatentSite&> &&
                                std::convertible_to<std::invoke_result_t<const F&>, Initializer>)
    Initializer(F generate) : begin_([generate] { return Initializer(generate()).begin(); }) {}

    /// The choice for one initialization; called once for each.
    Choice begin() const { return begin_ ? begin_() : nullptr; }

    /// The sites that it was made for by name, each of which must be there.
    const std::vector<std::string>& names() const { return names_; }
    Initializer for_names(std::vector<std::string> names) const {
        Initializer result = *this;
        result.names_ = std::move(names);
        return result;
    }

  private:
    std::function<Choice()> begin_;
    std::vector<std::string> names_;
};

/// The median of the prior, exactly (its quantile 1/2); the feasible point where the median is not finite, or where
/// there is none (Dirichlet, LKJCholesky).
Data init_to_median(const LatentSite& site);
/// The mean of the prior; the median where the mean is infinite, undefined or outside the support (LKJCholesky).
Data init_to_mean(const LatentSite& site);
/// A point of the support that ignores the parameters of the prior: 0, 1, the middle of an interval, equal shares, the
/// identity.
Data init_to_feasible(const LatentSite& site);
/// A draw from the prior.
Initializer init_to_sample(std::uint64_t seed = 0);

struct UniformInit {
    double radius = 2;
    std::uint64_t seed = 0;
};
/// Uniform on (-radius, radius) in unconstrained space, as Stan starts.
Initializer init_to_uniform(UniformInit options = {});

/// The given values, and the fallback for the sites without one. With `Initializer()` as the fallback, such a site is
/// an Error. A param that is named starts there, too. A name that no site has is an Error (but for a part of a
/// GuideList, which sees some of them).
Initializer init_to_value(NamedValues values, Initializer fallback = init_to_uniform());

/// A new initialization for each fit: `generate()` is called once for each, and returns an Initializer.
template <class F> Initializer init_to_generated(F generate) {
    return Initializer(std::function<Initializer()>(std::move(generate)));
}

} // namespace modus
