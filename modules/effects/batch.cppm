// Which batch axis of a site belongs to which vectorized plate.
export module modus.effects:batch;

import modus.standard;
import modus.support;
import :name;

export namespace modus {

/// Throws Error where the batch shape of a site does not have the size of each vectorized plate around it, or has an
/// axis that no plate covers. The outermost plate is the last batch axis, the next one the axis left of it, as in Pyro.
void check_plates(std::span<const Frame> frames, const Shape& batch_shape);
/// Throws Error: a site that repeats its distribution along data that are absent has no size.
[[noreturn]] void missing_plates(const Name& site, std::span<const Frame> frames, std::size_t plates, std::size_t axes);
/// The number of elements of the vectorized plates.
std::size_t plate_elements(std::span<const Frame> frames);

} // namespace modus
