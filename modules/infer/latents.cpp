module;
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <range/v3/range/conversion.hpp>
#include <range/v3/view/join.hpp>
#include <range/v3/view/transform.hpp>
#include <span>
#include <string>
#include <variant>
#include <vector>

module modus.infer;

import modus.autodiff;
import modus.effects;
import modus.support;

namespace modus {
namespace {

/// How the coordinates of a block lie: batch elements first, column by column, then what each has of its own.
struct Layout {
    std::array<std::size_t, 2> full{1, 1}, selected{1, 1};
    std::array<const IntVector*, 2> indices{};
    bool is_subsampled = false;

    /// For a site of this shape in this run.
    Layout(const Shape& shape, std::size_t event_rank, std::span<const Frame> frames) {
        const std::size_t batch_rank = shape.rank - event_rank;
        for (std::size_t d = 0; d < batch_rank; ++d) full[d] = selected[d] = shape.extents[d];
        for (const Frame& frame : frames)
            if (frame.is_vectorized() && frame.is_subsampled() && frame.axis >= 1 && frame.axis <= batch_rank) {
                const std::size_t d = batch_rank - frame.axis;
                full[d] = frame.full_size;
                indices[d] = frame.selected;
                is_subsampled = true;
            }
    }
    Shape full_shape(Shape shape, std::size_t event_rank) const {
        for (std::size_t d = 0; d + event_rank < shape.rank; ++d) shape.extents[d] = full[d];
        return shape;
    }
    std::size_t index(std::size_t d, std::size_t position) const {
        return indices[d] ? static_cast<std::size_t>(indices[d]->load(position)) : position;
    }
};

} // namespace

void LatentBlocks::require_continuous(const LatentSite& site) const {
    if (site.distribution.is_discrete())
        throw Error(site.name, "a continuous latent site",
                    std::string(site.distribution.name()) + ", which is discrete",
                    "Sum the site out of the model by hand (log_sum_exp), or give it data.");
}

void LatentBlocks::add(const LatentSite& site, std::span<const Frame> frames, const Data& value, bool is_guess) {
    const auto& distribution = site.distribution;
    const std::string advice = "It is the initial value: change init_loc_fn, or the initial value of the param.";
    Vector u;
    try {
        distribution.check_value(value);
        u = distribution.unconstrain(value);
    } catch (const Error& error) {
        throw Error(site.name, error.expected, error.found, advice);
    }
    if (find_first(u.extents(), [](double x) { return !std::isfinite(x); }, u) < u.size())
        throw Error(site.name, "a point inside " + distribution.support_name() + ", not on its boundary", format(value),
                    advice);
    add_block(site, frames, u, is_guess);
}

void LatentBlocks::add_unvisited(const Message<double>& message, const LatentSite& site,
                                 const std::function<Data(const LatentSite&)>& choose) {
    const auto is_given = [](const Frame& f) { return f.index >= 0 && f.is_subsampled() && !f.visits_all; };
    if (std::ranges::none_of(message.frames, is_given)) return;
    std::vector<Frame> frames(message.frames.begin(), message.frames.end());
    const auto add_from = [&](const auto& self, std::size_t depth) -> void {
        if (depth == frames.size()) {
            const std::uint64_t hash = full_hash(message.base, frames, message.prefix);
            if (find(hash)) return;
            const LatentSite other{full_name(message.base, frames, message.prefix), hash, site.distribution};
            return add(other, frames, choose(other), true);
        }
        Frame& frame = frames[depth];
        if (!is_given(frame)) return self(self, depth + 1);
        for (std::size_t k = 0; k < frame.full_size; ++k) {
            frame.index = static_cast<std::ptrdiff_t>(k);
            self(self, depth + 1);
        }
    };
    add_from(add_from, 0);
}

void LatentBlocks::add_block(const LatentSite& site, std::span<const Frame> frames, const Vector& coordinates,
                             bool is_guess) {
    const auto& distribution = site.distribution;
    Vector u = coordinates;
    const std::size_t event_rank = distribution.event_shape().rank;
    const Layout layout(distribution.shape(), event_rank, frames);
    if (layout.is_subsampled) { // the values of the selected indices repeat over all of them
        const auto [rows, columns] = layout.selected;
        const std::size_t own = u.size() / (rows * columns);
        Vector all(layout.full[0] * layout.full[1] * own);
        std::size_t at = 0;
        for (std::size_t k = 0; k < own; ++k)
            for (std::size_t j = 0; j < layout.full[1]; ++j)
                for (std::size_t i = 0; i < layout.full[0]; ++i)
                    all[at++] = u.load(i % rows + rows * (j % columns + columns * k));
        u = all;
    }
    if (const auto guess = std::ranges::find(blocks, site.hash, &LatentBlock::hash);
        guess != blocks.end() && guess->is_guess && guess->size == u.size()) {
        for (std::size_t k = 0; k < u.size(); ++k) initial[guess->offset + k] = u[k];
        guess->is_guess = false;
        return;
    }
    const bool is_occasional =
        std::ranges::any_of(frames, [](const Frame& f) { return f.index >= 0 && f.is_subsampled(); });
    const bool is_in_loop = std::ranges::any_of(frames, [](const Frame& f) { return f.index >= 0; });
    has_occasional = has_occasional || is_occasional;
    blocks.push_back({site.name, site.hash, initial.size(), u.size(),
                      layout.full_shape(distribution.shape(), event_rank), event_rank, is_occasional, is_in_loop,
                      is_guess});
    initial = concatenate(initial, u);
}

void LatentBlocks::append(const LatentBlocks& others) {
    for (LatentBlock block : others.blocks) {
        block.offset += initial.size();
        blocks.push_back(block);
    }
    initial = concatenate(initial, others.initial);
    numbers = std::max(numbers, others.numbers); // each part has seen the whole model
    has_occasional = has_occasional || others.has_occasional;
}

std::optional<IntVector> LatentBlocks::selected(const LatentBlock& block, const Shape& shape,
                                                std::span<const Frame> frames) {
    const auto is_subsampled = [](const Frame& frame) { return frame.is_vectorized() && frame.is_subsampled(); };
    if (block.shape == shape && std::ranges::none_of(frames, is_subsampled)) return {};
    const Layout layout(shape, block.event_rank, frames);
    if (layout.full_shape(shape, block.event_rank) != block.shape)
        throw Error(block.name, "shape " + block.shape.str() + ", as in the first call",
                    "shape " + layout.full_shape(shape, block.event_rank).str(),
                    "A latent site keeps its shape; start a new guide for data of another size.");
    if (!layout.is_subsampled) return {};
    const auto [rows, columns] = layout.selected;
    const std::size_t own = block.size / std::max<std::size_t>(layout.full[0] * layout.full[1], 1);
    IntVector coordinates(rows * columns * own);
    std::size_t at = 0;
    for (std::size_t k = 0; k < own; ++k)
        for (std::size_t j = 0; j < columns; ++j)
            for (std::size_t i = 0; i < rows; ++i)
                coordinates[at++] = static_cast<Integer>(layout.index(0, i) +
                                                         layout.full[0] * (layout.index(1, j) + layout.full[1] * k));
    return coordinates;
}

Data selected_part(const Data& value, const AnyDistribution& distribution, std::span<const Frame> frames) {
    const Shape shape = distribution.shape(), full = shape_of(value);
    const std::size_t event_rank = distribution.event_shape().rank;
    const Layout layout(shape, event_rank, frames);
    if (!layout.is_subsampled || layout.full_shape(shape, event_rank) != full) return value;
    const auto elements = LatentBlocks::selected({"", 0, 0, full.size(), full, event_rank}, shape, frames);
    return std::visit(
        [&]<class A>(const A& a) -> Data {
            if constexpr (AnyArray<A>) {
                Extents<rank_of<A>> extents;
                for (std::size_t d = 0; d < rank_of<A>; ++d) extents[d] = shape.extents[d];
                auto part = A::uninitialized(extents);
                for (std::size_t k = 0; k < elements->size(); ++k)
                    part.store(k, a.load(static_cast<std::size_t>(elements->load(k))));
                return part;
            } else {
                return a;
            }
        },
        value);
}

const LatentBlock* LatentBlocks::find(std::uint64_t hash) const {
    const auto found = std::ranges::find(blocks, hash, &LatentBlock::hash);
    return found == blocks.end() ? nullptr : &*found;
}

std::string LatentBlocks::names() const {
    if (blocks.empty()) return "none";
    return blocks | ranges::views::transform(&LatentBlock::name) | ranges::views::join(std::string(", ")) |
           ranges::to<std::string>();
}

void LatentBlocks::unknown(const std::string& site) const {
    throw Error(site, "one of the latent sites of the first call: " + names(), "a new latent site",
                "A model must have the same latent sites in every call; start a new guide for another model.");
}

void LatentBlocks::report_missed(const std::vector<std::string>& not_visited,
                                 const std::vector<std::string>& not_answered, const std::string& visited) const {
    const auto list = [](const std::vector<std::string>& sites) {
        return sites | ranges::views::join(std::string(", ")) | ranges::to<std::string>();
    };
    const std::string advice =
        "A model must have the same latent sites in every call; start a new guide for another model.";
    if (!not_visited.empty())
        throw Error(list(not_visited), "the latent sites of the first call: " + names(),
                    "a run without " + list(not_visited) + "; it visited " + visited, advice);
    const std::string sites = not_answered.empty() ? "some of them" : list(not_answered);
    throw Error(not_answered.empty() ? "" : sites, "the latent sites of the first call: " + names(),
                "a run in which " + sites + " had a value already, from data or a handler", advice);
}

} // namespace modus
