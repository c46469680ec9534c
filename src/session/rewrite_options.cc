// See rewrite_options.h.
#include "session/rewrite_options.h"

#include <algorithm>
#include <charconv>

#include "base/ascii.h"
#include "base/error.h"

namespace firn::session {
namespace {

enum RewriteKinds : uint8_t { kAny = 15, kData = 7, kSorted = 6, kZ = 4 };

struct RewriteOption {
  const char* name;
  uint8_t kinds;  // bits by RewriteKind
  void (*set)(RewriteOptions&, const std::string& name, const std::string& value);
};

int64_t whole_option(const std::string& name, const std::string& text) {
  int64_t number = 0;
  const char* last = text.data() + text.size();
  const auto [end, problem] = std::from_chars(text.data(), last, number);
  if (problem != std::errc() || end != last || number < 0)
    throw_invalid("option " + name + " must be a whole number, not '" + text + "'");
  return number;
}

double ratio_option(const std::string& name, const std::string& text) {
  double number = 0;
  const char* last = text.data() + text.size();
  const auto [end, problem] = std::from_chars(text.data(), last, number);
  if (problem != std::errc() || end != last || number <= 0 || number > 1)
    throw_invalid("'" + name + "' is set to " + text + " but must be > 0 and <= 1");
  return number;
}

template <int64_t RewriteOptions::* member>
void set_whole(RewriteOptions& options, const std::string& name, const std::string& value) {
  options.*member = whole_option(name, value);
}
template <bool RewriteOptions::* member>
void set_flag(RewriteOptions& options, const std::string&, const std::string& value) {
  options.*member = lower_case(value) == "true";
}

// Options without a `set` have no meaning here: one process, one commit.
constexpr RewriteOption kRewriteOptions[] = {
    {"target-file-size-bytes", kAny, set_whole<&RewriteOptions::target>},
    {"min-file-size-bytes", kAny, set_whole<&RewriteOptions::min_size>},
    {"max-file-size-bytes", kAny, set_whole<&RewriteOptions::max_size>},
    {"max-file-group-size-bytes", kAny, set_whole<&RewriteOptions::max_group>},
    {"min-input-files", kAny, set_whole<&RewriteOptions::min_input_files>},
    {"rewrite-all", kAny, set_flag<&RewriteOptions::rewrite_all>},
    {"max-files-to-rewrite", kData, set_whole<&RewriteOptions::max_files>},
    {"delete-file-threshold", kData, set_whole<&RewriteOptions::delete_files>},
    {"delete-ratio-threshold", kData,
     [](RewriteOptions& options, const std::string& name, const std::string& value) {
       options.delete_ratio = ratio_option(name, value);
     }},
    {"remove-dangling-deletes", kData, set_flag<&RewriteOptions::remove_dangling>},
    {"use-starting-sequence-number", kData, nullptr},  // always
    {"output-spec-id", kData,
     [](RewriteOptions&, const std::string&, const std::string&) {
       throw_unsupported(
           "the option output-spec-id; files are written by the table's default spec");
     }},
    {"var-length-contribution", kZ,
     [](RewriteOptions& options, const std::string& name, const std::string& value) {
       const int64_t bytes = whole_option(name, value);
       if (bytes < 1 || bytes > 1024)
         throw_invalid(
             "Cannot use less than 1 byte for variable length types with zorder, "
             "'var-length-contribution' was set to " +
             value);
       options.text_bytes = static_cast<int>(bytes);
     }},
    {"max-output-size", kZ, nullptr},
    {"compression-factor", kSorted, nullptr},
    {"shuffle-partitions-per-file", kSorted, nullptr},
    {"max-concurrent-file-group-rewrites", kAny, nullptr},
    {"partial-progress.enabled", kAny, nullptr},
    {"partial-progress.max-commits", kAny, nullptr},
    {"partial-progress.max-failed-commits", kData, nullptr},
    {"rewrite-job-order", kAny, nullptr},
};

}  // namespace

RewriteOptions rewrite_options(const Call& call, RewriteKind kind, int64_t target) {
  RewriteOptions options;
  options.target = target;
  bool min_given = false, max_given = false;
  const auto given = call.arguments.maps.find("options");
  if (given != call.arguments.maps.end()) {
    for (const auto& [key, value] : given->second) {
      const auto* row = std::ranges::find_if(kRewriteOptions, [&](const RewriteOption& one) {
        return key == one.name && (one.kinds >> static_cast<int>(kind) & 1) != 0;
      });
      if (row == std::end(kRewriteOptions))
        throw_invalid("Cannot use options [" + key +
                      "], they are not supported by the action or the rewriter");
      if (row->set != nullptr) row->set(options, key, value);
      min_given |= key == "min-file-size-bytes";
      max_given |= key == "max-file-size-bytes";
    }
  }
  if (options.target < 1)
    throw_invalid("target-file-size-bytes is set to " + std::to_string(options.target) +
                  " but must be > 0");
  if (options.min_input_files < 1)
    throw_invalid("'min-input-files' is set to " + std::to_string(options.min_input_files) +
                  " but must be > 0");
  if (!min_given) options.min_size = options.target / 4 * 3;
  if (!max_given)
    options.max_size = static_cast<int64_t>(static_cast<double>(options.target) * 1.8);
  if (options.target <= options.min_size && min_given)
    throw_invalid("target-file-size-bytes must be greater than min-file-size-bytes");
  if (options.target >= options.max_size && max_given)
    throw_invalid("target-file-size-bytes must be less than max-file-size-bytes");
  return options;
}

bool is_worth_rewriting(const RewriteOptions& options, int64_t files, int64_t bytes) {
  if (options.rewrite_all) return true;
  return (files > 1 && files >= options.min_input_files) || (files > 1 && bytes > options.target) ||
         bytes > options.max_size;
}

}  // namespace firn::session
