// Values by the names of sites, in order: what handlers are given and fits give back.
export module modus.handlers:named_values;

import modus.standard;
import modus.support;

export namespace modus {

class NamedValues {
  public:
    struct Entry {
        std::string name;
        std::uint64_t hash;
        Data value;
        friend bool operator==(const Entry&, const Entry&) = default;
    };

    NamedValues() = default;
    NamedValues(std::initializer_list<std::pair<std::string, Data>> entries) {
        for (const auto& [name, value] : entries) add(name, value);
    }

    /// Throws Error where the name is there already.
    void add(const std::string& name, const Data& value);
    /// None where there is no such name.
    const Entry* find(std::uint64_t hash) const;
    /// Throws Error listing the names there are.
    const Data& operator[](std::string_view name) const;
    /// The value as a double, Vector, Matrix, Integer, ...; throws Error where it is of another kind.
    template <class T> T get(std::string_view name) const { return value_as<T>((*this)[name]); }

    std::size_t size() const { return entries_.size(); }
    auto begin() const { return entries_.begin(); }
    auto end() const { return entries_.end(); }
    /// "{weight: [0.52, -0.31, 1.20], bias: 0.08}".
    std::string str() const;
    friend std::ostream& operator<<(std::ostream& out, const NamedValues& values);
    friend bool operator==(const NamedValues&, const NamedValues&) = default;

  private:
    std::vector<Entry> entries_;
};

} // namespace modus
