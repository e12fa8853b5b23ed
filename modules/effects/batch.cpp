module;
#include <cstddef>
#include <span>
#include <string>

module modus.effects;

import modus.autodiff;
import modus.support;

namespace modus {

void check_plates(std::span<const Frame> frames, const Shape& batch_shape) {
    std::size_t axis = 0; // counted from the right
    for (const Frame& plate : frames) {
        if (plate.index != Frame::vectorized) continue;
        ++axis;
        const auto where = [&] {
            return "plate '" + std::string(plate.name) + "' of size " + std::to_string(plate.size);
        };
        if (batch_shape.rank < axis)
            throw Error("", "a batch axis for " + where(), "batch shape " + batch_shape.str(),
                        "Write .expand(" + std::string(plate.name) + ") on the distribution, or loop over the plate.");
        const std::size_t extent = batch_shape.extents[batch_shape.rank - axis];
        if (extent != plate.size)
            throw Error("",
                        "size " + std::to_string(plate.size) + " at batch axis -" + std::to_string(axis) + ", inside " +
                            where(),
                        "batch shape " + batch_shape.str(),
                        "Make the parameters or the data as long as the plate, or use to_event for axes that are not "
                        "independent repetitions.");
    }
}

void missing_plates(const Name& site, std::span<const Frame> frames, std::size_t plates, std::size_t axes) {
    throw Error(full_name(site, frames), "a plate for each axis of a site without data",
                std::to_string(plates) + " plates for " + std::to_string(axes) + " axes",
                "Put the site into a plate, or expand its distribution.");
}

std::size_t plate_elements(std::span<const Frame> frames) {
    std::size_t elements = 1;
    for (const Frame& plate : frames)
        if (plate.index == Frame::vectorized) elements *= plate.size;
    return elements;
}

} // namespace modus
