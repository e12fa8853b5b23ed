// How the implementation units of this room call Boost.Math. Not part of the interface.
#pragma once

#include <boost/math/policies/policy.hpp>

namespace modus {

// Out of the domain the answer is NaN or infinity, as in <cmath>; sites say what is wrong, with their names.
using Quiet =
    boost::math::policies::policy<boost::math::policies::domain_error<boost::math::policies::ignore_error>,
                                  boost::math::policies::pole_error<boost::math::policies::ignore_error>,
                                  boost::math::policies::overflow_error<boost::math::policies::ignore_error>,
                                  boost::math::policies::evaluation_error<boost::math::policies::ignore_error>>;

} // namespace modus
