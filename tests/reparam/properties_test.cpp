// Acceptance case P35 and more: what holds for every model and every stack of handlers, tried on random ones.
//
// 30,000 random stacks of 1 to 6 handlers around 7500 random models, 3000 with a plate around the whole model between
// the handlers, 3000 on a tape, and 300 models for each law of the algebra: 2 s in the dev build. Every run must give
// what the interpreter in random_models.hpp says, or the error that it says.
#include <algorithm>
#include <array>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <error_parts.hpp>
#include <iterator>
#include <numbers>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

import modus.autodiff;
import modus.distributions;
import modus.effects;
import modus.handlers;
import modus.reparam;
import modus.support;
using namespace modus;

#include "random_models.hpp"

namespace {

constexpr std::size_t stacks = 30000, models = 300;

bool is_close(double x, double y) { return x == y || std::fabs(x - y) <= 1e-11 * (1 + std::fabs(x)); }

bool is_same(const TraceSite& a, const TraceSite& b) {
    return a.name == b.name && a.kind == b.kind && a.provenance == b.provenance && a.value == b.value &&
           a.log_density == b.log_density;
}
/// Equal to the bit, or the same error.
bool is_same(const Outcome& a, const Outcome& b) {
    if (a.failed || b.failed) return a.failed && b.failed && a.site == b.site;
    return a.trace.size() == b.trace.size() &&
           std::equal(a.trace.begin(), a.trace.end(), b.trace.begin(),
                      [](const TraceSite& x, const TraceSite& y) { return is_same(x, y); });
}

std::string describe_run(const Choices& choices, const Outcome& outcome) {
    std::string text;
    for (const Choice& choice : choices) text += "\n  " + choice.str();
    return text + "\n" + (outcome.failed ? outcome.error : outcome.trace.format_shapes());
}

/// Equal, also in type and shape, but for rounding.
bool is_close(const Data& a, const Data& b) {
    const std::vector<double> x = numbers(a), y = numbers(b);
    return a.index() == b.index() && shape_of(a) == shape_of(b) &&
           std::equal(x.begin(), x.end(), y.begin(), y.end(), [](double v, double w) { return is_close(v, w); });
}
/// Equal but for rounding, or the same error.
bool is_close(const Outcome& a, const Outcome& b) {
    if (a.failed || b.failed) return a.failed && b.failed && a.site == b.site;
    return a.trace.size() == b.trace.size() &&
           std::equal(a.trace.begin(), a.trace.end(), b.trace.begin(), [](const TraceSite& x, const TraceSite& y) {
               return x.name == y.name && x.kind == y.kind && x.provenance == y.provenance &&
                      is_close(x.value, y.value) && is_close(x.log_density, y.log_density);
           });
}

/// Why the run is not what the interpreter says; nothing where it is.
std::string difference(const std::vector<Node>& model, const Choices& choices, const Outcome& found,
                       const CopiesAround& around = {}) {
    // A transform is computed eight numbers at a time, by other functions than those of <cmath>.
    const bool is_exact = std::none_of(choices.begin(), choices.end(),
                                       [](const Choice& choice) { return choice.which == Which::reparam; });
    std::vector<ExpectedSite> expected;
    try {
        expected = Interpreter(choices, around)(model);
    } catch (const Interpreter::Failure& failure) {
        if (!found.failed) return "no error at " + failure.site;
        return failure.site.empty() || found.site != failure.site ? "an error not at " + failure.site : "";
    }
    if (found.failed) return "an error";
    if (found.trace.size() != expected.size()) return std::to_string(expected.size()) + " sites expected";
    double sum = 0;
    auto site = found.trace.begin();
    for (const ExpectedSite& e : expected) {
        const TraceSite& f = *site++;
        if (f.name != e.name || f.kind != e.kind) return "expected " + e.name;
        if (f.provenance != e.provenance) return "provenance of " + e.name;
        if (is_exact ? f.value != e.value : !is_close(f.value, e.value))
            return "value of " + e.name + ": expected " + format(e.value);
        if (!is_close(f.log_density, e.log_density)) return "density of " + e.name + std::to_string(e.log_density);
        sum += e.log_density;
    }
    return is_close(found.trace.log_prob_sum(), sum) ? "" : "log_prob_sum";
}

Choice seeded(std::uint64_t number) { return {.which = Which::seed, .number = number}; }
Choice with_values(Which which, std::vector<std::pair<std::string, Data>> values) {
    return {.which = which, .values = std::move(values)};
}
Choice hiding(std::vector<std::string> names) { return {.which = Which::block, .hide = std::move(names)}; }

/// Sites of a trace that a handler may name.
std::vector<const TraceSite*> sites_of(const Trace& trace, bool only_samples) {
    std::vector<const TraceSite*> result;
    for (const TraceSite& site : trace)
        if (site.kind == Kind::sample || (!only_samples && site.kind == Kind::param)) result.push_back(&site);
    return result;
}

/// Random stacks that mostly make sense: names and values come from runs of the model, as the handler sees them.
class StackMaker {
  public:
    StackMaker(Dice& dice, const std::vector<Node>& model, const Trace& one, const Trace& other,
               const CopiesAround& around = {})
        : dice_(dice), model_(model), one_(one), other_(other), around_(around) {}

