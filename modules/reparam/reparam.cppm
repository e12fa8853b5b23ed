// reparam samples a site in other coordinates.
export module modus.reparam;

import modus.standard;
import modus.autodiff;
import modus.distributions;
import modus.effects;
import modus.support;

export namespace modus {

/// x ~ Normal(loc, scale) becomes z ~ Normal(c loc, scale^c), x = loc + scale^(1-c) (z - c loc), where c is
/// `centered`: 0 makes the site non-centred, 1 leaves it as it is. The new latent site is "x_decentered". For Normal,
/// Cauchy and StudentT. pyro.infer.reparam.LocScaleReparam; Gorinova, Moore & Hoffman (2018), arxiv.org/abs/1906.03028.
struct LocScaleReparam {
    double centered = 0;
};
/// A site that is a transformed one becomes that one and its transform: x ~ LogNormal(loc, scale) becomes
/// z ~ Normal(loc, scale), x = exp(z). The new latent site is "x_base". pyro.infer.reparam.TransformReparam.
struct TransformReparam {};
using Reparameterization = std::variant<LocScaleReparam, TransformReparam>;

/// `model | reparam({{"theta", LocScaleReparam{}}})`: the sites of this name (in a loop, all of them) become functions
/// of new latent sites, and deterministic themselves, for the handlers further out. The joint density of data and new
/// sites is that of a model written so; its mode is in general another one. Throws Error for sites with a value, for
/// distributions that it does not know, and at the end of a run without such a site. pyro.poutine.reparam.
struct reparam : Handler {
    static constexpr bool is_repeatable = true;

    struct Site {
        std::string name;
        std::uint64_t hash;
        Reparameterization how;
        std::string new_name;
    };

    explicit reparam(std::initializer_list<std::pair<std::string, Reparameterization>> list) {
        std::vector<Site> made;
        for (const auto& [name, how] : list) made.push_back(make_site(name, how));
        sites = std::make_shared<const std::vector<Site>>(std::move(made));
    }

    void start() {
        used.assign(sites->size(), false);
        replaced = nullptr;
    }

    template <Scalar Real, class Next> void process(Message<Real>& message, const Next& next) {
        if (message.kind != Kind::sample) return;
        const Site* site = find(message.base.hash);
        if (!site) return;
        used[static_cast<std::size_t>(site - sites->data())] = true;
        if (has_value(message.value))
            throw Error("", "a latent site to reparameterize", "a value already", "Take the site out of reparam.");
        Message<Real> other(Kind::sample, Name::view(site->new_name, message.base.where), message);
        switch (message.distribution->shape().rank) {
        case 0: message.value = replace<0>(*site, message, other, next); break;
        case 1: message.value = replace<1>(*site, message, other, next); break;
        default: message.value = replace<2>(*site, message, other, next); break;
        }
        message.kind = Kind::deterministic;
        message.provenance = other.provenance;
        replaced = &message;
    }
    template <Scalar Real> void postprocess(Message<Real>& message) {
        if (replaced != &message) return;
        message.kind = Kind::sample; // as it was, for the handlers further in
        replaced = nullptr;
    }
    void finish(const RunState& state) const;
    std::string str() const;

    std::shared_ptr<const std::vector<Site>> sites; // shared, because each run copies its handlers
    PoolVector<bool> used;
    const void* replaced = nullptr; ///< the message that is deterministic while it is answered

  private:
    static Site make_site(const std::string& name, const Reparameterization& how);
    const Site* find(std::uint64_t base_hash) const;
    [[noreturn]] static void unknown_family(const AnyDistribution& distribution, const char* known);

    /// The value of the site, from that of the new one.
    template <std::size_t R, Scalar Real, class Next> static array_t<Real, R>
    replace(const Site& site, const Message<Real>& message, Message<Real>& other, const Next& next) {
        const Density<Real>& old = *message.distribution;
        const std::string_view family = old.name();
        const Extents<R> extents = extents_of<R>(old.shape());
        const std::size_t event_rank = old.event_shape().rank;
        const auto parameter = [&](std::size_t k) { return spread<R>(old.parameter(k), extents); };
        // Shows the new site to the handlers outside.
        const auto ask = [&](const auto& distribution) {
            auto shaped = distribution.expand_to(extents).to_event(event_rank);
            if (const Data mask = old.own_mask(); has_value(mask)) shaped = shaped.masked(mask);
            const Erased<Real, const std::remove_cvref_t<decltype(shaped)>&> density(shaped);
            other.distribution = &density;
            next(other);
            other.distribution = nullptr;
            return value_as<array_t<Real, R>>(std::move(other.value));
        };
        if (std::holds_alternative<TransformReparam>(site.how)) {
            if (family != "LogNormal") unknown_family(old, "LogNormal");
            return apply<R, Real>(
                extents, [](const auto& z) { return exp(z); }, ask(Normal(parameter(0), parameter(1))));
        }
        const double c = std::get<LocScaleReparam>(site.how).centered;
        const bool is_student = family == "StudentT";
        if (family != "Normal" && family != "Cauchy" && !is_student) unknown_family(old, "Normal, Cauchy or StudentT");
        const auto loc = parameter(is_student ? 1 : 0), scale = parameter(is_student ? 2 : 1);
        const auto decentered = [&](const auto& new_loc, const auto& new_scale) {
            if (is_student) return ask(StudentT(parameter(0), new_loc, new_scale));
            if (family == "Cauchy") return ask(Cauchy(new_loc, new_scale));
            return ask(Normal(new_loc, new_scale));
        };
        if (c == 0)
            return apply<R, Real>(
                extents, [](const auto& z, const auto& l, const auto& s) { return l + s * z; }, decentered(0.0, 1.0),
                loc, scale);
        const auto power = [](double exponent) { return [exponent](const auto& s) { return pow(s, exponent); }; };
        const auto new_loc = apply<R, Real>(extents, [c](const auto& l) { return c * l; }, loc);
        const auto new_scale = apply<R, Real>(extents, power(c), scale);
        return apply<R, Real>(
            extents, [](const auto& z, const auto& l, const auto& n, const auto& s) { return l + s * (z - n); },
            decentered(new_loc, new_scale), loc, new_loc, apply<R, Real>(extents, power(1 - c), scale));
    }

    template <std::size_t R> static Extents<R> extents_of(const Shape& shape) {
        Extents<R> extents{};
        for (std::size_t d = 0; d < R; ++d) extents[d] = shape.extents[d];
        return extents;
    }
    template <std::size_t R, Scalar Real, class F, class... X>
    static array_t<Real, R> apply(const Extents<R>& extents, const F& formula, const X&... x) {
        if constexpr (R == 0) return formula(x...);
        else return map_to(extents, formula, x...);
    }
    /// A parameter in the shape of the site.
    template <std::size_t R, Scalar Real>
    static array_t<Real, R> spread(const Value<Real>& parameter, const Extents<R>& extents) {
        return std::visit(
            [&]<class A>(const A& a) -> array_t<Real, R> {
                if constexpr (std::same_as<element_t<A>, Real> && rank_of<A> <= R)
                    return apply<R, Real>(extents, [](const auto& x) { return x; }, a);
                else throw Error("", "a parameter to reparameterize by", "none", "Take the site out of reparam.");
            },
            parameter);
    }
};

} // namespace modus
