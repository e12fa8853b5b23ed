module;
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

module modus.infer;

import modus.autodiff;
import modus.effects;
import modus.support;

namespace modus {

GuidePlates::GuidePlates(std::vector<Plate> plates, const RunOptions& options)
    : plates_(std::move(plates)), used_(plates_.size()), options_(options) {
    for (const Plate& plate : plates_) plate.check();
}

Data GuidePlates::indices(const Plate& plate, std::uint64_t hash, const Data& given) {
    for (std::size_t k = 0; k < plates_.size(); ++k) {
        const Plate& own = plates_[k];
        if (own.name() != plate.name()) continue;
        used_[k] = true;
        if (own.size != plate.size)
            throw Error(std::string(plate.name()),
                        "a plate of size " + std::to_string(plate.size) + ", as in the model",
                        "size " + std::to_string(own.size) + " in create_plates", "Give both the same size.");
        Data chosen;
        if (own.options.subsample) chosen = *own.options.subsample;
        else if (own.is_drawn() && options_.whole_plates != RunOptions::Whole::all) chosen = own.draw(hash, options_);
        if (!has_value(given)) return chosen;
        if (has_value(chosen) && own.options.subsample && chosen != given)
            throw Error(std::string(plate.name()), "the indices that the model gives: " + format(given),
                        "others in create_plates: " + format(chosen),
                        "Leave the subsample out of the model, or give both the same indices.");
        return {};
    }
    return {};
}

void GuidePlates::check_used() const {
    for (std::size_t k = 0; k < plates_.size(); ++k) {
        const Plate& own = plates_[k];
        if (!used_[k] && (own.options.subsample || own.is_drawn()))
            throw Error(std::string(own.name()),
                        "a plate of the model that is subsampled, for the one in create_plates", "none of this name",
                        "Check the spelling, and give the plate of the model a subsample_size.");
    }
}

} // namespace modus
