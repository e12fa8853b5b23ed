#pragma once

// The words of a T, and the planes of a batch of them, for implementation units of this module. Included after the
// module declaration.

namespace modus {

template <class T> double word(const T& x, std::size_t p) { return reinterpret_cast<const double*>(&x)[p]; }
template <class T> double& word(T& x, std::size_t p) { return reinterpret_cast<double*>(&x)[p]; }

/// Of a batch_t.
template <class B> const Batch& plane(const B& x, std::size_t p) { return reinterpret_cast<const Batch*>(&x)[p]; }
template <class B> Batch& plane(B& x, std::size_t p) { return reinterpret_cast<Batch*>(&x)[p]; }

} // namespace modus
