// Whole files, read and replaced.
export module modus.infer:file;

import modus.standard;

namespace modus {

/// The bytes of a file. Throws Error naming the path and the system's reason.
std::string read_file(const std::string& path);

/// Puts a file with these bytes in the place of the one at `path`, if there is one: at every moment, also after a
/// crash, the path has all of the old bytes or all of the new ones. Throws Error naming the path and the system's
/// reason; then the old file is as it was.
void replace_file(const std::string& path, std::string_view bytes);

} // namespace modus
