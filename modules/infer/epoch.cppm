// epoch: mini-batches that visit each row once.
export module modus.infer:epoch;

import modus.standard;
import modus.autodiff;

export namespace modus {

struct EpochOptions {
    std::uint64_t seed = 0;
    std::uint64_t number = 0; ///< of the epoch; each has an order of its own
};

/// The rows 0, 1, ..., size - 1 in random order, in batches of `batch_size`, the last one shorter where it does not
/// divide: `for (const IntVector& rows : epoch(n, 20)) svi.step(X, y, rows);` with a model that opens
/// `plate("data", n, {.subsample = rows})`. Throws Error for a batch_size of 0 or above `size`.
std::vector<IntVector> epoch(std::size_t size, std::size_t batch_size, EpochOptions options = {});

} // namespace modus
