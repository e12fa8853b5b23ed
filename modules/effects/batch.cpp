module;
#include <cstddef>
#include <span>
#include <string>

module modus.effects;

import modus.autodiff;
import modus.support;

namespace modus {

void check_plates(std::span<const Frame> frames, const Shape& batch_shape) {
    bool is_covered[3] = {}; // by axis, counted from the right, from 1
    for (const Frame& plate : frames) {
        if (!plate.is_vectorized()) continue;
        const auto name = [&] { return std::string(plate.name); };
        if (plate.axis == 0)
            throw Error("", "two vectorized plates at most", "plate '" + name() + "' inside two others",
                        "Loop over one of them: for (auto i : co_yield plate(...)).");
        is_covered[plate.axis] = true;
        const auto where = [&] {
            return "plate '" + name() + "' of size " + std::to_string(plate.size) +
                   (plate.is_subsampled() ? " (selected from " + std::to_string(plate.full_size) + ")" : "");
        };
        if (batch_shape.rank < plate.axis)
            throw Error("", "a batch axis -" + std::to_string(plate.axis) + " for " + where(),
                        "batch shape " + batch_shape.str(),
                        "Write .expand(" + name() + ") on the distribution, or loop over the plate.");
        const std::size_t extent = batch_shape.extents[batch_shape.rank - plate.axis];
        if (extent != plate.size)
            throw Error("",
                        "size " + std::to_string(plate.size) + " at batch axis -" + std::to_string(plate.axis) +
                            ", inside " + where(),
                        "batch shape " + batch_shape.str(),
                        plate.is_subsampled()
                            ? "Take the part of the data and of full-size parameters that is selected: " + name() +
                                  ".subsample(x)."
                            : "Make the parameters or the data as long as the plate, or use to_event for axes that are "
                              "not independent repetitions.");
    }
    for (std::size_t axis = 1; axis <= batch_shape.rank; ++axis)
        if (const std::size_t extent = batch_shape.extents[batch_shape.rank - axis]; !is_covered[axis] && extent > 1)
            throw Error("", "a plate for batch axis -" + std::to_string(axis) + " of size " + std::to_string(extent),
                        "batch shape " + batch_shape.str() + " and no plate of that axis",
                        "Put the site into a plate of size " + std::to_string(extent) +
                            " where its elements are independent, or write .to_event(" +
                            std::to_string(batch_shape.rank) + ") where they are one draw.");
}

void missing_plates(const Name& site, std::span<const Frame> frames, std::size_t plates, std::size_t axes) {
    throw Error(full_name(site, frames), "a plate for each axis of a site without data",
                std::to_string(plates) + " plates for " + std::to_string(axes) + " axes",
                "Put the site into a plate, or expand its distribution.");
}

std::size_t plate_elements(std::span<const Frame> frames) {
    std::size_t elements = 1;
    for (const Frame& plate : frames)
        if (plate.is_vectorized()) elements *= plate.size;
    return elements;
}

} // namespace modus
