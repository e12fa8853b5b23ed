// A fit that is stopped and goes on from its last checkpoint: with the bits of one that was never stopped.
#include <cstddef>
#include <exception>
#include <filesystem>
#include <iostream>
#include <string>

import modus;
using namespace modus;

namespace {

constexpr auto location = []<Scalar Real>(const Vector& y) -> Model<Real> {
    auto mu = co_yield sample("mu", Normal(0, 10));
    auto sigma = co_yield sample("sigma", LogNormal(0, 1));
    auto data = co_yield plate("data", y.size());
    co_yield sample("obs", Normal(mu, sigma), obs = y);
};
const Vector y{4.1, 5.3, 3.8, 4.6, 5.9, 4.4};

/// Fits for so many steps, those of earlier calls with this path included, and returns the loss.
double fit(const std::string& path, std::size_t steps) {
    // [resume]
    AutoDelta guide(location);
    SVI svi(location, guide, Adam{.lr = 0.01}, TraceELBO{});
    if (std::filesystem::exists(path)) svi.load(path, y);
    while (svi.steps() < steps) {
        svi.step(y);
        if (svi.steps() % 100 == 0) svi.save(path); // replaces the last one as a whole
    }
    // [resume]
    std::cout << svi.steps() << " steps: " << guide.median(y) << "\n";
    return svi.evaluate_loss(y);
}

} // namespace

int main() try {
    const auto directory = std::filesystem::temp_directory_path();
    const std::string stopped = directory / "modus_resume_stopped.json", whole = directory / "modus_resume_whole.cbor";
    for (const auto& path : {stopped, whole}) std::filesystem::remove(path);
    fit(stopped, 250); // as if the machine had been switched off now
    const bool is_same = fit(stopped, 1000) == fit(whole, 1000);
    std::cout << (is_same ? "the same bits\n" : "not the same bits\n");
    for (const auto& path : {stopped, whole}) std::filesystem::remove(path);
    return is_same ? 0 : 1;
} catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 2;
}