    Choices operator()() {
        Choices choices;
        const std::size_t count = 1 + dice_.below(most_handlers);
        const bool is_seeded = dice_.chance(0.7);
        for (std::size_t k = 0; k < count; ++k)
            choices.push_back(is_seeded && k + 1 == count ? seeded(dice_.below(3)) : choice(choices));
        return choices;
    }

  private:
    std::string prefix(const Choices& before) const {
        std::string text;
        for (const Choice& c : before)
            if (c.which == Which::scope) text = c.text + "/" + text;
        return text;
    }
    /// The name of a site of the trace for the next handler: inside of a plate around the model without its index.
    std::string seen(const Choices& before, const std::string& name) const {
        if (around_.copies == 0 || before.size() >= CopiesAround::handlers_inside) return name;
        const std::size_t start = name.find('['), end = name.find(']');
        return name.substr(0, start) + name.substr(end + 1);
    }
    /// What a handler further out may call a site: by what a reparam has made of it.
    std::string new_name(const Choices& before, const std::string& name) {
        for (const Choice& c : before) {
            if (c.which != Which::reparam || c.text.empty()) continue;
            const std::size_t start = name.rfind('/') + 1, end = std::min(name.find('[', start), name.size());
            if (name.substr(start, end - start) == c.text && dice_.chance(0.8))
                return name.substr(0, end) + (c.centered ? "_decentered" : "_base") + name.substr(end);
        }
        return name;
    }
    Data value(const TraceSite& site) {
        if (dice_.chance(0.04)) return -1.5; // out of most supports, or of another shape
        if (dice_.chance(0.02)) return Vector{0.5, 0.5, 0.5, 0.5, 0.5};
        const TraceSite* there = dice_.chance(0.3) ? &site : other_.find(site.hash);
        return there ? there->value : site.value;
    }
    std::vector<std::pair<std::string, Data>> values(const Choices& before, bool only_samples) {
        std::vector<std::pair<std::string, Data>> result;
        std::set<std::string> made; // two copies have one name for a handler inside of both
        for (const TraceSite* site : sites_of(one_, only_samples)) {
            if (!dice_.chance(0.3)) continue;
            const std::string name = prefix(before) + seen(before, new_name(before, site->name));
            if (made.insert(name).second) result.emplace_back(name, value(*site));
        }
        if (dice_.chance(0.03)) result.emplace_back("nowhere", 1.0);
        return result;
    }
    std::vector<std::string> names(const Choices& before, double each) {
        std::vector<std::string> result;
        for (const TraceSite& site : one_)
            if (dice_.chance(each)) result.push_back(prefix(before) + seen(before, site.name));
        if (dice_.chance(0.03)) result.push_back("nowhere");
        return result;
    }
    Choice choice(const Choices& before) {
        Choice made{.which = static_cast<Which>(dice_.below(kinds_of_handlers))};
        switch (made.which) {
        case Which::seed: made.number = dice_.below(3); break;
        case Which::condition:
        case Which::do_: made.values = values(before, true); break;
        case Which::substitute: made.values = values(before, false); break;
        case Which::replay: {
            Choices recorded;
            for (const Choice& c : before)
                if (c.which == Which::scope || dice_.chance(0.2)) recorded.push_back(c);
            recorded.resize(std::min(recorded.size(), most_handlers - 1), recorded.empty() ? made : recorded[0]);
            recorded.push_back(seeded(dice_.below(3)));
            made.trace = play(model_, recorded).trace;
            made.strict = dice_.chance(0.4);
            break;
        }
        case Which::block:
            if (dice_.chance(0.8)) made.hide = names(before, 0.15);
            else made.expose = names(before, 0.8);
            break;
        case Which::mask:
            if (dice_.chance(0.7)) {
                made.mask = static_cast<Integer>(dice_.below(2));
            } else {
                IntVector mask(1 + dice_.below(4));
                for (std::size_t k = 0; k < mask.size(); ++k) mask[k] = static_cast<Integer>(dice_.below(2));
                made.mask = mask;
            }
            break;
        case Which::scale: made.factor = 0.25 + dice_.random.uniform(); break;
        case Which::scope: made.text = std::string(1, static_cast<char>('u' + dice_.below(3))); break;
        case Which::lift: {
            std::vector<std::string> params{"nowhere"};
            for (const TraceSite& site : one_)
                if (site.kind == Kind::param) params.assign(1, prefix(before) + seen(before, site.name));
            made.text = params[0];
            if (made.text == "nowhere" && dice_.chance(0.9)) made.which = Which::infer_config; // else most would fail
            break;
        }
        case Which::reparam: {
            std::vector<std::string> normal, log_normal; // as the model writes them
            for (const TraceSite* site : sites_of(one_, true)) {
                const std::size_t start = site->name.rfind('/') + 1;
                const std::string base = site->name.substr(start, site->name.find('[', start) - start);
                const bool is_free = site->provenance != Provenance::observed || dice_.chance(0.02);
                if (is_free && site->distribution == "Normal") normal.push_back(base);
                if (is_free && site->distribution == "LogNormal") log_normal.push_back(base);
            }
            if (!normal.empty() && (log_normal.empty() || dice_.chance(0.6))) {
                made.text = dice_.one_of(normal);
                made.centered = 0.5 * static_cast<double>(dice_.below(3));
            } else {
                made.text = log_normal.empty() ? "nowhere" : dice_.one_of(log_normal);
            }
            if (made.text == "nowhere" && dice_.chance(0.9)) made.which = Which::infer_config;
            break;
        }
        default: break;
        }
        return made;
    }

