// Handlers, their composition with `|`, and `run`.
export module modus.effects:stack;

import modus.standard;
import modus.autodiff;
import modus.support;
import :batch;
import :message;
import :model;
import :site;
import :state;

export namespace modus {

/// The base of handlers. A handler is a named struct that hides the functions it needs; a generic
/// `template <Scalar Real> void process(Message<Real>&)` serves every scalar. Optionally it has a `result()`, which
/// `run` then returns.
struct Handler {
    /// Whether runs from copies of this handler do the same: nothing that it refers to changes, and nobody waits for it
    /// to be called. Where it is not so, or not known, the model is run in each step of a fit. A handler that holds
    /// nothing need not say.
    static constexpr bool is_repeatable = false;
    /// Before a run, on its own copy of the handler.
    inline void start() {}
    /// On the way out, from the innermost handler to the outermost; before the site has its final value. A handler that
    /// adds sites has `process(message, next)` instead; `next(other)` shows another message to the handlers outside it,
    /// and to them only.
    template <Scalar Real> void process(Message<Real>&) {}
    /// On the way back in; the value is final.
    template <Scalar Real> void postprocess(Message<Real>&) {}
    /// After a run that came to its end.
    inline void finish(const RunState&) {}
};

template <class H>
concept AnyHandler = std::derived_from<std::remove_cvref_t<H>, Handler>;

/// A model with handlers around it, innermost first.
template <class M, class... H> struct Handled {
    M model;
    std::tuple<H...> handlers;
};

/// A handler that is an lvalue is used in place, so that its state can be read after a run; a temporary or a constant
/// is copied, and each run starts from a fresh copy.
template <class H> using stored_handler_t =
    std::conditional_t<std::is_lvalue_reference_v<H> && !std::is_const_v<std::remove_reference_t<H>>, H,
                       std::remove_cvref_t<H>>;

template <class M, AnyHandler H> auto operator|(const M& model, H&& handler) {
    static_assert(std::is_class_v<M>, "on the left of a handler goes a model: a generic lambda, or a struct with "
                                      "template <Scalar Real> Model<Real> operator()(args...) const");
    return Handled<M, stored_handler_t<H>>{model, {std::forward<H>(handler)}};
}
template <class M, class... Inner, AnyHandler H> auto operator|(const Handled<M, Inner...>& handled, H&& handler) {
    return Handled<M, Inner..., stored_handler_t<H>>{
        handled.model, std::tuple_cat(handled.handlers, std::tuple<stored_handler_t<H>>(std::forward<H>(handler)))};
}

/// Calls f; an Error that names no site gets the name of this one.
template <Scalar Real, class F> void naming(const Message<Real>& message, const F& f) {
    try {
        f();
    } catch (const Error& error) {
        if (!error.site.empty()) throw;
        throw Error(message.unique_name(), error.expected, error.found, error.advice);
    }
}

template <Scalar Real> void Run<Real>::handle(Message<Real>& message) {
    naming(message, [&] {
        if (message.distribution && state.options.validate) {
            message.distribution->check_parameters();
            if (message.kind == Kind::sample) check_plates(message.frames, message.distribution->batch_shape());
        }
        dispatch(message);
    });
}

/// What happens to a site when every handler has seen it: it is checked, and with a value it is done.
template <Scalar Real> void default_action(Message<Real>& message, RunState& state) {
    const RunOptions& options = state.options;
    if (message.kind == Kind::plate) {
        if (!has_value(message.value) && message.plate->is_drawn())
            message.answer(message.plate->draw(message.unique_hash(), options), Provenance::sampled);
        return;
    }
    state.visit(message.base, message.unique_hash(), message.prefix);
    if (message.outside) state.visit_inside(message.hash);
    if (message.kind != Kind::sample && message.kind != Kind::param) return;
    const bool made_inside = message.provenance == Provenance::sampled || message.provenance == Provenance::delta;
    if (has_value(message.value)) {
        const Data* mask = message.kind == Kind::sample ? message.mask : nullptr; // a param has no density to mask
        if (options.validate && !made_inside) message.distribution->check_value(data_of(message.value), mask);
    } else if (message.kind == Kind::param || options.fill) {
        message.value = to_value<Real>(message.distribution->feasible());
    } else {
        fail({"a value for the latent site"}, {"no handler that gives one"},
             "Add | seed(n) to draw it, or condition, substitute, replay, or a guide.");
    }
}

/// A run with handlers. Inside a larger run (a submodel with handlers of its own), `outer` goes on where they end.
template <Scalar Real, class... H> class Stack final : public Run<Real> {
  public:
    Stack(std::tuple<H...>& handlers, RunState& state, Run<Real>* outer = nullptr)
        : Run<Real>(state), handlers_(handlers), outer_(outer), outside_(outer ? state.frames.size() : 0) {}

    /// Handlers of a submodel or of a copy see the names that its sites have there.
    void dispatch(Message<Real>& message) override {
        if (outside_ == 0) return pass<0>(message);
        message.show(outside_, message.prefix);
        pass<0>(message);
        message.show(0, message.prefix);
    }

  private:
    /// The onion: process outwards, the default action, postprocess back inwards.
    template <std::size_t I> void pass(Message<Real>& message) {
        if constexpr (I == sizeof...(H)) {
            if (!outer_ || message.stop) return default_action(message, this->state);
            if (outside_ == 0) return outer_->dispatch(message);
            if (message.kind != Kind::plate) this->state.visit_inside(message.hash);
            message.show(0, message.prefix);
            outer_->dispatch(message);
            message.show(outside_, message.prefix);
        } else {
            auto& handler = std::get<I>(handlers_);
            if constexpr (requires { handler.process(message, [](Message<Real>&) {}); })
                handler.process(message, [this](Message<Real>& other) { naming(other, [&] { pass<I + 1>(other); }); });
            else handler.process(message);
            if (message.stop) pass<sizeof...(H)>(message);
            else pass<I + 1>(message);
            handler.postprocess(message);
        }
    }

    std::tuple<H...>& handlers_;
    Run<Real>* outer_;
    std::size_t outside_; ///< the frames that are open around the model
};

/// The model with handlers of its own, copies of those that it uses in place: for runs in several threads at once.
template <class M> M owned(const M& model) { return model; }
template <class M, class... H> auto owned(const Handled<M, H...>& handled) {
    return Handled<M, std::remove_cvref_t<H>...>{handled.model, handled.handlers};
}
template <class M> using owned_t = decltype(owned(std::declval<const M&>()));

/// The result of the outermost handler that has one, else what the model returned.
template <std::size_t I, class... H, class T> auto result_of(std::tuple<H...>& handlers, T& returned) {
    if constexpr (I == 0) return std::move(returned);
    else if constexpr (requires { std::get<I - 1>(handlers).result(); }) return std::get<I - 1>(handlers).result();
    else return result_of<I - 1>(handlers, returned);
}

template <Scalar Real, class M, class... H, class... A>
auto run_stack(const M& model, std::tuple<H...> handlers, RunState& state, Run<Real>* outer, A&... arguments) {
    Stack<Real, H...> stack(handlers, state, outer);
    std::apply([](auto&... handler) { (handler.start(), ...); }, handlers);
    auto returned = run_within<Real>(stack, model, arguments...);
    std::apply([&](auto&... handler) { (handler.finish(state), ...); }, handlers);
    return result_of<sizeof...(H)>(handlers, returned);
}

template <Scalar Real, class M, class... H, class... A>
auto run_within(Run<Real>& outer, const Handled<M, H...>& handled, A&&... arguments) {
    return run_stack(handled.model, handled.handlers, outer.state, &outer, arguments...);
}

/// Runs a model, with its handlers, on these arguments; over double unless another scalar is named, `run<Real>(...)`.
/// Returns the result of the outermost handler that has one (such as `trace`), else what the model returns.
/// Throws Error naming the site where a site has no value, a wrong value, or the name of another.
template <Scalar Real = double, class M, class... A>
auto run(const RunOptions& options, const M& model, A&&... arguments) {
    RunState state(options);
    if constexpr (requires { model.handlers; })
        return run_stack<Real>(model.model, model.handlers, state, nullptr, arguments...);
    else return run_stack<Real>(model, std::tuple<>(), state, nullptr, arguments...);
}
template <Scalar Real = double, class M, class... A> requires(!std::same_as<M, RunOptions>)
auto run(const M& model, A&&... arguments) {
    return run<Real>(RunOptions{}, model, arguments...);
}

} // namespace modus
