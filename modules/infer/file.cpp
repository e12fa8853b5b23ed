module;
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <unistd.h>

module modus.infer;

import modus.autodiff;

namespace modus {
namespace {

struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, Close>;

/// A new file beside `path`; its own path is written to `beside`.
File create_beside(const std::string& path, std::string& beside) {
    for (int k = 0;; ++k) { // others may be writing, or have died while they were
        beside = path + ".tmp" + std::to_string(k);
        File file(std::fopen(beside.c_str(), "wbxe"));
        if (file || errno != EEXIST) return file;
    }
}

[[noreturn]] void cannot_write(const std::string& path, int reason) {
    throw Error("", "to write '" + path + "'", std::generic_category().message(reason),
                "A file that was there is as it was. Make room, or choose another path.");
}

} // namespace

std::string read_file(const std::string& path) {
    std::string bytes;
    const File file(std::fopen(path.c_str(), "rbe"));
    if (file) {
        char block[1 << 14];
        while (const std::size_t count = std::fread(block, 1, sizeof block, file.get())) bytes.append(block, count);
    }
    if (!file || std::ferror(file.get()))
        throw Error("", "to read '" + path + "'", std::generic_category().message(errno), "Check the path.");
    return bytes;
}

void replace_file(const std::string& path, std::string_view bytes) {
    std::string beside;
    File file = create_beside(path, beside);
    if (!file) cannot_write(path, errno);
    const bool is_replaced = std::fwrite(bytes.data(), 1, bytes.size(), file.get()) == bytes.size() &&
                             std::fflush(file.get()) == 0 && fsync(fileno(file.get())) == 0 &&
                             std::fclose(file.release()) == 0 && std::rename(beside.c_str(), path.c_str()) == 0;
    if (!is_replaced) {
        const int reason = errno;
        std::remove(beside.c_str());
        cannot_write(path, reason);
    }
    // The new name reaches the disk with its directory. Where a file system cannot do that, the file is in place
    // anyway.
    const auto parent = std::filesystem::path(path).parent_path();
    if (const File directory(std::fopen(parent.empty() ? "." : parent.c_str(), "re")); directory)
        fsync(fileno(directory.get()));
}

} // namespace modus
