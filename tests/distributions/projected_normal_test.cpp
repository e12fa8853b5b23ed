#include "reference/distributions.hpp"
#include "reference/joint_distributions.hpp"
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <error_parts.hpp>
#include <numbers>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

import modus.autodiff;
import modus.distributions;
import modus.support;

using namespace modus;

#include "autodiff/modes.hpp"
#include "distributions/joint_laws.hpp"

static_assert(Distribution<decltype(ProjectedNormal(Vector{1, 2}))>);
static_assert(Distribution<decltype(ProjectedNormal(Vector{1, 2}).expand(3))>);

BOOST_AUTO_TEST_CASE(log_density_is_that_of_the_table) {
    check_table("ProjectedNormal", [](const Vector& x, const Vector& p) { return ProjectedNormal(p).log_density(x); });
    // Without a preferred direction: one over the area of the sphere.
    BOOST_TEST(std::fabs(ProjectedNormal(Vector{0, 0, 0}).log_density(Vector{0.6, 0, 0.8}) +
                         std::log(4 * std::numbers::pi)) < 1e-15);
}

BOOST_AUTO_TEST_CASE(rows) {
    const Matrix x{{0.6, 0, 0.8}, {0, 1, 0}};
    const Vector a{2, 0.5, -3}, b{1.5, 4, 0.25};
    const double first = ProjectedNormal(a).log_density(Vector{0.6, 0, 0.8});
    const double same = ProjectedNormal(a).log_density(Vector{0, 1, 0});
    const double other = ProjectedNormal(b).log_density(Vector{0, 1, 0});
    BOOST_TEST(std::fabs(ProjectedNormal(a).expand(2).log_density(x) - (first + same)) < 1e-14);
    BOOST_TEST(std::fabs(ProjectedNormal(Matrix{{2, 0.5, -3}, {1.5, 4, 0.25}}).log_density(x) - (first + other)) <
               1e-14);
    check_error([&] { ProjectedNormal(a).log_density(Vector{0.6, 0.8}); }, "a value of shape [3]", "shape [2]");
}

BOOST_AUTO_TEST_CASE(derivatives) {
    const Vector p{0.3, -0.2, 0.5, 0.7, -0.1, 0.4};
    const Matrix x{{0.6, 0, 0.8}, {0, 1, 0}};
    CHECK_MODES(([](const auto& v) {
                    const ProjectedNormal d(3.0 * v.slice(0, 3));
                    return d.log_density(d.constrain(v.slice(3, 3)));
                }),
                p);
    CHECK_MODES(([](const auto& v) { return ProjectedNormal(-9.0 * v.slice(0, 2)).log_density(Vector{0.6, 0.8}); }), p);
    CHECK_MODES(([&](const auto& v) { return ProjectedNormal(v.slice(0, 3)).expand(2).log_density(x); }), p);
    CHECK_MODES(([&](const auto& v) {
                    const auto d = ProjectedNormal(Vector{2, 0.5, 3}).expand(2);
                    return d.log_density(d.constrain(v));
                }),
                p);
}

// The first two derivatives of log M(n) by t, where M(n) is the integral of r^(n - 1) exp(-(r - t)^2 / 2), r > 0: by
// parabolic cylinder functions and numerical differentiation with 60 digits in mpmath, as in
// tests/reference/joint_distributions.py. They are the derivatives of the log density along the first axis where
// concentration and value lie on it.
BOOST_AUTO_TEST_CASE(derivatives_along_the_direction_in_both_tails) {
    struct Row {
        std::size_t n;
        double t, first, second;
    };
    for (const Row& row :
         {Row{2, -30.0, 30.066446154162418902, -0.99779971627554300722},
          Row{2, -4.0, 4.4324837418731182906, -0.91697715447704717339},
          Row{2, -1.03125, 1.9268930285426386848, -0.72580830776162603743},
          Row{2, -0.5, 1.5598731483480796712, -0.65326766476331033351},
          Row{2, 0.75, 0.87766872761255761341, -0.42855394113846406098},
          Row{2, 5.0, 0.19999994053122004649, -0.039999678868591787571}, Row{2, 40.0, 0.025, -0.000625},
          Row{3, -30.0, 30.099559940087164645, -0.99671038428509915738},
          Row{3, -1.03125, 2.2330325098988770064, -0.68361941443206132264},
          Row{3, 5.0, 0.38461538901396306462, -0.071005942536177463141},
          Row{10, -30.0, 30.329360055465851383, -0.98927971011201018622},
          Row{10, -1.03125, 3.6556906225610519838, -0.59414297336472697716},
          Row{10, -0.5, 3.3508928839247964406, -0.55303667757544109142},
          Row{10, 40.0, 0.22388543092390633349, -0.0055419231362365741396},
          Row{20, -4.0, 6.8692564441685581303, -0.70965831907703066059},
          Row{20, -1.03125, 4.9687061903824057492, -0.56406294751258379759},
          Row{20, -0.5, 4.676857245511171103, -0.53456507213475302702},
          Row{20, 5.0, 2.5503746881264960018, -0.25628449046880175536}}) {
        Vector axis(row.n), concentration(row.n);
        axis[0] = 1;
        concentration[0] = row.t;
        const auto density = [&](const auto& c) { return ProjectedNormal(c).log_density(axis); };
        const double first = gradient(density, concentration)[0], second = hessian(density, concentration)(0, 0);
        BOOST_TEST(std::fabs(first - row.first) <= 1e-12 * std::fabs(row.first), row.n << " " << row.t);
        BOOST_TEST(std::fabs(second - row.second) <= 1e-11 * std::fabs(row.second), row.n << " " << row.t);
    }
}

