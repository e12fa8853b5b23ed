module;
#include <boost/random/normal_distribution.hpp>
#include <cstdint>
#include <Random123/philox.h>

module modus.support;

namespace modus {

void Random::refill() {
    const r123::Philox4x64::ctr_type counter{{counter_++, 0, 0, 0}};
    const auto bits = r123::Philox4x64()(counter, {{key_[0], key_[1]}});
    for (std::size_t k = 0; k < block_.size(); ++k) block_[k] = bits[k];
    used_ = 0;
}

double Random::normal() { return boost::random::normal_distribution<double>()(*this); }

} // namespace modus