    Dice& dice_;
    const std::vector<Node>& model_;
    const Trace &one_, &other_;
    const CopiesAround around_;
};

/// Calls `check(dice, model, trace of a seeded run, its seed)` for many random models that run without an error.
template <class Check> void for_random_models(std::uint64_t seed, const Check& check) {
    std::size_t done = 0;
    for (std::uint64_t k = 0; done < models; ++k) {
        Dice dice{Random(seed, k)};
        const std::vector<Node> model = ModelMaker(dice)();
        const Outcome plain = play(model, {seeded(k)});
        if (plain.failed || sites_of(plain.trace, true).empty()) continue;
        ++done;
        BOOST_TEST_CONTEXT("model " << k) { check(dice, model, plain.trace, k); }
    }
}

const TraceSite& one_site(Dice& dice, const Trace& trace, bool must_be_latent = false) {
    auto sites = sites_of(trace, true);
    if (must_be_latent) {
        std::erase_if(sites, [](const TraceSite* s) { return s->provenance == Provenance::observed; });
        if (sites.empty()) return *sites_of(trace, true)[0];
    }
    return *dice.one_of(sites);
}
bool is_latent(const TraceSite& site) { return site.kind == Kind::sample && site.provenance != Provenance::observed; }

} // namespace

BOOST_AUTO_TEST_CASE(random_stacks_give_what_their_documentation_says) {
    std::size_t done = 0, failed = 0, wrong = 0;
    std::array<std::size_t, kinds_of_handlers> right{};
    for (std::uint64_t k = 0; done < stacks && wrong < 5; ++k) {
        Dice dice{Random(2026, k)};
        const std::vector<Node> model = ModelMaker(dice)();
        const Choices plain{seeded(0)};
        const Outcome before = play(model, plain);
        BOOST_TEST(difference(model, plain, before) == "");
        const Trace other = play(model, {seeded(1)}).trace;
        for (int repeat = 0; repeat < 4; ++repeat, ++done) {
            const Choices choices = StackMaker(dice, model, before.trace, other)();
            const Outcome found = play(model, choices);
            const std::string why = difference(model, choices, found);
            if (!why.empty()) {
                ++wrong;
                BOOST_ERROR("model " << k << ": " << why << describe_run(choices, found));
            }
            if (found.failed) {
                ++failed;
                BOOST_TEST(!found.site.empty());
            } else {
                for (const Choice& choice : choices) ++right[static_cast<std::size_t>(choice.which)];
            }
            // Nothing is left over: not in the handlers, not in the model, not in the process.
            BOOST_TEST(is_same(play(model, choices), found));
            BOOST_TEST(is_same(play(model, plain), before));
        }
    }
    BOOST_TEST_MESSAGE(failed << " of " << done << " stacks end with an error");
    // Enough of both, and each handler in many runs that come to their end.
    BOOST_TEST(failed > stacks / 10);
    BOOST_TEST(failed < stacks * 7 / 10);
    for (std::size_t which = 0; which < kinds_of_handlers; ++which) BOOST_TEST(right[which] > stacks / 80, which);
}

