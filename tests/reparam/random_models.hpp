// Random models and random stacks of handlers, made from a seed, with an interpreter of their own that says what a run
// has to give. Included after the imports, and includes nothing itself.
#pragma once

namespace {

using modus::Data, modus::Integer, modus::IntVector, modus::Kind, modus::Provenance, modus::Scalar, modus::Vector;

// Models --------------------------------------------------------------------------------------------------------------

enum class Family { normal, log_normal, gamma, beta, bernoulli, poisson };
inline constexpr std::size_t families = 6;

/// A distribution of numbers, with its density in closed form.
struct Law {
    Family family;
    double p, q;

    bool is_discrete() const { return family == Family::bernoulli || family == Family::poisson; }
    bool contains(double x) const {
        switch (family) {
        case Family::normal: return std::isfinite(x);
        case Family::log_normal:
        case Family::gamma: return x > 0 && std::isfinite(x);
        case Family::beta: return x > 0 && x < 1;
        case Family::bernoulli: return x == 0 || x == 1;
        case Family::poisson: return x >= 0 && x == std::floor(x);
        }
        return false;
    }
    double log_density(double x) const {
        const auto bell = [](double z) { return -0.5 * z * z - 0.5 * std::log(2 * std::numbers::pi); };
        switch (family) {
        case Family::normal: return bell((x - p) / q) - std::log(q);
        case Family::log_normal: return bell((std::log(x) - p) / q) - std::log(q) - std::log(x);
        case Family::gamma: return p * std::log(q) + (p - 1) * std::log(x) - q * x - std::lgamma(p);
        case Family::beta:
            return (p - 1) * std::log(x) + (q - 1) * std::log1p(-x) + std::lgamma(p + q) - std::lgamma(p) -
                   std::lgamma(q);
        case Family::bernoulli: return x == 1 ? std::log(p) : std::log1p(-p);
        case Family::poisson: return x * std::log(p) - p - std::lgamma(x + 1);
        }
        return 0;
    }
};

/// Calls `use` with the distribution of modus.
template <class Use> auto with_distribution(const Law& law, const Use& use) {
    switch (law.family) {
    case Family::normal: return use(modus::Normal(law.p, law.q));
    case Family::log_normal: return use(modus::LogNormal(law.p, law.q));
    case Family::gamma: return use(modus::Gamma(law.p, law.q));
    case Family::beta: return use(modus::Beta(law.p, law.q));
    case Family::bernoulli: return use(modus::Bernoulli(law.p));
    default: return use(modus::Poisson(law.p));
    }
}
inline Data draw(const Law& law, std::optional<std::size_t> size, modus::Random random) {
    return with_distribution(law, [&](const auto& d) { return size ? d.expand(*size).draw(random) : d.draw(random); });
}

enum class What { sample, param, deterministic, factor, rows, loop, part, weighed, masked };

/// A statement of a model.
struct Node {
    What what = What::sample;
    std::string name{};
    Family family{};
    double a = 0, b = 0;
    Data data{};          ///< of the whole plate, or none
    std::size_t size = 0; ///< of plates
    modus::PlateOptions options{};
    std::vector<Node> body{};

