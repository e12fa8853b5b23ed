#include <array>
#include <boost/test/unit_test.hpp>
#include <error_parts.hpp>
#include <string>

import modus.autodiff;
import modus.effects;
using namespace modus;

BOOST_AUTO_TEST_CASE(literal_names_are_hashed_at_compile_time) {
    constexpr Name theta = "theta";
    static_assert(theta.hash == hash_name("theta"));
    static_assert(theta.text == "theta");
    BOOST_TEST(theta.is_literal);
    // FNV-1a's published test vectors.
    static_assert(hash_name("") == 0xcbf29ce484222325);
    static_assert(hash_name("a") == 0xaf63dc4c8601ec8c);
    static_assert(hash_name("foobar") == 0x85944171f73967e8);
}

BOOST_AUTO_TEST_CASE(a_name_knows_where_it_was_written) {
    const Name here = "here";
    BOOST_TEST(here.where.line() == 22u);
    BOOST_TEST(std::string(here.where.file_name()).ends_with("name_test.cpp"));
}

BOOST_AUTO_TEST_CASE(dynamic_names_have_the_hash_of_the_same_literal) {
    const std::string text = "theta_" + std::to_string(3);
    const DynamicName name = dynamic(text);
    BOOST_TEST(Name(name).hash == Name("theta_3").hash);
    BOOST_TEST(!Name(name).is_literal);
}

BOOST_AUTO_TEST_CASE(dynamic_names_keep_brackets_and_slashes_for_plates_and_scopes) {
    for (const char* bad : {"", "a/b", "a[1]"})
        BOOST_CHECK_EXCEPTION(dynamic(bad), Error, (Says{bad, "without '/', '[' and ']'", bad, "plates and scopes"}));
}

BOOST_AUTO_TEST_CASE(frames_make_the_full_name_and_its_hash) {
    const std::array frames{Frame{"outer", 0, Frame::scope}, Frame{"school", 8, 3}, Frame{"row", 5},
                            Frame{"pupil", 30, 12}};
    const Name theta = "theta";
    BOOST_TEST(full_name(theta, frames) == "outer/theta[3][12]");
    BOOST_TEST(full_hash(theta, frames) == hash_name("outer/theta[3][12]"));
    BOOST_TEST(full_hash(theta, {}) == theta.hash);
    const std::array vectorized{Frame{"row", 5}};
    BOOST_TEST(full_name(theta, vectorized) == "theta");
    BOOST_TEST(full_hash(theta, vectorized) == theta.hash);
}