BOOST_AUTO_TEST_CASE(random_stacks_around_copies_of_a_model) {
    std::size_t done = 0, failed = 0, inside = 0;
    for (std::uint64_t k = 0; done < stacks / 10; ++k) {
        Dice dice{Random(2027, k)};
        const std::vector<Node> model = ModelMaker(dice)();
        const CopiesAround around{dice.chance(0.7) ? 1U : 2U};
        const Outcome before = play(model, {seeded(0)}, around);
        BOOST_TEST(difference(model, {seeded(0)}, before, around) == "");
        const Trace other = play(model, {seeded(1)}, around).trace;
        for (int repeat = 0; repeat < 4; ++repeat, ++done) {
            const Choices choices = StackMaker(dice, model, before.trace, other, around)();
            const Outcome found = play(model, choices, around);
            const std::string why = difference(model, choices, found, around);
            BOOST_TEST(why == "", "model " << k << ": " << why << describe_run(choices, found));
            failed += found.failed;
            inside += !found.failed && choices.size() > 1;
            BOOST_TEST(is_same(play(model, choices, around), found));
        }
    }
    BOOST_TEST_MESSAGE(failed << " of " << done << " stacks around copies end with an error");
    BOOST_TEST(inside > done / 5); // handlers on both sides of the plate
}

BOOST_AUTO_TEST_CASE(random_stacks_do_the_same_on_a_tape) {
    std::size_t done = 0, right = 0;
    for (std::uint64_t k = 0; done < stacks / 10; ++k) {
        Dice dice{Random(2028, k)};
        const std::vector<Node> model = ModelMaker(dice)();
        const Trace before = play(model, {seeded(0)}).trace, other = play(model, {seeded(1)}).trace;
        for (int repeat = 0; repeat < 4; ++repeat, ++done) {
            const Choices choices = StackMaker(dice, model, before, other)();
            const Outcome plain = play(model, choices);
            BOOST_TEST(is_close(play<Var<double>>(model, choices), plain), describe_run(choices, plain));
            right += !plain.failed;
        }
    }
    BOOST_TEST(right > done / 4);
}

BOOST_AUTO_TEST_CASE(block_condition_seed_mask_and_uncondition_are_idempotent) {
    for_random_models(1, [](Dice& dice, const std::vector<Node>& model, const Trace& trace, std::uint64_t number) {
        const TraceSite& site = one_site(dice, trace, true);
        IntVector elements(model.size());
        for (std::size_t k = 0; k < elements.size(); ++k) elements[k] = static_cast<Integer>(k % 2);
        const Choice draws = seeded(number);
        for (const Choice& h :
             {draws, Choice{.which = Which::uncondition}, with_values(Which::condition, {{site.name, site.value}}),
              Choice{.which = Which::mask, .mask = Integer{0}}, Choice{.which = Which::mask, .mask = elements}}) {
            BOOST_TEST(is_same(play(model, {h, h, draws}), play(model, {h, draws})), h.str());
            BOOST_TEST(is_same(play(model, {draws, h, h}), play(model, {draws, h})), h.str());
        }
        // What is hidden once cannot be found a second time by its name; all that is hidden, can.
        BOOST_TEST(is_same(play(model, {draws, {.which = Which::block}, {.which = Which::block}}),
                           play(model, {draws, {.which = Which::block}})));
        const Outcome again = play(model, {draws, hiding({site.name}), hiding({site.name})});
        BOOST_TEST(!again.failed);
        BOOST_TEST(is_same(again, play(model, {draws, hiding({site.name})})));
    });
}

