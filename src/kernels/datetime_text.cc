// Dates and timestamps to and from text in a pattern.
#include <map>

#include "base/error.h"
#include "kernels/calendar.h"
#include "kernels/datetime_pattern.h"
#include "kernels/elementwise.h"
#include "kernels/kernels.h"
#include "kernels/timestamp_text.h"

namespace firn::kernels {
namespace {

using Columns = std::span<const ColumnView>;
using Text = std::string_view;
using types::DataTypeId;

struct PatternScratch {
  std::shared_ptr<const TimeZone> zone;
  std::map<std::string, DateTimePattern, std::less<>> patterns;

  const DateTimePattern& get(Text pattern) {
    const auto found = patterns.find(pattern);
    if (found != patterns.end()) return found->second;
    if (patterns.size() > 100) patterns.clear();
    return patterns.emplace(std::string(pattern), DateTimePattern(pattern)).first->second;
  }
};

PatternScratch& scratch_of(const CallInfo& info, Scratch& scratch) {
  using Held = std::shared_ptr<PatternScratch>;
  if (!scratch.has_value()) {
    auto held = std::make_shared<PatternScratch>();
    held->zone = find_time_zone(info.zone);
    if (!held->zone) throw Error("INVALID_TIMEZONE", {{"timeZone", info.zone}});
    scratch = Held(std::move(held));
  }
  return **std::any_cast<Held>(&scratch);
}

std::string formatted(PatternScratch& held, int64_t instant, Text pattern) {
  std::string text;
  const int32_t offset = held.zone->offset_at(instant);
  held.get(pattern).format(text, instant + offset * kMicrosPerSecond, offset, held.zone->id());
  return text;
}
void date_format(const CallInfo& info, Scratch& scratch, Columns in, uint64_t rows, Output& out) {
  PatternScratch& held = scratch_of(info, scratch);
  map_rows<int64_t, Text>(in, rows, out,
                          [&](int64_t t, Text pattern) { return formatted(held, t, pattern); });
}
// As Spark, which multiplies without a check: beyond 64 bits of µs it goes round.
int64_t wrapped_micros(int64_t seconds) {
  return static_cast<int64_t>(static_cast<uint64_t>(seconds) * uint64_t{kMicrosPerSecond});
}
void from_unixtime(const CallInfo& info, Scratch& scratch, Columns in, uint64_t rows, Output& out) {
  PatternScratch& held = scratch_of(info, scratch);
  if (in.size() == 1) {
    map_rows<int64_t>(in, rows, out, [&](int64_t s) {
      return formatted(held, wrapped_micros(s), "yyyy-MM-dd HH:mm:ss");
    });
  } else {
    map_rows<int64_t, Text>(in, rows, out, [&](int64_t s, Text pattern) {
      return formatted(held, wrapped_micros(s), pattern);
    });
  }
}

// ---- Parsing. The result of a text in a pattern: µs, local where `ntz`.
std::optional<int64_t> parsed(PatternScratch& held, Text text, Text pattern, bool ntz) {
  const auto found = held.get(pattern).parse(text);
  if (!found) return std::nullopt;
  if (ntz) return found->local_us;
  if (found->offset_seconds) {
    int64_t instant = 0;
    if (__builtin_sub_overflow(found->local_us, *found->offset_seconds * kMicrosPerSecond,
                               &instant))
      return std::nullopt;
    return instant;
  }
  if (!found->zone_id.empty()) return find_time_zone(found->zone_id)->to_utc(found->local_us);
  return held.zone->to_utc(found->local_us);
}

[[noreturn]] void throw_unparsable(Text text, const char* function) {
  throw Error("CANNOT_PARSE_TIMESTAMP",
              {{"message", "Text '" + std::string(text) + "' could not be parsed"},
               {"func", "`" + std::string(function) + "`"}});
}
[[noreturn]] void throw_malformed(Text text, const char* type) {
  throw Error("CAST_INVALID_INPUT", {{"expression", "'" + std::string(text) + "'"},
                                     {"sourceType", "\"STRING\""},
                                     {"targetType", type}});
}

// to_timestamp, to_date and unix_timestamp of strings; other types are cast by resolution or here.
enum class Target { kTimestamp, kNtz, kDate, kSeconds };

template <Target target>
std::optional<int64_t> instant_of(const CallInfo& info, PatternScratch& held, Columns in,
                                  uint64_t row) {
  const DataTypeId from = info.arguments[0].id();
  const bool local = target == Target::kNtz || target == Target::kDate;
  switch (from) {
    case DataTypeId::kDate: {
      const int64_t midnight = in[0].values<int32_t>()[row] * kMicrosPerDay;
      return local ? midnight : held.zone->to_utc(midnight);
    }
    case DataTypeId::kTimestamp: {
      const int64_t instant = in[0].values<int64_t>()[row];
      return local ? held.zone->to_local(instant) : instant;
    }
    case DataTypeId::kTimestampNtz: {
      const int64_t wall = in[0].values<int64_t>()[row];
      return local ? wall : held.zone->to_utc(wall);
    }
    case DataTypeId::kString:
      break;
    default:
      throw_unsupported("to_timestamp and its like over " + info.arguments[0].simple_string() +
                        "; cast it first");
  }
  const Text text = in[0].values<StringRef>()[row].view();
  const bool pattern_given = in.size() > 1 || target == Target::kSeconds;
  if (pattern_given) {
    const Text pattern =
        in.size() > 1 ? in[1].values<StringRef>()[row].view() : Text("yyyy-MM-dd HH:mm:ss");
    const auto found = parsed(held, text, pattern, local);
    if (!found && info.mode == Mode::kAnsi)
      throw_unparsable(text, target == Target::kDate ? "try_to_date" : "try_to_timestamp");
    return found;
  }
  std::optional<int64_t> found;
  if (target == Target::kDate) {
    if (const auto days = parse_date(text)) found = *days * kMicrosPerDay;
  } else {
    found = target == Target::kNtz ? parse_timestamp_ntz(text, true)
                                   : parse_timestamp(text, *held.zone);
  }
  if (!found && info.mode == Mode::kAnsi)
    throw_malformed(text, target == Target::kDate ? "\"DATE\"" : "\"TIMESTAMP\"");
  return found;
}

template <Target target>
void to_time(const CallInfo& info, Scratch& scratch, Columns in, uint64_t rows, Output& out) {
  PatternScratch& held = scratch_of(info, scratch);
  for (uint64_t row = 0; row < rows; ++row) {
    const auto micros = all_valid(in, row) ? instant_of<target>(info, held, in, row) : std::nullopt;
    if (!micros) {
      out.set_null(row);
    } else if (target == Target::kDate) {
      out.values<int32_t>()[row] = static_cast<int32_t>(floor_div(*micros, kMicrosPerDay));
    } else {
      out.values<int64_t>()[row] =
          target == Target::kSeconds ? floor_div(*micros, kMicrosPerSecond) : *micros;
    }
  }
}

constexpr uint32_t kDatetimeTextThrowing = kNullOnNull | kFallible;
constexpr KernelRow kRowsOfDatetimeText[] = {
    {"date_format", date_format, kDatetimeTextThrowing},
    {"from_unixtime", from_unixtime, kDatetimeTextThrowing},
    {"to_timestamp", to_time<Target::kTimestamp>, kDatetimeTextThrowing},
    {"to_timestamp_ntz", to_time<Target::kNtz>, kDatetimeTextThrowing},
    {"to_date", to_time<Target::kDate>, kDatetimeTextThrowing},
    {"unix_timestamp", to_time<Target::kSeconds>, kDatetimeTextThrowing},
};

}  // namespace

std::span<const KernelRow> datetime_text_kernels() { return kRowsOfDatetimeText; }

}  // namespace firn::kernels