    /// The law of a sample, after what the model has seen so far.
    Law law(double seen) const {
        const double x = a + b * seen;
        switch (family) {
        case Family::normal: return {family, x, 1.5};
        case Family::log_normal: return {family, x, 0.8};
        case Family::gamma: return {family, 2 + std::fabs(a), std::exp(b * seen)};
        case Family::beta: return {family, 1.5 + std::fabs(a), 1 + std::exp(b * seen)};
        case Family::bernoulli: return {family, 1 / (1 + std::exp(-x)), 0};
        default: return {family, std::exp(x), 0};
        }
    }
};

inline std::vector<double> numbers(const Data& value) {
    return std::visit(
        []<class A>(const A& a) -> std::vector<double> {
            std::vector<double> result;
            if constexpr (std::is_arithmetic_v<A>) result.push_back(static_cast<double>(a));
            else if constexpr (!std::is_same_v<A, std::monostate>)
                for (std::size_t k = 0; k < a.size(); ++k) result.push_back(static_cast<double>(a.load(k)));
            return result;
        },
        value);
}
/// What the sites that follow know of all before them: one number.
inline double after(double seen, const Data& value) {
    const std::vector<double> all = numbers(value);
    double mean = 0;
    for (const double x : all) mean += x / static_cast<double>(all.size());
    return std::tanh(0.5 * seen + mean);
}

struct Context {
    double seen = 0;
    const modus::PlateScope* rows = nullptr; ///< the vectorized plate around
};

/// One sample site.
struct DrawSite {
    template <Scalar Real, class D>
    modus::Model<Real> operator()(const Node& node, const D& distribution, Context& context) const {
        using Number = std::conditional_t<D::is_discrete, Integer, double>;
        const auto name = modus::Name::view(node.name);
        if (context.rows) {
            std::optional<modus::Array<Number, 1>> y;
            if (has_value(node.data)) y = context.rows->subsample(modus::value_as<modus::Array<Number, 1>>(node.data));
            auto x = co_yield sample(name, distribution.expand(context.rows->size()), modus::obs = y);
            context.seen = after(context.seen, Data(value_of(x)));
        } else {
            std::optional<Number> y;
            if (has_value(node.data)) y = modus::value_as<Number>(node.data);
            auto x = co_yield sample(name, distribution, modus::obs = y);
            context.seen = after(context.seen, Data(value_of(x)));
        }
    }
};

/// The model that a list of statements describes.
struct Play {
    template <Scalar Real> modus::Model<Real> operator()(const std::vector<Node>& nodes, Context& context) const {
        for (const Node& node : nodes) {
            const auto name = modus::Name::view(node.name);
            switch (node.what) {
            case What::sample: {
                const Law law = node.law(context.seen);
                const DrawSite site;
                switch (law.family) {
                case Family::normal: co_yield modus::submodel(site, node, modus::Normal(law.p, law.q), context); break;
                case Family::log_normal:
                    co_yield modus::submodel(site, node, modus::LogNormal(law.p, law.q), context);
                    break;
                case Family::gamma: co_yield modus::submodel(site, node, modus::Gamma(law.p, law.q), context); break;
                case Family::beta: co_yield modus::submodel(site, node, modus::Beta(law.p, law.q), context); break;
                case Family::bernoulli: co_yield modus::submodel(site, node, modus::Bernoulli(law.p), context); break;
                case Family::poisson: co_yield modus::submodel(site, node, modus::Poisson(law.p), context); break;
                }
                break;
            }
            case What::param: {
                auto x = co_yield param(name, node.a);
                context.seen = after(context.seen, value_of(x));
                break;
            }
            case What::deterministic: co_yield deterministic(name, 2 * context.seen); break;
            case What::factor: co_yield factor(name, node.a * context.seen); break;
            case What::rows: {
                auto rows = co_yield plate(name, node.size, node.options);
                context.rows = &rows;
                co_yield modus::submodel(*this, node.body, context);
                context.rows = nullptr;
                break;
            }
            case What::loop:
                for ([[maybe_unused]] auto i : co_yield plate(name, node.size, node.options))
                    co_yield modus::submodel(*this, node.body, context);
                break;
            case What::part: co_yield modus::submodel(name, *this, node.body, context); break;
            case What::weighed: {
                auto weight = co_yield modus::scale(node.a);
                co_yield modus::submodel(*this, node.body, context);
                break;
            }
            case What::masked: {
                auto hidden = co_yield modus::mask(node.a > 0);
                co_yield modus::submodel(*this, node.body, context);
                break;
            }
            }
        }
    }
};

/// Random choices.
struct Dice {
    modus::Random random;

    std::size_t below(std::size_t n) { return static_cast<std::size_t>(random.below(n)); }
    bool chance(double p) { return random.uniform() < p; }
    double number() { return 2 * random.uniform() - 1; }
    template <class T> const T& one_of(const std::vector<T>& all) { return all[below(all.size())]; }
};

class ModelMaker {
  public:
    explicit ModelMaker(Dice& dice) : dice_(dice) {}

