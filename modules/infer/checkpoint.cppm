// A fit in a file, with everything that it needs to go on as if it had never stopped.
export module modus.infer:checkpoint;

import modus.standard;
import modus.autodiff;
import :latents;
import :optim.options;

export namespace modus {

/// A fit between two steps, as a checkpoint stores it.
struct Checkpoint {
    const LatentBlocks& latents;
    Vector parameters; ///< flat, unconstrained
    const char* optimizer;
    std::vector<Option> options;
    std::vector<Field> state; ///< where it is: read from when writing, written to when reading
    std::uint64_t steps;      ///< done so far
    std::uint64_t seed;
};

/// Writes the fit to a file: JSON where the path ends in ".json", CBOR (RFC 8949) where it ends in ".cbor". The file
/// that was there is replaced as a whole or, where this throws, not at all. Throws Error for another ending, for
/// numbers that are not finite, and where the system cannot write, with its reason.
void write_checkpoint(const std::string& path, const Checkpoint& fit);

/// Reads what write_checkpoint has written into `fit`: parameters, state, steps and seed. Latent sites, optimizer and
/// options must be those of the file. Throws Error, and changes nothing, where they are not, and for a file that is
/// damaged, of a newer version, or no checkpoint.
void read_checkpoint(const std::string& path, Checkpoint& fit);

} // namespace modus
