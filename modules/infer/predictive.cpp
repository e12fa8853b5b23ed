module;
#include <cstddef>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

module modus.infer;

import modus.autodiff;
import modus.handlers;
import modus.support;

namespace modus {
namespace {

template <class T> Data stacked_numbers(const std::vector<NamedValues>& runs, std::string_view name) {
    auto all = Array<T, 1>::uninitialized({runs.size()});
    for (std::size_t k = 0; k < runs.size(); ++k) all.store(k, runs[k].get<T>(name));
    return all;
}
template <class T> Data stacked_vectors(const std::vector<NamedValues>& runs, std::string_view name, std::size_t size) {
    auto all = Array<T, 2>::uninitialized({runs.size(), size});
    for (std::size_t k = 0; k < runs.size(); ++k) {
        const auto row = runs[k].get<Array<T, 1>>(name);
        for (std::size_t j = 0; j < size; ++j) all.store(k + runs.size() * j, row.load(j));
    }
    return all;
}

} // namespace

Data Draws::stacked(std::string_view name) const {
    if (runs_.empty()) fail({"at least one draw"}, {"none"}, "Call the Predictive first.");
    const Data& first = runs_[0][name];
    const Shape shape = shape_of(first);
    for (const NamedValues& run : runs_)
        if (shape_of(run[name]) != shape)
            throw Error(std::string(name), "one shape in all draws", shape.str() + " and " + shape_of(run[name]).str(),
                        "Read the draws one by one: draws[k].");
    if (shape.rank == 2)
        throw Error(std::string(name), "numbers or vectors to stack", "shape " + shape.str(),
                    "Read the draws one by one: draws[k].");
    const bool is_whole = std::holds_alternative<Integer>(first) || std::holds_alternative<IntVector>(first);
    if (shape.rank == 0) return is_whole ? stacked_numbers<Integer>(runs_, name) : stacked_numbers<double>(runs_, name);
    return is_whole ? stacked_vectors<Integer>(runs_, name, shape.extents[0])
                    : stacked_vectors<double>(runs_, name, shape.extents[0]);
}

Data Draws::mean(std::string_view name) const {
    if (runs_.empty()) fail({"at least one draw"}, {"none"}, "Call the Predictive first.");
    const Shape shape = shape_of(runs_[0][name]);
    const auto average = [&]<std::size_t R>(const Extents<R>& extents) -> Data {
        auto total = real_of<R>(runs_[0][name]);
        for (std::size_t k = 1; k < runs_.size(); ++k)
            total = map_to(extents, [](double a, double b) { return a + b; }, total, real_of<R>(runs_[k][name]));
        const double n = static_cast<double>(runs_.size());
        return map_to(extents, [n](double a) { return a / n; }, total);
    };
    if (shape.rank == 1) return average(Extents<1>{shape.extents[0]});
    if (shape.rank == 2) return average(Extents<2>{shape.extents[0], shape.extents[1]});
    double total = 0;
    for (const NamedValues& run : runs_) total += real_of<0>(run[name]);
    return total / static_cast<double>(runs_.size());
}

} // namespace modus