    std::vector<Node> operator()(int depth = 0, std::optional<std::size_t> rows = {}) {
        std::vector<Node> nodes;
        const std::size_t count = (depth == 0 ? 2 : 1) + dice_.below(3);
        for (std::size_t k = 0; k < count; ++k) nodes.push_back(node(depth, rows));
        return nodes;
    }

  private:
    Node node(int depth, std::optional<std::size_t> rows) {
        static constexpr What groups[] = {What::rows, What::rows, What::loop,    What::loop,
                                          What::part, What::part, What::weighed, What::masked};
        static constexpr What leaves[] = {What::sample, What::sample, What::sample,        What::sample, What::sample,
                                          What::sample, What::param,  What::deterministic, What::factor};
        Node node{.what = depth < 2 && dice_.chance(0.4) ? groups[dice_.below(std::size(groups))]
                                                         : leaves[dice_.below(std::size(leaves))]};
        if (rows && node.what == What::rows) node.what = What::loop;                           // vectors only
        node.name = made_ > 0 && dice_.chance(0.01) ? "s" + std::to_string(dice_.below(made_)) // a name twice
                                                    : "s" + std::to_string(made_++);
        node.a = dice_.number();
        node.b = dice_.number();
        if (node.what == What::weighed) node.a = 0.5 + std::fabs(node.a);
        if (node.what == What::sample) {
            node.family = static_cast<Family>(dice_.below(families));
            if (dice_.chance(0.35)) node.data = draw(node.law(0), rows, modus::Random(dice_.random()));
        }
        if (node.what == What::rows || node.what == What::loop) {
            node.size = 2 + dice_.below(3);
            switch (dice_.below(4)) {
            case 0: node.options.subsample_size = 1 + dice_.below(node.size); break;
            case 1: node.options.subsample = choose(node.size, 1 + dice_.below(node.size), dice_.random); break;
            default: break; // all
            }
        }
        if (node.what >= What::rows) node.body = (*this)(depth + 1, node.what == What::rows ? node.size : rows);
        return node;
    }

    Dice& dice_;
    std::size_t made_ = 0;
};

// Handlers ------------------------------------------------------------------------------------------------------------

struct Nothing : modus::Handler {};
using NormalPrior = decltype(modus::Normal(0.0, 1.0));

/// Any handler, so that a stack chosen at run time has one type.
struct Any : modus::Handler {
    std::variant<Nothing, modus::seed, modus::condition, modus::substitute, modus::uncondition, modus::replay,
                 modus::block, modus::mask, modus::scale, modus::do_, modus::scope, modus::infer_config,
                 modus::lift<NormalPrior>, modus::reparam>
        handler{};

    void start() {
        std::visit([](auto& h) { h.start(); }, handler);
    }
    template <Scalar Real, class Next> void process(modus::Message<Real>& message, const Next& next) {
        std::visit(
            [&](auto& h) {
                if constexpr (requires { h.process(message, next); }) h.process(message, next);
                else h.process(message);
            },
            handler);
    }
    template <Scalar Real> void postprocess(modus::Message<Real>& message) {
        std::visit([&](auto& h) { h.postprocess(message); }, handler);
    }
    void finish(const modus::RunState& state) {
        std::visit([&](auto& h) { h.finish(state); }, handler);
    }
};

enum class Which {
    seed,
    condition,
    substitute,
    uncondition,
    replay,
    block,
    mask,
    scale,
    do_,
    scope,
    infer_config,
    lift,
    reparam
};
inline constexpr std::size_t kinds_of_handlers = 13;

/// A handler as a plain description, which the interpreter reads.
struct Choice {
    Which which;
    std::uint64_t number = 0;                           ///< seed
    std::vector<std::pair<std::string, Data>> values{}; ///< condition, substitute, do_
    std::vector<std::string> hide{}, expose{};          ///< block
    Data mask{};                                        ///< a bool as an Integer, or an IntVector
    double factor = 1;                                  ///< scale
    std::string text{};                                 ///< scope: its prefix; lift: the param; reparam: the site
    std::optional<double> centered{};                   ///< reparam: of LocScaleReparam, else TransformReparam
    modus::Trace trace{};                               ///< replay
    bool strict = true;

