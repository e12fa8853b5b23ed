module;
#include <cstddef>

module modus.autodiff;

namespace modus {
namespace {

template <class T> Array<T, 2> view(const MatrixFactor<T>& x) {
    const Extents<2> extents{x.rows, x.columns};
    if (x.stride == 0) return Array<T, 2>(Matrix::borrow(x.values, extents)); // data
    return Array<T, 2>::borrow(x.values, extents, x.stride);
}

template <class T> struct SolveNode : Tape<T>::Node {
    MatrixFactor<T> l, x, z;

    // X' L = Z' for the adjoints X', Z' of X and Z, by backward substitution; that of L is the lower triangle of -X'^T
    // Z.
    void pull_back() {
        const auto lower = view(l), solution = view(z);
        const std::size_t rows = z.rows, size = z.columns;
        auto adjoint = Array<T, 2>::uninitialized({rows, size});
        for (std::size_t j = size; j-- > 0;) {
            for (std::size_t i = 0; i < rows; ++i) adjoint.store(i + rows * j, z.slot.at(i + rows * j).get());
            for (std::size_t k = j + 1; k < size; ++k) {
                const T factor = lower.load(k + size * j);
                for (std::size_t i = 0; i < rows; ++i)
                    adjoint.store(i + rows * j, adjoint.load(i + rows * j) - factor * adjoint.load(i + rows * k));
            }
            const T pivot = lower.load(j + size * j);
            for (std::size_t i = 0; i < rows; ++i) adjoint.store(i + rows * j, adjoint.load(i + rows * j) / pivot);
        }
        if (x.slot)
            for (std::size_t k = 0; k < rows * size; ++k) x.slot.at(k).add(adjoint.load(k));
        if (!l.slot) return;
        for (std::size_t j = 0; j < size; ++j)
            for (std::size_t k = 0; k <= j; ++k) {
                T total(0.0);
                for (std::size_t i = 0; i < rows; ++i)
                    total += adjoint.load(i + rows * j) * solution.load(i + rows * k);
                l.slot.at(j + size * k).add(-total);
            }
    }
};

// S. P. Smith, "Differentiation of the Cholesky algorithm", 1995: the steps of `factorize`, backwards.
template <class T> struct FactorizeNode : Tape<T>::Node {
    Slot<T> a;
    MatrixFactor<T> l;

    void pull_back() {
        const auto lower = view(l);
        const std::size_t n = l.rows;
        auto adjoint = Array<T, 2>::uninitialized({n, n}); // of L, less what its elements mean for later columns
        for (std::size_t k = 0; k < n * n; ++k) adjoint.store(k, l.slot.at(k).get());
        const auto subtract = [&](std::size_t k, const T& x) { adjoint.store(k, adjoint.load(k) - x); };
        for (std::size_t j = n; j-- > 0;) {
            const T root = lower.load(j + n * j);
            for (std::size_t i = j + 1; i < n; ++i) {
                const T own = adjoint.load(i + n * j) / root;
                a.at(i + n * j).add(own);
                subtract(j + n * j, own * lower.load(i + n * j));
                for (std::size_t k = 0; k < j; ++k) {
                    subtract(i + n * k, own * lower.load(j + n * k));
                    subtract(j + n * k, own * lower.load(i + n * k));
                }
            }
            const T own = 0.5 * adjoint.load(j + n * j) / root;
            a.at(j + n * j).add(own);
            for (std::size_t k = 0; k < j; ++k) subtract(j + n * k, 2.0 * own * lower.load(j + n * k));
        }
    }
};

/// Numbers into the memory of an array on a tape.
template <class T> void fill(const MatrixFactor<T>& out, const Array<T, 2>& numbers) {
    auto memory = view(out);
    for (std::size_t k = 0; k < numbers.size(); ++k) memory.store(k, numbers.load(k));
}

} // namespace

template <class T>
void solve_on_tape(Tape<T>& tape, const MatrixFactor<T>& l, const MatrixFactor<T>& x, const MatrixFactor<T>& z) {
    fill(z, substitute_forward(view(l), view(x)));
    auto* node = tape.template record<SolveNode<T>>();
    node->l = l;
    node->x = x;
    node->z = z;
}

template <class T> Array<Var<T>, 2> factorize_on_tape(const Array<Var<T>, 2>& a) {
    if (a.is_constant()) return Array<Var<T>, 2>(factorize(a.values()));
    const auto l = Array<Var<T>, 2>::make(a.tape(), a.extents());
    const auto out = factor_of<T>(*a.tape(), l);
    fill(out, factorize(a.numbers()));
    auto* node = a.tape()->template record<FactorizeNode<T>>();
    node->a = a.slot();
    node->l = out;
    return l;
}

#define MODUS_INSTANTIATE(T)                                                                                           \
    template void solve_on_tape(Tape<T>&, const MatrixFactor<T>&, const MatrixFactor<T>&, const MatrixFactor<T>&);     \
    template Array<Var<T>, 2> factorize_on_tape(const Array<Var<T>, 2>&);
MODUS_INSTANTIATE(double)
MODUS_INSTANTIATE(Directional)
MODUS_INSTANTIATE(Directions)

} // namespace modus
