module;
#include <cstddef>
#include <utility>

module modus.support;

import modus.autodiff;

namespace modus::support {
namespace {

template <class Kind, class T> struct SticksNode : Tape<T>::Node {
    Sticks sticks;
    Slot<T> u, x;
    const double *pieces, *shares, *slopes; // in planes

    void pull_back() {
        const auto view = [](const double* numbers, std::size_t n) { return Array<T, 1>::borrow(numbers, {n}, n); };
        const std::size_t cuts = sticks.total_cuts();
        const auto piece = view(pieces, sticks.rows * sticks.columns);
        const auto share = view(shares, cuts), slope = view(slopes, cuts);
        for (std::size_t i = 0; i < sticks.rows; ++i) {
            const std::size_t n = sticks.cuts(i);
            const auto at = [&](std::size_t j) { return i + sticks.rows * j; };
            T after = piece.load(at(n)) * x.at(at(n)).get(); // a cut scales all pieces after it
            for (std::size_t j = n; j-- > 0;) {
                const T adjoint = x.at(at(j)).get();
                const std::size_t k = sticks.cut(i, j);
                u.at(k).add(T(slope.load(k) * adjoint - share.load(k) * after));
                after += piece.load(at(j)) * adjoint;
            }
        }
    }
};

} // namespace

template <class Kind, class T> Array<Var<T>, 2> broken_on_tape(const Sticks& sticks, const Array<Var<T>, 1>& u) {
    const Extents<2> extents{sticks.rows, sticks.columns};
    Tape<T>* tape = u.tape();
    if (!tape) return Array<Var<T>, 2>(broken<Kind>(sticks, u.values(), [](std::size_t, double, double) {}));
    const std::size_t cuts = sticks.total_cuts();
    const auto memory = [&] { return Array<T, 1>::borrow(tape->words(cuts * words_in<T>), {cuts}, cuts); };
    auto shares = memory(), slopes = memory();
    const auto pieces = broken<Kind>(sticks, u.numbers(), [&](std::size_t k, const T& share, const T& slope) {
        shares.store(k, share);
        slopes.store(k, slope);
    });
    auto result = Array<Var<T>, 2>::make(tape, extents);
    auto own = result.numbers();
    for (std::size_t k = 0; k < pieces.size(); ++k) own.store(k, pieces.load(k));
    auto* node = tape->template record<SticksNode<Kind, T>>();
    node->sticks = sticks;
    node->u = u.slot();
    node->x = result.slot();
    node->pieces = std::as_const(own).data(); // of memory on the tape: without const, it would be copied
    node->shares = std::as_const(shares).data();
    node->slopes = std::as_const(slopes).data();
    return result;
}

template <class Kind> Vector cuts_of(const Sticks& sticks, const Matrix& x) {
    Vector u(sticks.total_cuts());
    for (std::size_t i = 0; i < sticks.rows; ++i) {
        const std::size_t n = sticks.cuts(i);
        double after = x(i, n);
        for (std::size_t j = n; j-- > 0;) {
            u[sticks.cut(i, j)] = Kind::cut(x(i, j), after, static_cast<double>(n - j));
            after = Kind::joined(x(i, j), after);
        }
    }
    return u;
}

#define MODUS_INSTANTIATE(Kind)                                                                                        \
    template Array<Var<double>, 2> broken_on_tape<Kind>(const Sticks&, const Array<Var<double>, 1>&);                  \
    template Array<Var<Directional>, 2> broken_on_tape<Kind>(const Sticks&, const Array<Var<Directional>, 1>&);        \
    template Array<Var<Directions>, 2> broken_on_tape<Kind>(const Sticks&, const Array<Var<Directions>, 1>&);          \
    template Vector cuts_of<Kind>(const Sticks&, const Matrix&);
MODUS_INSTANTIATE(Lengths)
MODUS_INSTANTIATE(Squares)

} // namespace modus::support
