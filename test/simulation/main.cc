// firn_simulation: the streaming path of firn, with clock, broker, catalog, file store and executor
// as doubles, under faults drawn from seeds. Exit code 1 where a run failed.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>

#include "base/log.h"
#include "scenario.h"

namespace firn::simulation {
namespace {

struct Arguments {
  uint64_t from = 1, to = 2000;
  double minutes = 0;  // 0: no bound
  uint64_t whole = 0;  // every so many seeds runs whole; 0: none
  bool traces = false, counts = false, stops_early = false;
  std::vector<std::string> only;  // faults to play instead of the seed's
  bool has_only = false;
};

constexpr const char* kUsage =
    "usage: firn_simulation [--seeds FROM..TO] [--seed S] [--faults LIST] [--trace] [--whole N] "
    "[--minutes M] [--counts] [--first] [--kinds]\n"
    "  --faults LIST   these of the seed's faults instead of all: name@at/detail,… (as printed for "
    "a failure)\n"
    "  --whole N       each Nth seed runs with DuckDB and Parquet in the place of their doubles\n"
    "  --counts        in how many runs each fault took effect, and how processes ended\n"
    "  --kinds         list the kinds of faults\n"
    "  --first         end at the first failure, as it is\n";

Arguments parse(int count, char** words) {
  Arguments arguments;
  for (int i = 1; i < count; ++i) {
    const std::string word = words[i];
    const auto value = [&]() -> std::string {
      if (++i >= count) {
        std::fputs(kUsage, stderr);
        std::exit(2);
      }
      return words[i];
    };
    if (word == "--seeds") {
      const std::string range = value();
      arguments.from = std::strtoull(range.c_str(), nullptr, 10);
      const size_t dots = range.find("..");
      arguments.to = dots == std::string::npos
                         ? arguments.from
                         : std::strtoull(range.c_str() + dots + 2, nullptr, 10);
    } else if (word == "--seed") {
      arguments.from = arguments.to = std::strtoull(value().c_str(), nullptr, 10);
    } else if (word == "--faults") {
      arguments.has_only = true;
      const std::string list = value();
      for (size_t at = 0; at < list.size();) {
        const size_t end = std::min(list.find(',', at), list.size());
        arguments.only.push_back(list.substr(at, end - at));
        at = end + 1;
      }
    } else if (word == "--whole") {
      arguments.whole = std::strtoull(value().c_str(), nullptr, 10);
    } else if (word == "--kinds") {
      for (const FaultKind& kind : fault_kinds()) std::printf("%s\n", kind.name);
      std::exit(0);
    } else if (word == "--minutes") {
      arguments.minutes = std::strtod(value().c_str(), nullptr);
    } else if (word == "--trace") {
      arguments.traces = true;
    } else if (word == "--counts") {
      arguments.counts = true;
    } else if (word == "--first") {
      arguments.stops_early = true;
    } else {
      std::fputs(kUsage, stderr);
      std::exit(2);
    }
  }
  return arguments;
}

std::vector<Fault> chosen(const Arguments& arguments, uint64_t seed) {
  std::vector<Fault> faults = draw_faults(seed);
  if (!arguments.has_only) return faults;
  std::erase_if(faults, [&](const Fault& fault) {
    return std::find(arguments.only.begin(), arguments.only.end(), to_string(fault)) ==
           arguments.only.end();
  });
  return faults;
}

std::string list_of(const std::vector<Fault>& faults) {
  std::string text;
  for (const Fault& fault : faults) text += (text.empty() ? "" : ",") + to_string(fault);
  return text;
}

int run(const Arguments& arguments) {
  const auto begin = std::chrono::steady_clock::now();
  std::map<std::string, int64_t> counts;
  int64_t runs = 0, whole = 0, failures = 0, orphans = 0;
  for (uint64_t seed = arguments.from; seed <= arguments.to; ++seed) {
    if (arguments.minutes > 0 && std::chrono::steady_clock::now() - begin >
                                     std::chrono::duration<double>(arguments.minutes * 60))
      break;
    const std::vector<Fault> faults = chosen(arguments, seed);
    const bool is_whole = arguments.whole > 0 && seed % arguments.whole == 0;
    const Outcome outcome = run_scenario(seed, faults, is_whole, arguments.traces);
    whole += is_whole ? 1 : 0;
    ++runs;
    orphans += static_cast<int64_t>(outcome.orphans.size());
    for (const std::string& line : outcome.log) std::printf("%s\n", line.c_str());
    if (arguments.traces) {
      for (const std::string& uri : outcome.orphans) std::printf("orphan %s\n", uri.c_str());
    }
    for (const std::string& one : outcome.happened) ++counts[one];
    if (outcome.problem.empty()) continue;
    ++failures;
    std::printf("seed %llu failed: %s\n", static_cast<unsigned long long>(seed),
                outcome.problem.c_str());
    if (!arguments.has_only && !arguments.stops_early) {
      std::printf("  firn_simulation --seed %llu%s --trace --faults '%s'\n",
                  static_cast<unsigned long long>(seed), is_whole ? " --whole 1" : "",
                  list_of(shrink(seed, faults, is_whole)).c_str());
    }
    std::fflush(stdout);
    if (arguments.stops_early || failures >= 20) break;
  }
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  if (arguments.counts) {
    for (const auto& [what, times] : counts)
      std::printf("%8lld  %s\n", static_cast<long long>(times), what.c_str());
  }
  std::printf("%lld runs in %.1f s, %lld of them whole, %lld failed, %lld orphans\n",
              static_cast<long long>(runs), seconds, static_cast<long long>(whole),
              static_cast<long long>(failures), static_cast<long long>(orphans));
  return failures == 0 ? 0 : 1;
}

}  // namespace
}  // namespace firn::simulation

int main(int count, char** words) {
  firn::configure_logging(firn::LogLevel::kOff, firn::LogFormat::kText);
  return firn::simulation::run(firn::simulation::parse(count, words));
}
