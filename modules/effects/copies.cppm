// A plate around a whole model: `model | plate("copies", 3)`.
export module modus.effects:copies;

import modus.standard;
import modus.autodiff;
import :effect;
import :model;
import :plate;
import :site;

export namespace modus {

/// A model that runs another once for each index of a plate; it returns what the copies returned.
template <class M> struct Copies {
    M model;
    Plate plate;

    template <Scalar Real, class... A> auto operator()(A&&... arguments) const {
        return repeat<Real, decltype(run_within(std::declval<Run<Real>&>(), model, arguments...))>(arguments...);
    }

  private:
    template <Scalar Real, class T, class... A> Model<Real, std::vector<T>> repeat(A&... arguments) const {
        std::vector<T> results;
        for ([[maybe_unused]] const std::size_t i : co_yield plate)
            results.push_back(co_yield submodel(model, arguments...));
        co_return results;
    }
};

template <class M> auto operator|(const M& model, const Plate& plate) { return Copies<M>{model, plate}; }

} // namespace modus
