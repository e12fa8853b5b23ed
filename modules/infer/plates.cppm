// Plates whose indices a guide chooses.
export module modus.infer:plates;

import modus.standard;
import modus.autodiff;
import modus.effects;
import modus.support;

export namespace modus {

/// A guide without plates of its own.
struct NoPlates {};

inline std::vector<Plate> made_plates(Plate plate) { return {std::move(plate)}; }
inline std::vector<Plate> made_plates(std::vector<Plate> plates) { return plates; }

/// The plates of a guide.
class GuidePlates {
  public:
    /// Throws Error for plates that make no sense.
    GuidePlates(std::vector<Plate> plates, const RunOptions& options);
    /// The indices for a plate of the model, or nothing where the guide has no such plate; `given` are those that the
    /// model gives itself, if it does. Throws Error where the two disagree.
    Data indices(const Plate& plate, std::uint64_t hash, const Data& given);
    /// Throws Error for a plate with indices that no subsampled plate of the model has asked for.
    void check_used() const;

  private:
    std::vector<Plate> plates_;
    std::vector<bool> used_;
    RunOptions options_;
};

/// A handler that also answers plates.
template <class H> struct WithPlates : Handler {
    H sites;
    GuidePlates plates;

    WithPlates(const H& sites_, std::vector<Plate> plates_, const RunOptions& options)
        : sites(sites_), plates(std::move(plates_), options) {}
    template <Scalar Real> void process(Message<Real>& message) {
        if (message.kind != Kind::plate) return sites.process(message);
        Data indices = plates.indices(*message.plate, message.hash, data_of(message.value));
        if (has_value(indices)) message.answer(to_value<Real>(indices), Provenance::delta);
    }
    template <Scalar Real> void postprocess(Message<Real>& message) { sites.postprocess(message); }
    void finish(const RunState& state) { sites.finish(state); }
};

} // namespace modus
