// The coroutine type of models. A model is pulled by `drive`, one site at a time: `co_yield` publishes a message, the
// run answers it, and the reply comes back typed. Only `drive` creates, resumes and destroys frames.
export module modus.effects:model;

import modus.standard;
import modus.autodiff;
import :effect;
import :message;
import :plate;
import :site;

export namespace modus {

/// What a model returns with co_return.
template <class T> struct Returned {
    void return_value(T value) { returned = std::move(value); }
    std::optional<T> returned;
};
struct Nothing {};
template <> struct Returned<Nothing> {
    inline void return_void() {}
    std::optional<Nothing> returned{Nothing{}};
};

template <Scalar Real, class T = Nothing> class Model;

/// Runs a model to its end and gives back what it returned. By value: the frame dies with this call.
template <Scalar Real, class T> T drive(Model<Real, T> model, Run<Real>& run) {
    while (Message<Real>* message = model.next(run)) run.handle(*message);
    return model.result();
}

/// Runs a recipe within a run. Overloaded for models with handlers in :stack.
template <Scalar Real, class Recipe, class... A>
auto run_within(Run<Real>& run, const Recipe& recipe, A&&... arguments) {
    return drive(recipe.template operator()<Real>(std::forward<A>(arguments)...), run);
}

/// The coroutine of a model over the scalar Real, which returns a T. Models are written as recipes,
/// `[]<Scalar Real>(arguments...) -> Model<Real> { ... }`, and executed by `run`; nobody else holds a Model.
template <Scalar Real, class T> class [[nodiscard]] Model {
  public:
    struct promise_type : Returned<T> {
        promise_type() = default;
        static void* operator new(std::size_t bytes) { return pool_allocate(bytes); }
        static void operator delete(void* frame, std::size_t bytes) { pool_release(frame, bytes); }

        Model get_return_object() { return Model(std::coroutine_handle<promise_type>::from_promise(*this)); }
        std::suspend_always initial_suspend() noexcept { return {}; }
        std::suspend_always final_suspend() noexcept { return {}; }
        void unhandled_exception() { throw; } // leaves through `drive`; the frame may then only be destroyed

        template <class D, class O> auto yield_value(const Sample<D, O>& effect) {
            return SampleSite<Real, D, O, const Sample<D, O>&>(*run, effect);
        }
        template <class D, class O> auto yield_value(Sample<D, O>&& effect) {
            return SampleSite<Real, D, O, Sample<D, O>>(*run, std::move(effect));
        }
        template <class V> auto yield_value(const Deterministic<V>& effect) {
            return DeterministicSite<Real, V>(*run, effect);
        }
        template <class V> auto yield_value(const Factor<V>& effect) { return FactorSite<Real, V>(*run, effect); }
        template <class S> auto yield_value(const Param<S>& effect) { return ParamSite<Real, S>(*run, effect); }
        auto yield_value(const Plate& effect) { return PlateOpening<Real>{*run, effect}; }
        template <ScopedEffect E> auto yield_value(const E& effect) { return ScopeOpening<E>{run->state, effect}; }
        template <class Recipe, class... A> auto yield_value(Submodel<Recipe, A...>&& effect) {
            return SubmodelCall<Real, Recipe, A...>{*run, effect};
        }
        template <class Other> requires(!ScopedEffect<Other>)
        void yield_value(const Other&) {
            static_assert(std::same_as<Other, void>,
                          "a model yields sample, param, deterministic, factor, plate, scale, mask or submodel");
        }
        void await_transform(auto&&) = delete; // a model yields effects; it does not co_await

        Run<Real>* run = nullptr;
        Message<Real>* pending = nullptr;
    };

    Model(Model&& other) noexcept : frame_(std::exchange(other.frame_, nullptr)) {}
    Model& operator=(Model&&) = delete;
    ~Model() {
        if (frame_) frame_.destroy();
    }

  private:
    template <Scalar R, class U> friend U drive(Model<R, U>, Run<R>&);
    explicit Model(std::coroutine_handle<promise_type> frame) : frame_(frame) {}

    /// The next site that wants an answer; none at the end.
    Message<Real>* next(Run<Real>& run) {
        frame_.promise().run = &run;
        frame_.promise().pending = nullptr;
        frame_.resume();
        return frame_.promise().pending;
    }
    T result() { return std::move(*frame_.promise().returned); }

    std::coroutine_handle<promise_type> frame_;
};

} // namespace modus