    Any make() const {
        modus::NamedValues named;
        for (const auto& [name, value] : values) named.add(name, value);
        switch (which) {
        case Which::seed: return {{}, modus::seed(number)};
        case Which::condition: return {{}, modus::condition(named)};
        case Which::substitute: return {{}, modus::substitute(named)};
        case Which::uncondition: return {{}, modus::uncondition()};
        case Which::replay: return {{}, modus::replay(trace, {.strict = strict})};
        case Which::block: return {{}, modus::block({.hide = hide, .expose = expose})};
        case Which::mask:
            if (const auto* all = std::get_if<Integer>(&mask)) return {{}, modus::mask(*all == 1)};
            return {{}, modus::mask(std::get<IntVector>(mask))};
        case Which::scale: return {{}, modus::scale(factor)};
        case Which::do_: return {{}, modus::do_(named)};
        case Which::scope: return {{}, modus::scope(modus::Name::view(text))};
        case Which::infer_config:
            return {{}, modus::infer_config([](const std::string&) { return modus::InferOptions{}; })};
        case Which::lift: return {{}, modus::lift(modus::Name::view(text), modus::Normal(0.0, 1.0))};
        case Which::reparam:
            if (centered) return {{}, modus::reparam({{text, modus::LocScaleReparam{*centered}}})};
            return {{}, modus::reparam({{text, modus::TransformReparam{}}})};
        }
        return {};
    }
    std::string str() const {
        std::ostringstream out;
        out << "handler " << static_cast<int>(which) << "(" << number << text << factor << format(mask)
            << (strict ? "" : " not strict");
        if (centered) out << " centered " << *centered;
        for (const auto& [name, value] : values) out << " " << name << "=" << format(value);
        for (const auto& name : hide) out << " -" << name;
        for (const auto& name : expose) out << " +" << name;
        for (const modus::TraceSite& site : trace) out << " @" << site.name;
        return out.str() + ")";
    }
};
using Choices = std::vector<Choice>;
inline constexpr std::size_t most_handlers = 6;

/// What a run gives: its trace, or the site that its error names. Any other exception is not caught.
struct Outcome {
    modus::Trace trace{};
    bool failed = false;
    std::string site{}, error{};
};

/// A plate around the whole model: so many copies, with the first handlers inside of it; for runs over double.
struct CopiesAround {
    std::size_t copies = 0; ///< 0: no plate
    static constexpr std::size_t handlers_inside = 2;
};

template <Scalar Real = double>
Outcome play(const std::vector<Node>& model, const Choices& choices, [[maybe_unused]] const CopiesAround& around = {}) {
    std::array<Any, most_handlers> h;
    for (std::size_t k = 0; k < choices.size(); ++k) h.at(k) = choices[k].make();
    Context context;
    Outcome outcome;
    try {
        const auto inside = Play() | h[0] | h[1];
        if constexpr (std::is_same_v<Real, double>)
            if (around.copies) {
                const auto copies = inside | modus::plate("copies", around.copies);
                outcome.trace = run(copies | h[2] | h[3] | h[4] | h[5] | modus::trace, model, context);
                return outcome;
            }
        outcome.trace = modus::run<Real>(inside | h[2] | h[3] | h[4] | h[5] | modus::trace, model, context);
    } catch (const modus::Error& error) {
        outcome.failed = true;
        outcome.site = error.site;
        outcome.error = error.what();
    }
    return outcome;
}

// What a run has to give ----------------------------------------------------------------------------------------------

struct ExpectedSite {
    std::string name;
    Kind kind;
    Provenance provenance;
    Data value;
    double log_density;
};

/// Runs the model with the handlers as their documentation says, without the effects and handlers of modus. Only draws
/// are those of modus: of the stream of seed and full name.
class Interpreter {
  public:
    struct Failure {
        std::string site;
    };

