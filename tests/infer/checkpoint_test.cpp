// A fit in a file: goes on with the same bits, is refused where anything is wrong, and is never half there.
#include <bit>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <error_parts.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <sys/resource.h>
#include <unistd.h>
#include <vector>

import modus.autodiff;
import modus.distributions;
import modus.effects;
import modus.infer;
import modus.support;
using namespace modus;
using Json = nlohmann::ordered_json;

namespace {

constexpr auto regression = []<Scalar Real>(const Matrix& X, const Vector& y) -> Model<Real> {
    auto weight = co_yield sample("weight", Normal(0, 10).expand(X.cols()).to_event(1));
    auto bias = co_yield sample("bias", Normal(0, 10));
    auto sigma = co_yield sample("sigma", LogNormal(0, 1));
    auto rows = co_yield plate("rows", X.rows());
    co_yield sample("y", Normal(X * weight + bias, sigma), obs = y);
};
const Matrix X{{1, 0.5}, {2, -1}, {3, 0.1}, {4, 2}};
const Vector y{1.1, 2.3, 2.9, 4.2};
const Adam adam{.lr = 0.05, .lr_decay = 0.99};

/// A directory for one test.
struct Directory {
    Directory() {
        std::string name = (std::filesystem::temp_directory_path() / "modus_checkpoint_XXXXXX").string();
        BOOST_REQUIRE(mkdtemp(name.data()));
        path = name;
    }
    Directory(const Directory&) = delete;
    ~Directory() { std::filesystem::remove_all(path); }
    std::string operator/(const std::string& file) const { return (path / file).string(); }
    /// How many files are there.
    auto files() const { return std::distance(std::filesystem::directory_iterator(path), {}); }

    std::filesystem::path path;
};

std::string read(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    BOOST_REQUIRE(file);
    return {std::istreambuf_iterator<char>(file), {}};
}
void write(const std::string& path, const std::string& bytes) {
    std::filesystem::remove(path); // some file systems wait for the disk where a file is written over
    std::ofstream file(path, std::ios::binary);
    file << bytes;
    BOOST_REQUIRE(file.flush());
}

/// Of a std::vector or a Vector.
template <class Numbers> std::vector<std::uint64_t> bits(const Numbers& numbers) {
    std::vector<std::uint64_t> result;
    for (std::size_t k = 0; k < numbers.size(); ++k) result.push_back(std::bit_cast<std::uint64_t>(numbers[k]));
    return result;
}

/// The losses of some steps and the parameters after them.
template <class S, class G> std::vector<std::uint64_t> go_on(S& svi, G& guide, std::size_t steps) {
    auto result = bits(svi.run(steps, X, y).losses);
    for (const auto x : bits(guide.parameters())) result.push_back(x);
    return result;
}

/// A guide and its SVI.
template <class O = Adam> struct Fit {
    explicit Fit(const O& optimizer, std::uint64_t seed = 0, TraceELBO loss = {})
        : guide(regression), svi(regression, guide, optimizer, loss, SVIOptions{.seed = seed}) {}
    Fit(const Fit&) = delete;

    AutoDelta<std::remove_const_t<decltype(regression)>> guide;
    SVI<std::remove_const_t<decltype(regression)>, decltype(guide), O, TraceELBO> svi;
};

template <class O> void goes_on(const O& optimizer, const char* file, TraceELBO loss) {
    const Directory directory;
    Fit whole(optimizer, 7, loss);
    go_on(whole.svi, whole.guide, 20);
    whole.svi.save(directory / file);
    BOOST_TEST(directory.files() == 1);

    Fit resumed(optimizer, 0, loss);
    resumed.svi.load(directory / file, X, y);
    BOOST_TEST(resumed.svi.steps() == 20u);
    BOOST_TEST(resumed.svi.seed() == 7u);
    resumed.svi.save(directory / ("again_" + std::string(file)));
    BOOST_TEST(read(directory / file) == read(directory / ("again_" + std::string(file))));
    BOOST_TEST(go_on(resumed.svi, resumed.guide, 30) == go_on(whole.svi, whole.guide, 30));
    BOOST_TEST(resumed.svi.steps() == 50u);
}

/// The bytes of a document, with the checksum of its fit where it is to be signed anew.
std::string encoded(Json document, bool is_signed, bool is_text) {
    if (is_signed) {
        const auto cbor = Json::to_cbor(document["fit"]);
        char sum[17];
        std::snprintf(
            sum, sizeof sum, "%016llx",
            static_cast<unsigned long long>(hash_name({reinterpret_cast<const char*>(cbor.data()), cbor.size()})));
        document["checksum"] = sum;
    }
    if (is_text) return document.dump(2);
    const auto cbor = Json::to_cbor(document);
    return {cbor.begin(), cbor.end()};
}
Json decoded(const std::string& bytes, bool is_text) { return is_text ? Json::parse(bytes) : Json::from_cbor(bytes); }

} // namespace