BOOST_AUTO_TEST_CASE(handlers_that_touch_different_sites_commute) {
    std::size_t pairs = 0;
    for_random_models(2, [&](Dice& dice, const std::vector<Node>& model, const Trace& trace, std::uint64_t number) {
        const TraceSite &a = one_site(dice, trace, true), &b = one_site(dice, trace, true);
        if (a.name == b.name || !is_latent(a) || !is_latent(b)) return;
        ++pairs;
        const auto of = [](const TraceSite& site) {
            return std::vector<Choice>{with_values(Which::condition, {{site.name, site.value}}),
                                       with_values(Which::substitute, {{site.name, site.value}}),
                                       with_values(Which::do_, {{site.name, site.value}})};
        };
        for (const Choice& g : of(a))
            for (const Choice& h : of(b)) {
                BOOST_TEST(is_same(play(model, {g, h, seeded(number)}), play(model, {h, g, seeded(number)})));
                BOOST_TEST(!play(model, {g, h, seeded(number)}).failed);
            }
        const Choice half{.which = Which::scale, .factor = 0.5}, none{.which = Which::mask, .mask = Integer{0}};
        for (const Choice& g : of(a)) {
            BOOST_TEST(is_same(play(model, {g, half, seeded(number)}), play(model, {half, g, seeded(number)})));
            BOOST_TEST(is_same(play(model, {g, none, seeded(number)}), play(model, {none, g, seeded(number)})));
        }
        const Choice draws = seeded(number), hide_a = hiding({a.name}), hide_b = hiding({b.name});
        BOOST_TEST(is_same(play(model, {draws, hide_a, hide_b}), play(model, {draws, hide_b, hide_a})));
        BOOST_TEST(is_same(play(model, {draws, hide_a, hide_b}), play(model, {draws, hiding({a.name, b.name})})));
    });
    BOOST_TEST(pairs > models / 4);
}

BOOST_AUTO_TEST_CASE(the_trace_of_a_replayed_trace_is_the_trace) {
    std::size_t plates = 0, hidden = 0;
    for_random_models(3, [&](Dice& dice, const std::vector<Node>& model, const Trace& trace, std::uint64_t number) {
        const auto is_replay_of = [](const Outcome& outcome, const Trace& original) {
            BOOST_REQUIRE(!outcome.failed);
            BOOST_REQUIRE(outcome.trace.size() == original.size());
            auto site = original.begin();
            for (TraceSite again : outcome.trace) {
                if (again.provenance == Provenance::replayed && site->provenance == Provenance::sampled)
                    again.provenance = Provenance::sampled;
                if (site->kind == Kind::param) again.provenance = site->provenance;
                BOOST_TEST(is_same(again, *site), again.name);
                ++site;
            }
        };
        for (const TraceSite& site : trace)
            plates += site.kind == Kind::plate && site.provenance == Provenance::sampled;
        // All of it, the indices of subsampled plates included: without a seed, or with another one.
        const Choice all{.which = Which::replay, .trace = trace};
        is_replay_of(play(model, {all}), trace);
        is_replay_of(play(model, {all, seeded(number + 1)}), trace);

        // Of a trace without a site that was hidden: an error that names it, or a draw by the same seed.
        const TraceSite& site = one_site(dice, trace, true);
        const Trace part = play(model, {seeded(number), hiding({site.name})}).trace;
        BOOST_REQUIRE(part.size() + 1 == trace.size());
        const Choice strict{.which = Which::replay, .trace = part};
        const Choice loose{.which = Which::replay, .trace = part, .strict = false};
        if (is_latent(site)) {
            ++hidden;
            const Outcome refused = play(model, {strict, seeded(number)});
            BOOST_TEST(refused.failed);
            BOOST_TEST(refused.site == site.name);
            is_replay_of(play(model, {loose, seeded(number)}), trace);
        } else {
            is_replay_of(play(model, {strict}), trace);
        }
        // The site is hidden after it was replayed.
        is_replay_of(play(model, {all, hiding({site.name})}), part);
    });
    BOOST_TEST(plates > models / 20);
    BOOST_TEST(hidden > models / 4);
}