BOOST_AUTO_TEST_CASE(draws_and_summaries) {
    const ProjectedNormal d(Vector{3, 0, 4});
    BOOST_TEST((std::get<Vector>(d.mean()) == Vector{0.6, 0, 0.8}));
    BOOST_TEST(std::isnan(std::get<Vector>(d.variance())[0]));
    BOOST_TEST((std::get<Vector>(d.quantile(0.5)) == Vector{0.6, 0, 0.8}));
    BOOST_TEST(std::isnan(std::get<Vector>(d.quantile(0.25))[0]));
    BOOST_TEST(d.unconstrained_size() == 3u);
    BOOST_TEST((ProjectedNormal(Matrix{{3, 4}, {0, -2}}).mean() == Data(Matrix{{0.6, 0.8}, {0, -1}})));
    BOOST_TEST((ProjectedNormal(Vector{1e200, 0}).mean() == Data(Vector{1, 0})));
    // Of the angle of a draw in the plane: the distribution function, against the density integrated over it.
    const ProjectedNormal plane(Vector{0.7, -1.1});
    Random random(5), again(5);
    constexpr int draws = 20000, arcs = 8, steps = 400;
    std::vector<double> found(arcs), expected(arcs);
    for (int n = 0; n < draws; ++n) {
        const Data value = plane.draw(random);
        if (n < 10) BOOST_TEST((value == plane.draw(again)));
        plane.check_value(value);
        const double angle = std::atan2(std::get<Vector>(value)[1], std::get<Vector>(value)[0]) + std::numbers::pi;
        found[std::min(static_cast<std::size_t>(angle / (2 * std::numbers::pi) * arcs), std::size_t{arcs - 1})] +=
            1.0 / draws;
    }
    for (int k = 0; k < arcs * steps; ++k) { // midpoints: exact for smooth periodic functions, nearly so for arcs
        const double angle = 2 * std::numbers::pi * (k + 0.5) / (arcs * steps) - std::numbers::pi;
        expected[static_cast<std::size_t>(k / steps)] +=
            std::exp(plane.log_density(Vector{std::cos(angle), std::sin(angle)})) * 2 * std::numbers::pi /
            (arcs * steps);
    }
    for (std::size_t k = 0; k < arcs; ++k)
        BOOST_TEST(std::fabs(found[k] - expected[k]) <= 5 * std::sqrt(expected[k] / draws), "arc " << k);
}

BOOST_AUTO_TEST_CASE(errors) {
    check_error([] { ProjectedNormal(Vector{1, std::nan("")}).check_parameters(); },
                "concentration of ProjectedNormal to be a real number", "nan at element 1", "Look for");
    check_error([] { ProjectedNormal(Vector{1, 2}).check_value(Data(Vector{0.5, 0.75})); },
                "vectors of length 1, the support of ProjectedNormal", "the length 0.9013878188659973",
                "Check the data");
    check_error([] { ProjectedNormal(Vector{1}).support(); }, "at least two elements", "shape [1]");
    // Acceptance case N4: a point needs no Jacobian; what asks for one is told.
    check_error([] { ProjectedNormal(Vector{1, 2}).log_abs_det_jacobian(Vector{1, 2}); },
                "a bijection from the real numbers", "vectors of length 1", "AutoDelta needs none");
}