BOOST_AUTO_TEST_CASE(a_resumed_fit_has_the_bits_of_one_that_never_stopped) {
    // Acceptance case P38.
    for (const char* file : {"fit.json", "fit.cbor"}) {
        goes_on(adam, file, {});
        goes_on(SGD{.lr = 0.001, .momentum = 0.9, .lr_decay = 0.99}, file, {});
        goes_on(adam, file, {.mode = Mode::reverse});
        goes_on(adam, file, {.compact = true});
    }
}

// Started by the next case, in a process of its own: the last two arguments are the checkpoint and the answer.
BOOST_AUTO_TEST_CASE(child, *boost::unit_test::disabled()) {
    const auto& suite = boost::unit_test::framework::master_test_suite();
    BOOST_REQUIRE(suite.argc >= 3);
    Fit fit(adam);
    fit.svi.load(suite.argv[suite.argc - 2], X, y);
    std::ofstream answer(suite.argv[suite.argc - 1]);
    for (const auto x : go_on(fit.svi, fit.guide, 30)) answer << x << "\n";
}

BOOST_AUTO_TEST_CASE(a_fit_goes_on_in_another_process) {
    // Acceptance case P31.
    const Directory directory;
    for (const char* file : {"fit.json", "fit.cbor"}) {
        Fit fit(adam);
        go_on(fit.svi, fit.guide, 20);
        fit.svi.save(directory / file);
        const auto self = std::filesystem::read_symlink("/proc/self/exe").string();
        const auto command = "'" + self + "' --run_test=child -- '" + directory / file + "' '" + directory / "answer'";
        BOOST_REQUIRE(std::system(command.c_str()) == 0);
        std::ifstream answer(directory / "answer");
        const std::vector<std::uint64_t> found{std::istream_iterator<std::uint64_t>(answer), {}};
        BOOST_TEST(found == go_on(fit.svi, fit.guide, 30));
    }
}

BOOST_AUTO_TEST_CASE(a_fit_that_goes_on_in_place_is_what_it_was_when_saved) {
    const Directory directory;
    Fit fit(adam);
    fit.svi.run(5, X, y);
    fit.svi.save(directory / "fit.cbor");
    const auto first = go_on(fit.svi, fit.guide, 10);
    fit.svi.load(directory / "fit.cbor", X, y);
    BOOST_TEST(go_on(fit.svi, fit.guide, 10) == first);
}