    explicit Interpreter(const Choices& stack, const CopiesAround& around = {})
        : stack_(stack), around_(around), used_(stack.size()) {}

    /// The sites that reach the end of the stack. Throws Failure where the run must end with an error.
    std::vector<ExpectedSite> operator()(const std::vector<Node>& model) {
        if (around_.copies == 0) {
            body(model);
            finish(0, stack_.size());
            return seen_;
        }
        const std::size_t inside = std::min(CopiesAround::handlers_inside, stack_.size());
        for (std::size_t k = 0; k < around_.copies; ++k) {
            indices_ = "[" + std::to_string(k) + "]";
            for (std::size_t h = 0; h < inside; ++h) used_[h].clear(); // each copy has its own
            body(model);
            finish(0, inside);
        }
        indices_.clear();
        finish(inside, stack_.size());
        return seen_;
    }

  private:
    struct Site {
        Kind kind;
        std::string base, prefix{}; ///< the prefix is that of scope handlers
        std::optional<Law> law{};
        std::optional<std::size_t> size{}; ///< of a vector
        Data value{};
        Provenance provenance = Provenance::none;
        double scale = 1, log_factor = 0, initial = 0;
        Data mask{};
        const Node* plate = nullptr;
        bool stop = false, is_lifted = false;
        std::optional<std::size_t> replaced_by{}; ///< the number of the reparam that made it deterministic
    };
    struct Rows {
        std::size_t size;
        std::optional<IntVector> selected;
    };

    std::string full(const Site& site) const { return site.prefix + scopes_ + site.base + indices_; }
    /// The name for handler number h: those inside of the plate around the model do not see its index.
    std::string name_for(std::size_t h, const Site& site) const {
        const bool is_inside = around_.copies > 0 && h < CopiesAround::handlers_inside;
        return site.prefix + scopes_ + site.base + (is_inside ? indices_.substr(indices_.find(']') + 1) : indices_);
    }
    Site site(Kind kind, const std::string& base) const {
        Site result{.kind = kind, .base = base};
        result.scale = scale_;
        result.mask = mask_;
        return result;
    }
    void use(std::size_t h, const std::string& name) { used_[h].insert(name); }
    static const Data* find(const Choice& choice, const std::string& name) {
        for (const auto& [key, value] : choice.values)
            if (key == name) return &value;
        return nullptr;
    }
    static bool is_off(const Data& mask) {
        return std::holds_alternative<Integer>(mask) && std::get<Integer>(mask) == 0;
    }

    Data both(const Data& a, const Data& b, const Site& at) const {
        if (!has_value(a)) return b;
        if (std::holds_alternative<Integer>(a)) return is_off(a) ? a : b;
        if (std::holds_alternative<Integer>(b)) return is_off(b) ? b : a;
        const std::vector<double> x = numbers(a), y = numbers(b);
        if (x.size() != y.size() && x.size() != 1 && y.size() != 1) throw Failure{full(at)};
        IntVector result(std::max(x.size(), y.size()));
        for (std::size_t k = 0; k < result.size(); ++k)
            result[k] = x[x.size() == 1 ? 0 : k] != 0 && y[y.size() == 1 ? 0 : k] != 0;
        return result;
    }
    /// Whether element k counts. Fails for a mask that does not repeat to the shape of the site.
    bool counts(const Site& at, std::size_t k) const {
        if (!has_value(at.mask)) return true;
        const std::vector<double> mask = numbers(at.mask);
        if (std::holds_alternative<Integer>(at.mask)) return mask[0] != 0;
        if (!at.size || (mask.size() != 1 && mask.size() != *at.size)) throw Failure{full(at)};
        return mask[mask.size() == 1 ? 0 : k] != 0;
    }
    double log_density(const Site& at) const {
        if (is_off(at.mask)) return 0;
        if (at.kind == Kind::factor) {
            if (std::holds_alternative<IntVector>(at.mask)) throw Failure{full(at)};
            return at.scale * at.log_factor;
        }
        if (at.kind != Kind::sample) return 0;
        double sum = 0;
        const std::vector<double> all = numbers(at.value);
        for (std::size_t k = 0; k < all.size(); ++k)
            if (counts(at, k)) sum += at.law->log_density(all[k]);
        return at.scale * sum;
    }

