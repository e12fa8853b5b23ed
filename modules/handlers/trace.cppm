// trace records every site that it sees, in order.
export module modus.handlers:trace;

import modus.standard;
import modus.autodiff;
import modus.effects;
import modus.support;

export namespace modus {

/// What a trace remembers of one site. Values and log densities are plain numbers, whatever the scalar of the run.
struct TraceSite {
    std::string name;
    std::uint64_t hash;
    Kind kind;
    Provenance provenance;
    Data value;
    double log_density; ///< with the scale of the site; 0 for params and deterministics
    std::string distribution;
    Shape batch_shape, event_shape;
    std::source_location where;
};

class Trace {
  public:
    /// Throws Error listing the sites there are.
    const TraceSite& operator[](std::string_view name) const;
    /// None where there is no such site.
    const TraceSite* find(std::uint64_t hash) const;
    /// The value of a site as a double, Vector, Matrix, Integer, ...
    template <class T> T get(std::string_view name) const { return value_as<T>((*this)[name].value); }

    std::size_t size() const { return sites_.size(); }
    auto begin() const { return sites_.begin(); }
    auto end() const { return sites_.end(); }

    /// The log joint density: the sum over the sites, in their order.
    double log_prob_sum() const;
    /// A table of the sites with their shapes, values' provenance and log densities.
    std::string format_shapes() const;
    friend std::ostream& operator<<(std::ostream& out, const Trace& trace);

    void add(TraceSite site) { sites_.push_back(std::move(site)); }

  private:
    std::vector<TraceSite> sites_;
};

struct TraceHandler : Handler {
    Trace recorded;

    void start() { recorded = {}; }
    template <Scalar Real> void postprocess(Message<Real>& message) {
        TraceSite site{message.name(),
                       message.hash,
                       message.kind,
                       message.provenance,
                       data_of(message.value),
                       value_of(message.log_density()),
                       "",
                       {},
                       {},
                       message.base.where};
        if (message.distribution) {
            site.distribution = message.distribution->name();
            site.batch_shape = message.distribution->batch_shape();
            site.event_shape = message.distribution->event_shape();
        } else {
            site.event_shape = shape_of(site.value);
        }
        recorded.add(std::move(site));
    }
    Trace result() { return std::move(recorded); }
    std::string str() const { return "trace"; }
};

/// `run(model | ... | trace, args...)` returns the Trace of the run: all sites that no handler further in has hidden.
inline const TraceHandler trace;

} // namespace modus