BOOST_AUTO_TEST_CASE(every_finite_number_comes_back) {
    const Directory directory;
    using Limits = std::numeric_limits<double>;
    std::vector<double> numbers{0.0,
                                -0.0,
                                1,
                                -1,
                                0.1,
                                1.0 / 3,
                                Limits::max(),
                                Limits::lowest(),
                                Limits::min(),
                                Limits::denorm_min(),
                                -Limits::denorm_min(),
                                0x1p53,
                                1e22,
                                1e23,
                                0.1f};
    std::mt19937_64 random(1);
    while (numbers.size() < 20'000)
        if (const double x = std::bit_cast<double>(random()); std::isfinite(x)) numbers.push_back(x);
    const LatentBlocks none;
    Adam::State state{numbers, numbers, ~std::uint64_t{0}, std::vector<std::uint64_t>(numbers.size(), 3)};
    const Checkpoint saved{none, Vector(numbers), "Adam", adam.options(), state.fields(), 17, ~std::uint64_t{0}};
    for (const char* file : {"fit.json", "fit.cbor"}) {
        write_checkpoint(directory / file, saved);
        Adam::State found;
        Checkpoint loaded{none, Vector(numbers.size()), "Adam", adam.options(), found.fields(), 0, 0};
        read_checkpoint(directory / file, loaded);
        BOOST_TEST((bits(loaded.parameters) == bits(numbers)));
        BOOST_TEST((bits(found.first) == bits(numbers)));
        BOOST_TEST((bits(found.second) == bits(numbers)));
        BOOST_TEST((found.own_steps == state.own_steps));
        BOOST_TEST(found.steps == ~std::uint64_t{0});
        BOOST_TEST(loaded.steps == 17u);
        BOOST_TEST(loaded.seed == ~std::uint64_t{0});
    }
}

BOOST_AUTO_TEST_CASE(selected_coordinates_go_on_too) {
    const Directory directory;
    const std::vector<std::vector<unsigned char>> active{{1, 0, 1}, {0, 0, 1}, {1, 1, 0}};
    const std::vector<double> gradient{0.3, -2, 5};
    const auto steps = [&](std::vector<double>& x, Adam::State& state) {
        for (const auto& marks : active) adam.update(x, gradient, state, marks);
    };
    std::vector<double> x{1, 2, 3};
    Adam::State state;
    steps(x, state);
    const LatentBlocks none;
    write_checkpoint(directory / "fit.json", {none, Vector(x), "Adam", adam.options(), state.fields(), 3, 0});
    Adam::State resumed;
    Checkpoint loaded{none, Vector(3), "Adam", adam.options(), resumed.fields(), 0, 0};
    read_checkpoint(directory / "fit.json", loaded);
    std::vector<double> z(loaded.parameters.data(), loaded.parameters.data() + 3);
    steps(x, state);
    steps(z, resumed);
    BOOST_TEST(bits(z) == bits(x));
}

BOOST_AUTO_TEST_CASE(what_does_not_fit_is_refused_and_changes_nothing) {
    const Directory directory;
    Fit saved(adam);
    saved.svi.run(5, X, y);
    const std::string path = directory / "fit.json";
    saved.svi.save(path);

    const auto unchanged = [&](auto& fit, const Says& says) {
        fit.svi.run(3, X, y);
        const auto before = bits(fit.guide.parameters());
        BOOST_CHECK_EXCEPTION(fit.svi.load(path, X, y), Error, says);
        BOOST_TEST(bits(fit.guide.parameters()) == before);
        BOOST_TEST(fit.svi.steps() == 3u);
    };
    Fit sgd(SGD{.lr = 0.01});
    unchanged(sgd, Says{"", "a fit by SGD in '" + path + "'", "Adam", "optimizer of the file"});
    Fit slower(Adam{.lr = 0.01, .lr_decay = 0.99});
    unchanged(slower, Says{"", "lr = 0.01 of Adam in '" + path + "'", "0.05", "another SVI on the same guide"});

    // Sites: 'bias' is missing in the file, 'sigma' is not in the model, 'weight' has another length.
    const auto other = []<Scalar Real>(const Matrix& x) -> Model<Real> {
        co_yield sample("weight", Normal(0, 10).expand(x.cols()).to_event(1));
        co_yield sample("slope", Normal(0, 10));
        co_yield sample("bias", Normal(0, 10));
    };
    AutoDelta guide(other);
    SVI svi(other, guide, adam, TraceELBO{});
    svi.step(Matrix(4, 3));
    const auto before = bits(guide.parameters());
    BOOST_CHECK_EXCEPTION(
        svi.load(path, Matrix(4, 3)), Error,
        (Says{"", "the latent sites of the model, weight, slope, bias in '" + path + "'",
              "'weight' of shape [2], not [3]; no 'slope'; 'sigma', which", "the model and the data"}));
    BOOST_TEST(bits(guide.parameters()) == before);
    BOOST_TEST(svi.steps() == 1u);
}

BOOST_AUTO_TEST_CASE(what_is_no_fit_is_refused) {
    // Acceptance case N29.
    const Directory directory;
    Fit fit(adam);
    BOOST_CHECK_EXCEPTION(fit.svi.save(directory / "fit.json"), Error,
                          (Says{"", "a fit to save", "not begun", "Take a step"}));
    fit.svi.run(5, X, y);
    BOOST_CHECK_EXCEPTION(fit.svi.save("fit.txt"), Error, (Says{"", ".json or .cbor", "'fit.txt'", "Choose"}));
    BOOST_CHECK_EXCEPTION(fit.svi.load("fit", X, y), Error, (Says{"", ".json or .cbor", "'fit'", "Choose"}));
    BOOST_CHECK_EXCEPTION(fit.svi.load(directory / "none.json", X, y), Error,
                          (Says{"", "to read '" + directory / "none.json'", "No such file", "Check the path"}));

    for (const bool is_text : {true, false}) {
        const std::string path = directory / (is_text ? "fit.json" : "fit.cbor"), in = " in '" + path + "'";
        fit.svi.save(path);
        const std::string bytes = read(path);
        const Json document = decoded(bytes, is_text); // also for other programs
        const auto refuses = [&](const std::string& mutated, const Says& says) {
            write(path, mutated);
            BOOST_CHECK_EXCEPTION(fit.svi.load(path, X, y), Error, says);
        };
        refuses("", {"", "a modus fit" + in, is_text ? "not JSON" : "something else", ""});
        refuses("\x89PNG\r\n",
                {"", "a modus fit" + in, is_text ? "not JSON" : "do not begin like one", "damaged, or no modus fit"});
        refuses(bytes.substr(0, bytes.size() / 2), {"", in, "", "Restore the file"});
        refuses(encoded({{"a", 1}}, false, is_text), {"", "a modus fit" + in, is_text ? "something else" : "", ""});
        Json newer = document;
        newer["version"] = 2;
        refuses(encoded(newer, false, is_text), {"", "version 1" + in, "version 2", "A newer modus"});
        Json edited = document;
        edited["fit"]["parameters"][1] = 0.25;
        refuses(encoded(edited, false, is_text),
                {"", "a fit whose checksum is as stated" + in, "with the checksum", "was edited"});
        // What a wrong program might sign.
        Json wrong = document;
        wrong["fit"]["parameters"][1] = 3;
        refuses(encoded(wrong, true, is_text), {"", "real number as 'fit.parameters[1]'" + in, "3", "Restore"});
        wrong["fit"]["parameters"] = {0.5};
        refuses(encoded(wrong, true, is_text), {"", "4 numbers as 'fit.parameters'" + in, "1", "Restore"});
        wrong = document;
        wrong["fit"]["optimizer"]["state"]["first"].push_back(1.5);
        refuses(encoded(wrong, true, is_text), {"", "none or 4 numbers as 'fit.optimizer.state.first'" + in, "5", ""});
        wrong = document;
        wrong["fit"].erase("seed");
        refuses(encoded(wrong, true, is_text), {"", "an object with 'seed' as 'fit'" + in, "none", "Restore"});
        if (!is_text) {
            wrong = document;
            wrong["fit"]["parameters"][2] = std::numeric_limits<double>::infinity();
            refuses(encoded(wrong, true, false), {"", "a finite real number as 'fit.parameters[2]'" + in, "inf", ""});
        }
        // Towers of brackets, on which a recursive parser would fall off its stack.
        for (const char* bracket : {"[", "{\"fit\":[", "\x81", "\x9f", "\x7f", "\x5f", "\xc1"}) {
            std::string tower;
            while (tower.size() < 1'000'000) tower += bracket;
            refuses(tower, {"", in, "", ""});
            if (!is_text) refuses(bytes.substr(0, bytes.find("sites") - 2) + tower, {"", in, "", "damaged"});
        }
        const std::string closed = R"({"format": "modus fit", "version": 1, "checksum": "0", "fit": )" +
                                   std::string(500'000, '[') + std::string(500'000, ']') + "}";
        refuses(closed, {"", in, "", "Restore"});
    }
}

BOOST_AUTO_TEST_CASE(numbers_that_are_not_finite_are_not_saved) {
    const Directory directory;
    const LatentBlocks none;
    Adam::State state{{0, 1}, {0, std::numeric_limits<double>::infinity()}, 3, {}};
    const std::string path = directory / "fit.json";
    write(path, "before");
    BOOST_CHECK_EXCEPTION(
        write_checkpoint(path, {none, Vector(2), "Adam", adam.options(), state.fields(), 3, 0}), Error,
        (Says{"", "finite numbers to store in '" + path + "'", "inf at index [1] of the second of Adam", "diverged"}));
    state.second[1] = 0;
    BOOST_CHECK_EXCEPTION(
        write_checkpoint(path, {none, Vector{std::nan(""), 1}, "Adam", adam.options(), state.fields(), 3, 0}), Error,
        (Says{"", "finite numbers", "nan at index [0] of the parameters", "Nothing was written"}));
    BOOST_TEST(read(path) == "before");
}

BOOST_AUTO_TEST_CASE(a_file_is_replaced_as_a_whole_or_not_at_all) {
    const Directory directory;
    Fit fit(adam);
    fit.svi.run(5, X, y);
    for (const char* file : {"fit.json", "fit.cbor"}) {
        const std::string path = directory / file;
        fit.svi.save(path);
        const std::string before = read(path);
        const auto files = directory.files();
        fit.svi.run(5, X, y);

        // A disk with room for 100 bytes.
        rlimit limit{};
        getrlimit(RLIMIT_FSIZE, &limit);
        const auto handler = std::signal(SIGXFSZ, SIG_IGN);
        const rlimit little{100, limit.rlim_max};
        setrlimit(RLIMIT_FSIZE, &little);
        std::string message;
        try {
            fit.svi.save(path);
        } catch (const Error& error) {
            message = error.what();
        }
        setrlimit(RLIMIT_FSIZE, &limit);
        std::signal(SIGXFSZ, handler);
        BOOST_TEST(message == "expected to write '" + path +
                                  "', found File too large. A file that was there is as it "
                                  "was. Make room, or choose another path.");
        BOOST_TEST(read(path) == before);
        BOOST_TEST(directory.files() == files);
        write(path + ".tmp0", "of a process that died");
        fit.svi.save(path);
        BOOST_TEST(read(path) != before);
        BOOST_TEST(read(path + ".tmp0") == "of a process that died");
    }
    BOOST_CHECK_EXCEPTION(fit.svi.save(directory / "none/fit.json"), Error,
                          (Says{"", "to write '" + directory / "none/fit.json'", "No such file", "another path"}));
    BOOST_CHECK_EXCEPTION(fit.svi.save("/proc/fit.json"), Error, (Says{"", "to write '/proc/fit.json'", "", ""}));
    const auto files = directory.files();
    std::filesystem::create_directory(directory / "directory.json");
    BOOST_CHECK_EXCEPTION(fit.svi.save(directory / "directory.json"), Error, (Says{"", "to write", "directory", ""}));
    BOOST_CHECK_EXCEPTION(fit.svi.load(directory / "directory.json", X, y), Error,
                          (Says{"", "to read", "directory", ""}));
    BOOST_TEST(directory.files() == files + 1);
}

namespace {

/// Bytes with random damage of one of the kinds that files suffer.
std::string damaged(std::string bytes, std::mt19937_64& random) {
    const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
    const std::size_t at = below(bytes.size()), count = 1 + below(16);
    switch (below(7)) {
    case 0: bytes[at] = static_cast<char>(bytes[at] ^ (1 << below(8))); break;
    case 1: bytes[at] = static_cast<char>(random()); break;
    case 2: bytes.resize(at); break;
    case 3: bytes.erase(at, count); break;
    case 4: bytes.insert(at, bytes.substr(below(bytes.size()), count)); break;
    case 5: bytes.insert(at, count, static_cast<char>(random())); break;
    default:
        for (std::size_t k = 0; k < count; ++k) std::swap(bytes[below(bytes.size())], bytes[below(bytes.size())]);
    }
    return bytes;
}

/// Removes a random part of a document, or makes it into one of another type.
void restructure(Json& document, std::mt19937_64& random) {
    Json* parent = &document;
    for (;;) {
        auto child = parent->begin();
        std::advance(child, static_cast<std::ptrdiff_t>(random() % parent->size()));
        if (child->is_structured() && !child->empty() && random() % 4) {
            parent = &*child;
            continue;
        }
        const Json others[] = {nullptr, "text", true, -1, Json::object({{"a", 1}})};
        if (random() % 3 == 0) parent->erase(child);
        else if (const Json& other = others[random() % std::size(others)]; other.type() != child->type())
            *child = other;
        else parent->erase(child);
        return;
    }
}

} // namespace

// Some 25,000 mutations by a fixed seed, every truncation among them: 4 s on a machine at rest.
BOOST_AUTO_TEST_CASE(whatever_happens_to_a_file_it_is_refused_or_loads_the_same_fit) {
    const Directory directory;
    std::mt19937_64 random(5);
    std::size_t harmless = 0, refused = 0;
    for (const bool is_text : {true, false}) {
        const char* ending = is_text ? "json" : "cbor";
        const auto file = [&](const char* stem) { return directory / (std::string(stem) + "." + ending); };
        Fit saved(adam, 3), fit(adam, 4);
        saved.svi.run(50, X, y);
        saved.svi.save(file("saved"));
        fit.svi.run(10, X, y);
        fit.svi.save(file("fit"));
        const std::string bytes = read(file("saved"));
        const Json document = decoded(bytes, is_text);
        const auto before = bits(fit.guide.parameters()), other = bits(saved.guide.parameters());
        const auto state_in = [&](const char* stem) {
            Adam::State state;
            Checkpoint found{fit.guide.latents(), fit.guide.parameters(), "Adam", adam.options(), state.fields(), 0, 0};
            read_checkpoint(file(stem), found);
            return state;
        };
        const Adam::State state = state_in("saved");
        const auto check = [&](const std::string& mutated, bool must_be_refused) {
            write(file("mutated"), mutated);
            try {
                fit.svi.load(file("mutated"), X, y);
            } catch (const Error& error) {
                ++refused;
                BOOST_REQUIRE(error.expected.find(file("mutated")) != std::string::npos);
                BOOST_REQUIRE((bits(fit.guide.parameters()) == before && fit.svi.steps() == 10 && fit.svi.seed() == 4));
                return;
            }
            ++harmless;
            BOOST_REQUIRE(!must_be_refused);
            BOOST_REQUIRE((bits(fit.guide.parameters()) == other && fit.svi.steps() == 50 && fit.svi.seed() == 3));
            const Adam::State found = state_in("mutated");
            BOOST_REQUIRE((bits(found.first) == bits(state.first) && bits(found.second) == bits(state.second)));
            BOOST_REQUIRE((found.steps == state.steps && found.own_steps == state.own_steps));
            fit.svi.load(file("fit"), X, y);
        };
        for (int k = 0; k < 6000; ++k) check(damaged(bytes, random), false);
        for (std::size_t size = 0; size + 2 < bytes.size(); ++size) check(bytes.substr(0, size), true);
        for (int k = 0; k < 3000; ++k) {
            Json other_document = document;
            restructure(other_document, random);
            check(encoded(other_document, false, is_text), true);
            // Signed by a wrong program: what is not as it should be is found without the checksum.
            other_document = document;
            restructure(other_document["fit"], random);
            check(encoded(other_document, true, is_text), true);
        }
        if (is_text) check(document.dump(), false); // without white space
        fit.svi.save(file("now"));                  // the optimizer's memory too
        BOOST_TEST(read(file("now")) == read(file("fit")));
    }
    BOOST_TEST_MESSAGE(refused << " refused, " << harmless << " harmless");
    BOOST_TEST(refused > 20'000u);
    BOOST_TEST(harmless > 0u);
}

BOOST_AUTO_TEST_CASE(mini_batches_and_guides_written_by_hand_go_on_with_the_same_bits) {
    // Acceptance case P38, with local latent sites, whose steps are counted one by one, and with params.
    const auto rows_model = []<Scalar Real>(const Vector& v) -> Model<Real> {
        auto mu = co_yield sample("mu", Normal(0, 2));
        auto spread = co_yield param("spread", 1.0, support::positive);
        auto rows = co_yield plate("rows", v.size(), {.subsample_size = 2});
        auto z = co_yield sample("z", Normal(mu, spread).expand(rows));
        co_yield sample("v", Normal(z, 1), obs = rows.subsample(v));
    };
    const auto program = []<Scalar Real>(const Vector& v) -> Model<Real> {
        auto at = co_yield param("mu_at", 0.5);
        co_yield sample("mu", Delta(at));
        auto all = co_yield param("z_at", Vector(v.size()));
        auto rows = co_yield plate("rows", v.size(), {.subsample_size = 2});
        co_yield sample("z", Delta(rows.subsample(all)));
    };
    const Directory directory;
    const auto check = [&](auto first, auto second, const std::string& file) {
        SVI one(rows_model, first, adam, TraceELBO{}, SVIOptions{.seed = 8});
        one.run(7, y);
        one.save(directory / file);
        const auto expected = one.run(9, y).losses;
        SVI two(rows_model, second, adam, TraceELBO{});
        two.load(directory / file, y);
        BOOST_TEST(bits(two.run(9, y).losses) == bits(expected), boost::test_tools::per_element());
        BOOST_TEST(bits(std::as_const(second).parameters()) == bits(std::as_const(first).parameters()),
                   boost::test_tools::per_element());
    };
    check(AutoDelta(rows_model), AutoDelta(rows_model), "automatic.json");
    check(Guide(rows_model, program), Guide(rows_model, program), "by_hand.cbor");
}
