module;
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

module modus.effects;

import modus.autodiff;
import modus.support;

namespace modus {

void Plate::check() const {
    const auto site = [&] { return std::string(name()); };
    if (size == 0)
        throw Error(site(), "a plate of size 1 or more", "size 0",
                    "Leave the plate out where there is nothing to repeat.");
    const auto& [subsample_size, subsample, dim] = options;
    if (subsample_size && *subsample_size == 0)
        throw Error(site(), "a subsample of 1 or more", "subsample_size 0", "Leave subsample_size out to visit all.");
    if (subsample_size && *subsample_size > size)
        throw Error(site(), "a subsample_size of " + std::to_string(size) + " at most, the size of the plate",
                    "subsample_size " + std::to_string(*subsample_size) + " > size " + std::to_string(size),
                    "A subsample is drawn without replacement; make it smaller, or leave it out.");
    if (subsample) {
        if (subsample_size && *subsample_size != subsample->size())
            throw Error(site(), "one length of the subsample",
                        "subsample_size " + std::to_string(*subsample_size) + " but " +
                            std::to_string(subsample->size()) + " indices in subsample",
                        "Leave subsample_size out: the indices say it.");
        check_selection(*subsample, "subsample");
    }
    if (dim && (*dim >= 0 || *dim < -2))
        throw Error(site(), "dim -1 or -2, counted from the right", "dim " + std::to_string(*dim),
                    "Batch axes are counted from the right: -1 is the last. Leave dim out to take the first that is "
                    "free.");
}

void Plate::check_selection(const IntVector& indices, const char* source) const {
    if (indices.size() == 0)
        throw Error(std::string(name()), "at least one index", std::string("none in ") + source,
                    "Leave the plate out where nothing is to be visited.");
    if (indices.size() > size)
        throw Error(std::string(name()), "a subsample of " + std::to_string(size) + " at most, the size of the plate",
                    "subsample_size " + std::to_string(indices.size()) + " > size " + std::to_string(size) + ", in " +
                        source,
                    "Pass fewer indices, or make the plate as large as what they select from.");
    const auto limit = static_cast<Integer>(size);
    for (std::size_t k = 0; k < indices.size(); ++k)
        if (const Integer index = indices.load(k); index < 0 || index >= limit)
            throw Error(std::string(name()), "indices from 0 to " + std::to_string(size - 1),
                        std::to_string(index) + " at " + source + "[" + std::to_string(k) + "]",
                        "Indices count from 0 within the size of the plate.");
}

IntVector Plate::draw(std::uint64_t hash, std::uint64_t seed) const {
    Random random(seed, hash);
    return choose(size, *options.subsample_size, random);
}

IntVector Plate::draw(std::uint64_t hash, const RunOptions& run_options) const {
    if (!run_options.subsample_seed)
        throw Error("", // the handler stack knows the full name
                    "the " + std::to_string(*options.subsample_size) + " indices that this plate visits of " +
                        std::to_string(size),
                    "no handler that draws them", "Add | seed(n), or give the plate .subsample = indices.");
    return draw(hash, *run_options.subsample_seed);
}

PlateScope::PlateScope(RunState& state, const Plate& plate, std::optional<IntVector> selected)
    : state_(state),
      literal_(plate.literal),
      made_(plate.made),
      full_size_(plate.size),
      selected_(std::move(selected)),
      loops_over_all_(selected_ && !plate.options.subsample &&
                      state.options.whole_plates == RunOptions::Whole::sequential),
      outer_scale_(state.scale),
      depth_(state.frames.size()) {
    bool is_taken[3] = {}; // by axis, from 1
    for (const Frame& open : state.frames) {
        if (open.index == Frame::scope) continue;
        if (open.name == plate.name())
            throw Error(std::string(plate.name()), "one open plate of this name", "a second one inside the first",
                        "Give nested plates different names.");
        if (!open.is_vectorized()) continue;
        is_taken[open.axis] = true;
        if (plate.options.dim && open.axis == static_cast<std::size_t>(-*plate.options.dim))
            throw Error(std::string(plate.name()), "a batch axis of its own",
                        "dim " + std::to_string(*plate.options.dim) + ", which plate '" + std::string(open.name) +
                            "' around it has",
                        "Choose the other dim, or leave it out.");
    }
    // A third plate has no axis; that matters only if a site inside wants one, not if it turns out to be a loop.
    const std::size_t axis = plate.options.dim ? static_cast<std::size_t>(-*plate.options.dim)
                             : !is_taken[1]    ? 1
                             : !is_taken[2]    ? 2
                                               : 0;
    state.frames.push_back({literal_.empty() ? std::string_view(made_) : literal_, size(), Frame::vectorized,
                            full_size_, selected_ ? &*selected_ : nullptr, axis, loops_over_all_});
    if (selected_) state.scale *= static_cast<double>(full_size_) / static_cast<double>(size());
}

PlateScope::~PlateScope() {
    state_.frames.resize(depth_);
    state_.scale = outer_scale_;
}

IntVector PlateScope::indices() const {
    if (selected_) return *selected_;
    IntVector all(full_size_);
    for (std::size_t k = 0; k < full_size_; ++k) all[k] = static_cast<Integer>(k);
    return all;
}

std::size_t PlateScope::subsampled_axis(std::size_t rank, std::size_t event_dim) const {
    const std::size_t from_right = frame().axis + event_dim;
    if (frame().axis == 0 || from_right > rank)
        throw Error(std::string(frame().name),
                    "data with " + std::to_string(from_right) + " axes to subsample along batch axis -" +
                        std::to_string(frame().axis),
                    std::to_string(rank) + " axes and event_dim " + std::to_string(event_dim),
                    "event_dim counts the last axes that are not batch axes; index by plate.indices() otherwise.");
    return rank - from_right;
}

void PlateScope::check_extent(std::size_t extent) const {
    if (extent != full_size_)
        throw Error(std::string(frame().name), "data as long as the plate, " + std::to_string(full_size_),
                    std::to_string(extent) + " along its axis",
                    "Subsample data of full size. For the rows of a matrix of predictors write "
                    "plate.subsample(X, 1): the columns are no batch axis.");
}

} // namespace modus
