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
        auto* seen = tape_->template make<Seen>();
        *seen = {last_, {x.slot, tape_->cell(x)}};
        last_ = seen;
        ++count_;
    }
    friend Var<T> operator-(const Total& total) {
        if (!total.last_) return Var<T>(T(-total.value_));
        auto* node = total.tape_->template record<NegativeSum>(total.count_ * sizeof(Part));
        node->value = -total.value_;
        node->constants = total.first_constants_;
        node->count = total.count_;
        std::size_t k = total.count_;
        for (const Seen* seen = total.last_; seen; seen = seen->previous) {
            Part& part = node->parts()[--k] = seen->part;
            if (!part.slot) part.slot = node->slot(); // which nobody reads any more when it is added to
        }
        return Var<T>(*node, total.tape_);
    }
    /// What was added may be something else in another run.
    void forbid_replay() const {
        if (tape_) tape_->can_replay = false;
    }

  private:
    struct Part {
        Slot<T> slot; ///< of a constant none, or in a node that of the node
        const T* value;
    };
    struct Seen {
        const Seen* previous;
        Part part;
    };
    struct NegativeSum : Tape<T>::NumberNode {
        T constants; ///< before the first part
        std::size_t count;

        Part* parts() { return reinterpret_cast<Part*>(this + 1); }
        void pull_back() {
            const T adjoint = -this->adjoint;
            for (const Part *part = parts(), *end = part + count; part < end; ++part) part->slot.add(adjoint);
        }
        void push_forward() {
            T sum = constants;
            for (const Part *part = parts(), *end = part + count; part < end; ++part) sum += *part->value;
            this->value = -sum;
            this->adjoint = T(0.0);
        }
    };

    T value_{}, first_constants_{};
    Tape<T>* tape_ = nullptr;
    const Seen* last_ = nullptr;
    std::size_t count_ = 0;
};

} // namespace modus