    static bool has_shape(const Site& at, const Data& value) {
        if (std::holds_alternative<Vector>(value) || std::holds_alternative<IntVector>(value))
            return at.size == numbers(value).size();
        return !at.size;
    }
    void check_value(const Site& at) const {
        if (!has_shape(at, at.value)) throw Failure{full(at)};
        const std::vector<double> all = numbers(at.value);
        for (std::size_t k = 0; k < all.size(); ++k) {
            const bool is_counted = at.kind == Kind::param || counts(at, k);
            const bool is_inside = at.kind == Kind::param ? std::isfinite(all[k]) : at.law->contains(all[k]);
            if (is_counted && !is_inside) throw Failure{full(at)};
        }
    }

    /// The handlers from number `from` on, out and back in.
    void handle(Site& at, std::size_t from = 0) {
        std::size_t h = from;
        for (; h < stack_.size() && !at.stop; ++h) out(at, h);
        if (at.kind == Kind::plate) {
            if (!has_value(at.value) && is_drawn(*at.plate)) throw Failure{full(at)};
        } else {
            if (!visited_.insert(full(at)).second) throw Failure{full(at)};
            visited_inside_.insert(name_for(0, at));
            if (has_value(at.value)) {
                const bool is_given = at.kind == Kind::sample || at.kind == Kind::param;
                if (is_given && at.provenance != Provenance::sampled) check_value(at);
            } else if (at.kind == Kind::param) {
                at.value = at.initial;
            } else if (at.kind == Kind::sample) {
                throw Failure{full(at)};
            }
        }
        if (!at.stop) seen_.push_back({full(at), at.kind, at.provenance, at.value, log_density(at)});
        while (h-- > from) in(at, h);
    }
    void in(Site& at, std::size_t h) const {
        const Choice& choice = stack_[h];
        if (choice.which == Which::scope) at.prefix = at.prefix.substr(choice.text.size() + 1);
        if (choice.which == Which::do_ && at.kind == Kind::sample)
            if (const Data* value = find(choice, name_for(h, at))) at.value = *value;
        if (choice.which == Which::lift && at.is_lifted && choice.text == name_for(h, at)) {
            at.kind = Kind::param;
            at.is_lifted = false;
        }
        if (at.replaced_by == h) {
            at.kind = Kind::sample;
            at.replaced_by.reset();
        }
    }
    void out(Site& at, std::size_t h) {
        const Choice& choice = stack_[h];
        const std::string name = name_for(h, at);
        switch (choice.which) {
        case Which::seed:
            if (has_value(at.value)) break;
            if (at.kind == Kind::plate && is_drawn(*at.plate)) {
                modus::Random random(choice.number, modus::hash_name(full(at)));
                at.value = modus::choose(at.plate->size, *at.plate->options.subsample_size, random);
                at.provenance = Provenance::sampled;
            } else if (at.kind == Kind::sample) {
                at.value = draw(*at.law, at.size, modus::Random(choice.number, modus::hash_name(full(at))));
                at.provenance = Provenance::sampled;
            }
            break;
        case Which::condition:
        case Which::substitute: {
            const bool observes = choice.which == Which::condition;
            if (at.kind != Kind::sample && (observes || at.kind != Kind::param)) break;
            const Data* value = find(choice, name);
            if (!value) break;
            use(h, name);
            if (has_value(at.value) && at.value != *value) throw Failure{full(at)};
            if (!has_value(at.value) || observes)
                at.provenance = observes ? Provenance::observed : Provenance::substituted;
            at.value = *value;
            break;
        }
        case Which::uncondition:
            if (at.kind == Kind::sample && at.provenance == Provenance::observed) {
                at.value = {};
                at.provenance = Provenance::none;
            }
            break;
        case Which::replay: {
            if (at.kind != Kind::sample && at.kind != Kind::param && at.kind != Kind::plate) break;
            const modus::TraceSite* found = nullptr;
            for (const modus::TraceSite& site : choice.trace)
                if (!found && site.name == name && (site.kind == Kind::plate) == (at.kind == Kind::plate))
                    found = &site;
            if (found) use(h, name);
            if (has_value(at.value)) {
                if (found && at.provenance != Provenance::observed && found->value != at.value) throw Failure{full(at)};
            } else if (found && has_value(found->value)) {
                at.value = found->value;
                at.provenance = Provenance::replayed;
            } else if (choice.strict && at.kind == Kind::sample) {
                throw Failure{full(at)};
            }
            break;
        }
        case Which::block: {
            const auto lists = [&](const std::vector<std::string>& all) {
                const bool is_listed = std::find(all.begin(), all.end(), name) != all.end();
                if (is_listed) use(h, name);
                return is_listed;
            };
            if (!choice.hide.empty()) at.stop = lists(choice.hide);
            else at.stop = !lists(choice.expose) && at.kind != Kind::plate;
            break;
        }
        case Which::mask: at.mask = both(at.mask, choice.mask, at); break;
        case Which::scale: at.scale *= choice.factor; break;
        case Which::do_: {
            const Data* value = at.kind == Kind::sample ? find(choice, name) : nullptr;
            if (!value) break;
            use(h, name);
            const std::vector<double> all = numbers(*value);
            if (!has_shape(at, *value)) throw Failure{full(at)};
            for (const double x : all)
                if (at.law->is_discrete() && x != std::floor(x)) throw Failure{full(at)};
            Site counterfactual{.kind = Kind::deterministic, .base = at.base + "__CF", .prefix = at.prefix};
            counterfactual.mask = at.mask;
            counterfactual.value = *value;
            handle(counterfactual, h + 1);
            break;
        }
        case Which::scope: at.prefix = choice.text + "/" + at.prefix; break;
        case Which::infer_config: break;
        case Which::reparam: reparameterize(at, h); break;
        case Which::lift:
            if (at.kind != Kind::param || name != choice.text) break;
            use(h, name);
            at.kind = Kind::sample;
            at.law = Law{Family::normal, 0, 1};
            at.is_lifted = true;
            break;
        }
    }
    /// Handlers `first` to `end` - 1 have seen all their sites.
    void finish(std::size_t first, std::size_t end) const {
        for (std::size_t h = first; h < end; ++h) {
            const Choice& choice = stack_[h];
            const auto require = [&](const std::string& name) {
                if (!used_[h].contains(name)) throw Failure{name};
            };
            for (const auto& entry : choice.values) require(entry.first);
            for (const auto& names : {choice.hide, choice.expose})
                for (const std::string& name : names)
                    if (!visited_.contains(name) && !visited_inside_.contains(name))
                        require(name); // further in it may have been hidden already
            if (choice.which == Which::lift || choice.which == Which::reparam) require(choice.text);
            if (choice.which == Which::replay && choice.strict)
                for (const modus::TraceSite& site : choice.trace)
                    if (site.kind == Kind::sample && site.provenance != Provenance::observed) require(site.name);
        }
    }

