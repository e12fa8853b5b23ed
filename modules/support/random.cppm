// Counter-based random numbers: a stream is a pure function of a seed and a name, so that adding a site does not change
// the draws of the others and no state is shared between threads.
export module modus.support:random;

import modus.standard;
import modus.autodiff;

export namespace modus {

/// A stream of random bits, Philox4x64-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC11).
/// Satisfies UniformRandomBitGenerator.
class Random {
  public:
    using result_type = std::uint64_t;

    explicit Random(std::uint64_t seed, std::uint64_t stream = 0) : key_{seed, stream} {}

    static constexpr result_type min() { return 0; }
    static constexpr result_type max() { return ~result_type{0}; }
    result_type operator()() {
        if (used_ == block_.size()) refill();
        return block_[used_++];
    }

    /// Uniform on the open interval (0, 1), with 52 bits: one more, and the largest would round to 1.
    double uniform() { return (static_cast<double>((*this)() >> 12) + 0.5) * 0x1p-52; }
    double normal();
    /// One of 0, 1, ..., n - 1, each as likely as the others.
    std::uint64_t below(std::uint64_t n);

  private:
    void refill();

    std::array<std::uint64_t, 2> key_;
    std::uint64_t counter_ = 0;
    std::array<std::uint64_t, 4> block_{};
    std::size_t used_ = 4;
};

/// `count` different indices of 0, 1, ..., n - 1, in rising order; every set is as likely as every other.
IntVector choose(std::size_t n, std::size_t count, Random& random);
/// 0, 1, ..., n - 1 in random order.
IntVector permutation(std::size_t n, Random& random);
/// The seed of one of many independent runs, such as the steps of a fit or the draws of a prediction.
std::uint64_t seed_of_run(std::uint64_t seed, std::uint64_t run);

} // namespace modus
