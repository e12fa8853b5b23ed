module;
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <fmt/format.h>
#include <string>
#include <unistd.h>

module modus.infer;

namespace modus {

Progress::Progress(std::size_t steps)
    : steps_(steps),
      is_terminal_(isatty(STDERR_FILENO) == 1),
      start_(std::chrono::steady_clock::now()),
      last_(start_) {}

Progress::~Progress() {
    if (is_drawn_) std::fputc('\n', stderr);
}

void Progress::update(std::size_t step, double loss) {
    if (!is_terminal_) return;
    const auto now = std::chrono::steady_clock::now();
    if (now - last_ < std::chrono::milliseconds(100) && !(is_drawn_ && step == steps_)) return;
    last_ = now;
    is_drawn_ = true;
    draw(step, loss);
}

void Progress::draw(std::size_t step, double loss) const {
    constexpr std::size_t width = 30;
    const std::size_t done = steps_ ? width * step / steps_ : width;
    const double seconds = std::chrono::duration<double>(last_ - start_).count();
    const std::string line =
        fmt::format("\r[{}{}] {}/{}  loss {:.6g}  {:.3g} steps/s   ", std::string(done, '#'),
                    std::string(width - done, '.'), step, steps_, loss, static_cast<double>(step) / seconds);
    std::fputs(line.c_str(), stderr);
}

} // namespace modus