BOOST_AUTO_TEST_CASE(uncondition_forgets_what_condition_said) {
    for_random_models(4, [](Dice& dice, const std::vector<Node>& model, const Trace& trace, std::uint64_t number) {
        const TraceSite& site = one_site(dice, trace, true);
        const Choice data = with_values(Which::condition, {{site.name, site.value}});
        const Choice forget{.which = Which::uncondition};
        BOOST_TEST(is_same(play(model, {data, forget, seeded(number)}), play(model, {forget, seeded(number)})));
        for (const TraceSite& now : play(model, {data, forget, seeded(number)}).trace)
            BOOST_TEST((now.kind != Kind::sample || now.provenance == Provenance::sampled));
    });
}

BOOST_AUTO_TEST_CASE(scoped_names_are_those_that_handlers_outside_see) {
    for_random_models(5, [](Dice& dice, const std::vector<Node>& model, const Trace& trace, std::uint64_t number) {
        const Choice into{.which = Which::scope, .text = "in"}, draws = seeded(number);
        const TraceSite& site = one_site(dice, trace, true);
        BOOST_TEST(is_same(play(model, {draws, into, hiding({"in/" + site.name})}),
                           play(model, {draws, hiding({site.name}), into})));
        for (const Which which : {Which::condition, Which::substitute, Which::do_}) {
            const Outcome outside = play(model, {into, with_values(which, {{"in/" + site.name, site.value}}), draws});
            Outcome inside = play(model, {with_values(which, {{site.name, site.value}}), into, draws});
            if (inside.failed) inside.site = "in/" + inside.site; // not visited: other names, other indices
            BOOST_TEST(is_same(outside, inside));
        }
        const Outcome unknown = play(model, {draws, into, hiding({site.name})});
        BOOST_TEST(unknown.failed);
        BOOST_TEST(unknown.site == site.name);
        // Scopes that are written one by one are one scope.
        const Outcome nested = play(model, {draws, into, {.which = Which::scope, .text = "out"}});
        auto plain = trace.begin();
        for (const TraceSite& now : nested.trace) BOOST_TEST(now.name == "out/in/" + (plain++)->name);
    });
}

BOOST_AUTO_TEST_CASE(a_second_intervention_at_a_site_is_refused) {
    for_random_models(6, [](Dice& dice, const std::vector<Node>& model, const Trace& trace, std::uint64_t number) {
        const TraceSite& site = one_site(dice, trace, true);
        const Choice once = with_values(Which::do_, {{site.name, site.value}}), draws = seeded(number);
        BOOST_TEST(!play(model, {once, draws}).failed);
        const Outcome twice = play(model, {once, once, draws});
        BOOST_TEST(twice.failed);
        BOOST_TEST((twice.site.find("__CF") != std::string::npos));
        // Hiding the record of the first one does not help.
        const std::string record = twice.site;
        const Outcome hidden = play(model, {once, hiding({record}), once, draws});
        BOOST_TEST(hidden.failed);
        BOOST_TEST(hidden.site == record);
    });
}

// What the random stacks have found.

BOOST_AUTO_TEST_CASE(the_indices_of_subsampled_plates_are_replayed) {
    const auto model = []<Scalar Real>() -> Model<Real> {
        auto rows = co_yield plate("rows", 10, {.subsample_size = 3});
        co_yield sample("x", Normal(0, 1).expand(rows));
    };
    const Trace t = run(model | seed(1) | trace);
    const Trace again = run(model | replay(t) | seed(2) | trace);
    BOOST_TEST((again["rows"].value == t["rows"].value));
    BOOST_TEST((run(model | seed(2) | trace)["rows"].value != t["rows"].value));
    BOOST_TEST(static_cast<int>(again["rows"].provenance) == static_cast<int>(Provenance::replayed));
    // Indices of another plate do not fit.
    const auto smaller = []<Scalar Real>() -> Model<Real> {
        auto rows = co_yield plate("rows", 3, {.subsample_size = 2});
        co_yield sample("x", Normal(0, 1).expand(rows));
    };
    BOOST_CHECK_EXCEPTION(run(smaller | replay(t) | seed(2)), Error, (Says{"rows", "indices from 0 to 2", "", ""}));
}