    /// The site becomes a function of a new one, which the handlers further out see in its place.
    void reparameterize(Site& at, std::size_t h) {
        const Choice& choice = stack_[h];
        if (at.kind != Kind::sample || at.base != choice.text) return;
        use(h, choice.text);
        const Law law = *at.law;
        if (has_value(at.value) || law.family != (choice.centered ? Family::normal : Family::log_normal))
            throw Failure{full(at)};
        Site other = at;
        other.base += choice.centered ? "_decentered" : "_base";
        const double c = choice.centered.value_or(0), spread = std::pow(law.q, 1 - c);
        other.law =
            choice.centered ? Law{Family::normal, c * law.p, std::pow(law.q, c)} : Law{Family::normal, law.p, law.q};
        handle(other, h + 1);
        std::vector<double> x = numbers(other.value);
        for (double& v : x) v = choice.centered ? law.p + spread * (v - c * law.p) : std::exp(v);
        if (at.size) at.value = Vector(x);
        else at.value = x[0];
        at.kind = Kind::deterministic;
        at.provenance = other.provenance;
        at.replaced_by = h;
    }

    static bool is_drawn(const Node& plate) {
        return plate.options.subsample_size && *plate.options.subsample_size < plate.size;
    }
    /// The indices that a plate visits, if not all.
    std::optional<IntVector> selected(const Node& node) {
        if (!node.options.subsample && !node.options.subsample_size) return {};
        Site plate = site(Kind::plate, node.name);
        plate.plate = &node;
        if (node.options.subsample) {
            plate.value = *node.options.subsample;
            plate.provenance = Provenance::observed;
        }
        handle(plate);
        if (!has_value(plate.value)) return {};
        return std::get<IntVector>(plate.value);
    }

