// Formulas of single numbers on a tape: one node for each.
export module modus.autodiff:tape_number;

import modus.standard;
import :dual;
import :local;
import :tape;

namespace modus {

/// A number with one partial derivative for each of some arguments, of which some may be constants.
template <class T, std::size_t N> struct OperationNode : Tape<T>::NumberNode {
    struct Share {
        T partial;
        Slot<T> argument;
    };
    std::array<Share, N> shares;

    void pull_back() {
        for (const Share& share : shares)
            if (share.argument) share.argument.add(this->adjoint * share.partial);
    }
};

/// An argument of a formula as a variable of its own, if it is one.
template <std::size_t J, class T, class A> auto local_argument(const A& x) {
    if constexpr (is_var<A>) return Local<T, 1U << J>{x.value, {T(1.0)}};
    else return static_cast<double>(x);
}

/// The node of a formula of numbers with the result R, a Local, that can be replayed.
template <class T, class R, class F, class... A> struct ReplayedNode {
    struct Node : OperationNode<T, R::size> {
        std::array<const T*, sizeof...(A)> cells;
        const F* formula;

        void push_forward() {
            const R result = [this]<std::size_t... I>(std::index_sequence<I...>) {
                const auto local = []<std::size_t J, class X>(const T& x) {
                    if constexpr (is_var<X>) return Local<T, 1U << J>{x, {T(1.0)}};
                    else return value_of(x);
                };
                return (*formula)(local.template operator()<I, A>(*cells[I])...);
            }(std::index_sequence_for<A...>());
            this->value = result.value;
            this->adjoint = T(0.0);
            for (std::size_t k = 0; k < R::size; ++k) this->shares[k].partial = result.partials[k];
        }
    };

    static OperationNode<T, R::size>* record(Tape<T>& tape, const F& f, const A&... arguments) {
        auto* node = tape.template record<Node>();
        node->cells = {tape.cell(arguments)...};
        node->formula = tape.copy(f);
        return node;
    }
};

template <class T, class F, class... A> Var<T> number_on_tape(const F& f, const A&... arguments) {
    return [&]<std::size_t... I>(std::index_sequence<I...>) -> Var<T> {
        const auto result = f(local_argument<I, T>(arguments)...);
        using R = std::remove_cvref_t<decltype(result)>;
        if constexpr (!is_local<R>) {
            return Var<T>(result);
        } else {
            Tape<T>* tape = nullptr;
            const auto find_tape = [&]<std::size_t J>(const auto& x) {
                if constexpr (is_var<std::remove_cvref_t<decltype(x)>>)
                    if constexpr ((R::mask >> J) & 1U)
                        if (x.slot) tape = x.tape;
            };
            (find_tape.template operator()<I>(arguments), ...);
            if (!tape) return Var<T>(result.value);
            OperationNode<T, R::size>* node = nullptr;
            if constexpr (is_stateless<F>) {
                if (tape->for_replay) node = ReplayedNode<T, R, F, A...>::record(*tape, f, arguments...);
            }
            if (!node) node = tape->template record<OperationNode<T, R::size>>();
            node->value = result.value;
            const auto share = [&]<std::size_t J>(const auto& x) {
                if constexpr (is_var<std::remove_cvref_t<decltype(x)>>)
                    if constexpr ((R::mask >> J) & 1U) {
                        constexpr std::size_t place = R::template place<J>;
                        node->shares[place] = {result.partials[place], x.slot};
                    }
            };
            (share.template operator()<I>(arguments), ...);
            return Var<T>(*node, tape);
        }
    }(std::index_sequence_for<A...>());
}

} // namespace modus
