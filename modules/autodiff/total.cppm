module;

// Sums of numbers that come one by one, such as the log densities of the sites of a model.
export module modus.autodiff:total;

import :dual;
import :tape;

export namespace modus {

template <Scalar Real> class Total {
  public:
    void add(const Real& x) { sum_ += x; }
    friend Real operator-(const Total& total) { return -total.sum_; }

  private:
    Real sum_{};
};

/// On a tape: one node for all of them, and for the sign.
template <class T> class Total<Var<T>> {
  public:
    void add(const Var<T>& x) {
        value_ += x.value;
        if (!x.slot) return;
        tape_ = x.tape;
        auto* part = tape_->template make<Part>();
        part->previous = last_;
        part->slot = x.slot;
        last_ = part;
    }
    friend Var<T> operator-(const Total& total) {
        if (!total.last_) return Var<T>(T(-total.value_));
        auto* node = total.tape_->template record<NegativeSum>();
        node->parts = total.last_;
        return Var<T>(T(-total.value_), node->slot(), total.tape_);
    }

  private:
    struct Part {
        Part* previous;
        Slot<T> slot;
    };
    struct NegativeSum : Tape<T>::NumberNode {
        Part* parts;

        void pull_back() {
            for (Part* part = parts; part; part = part->previous) part->slot.add(-this->adjoint);
        }
    };

    T value_{};
    Tape<T>* tape_ = nullptr;
    Part* last_ = nullptr;
};

} // namespace modus