    void body(const std::vector<Node>& nodes) {
        for (const Node& node : nodes) {
            const double outer_scale = scale_;
            const Data outer_mask = mask_;
            const std::string outer_scopes = scopes_, outer_indices = indices_;
            switch (node.what) {
            case What::sample: sample(node); break;
            case What::param: {
                Site param = site(Kind::param, node.name);
                param.initial = node.a;
                handle(param);
                now_ = after(now_, param.value);
                break;
            }
            case What::deterministic: {
                Site deterministic = site(Kind::deterministic, node.name);
                deterministic.value = 2 * now_;
                handle(deterministic);
                break;
            }
            case What::factor: {
                Site factor = site(Kind::factor, node.name);
                factor.log_factor = node.a * now_ * static_cast<double>(rows_ ? rows_->size : 1);
                handle(factor);
                break;
            }
            case What::rows: {
                const auto indices = selected(node);
                if (!open_.insert(node.name).second) throw Failure{node.name};
                rows_ = Rows{indices ? indices->size() : node.size, indices};
                scale_ *= static_cast<double>(node.size) / static_cast<double>(rows_->size);
                body(node.body);
                open_.erase(node.name);
                rows_.reset();
                break;
            }
            case What::loop: {
                const auto indices = selected(node);
                if (!open_.insert(node.name).second) throw Failure{node.name};
                const std::size_t count = indices ? indices->size() : node.size;
                scale_ *= static_cast<double>(node.size) / static_cast<double>(count);
                for (std::size_t k = 0; k < count; ++k) {
                    indices_ = outer_indices + "[" +
                               std::to_string(indices ? static_cast<std::size_t>(indices->load(k)) : k) + "]";
                    body(node.body);
                }
                open_.erase(node.name);
                break;
            }
            case What::part:
                scopes_ += node.name + "/";
                body(node.body);
                break;
            case What::weighed:
                scale_ *= node.a;
                body(node.body);
                break;
            case What::masked:
                mask_ = both(mask_, Data(static_cast<Integer>(node.a > 0)), {});
                body(node.body);
                break;
            }
            scale_ = outer_scale;
            mask_ = outer_mask;
            scopes_ = outer_scopes;
            indices_ = outer_indices;
        }
    }
    void sample(const Node& node) {
        Site at = site(Kind::sample, node.name);
        at.law = node.law(now_);
        if (rows_) at.size = rows_->size;
        if (has_value(node.data)) {
            at.value = node.data;
            at.provenance = Provenance::observed;
            if (rows_ && rows_->selected) {
                if (const auto* whole = std::get_if<IntVector>(&node.data)) at.value = (*whole)[*rows_->selected];
                else at.value = std::get<Vector>(node.data)[*rows_->selected];
            }
        }
        handle(at);
        for (const double x : numbers(at.value)) // what was masked is read, too
            if (at.law->is_discrete() && x != std::floor(x)) throw Failure{full(at)};
        now_ = after(now_, at.value);
    }

    const Choices& stack_;
    const CopiesAround around_;
    std::vector<std::set<std::string>> used_;
    std::vector<ExpectedSite> seen_;
    std::set<std::string> visited_, visited_inside_, open_; ///< sites, their names inside, plates
    double now_ = 0, scale_ = 1;
    Data mask_{};
    std::string scopes_, indices_;
    std::optional<Rows> rows_;
};

} // namespace
