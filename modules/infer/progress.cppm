// The progress bar of long runs: on a terminal, and nowhere else.
export module modus.infer:progress;

import modus.standard;

export namespace modus {

/// Draws to standard error, at most ten times a second, if that is a terminal.
class Progress {
  public:
    explicit Progress(std::size_t steps);
    ~Progress();
    Progress(const Progress&) = delete;
    void update(std::size_t step, double loss);

  private:
    void draw(std::size_t step, double loss) const;

    std::size_t steps_;
    bool is_terminal_, is_drawn_ = false;
    std::chrono::steady_clock::time_point start_, last_;
};

} // namespace modus
