#pragma once

// The words of a T, for implementation units of this module. Included after the module declaration.

namespace modus {

template <class T> double word(const T& x, std::size_t p) { return reinterpret_cast<const double*>(&x)[p]; }
template <class T> double& word(T& x, std::size_t p) { return reinterpret_cast<double*>(&x)[p]; }

} // namespace modus