BOOST_AUTO_TEST_CASE(a_factor_has_no_elements_to_mask) {
    const auto model = []<Scalar Real>() -> Model<Real> { co_yield factor("f", 2.0); };
    BOOST_TEST(run(model | mask(true) | trace).log_prob_sum() == 2);
    BOOST_TEST(run(model | mask(false) | trace).log_prob_sum() == 0);
    BOOST_CHECK_EXCEPTION(run(model | mask(IntVector{1, 0}) | trace), Error,
                          (Says{"f", "a mask that is true or false for a factor", "shape [2]", ""}));
}

BOOST_AUTO_TEST_CASE(params_and_sites_of_whole_vectors_may_be_masked_as_a_whole) {
    const auto model = []<Scalar Real>() -> Model<Real> {
        co_yield param("p", 1.0);
        co_yield sample("shares", Dirichlet(Vector{2, 3}));
    };
    const auto given = model | substitute({{"p", 2.0}, {"shares", Vector{0.25, 0.75}}});
    const double density = run(given | trace).log_prob_sum();
    BOOST_TEST(density == std::log(12 * 0.25 * 0.75 * 0.75), boost::test_tools::tolerance(1e-14));
    BOOST_TEST(run(given | mask(true) | trace).log_prob_sum() == density);
    BOOST_TEST(run(given | mask(false) | trace).log_prob_sum() == 0);
    BOOST_TEST(run(given | mask(true) | mask(false) | trace).get<double>("p") == 2);
    BOOST_CHECK_EXCEPTION(run(given | mask(IntVector{1, 0}) | trace), Error,
                          (Says{"shares", "a mask that is true or false for Dirichlet", "shape [2]", ""}));
}

BOOST_AUTO_TEST_CASE(an_intervention_on_a_discrete_site_is_a_whole_number) {
    const auto model = []<Scalar Real>() -> Model<Real> { co_yield sample("k", Poisson(2)); };
    BOOST_CHECK_EXCEPTION(run(model | do_({{"k", 0.5}}) | seed(1)), Error, (Says{"k", "whole", "0.5", ""}));
    BOOST_TEST(run(model | do_({{"k", 2.0}}) | seed(1) | trace).get<double>("k__CF") == 2);
}

BOOST_AUTO_TEST_CASE(a_plate_and_a_site_of_one_name_are_replayed_each_by_itself) {
    const auto model = []<Scalar Real>() -> Model<Real> {
        auto rows = co_yield plate("x", 10, {.subsample_size = 3});
        co_yield sample("x", Normal(0, 1).expand(rows));
    };
    const Trace t = run(model | seed(1) | trace), again = run(model | replay(t) | trace);
    BOOST_TEST((again.begin()->value == t.begin()->value));
    BOOST_TEST((std::next(again.begin())->value == std::next(t.begin())->value));
}

BOOST_AUTO_TEST_CASE(half_a_count_is_refused_also_where_it_is_masked) {
    const auto model = []<Scalar Real>() -> Model<Real> { co_yield sample("k", Poisson(2)); };
    BOOST_CHECK_EXCEPTION(run(model | condition({{"k", 0.5}}) | mask(false)), Error, (Says{"k", "whole", "0.5", ""}));
}

BOOST_AUTO_TEST_CASE(a_plate_without_indices_is_named_in_full) {
    const auto model = []<Scalar Real>() -> Model<Real> {
        co_yield submodel("part", []<Scalar R>() -> Model<R> {
            auto rows = co_yield plate("rows", 10, {.subsample_size = 3});
            co_yield sample("x", Normal(0, 1).expand(rows));
        });
    };
    BOOST_CHECK_EXCEPTION(run(model | trace), Error, (Says{"part/rows", "the 3 indices", "no handler", "seed"}));
}
