// Sums of numbers that come one by one, such as the log densities of the sites of a model.
export module modus.autodiff:total;

import :dual;
import :tape;

export namespace modus {

template <Scalar Real> class Total {
  public:
    void add(const Real& x) { sum_ += x; }
    friend Real operator-(const Total& total) { return -total.sum_; }
    void forbid_replay() const {}

  private:
    Real sum_{};
};

/// On a tape: one node for all of them, and for the sign.
template <class T> class Total<Var<T>> {
  public:
    void add(const Var<T>& x) {
        value_ += x.value;
        if (x.slot) tape_ = x.tape;
        else if (!tape_) first_constants_ = value_;
        if (!tape_ || (!x.slot && !tape_->for_replay)) return;
        auto* part = tape_->template make<Part>();
        *part = {nullptr, x.slot, tape_->cell(x)};
        (last_ ? last_->next : first_) = part;
        last_ = part;
    }
    friend Var<T> operator-(const Total& total) {
        if (!total.first_) return Var<T>(T(-total.value_));
        auto* node = total.tape_->template record<NegativeSum>();
        node->value = -total.value_;
        node->constants = total.first_constants_;
        node->parts = total.first_;
        return Var<T>(*node, total.tape_);
    }
    /// What was added may be something else in another run.
    void forbid_replay() const {
        if (tape_) tape_->can_replay = false;
    }

  private:
    struct Part {
        Part* next;
        Slot<T> slot; ///< none for a constant
        const T* value;
    };
    struct NegativeSum : Tape<T>::NumberNode {
        T constants; ///< before the first part
        const Part* parts;

        void pull_back() {
            for (const Part* part = parts; part; part = part->next)
                if (part->slot) part->slot.add(-this->adjoint);
        }
        void push_forward() {
            T sum = constants;
            for (const Part* part = parts; part; part = part->next) sum += *part->value;
            this->value = -sum;
            this->adjoint = T(0.0);
        }
    };

    T value_{}, first_constants_{};
    Tape<T>* tape_ = nullptr;
    Part *first_ = nullptr, *last_ = nullptr;
};

} // namespace modus
