module;
#include <algorithm>
#include <array>
#include <cstddef>
#include <Eigen/Core>
#include <functional>
#include <span>

module modus.autodiff;

#include "products.hpp"

namespace modus {
namespace {

using Numbers = Eigen::Map<Eigen::MatrixXd>;

Numbers numbers(const double* x, std::size_t rows, std::size_t columns) {
    return {const_cast<double*>(x), static_cast<Eigen::Index>(rows), static_cast<Eigen::Index>(columns)};
}

/// f(a, b, out) for the planes of a product: out_0 = a_0 b_0, out_p = a_0 b_p + a_p b_0. A stride of 0 says data.
template <class T, class F>
void for_each_product(std::size_t a_stride, std::size_t b_stride, std::size_t out_stride, const F& f) {
    f(0, 0, 0);
    for (std::size_t p = 1; p < words_in<T>; ++p) {
        if (b_stride > 0) f(0, p * b_stride, p * out_stride);
        if (a_stride > 0) f(p * a_stride, 0, p * out_stride);
    }
}

template <class T> struct ProductNode : Tape<T>::Node {
    MatrixFactor<T> x, y, out;

    void evaluate() {
        auto* values = const_cast<double*>(out.values);
        std::fill_n(values, out.rows * out.columns * words_in<T>, 0.0);
        for_each_product<T>(x.stride, y.stride, out.stride, [&](auto at_x, auto at_y, auto at_out) {
            add_matrix_product(numbers(x.values + at_x, x.rows, x.columns), numbers(y.values + at_y, y.rows, y.columns),
                               numbers(values + at_out, out.rows, out.columns));
        });
    }
    void push_forward() {
        evaluate();
        std::fill_n(out.slot.word, out.rows * out.columns * words_in<T>, 0.0);
    }
    void pull_back() {
        const auto z = [&](std::size_t at) { return numbers(out.slot.word + at, out.rows, out.columns); };
        if (x.slot)
            for_each_product<T>(out.slot.stride, y.stride, x.slot.stride, [&](auto at_z, auto at_y, auto at_x) {
                add_matrix_product(z(at_z), numbers(y.values + at_y, y.rows, y.columns).transpose(),
                                   numbers(x.slot.word + at_x, x.rows, x.columns));
            });
        if (y.slot)
            for_each_product<T>(x.stride, out.slot.stride, y.slot.stride, [&](auto at_x, auto at_z, auto at_y) {
                add_matrix_product(numbers(x.values + at_x, x.rows, x.columns).transpose(), z(at_z),
                                   numbers(y.slot.word + at_y, y.rows, y.columns));
            });
    }
};

template <class T> struct LargestNode : Tape<T>::NumberNode {
    const double* values;
    std::size_t size;

    void evaluate() { this->value = T(*std::max_element(values, values + size)); }
    void push_forward() {
        evaluate();
        this->adjoint = T(0.0);
    }
    void pull_back() {} // what is made of it does not depend on it: its adjoint is rounding errors
};

template <class T> struct StackNode : Tape<T>::Node {
    struct Element {
        Slot<T> slot; ///< none for a constant
        const T* cell;
    };
    Slot<T> slot;
    double* values;
    std::size_t size;
    Element* elements;

    void pull_back() {
        for (std::size_t k = 0; k < size; ++k)
            if (elements[k].slot) elements[k].slot.add(slot.at(k).get());
    }
    void push_forward() {
        for (std::size_t k = 0; k < size; ++k) {
            if (elements[k].slot) Slot<T>{values, size}.at(k).set(*elements[k].cell);
            slot.at(k).set(T(0.0));
        }
    }
};

template <class T> struct ConcatenateNode : Tape<T>::Node {
    Slot<T> slot, x, y;
    std::size_t x_size, y_size, x_stride, y_stride; ///< strides are 0 for data, which have no tangents
    double* values;
    const double *x_values, *y_values;

    void push_forward() {
        const std::size_t size = x_size + y_size;
        for (std::size_t p = 0; p < words_in<T>; ++p) {
            if (p == 0 || x_stride > 0) std::copy_n(x_values + p * x_stride, x_size, values + p * size);
            if (p == 0 || y_stride > 0) std::copy_n(y_values + p * y_stride, y_size, values + p * size + x_size);
        }
        std::fill_n(slot.word, size * words_in<T>, 0.0);
    }

    void pull_back() {
        if (x) give(x, T(1.0), slot.word, slot.stride, x_size);
        if (y) give(y, T(1.0), slot.word + x_size, slot.stride, y_size);
    }
};

} // namespace

template <class T>
void product_on_tape(Tape<T>& tape, const MatrixFactor<T>& x, const MatrixFactor<T>& y, const MatrixFactor<T>& out) {
    auto* node = tape.template record<ProductNode<T>>();
    node->x = x;
    node->y = y;
    node->out = out;
    node->evaluate();
}

template <class T> Var<T> largest_on_tape(Tape<T>& tape, const double* values, std::size_t size) {
    auto* node = tape.template record<LargestNode<T>>();
    node->values = values;
    node->size = size;
    node->evaluate();
    return Var<T>(*node, &tape);
}

template <class T> Array<Var<T>, 1> stack_on_tape(std::span<const Var<T>> x) {
    Tape<T>* tape = nullptr;
    for (const Var<T>& element : x)
        if (element.tape) tape = element.tape;
    if (!tape) {
        Vector constants(x.size());
        for (std::size_t k = 0; k < x.size(); ++k) constants[k] = value_of(x[k]);
        return Array<Var<T>, 1>(constants);
    }
    auto result = Array<Var<T>, 1>::make(tape, {x.size()});
    auto own = result.numbers();
    for (std::size_t k = 0; k < x.size(); ++k) own.store(k, x[k].value);
    using Element = typename StackNode<T>::Element;
    auto* node = tape->template record<StackNode<T>>(x.size() * sizeof(Element));
    node->slot = result.slot();
    node->values = own.fresh();
    node->size = x.size();
    node->elements = reinterpret_cast<Element*>(node + 1);
    for (std::size_t k = 0; k < x.size(); ++k) node->elements[k] = {x[k].slot, x[k].cell};
    return result;
}

template <class T> Array<Var<T>, 1> concatenate_on_tape(const Array<Var<T>, 1>& x, const Array<Var<T>, 1>& y) {
    Tape<T>* tape = x.tape() ? x.tape() : y.tape();
    if (!tape) return Array<Var<T>, 1>(concatenate(x.values(), y.values()));
    auto result = Array<Var<T>, 1>::make(tape, {x.size() + y.size()});
    auto own = result.numbers();
    const auto left = x.numbers(), right = y.numbers();
    for (std::size_t k = 0; k < x.size(); ++k) own.store(k, left.load(k));
    for (std::size_t k = 0; k < y.size(); ++k) own.store(x.size() + k, right.load(k));
    auto* node = tape->template record<ConcatenateNode<T>>();
    node->slot = result.slot();
    node->x = x.slot();
    node->y = y.slot();
    node->x_size = x.size();
    node->y_size = y.size();
    node->x_stride = x.tape() ? left.plane_stride() : 0;
    node->y_stride = y.tape() ? right.plane_stride() : 0;
    node->values = own.fresh();
    node->x_values = left.data();
    node->y_values = right.data();
    if (!x.tape()) tape->hold(left.buffer());
    if (!y.tape()) tape->hold(right.buffer());
    return result;
}

#define MODUS_INSTANTIATE(T)                                                                                           \
    template void product_on_tape(Tape<T>&, const MatrixFactor<T>&, const MatrixFactor<T>&, const MatrixFactor<T>&);   \
    template Var<T> largest_on_tape(Tape<T>&, const double*, std::size_t);                                             \
    template Array<Var<T>, 1> stack_on_tape(std::span<const Var<T>>);                                                  \
    template Array<Var<T>, 1> concatenate_on_tape(const Array<Var<T>, 1>&, const Array<Var<T>, 1>&);
MODUS_INSTANTIATE(double)
MODUS_INSTANTIATE(Directional)
MODUS_INSTANTIATE(Directions)

} // namespace modus
