// Stands in for libFuzzer in ordinary builds: fuzz_replay NAME PATH… runs the entry point of that
// target over files (or folders of files), so that every input that once failed is replayed by each
// test run, and over damaged copies of them, the same ones each time.
//   --mutants N  damaged copies of each file (default 20)
//   --seed N     of the damages
//   --seconds N  no further damaged copies after that time (default 20)
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#define FUZZ_TARGET(name) extern "C" int fuzz_##name(const std::uint8_t*, std::size_t);
#include "targets.h"
#undef FUZZ_TARGET

namespace {

struct Target {
  const char* name;
  int (*run)(const std::uint8_t*, std::size_t);
};
constexpr Target kTargets[] = {
#define FUZZ_TARGET(name) {#name, fuzz_##name},
#include "targets.h"
#undef FUZZ_TARGET
};

constexpr std::size_t kLargest = std::size_t{1} << 16;  // of what is damaged: others take too long

std::string bytes_of(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

void run(const Target& target, const std::string& bytes) {
  target.run(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
}

std::string damaged(std::string bytes, const std::vector<std::string>& all, std::mt19937_64& draw) {
  const auto below = [&](std::size_t bound) {
    return bound == 0 ? 0 : static_cast<std::size_t>(draw() % bound);
  };
  for (std::size_t times = 1 + below(3); times > 0; --times) {
    const std::size_t at = below(bytes.size()), size = below(1 + below(64));
    switch (below(7)) {
      case 0:  // cut off
        bytes.resize(at);
        break;
      case 1:  // a bit
        if (!bytes.empty()) bytes[at] = static_cast<char>(bytes[at] ^ 1 << below(8));
        break;
      case 2:  // a byte
        if (!bytes.empty()) bytes[at] = static_cast<char>(draw());
        break;
      case 3:  // lost
        bytes.erase(at, size);
        break;
      case 4:  // doubled
        bytes.insert(at, bytes.substr(at, size));
        break;
      case 5:  // numbers at their bounds
        for (std::size_t i = at; i < bytes.size() && i < at + 4; ++i)
          bytes[i] = times % 2 == 0 ? '\x7f' : '\xff';
        break;
      default: {  // a piece of another input
        const std::string& other = all[below(all.size())];
        bytes.insert(at, other.substr(below(other.size()), size));
      }
    }
  }
  return bytes;
}

}  // namespace

int main(int argc, char** argv) {
  std::uint64_t mutants = 20, seed = 1, seconds = 20;
  const Target* const target = std::find_if(
      std::begin(kTargets), std::end(kTargets),
      [&](const Target& known) { return argc > 1 && std::strcmp(argv[1], known.name) == 0; });
  if (target == std::end(kTargets)) {
    std::fprintf(stderr,
                 "usage: fuzz_replay TARGET [--mutants N] [--seed N] [--seconds N] PATH...\n");
    for (const Target& known : kTargets) std::fprintf(stderr, "  %s\n", known.name);
    return 2;
  }
  std::vector<std::filesystem::path> paths;
  for (int i = 2; i < argc; ++i) {
    std::uint64_t* const number = std::strcmp(argv[i], "--mutants") == 0   ? &mutants
                                  : std::strcmp(argv[i], "--seed") == 0    ? &seed
                                  : std::strcmp(argv[i], "--seconds") == 0 ? &seconds
                                                                           : nullptr;
    if (number != nullptr && i + 1 < argc) {
      *number = std::strtoull(argv[++i], nullptr, 10);
    } else if (std::filesystem::is_directory(argv[i])) {
      for (const auto& entry : std::filesystem::recursive_directory_iterator(argv[i]))
        if (entry.is_regular_file()) paths.push_back(entry.path());
    } else if (std::filesystem::exists(argv[i])) {
      paths.emplace_back(argv[i]);
    } else {
      std::fprintf(stderr, "%s is not there: a target has a corpus\n", argv[i]);
      return 1;
    }
  }
  std::sort(paths.begin(), paths.end());
  std::vector<std::string> inputs;
  for (const auto& path : paths) {
    std::printf("%s\n", path.c_str());
    std::fflush(stdout);
    inputs.push_back(bytes_of(path));
    run(*target, inputs.back());
  }
  if (inputs.empty()) {
    std::fprintf(stderr, "no input: give files or folders of files\n");
    return 1;
  }
  std::printf("%zu inputs replayed\n", inputs.size());
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
  std::uint64_t tried = 0;
  for (std::uint64_t round = 0; round < mutants; ++round) {
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      if (inputs[i].size() > kLargest) continue;
      if (std::chrono::steady_clock::now() > end) {
        std::printf("%llu damaged copies tried\n", static_cast<unsigned long long>(tried));
        return 0;
      }
      std::mt19937_64 draw(seed + round * 1000003 + i);
      const std::string bytes = damaged(inputs[i], inputs, draw);
      if (const char* kept = std::getenv("FIRN_FUZZ_LAST"))  // what fails last is here
        std::ofstream(kept, std::ios::binary) << bytes;
      run(*target, bytes);
      ++tried;
    }
  }
  std::printf("%llu damaged copies tried\n", static_cast<unsigned long long>(tried));
}
