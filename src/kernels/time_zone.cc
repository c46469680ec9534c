// Zones: fixed offsets computed, regions read from the system's TZif files (RFC 8536), with the
// POSIX rule of the footer for the years after the last listed transition.
#include "kernels/time_zone.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <mutex>
#include <optional>
#include <vector>

#include "kernels/timestamp_text.h"

namespace firn::kernels {
namespace {

constexpr int64_t kMicros = 1000000;

int64_t floor_seconds(int64_t micros) {
  return micros >= 0 ? micros / kMicros : -((-micros + kMicros - 1) / kMicros);
}

class FixedZone final : public TimeZone {
 public:
  FixedZone(std::string id, int32_t offset) : id_(std::move(id)), offset_(offset) {}
  const std::string& id() const override { return id_; }
  int32_t offset_at(int64_t) const override { return offset_; }
  int64_t to_utc(int64_t local_us) const override { return local_us - kMicros * offset_; }

 private:
  std::string id_;
  int32_t offset_;
};

// "Mm.w.d/time" of a POSIX TZ rule; other forms do not occur in the database's footers any more.
struct RuleDay {
  int month = 0, week = 0, weekday = 0;
  int32_t seconds = 7200;
};
struct PosixRule {
  int32_t standard = 0, daylight = 0;
  std::optional<RuleDay> start, end;  // of daylight saving, in local time
};

class RuleText {
 public:
  explicit RuleText(std::string_view text) : text_(text) {}
  std::optional<PosixRule> parse() {
    PosixRule rule;
    if (!name() || !offset(rule.standard)) return std::nullopt;
    rule.standard = -rule.standard;
    if (text_.empty()) return rule;
    if (!name()) return std::nullopt;
    rule.daylight = rule.standard + 3600;
    if (!text_.empty() && text_.front() != ',') {
      if (!offset(rule.daylight)) return std::nullopt;
      rule.daylight = -rule.daylight;
    }
    rule.start = day();
    rule.end = day();
    if (!rule.start || !rule.end) return std::nullopt;
    return rule;
  }

 private:
  bool name() {
    size_t size = 0;
    if (!text_.empty() && text_.front() == '<') {
      size = text_.find('>');
      if (size == std::string_view::npos) return false;
      ++size;
    } else {
      while (size < text_.size() && std::isalpha(static_cast<unsigned char>(text_[size])) != 0)
        ++size;
    }
    text_.remove_prefix(size);
    return size > 0;
  }
  bool number(int32_t& out) {
    size_t size = 0;
    out = 0;
    while (size < text_.size() && text_[size] >= '0' && text_[size] <= '9' && size < 4)
      out = out * 10 + (text_[size++] - '0');
    text_.remove_prefix(size);
    return size > 0;
  }
  bool eat(char c) {
    if (text_.empty() || text_.front() != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  bool offset(int32_t& out) {
    const bool negative = eat('-');
    if (!negative) eat('+');
    int32_t hours = 0, minutes = 0, seconds = 0;
    if (!number(hours)) return false;
    if (eat(':') && !number(minutes)) return false;
    if (eat(':') && !number(seconds)) return false;
    out = (hours * 3600 + minutes * 60 + seconds) * (negative ? -1 : 1);
    return true;
  }
  std::optional<RuleDay> day() {
    RuleDay result;
    if (!eat(',') || !eat('M') || !number(result.month) || !eat('.') || !number(result.week) ||
        !eat('.') || !number(result.weekday))
      return std::nullopt;
    if (eat('/') && !offset(result.seconds)) return std::nullopt;
    return result;
  }

  std::string_view text_;
};

int64_t rule_instant(const RuleDay& rule, int64_t year) {  // local seconds since 1970
  const int64_t first = days_from_civil(year, rule.month, 1);
  const auto weekday = static_cast<int>(((first + 4) % 7 + 7) % 7);
  int64_t day = first + (rule.weekday - weekday + 7) % 7 + 7 * (rule.week - 1);
  const int64_t next_month =
      rule.month == 12 ? days_from_civil(year + 1, 1, 1) : days_from_civil(year, rule.month + 1, 1);
  while (day >= next_month) day -= 7;
  return day * 86400 + rule.seconds;
}

class RegionZone final : public TimeZone {
 public:
  RegionZone(std::string id, std::vector<int64_t> transitions, std::vector<int32_t> offsets,
             int32_t first, std::optional<PosixRule> rule)
      : id_(std::move(id)),
        transitions_(std::move(transitions)),
        offsets_(std::move(offsets)),
        first_(first),
        rule_(rule) {}

  const std::string& id() const override { return id_; }
  int32_t offset_at(int64_t utc_us) const override {
    return offset_at_second(floor_seconds(utc_us));
  }
  int64_t to_utc(int64_t local_us) const override {
    const int64_t local = floor_seconds(local_us);
    const int32_t before = offset_at_second(local - 86400), after = offset_at_second(local + 86400);
    // Overlap: the earlier offset (before the change) is valid and wins. Gap: neither is; the time
    // moves forward by the gap, which is the same as reading it with the offset before.
    if (offset_at_second(local - before) == before) return local_us - kMicros * before;
    if (offset_at_second(local - after) == after) return local_us - kMicros * after;
    return local_us - kMicros * before;
  }

 private:
  int32_t offset_at_second(int64_t second) const {
    const auto next = std::upper_bound(transitions_.begin(), transitions_.end(), second);
    if (next == transitions_.begin()) return first_;
    if (next == transitions_.end() && rule_) return by_rule(second);
    return offsets_[static_cast<size_t>(next - transitions_.begin()) - 1];
  }
  int32_t by_rule(int64_t second) const {
    if (!rule_->start) return rule_->standard;
    int64_t year = 0;
    int month = 0, day = 0;
    const int64_t local = second + rule_->standard;
    civil_from_days(local >= 0 ? local / 86400 : -((-local + 86399) / 86400), year, month, day);
    const int64_t start = rule_instant(*rule_->start, year) - rule_->standard;
    const int64_t end = rule_instant(*rule_->end, year) - rule_->daylight;
    const bool daylight =
        start < end ? second >= start && second < end : second >= start || second < end;
    return daylight ? rule_->daylight : rule_->standard;
  }

  std::string id_;
  std::vector<int64_t> transitions_;  // seconds UTC, ascending
  std::vector<int32_t> offsets_;      // from that transition on
  int32_t first_;                     // before the first one
  std::optional<PosixRule> rule_;
};

int64_t big_endian(const std::string& bytes, size_t at, size_t size) {
  int64_t value = static_cast<signed char>(bytes[at]);
  for (size_t i = 1; i < size; ++i)
    value = (value << 8) | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

struct TzifCounts {
  int64_t utc, standard, leap, times, types, characters;
};

TzifCounts counts_at(const std::string& bytes, size_t at) {
  return {big_endian(bytes, at + 20, 4), big_endian(bytes, at + 24, 4),
          big_endian(bytes, at + 28, 4), big_endian(bytes, at + 32, 4),
          big_endian(bytes, at + 36, 4), big_endian(bytes, at + 40, 4)};
}

std::shared_ptr<const TimeZone> parse_tzif(const std::string& id, const std::string& bytes) {
  if (bytes.size() < 88 || bytes.compare(0, 4, "TZif") != 0 || bytes[4] < '2') return nullptr;
  const TzifCounts v1 = counts_at(bytes, 0);
  const auto start = static_cast<size_t>(44 + v1.times * 5 + v1.types * 6 + v1.characters +
                                         v1.leap * 8 + v1.standard + v1.utc);
  if (start + 44 > bytes.size()) return nullptr;
  const TzifCounts v2 = counts_at(bytes, start);
  const size_t times = start + 44, kinds = times + static_cast<size_t>(v2.times) * 8,
               types = kinds + static_cast<size_t>(v2.times);
  const auto footer = types + static_cast<size_t>(v2.types * 6 + v2.characters + v2.leap * 12 +
                                                  v2.standard + v2.utc);
  if (v2.types < 1 || v2.times < 0 || footer > bytes.size()) return nullptr;
  std::vector<int64_t> transitions;
  std::vector<int32_t> offsets;
  for (size_t i = 0; i < static_cast<size_t>(v2.times); ++i) {
    const auto kind = static_cast<unsigned char>(bytes[kinds + i]);
    if (kind >= v2.types) return nullptr;
    transitions.push_back(big_endian(bytes, times + i * 8, 8));
    offsets.push_back(static_cast<int32_t>(big_endian(bytes, types + kind * size_t{6}, 4)));
  }
  std::optional<PosixRule> rule;
  if (footer + 2 < bytes.size())
    rule = RuleText(std::string_view(bytes).substr(footer + 1, bytes.size() - footer - 2)).parse();
  return std::make_shared<RegionZone>(id, std::move(transitions), std::move(offsets),
                                      static_cast<int32_t>(big_endian(bytes, types, 4)), rule);
}

bool is_region_name(std::string_view id) {
  return !id.empty() && id.front() != '/' && id.find("..") == std::string_view::npos &&
         std::all_of(id.begin(), id.end(), [](char c) {
           return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '/' || c == '_' ||
                  c == '-' || c == '+';
         });
}

// "+hh:mm", "+h", "-hh", "+hhmm", "+hh:mm:ss", with the limits of java.time.ZoneOffset.
std::optional<int32_t> parse_offset(std::string_view text) {
  if (text.size() < 2 || (text[0] != '+' && text[0] != '-')) return std::nullopt;
  const int sign = text[0] == '-' ? -1 : 1;
  int numbers[3] = {0, 0, 0};
  size_t at = 1;
  for (int part = 0; part < 3 && at < text.size(); ++part) {
    if (part > 0 && text[at] == ':') ++at;
    size_t count = 0;
    while (at < text.size() && count < 2 && text[at] >= '0' && text[at] <= '9') {
      numbers[part] = numbers[part] * 10 + (text[at++] - '0');
      ++count;
    }
    if (count == 0) return std::nullopt;
  }
  const int32_t seconds = numbers[0] * 3600 + numbers[1] * 60 + numbers[2];
  if (at != text.size() || numbers[1] > 59 || numbers[2] > 59 || seconds > 18 * 3600)
    return std::nullopt;
  return sign * seconds;
}

// Names of three letters that Java takes for zones.
struct ShortZone {
  std::string_view name, zone;
};
constexpr ShortZone kShortZones[] = {
    {"ACT", "Australia/Darwin"},
    {"AET", "Australia/Sydney"},
    {"AGT", "America/Argentina/Buenos_Aires"},
    {"ART", "Africa/Cairo"},
    {"AST", "America/Anchorage"},
    {"BET", "America/Sao_Paulo"},
    {"BST", "Asia/Dhaka"},
    {"CAT", "Africa/Harare"},
    {"CNT", "America/St_Johns"},
    {"CST", "America/Chicago"},
    {"CTT", "Asia/Shanghai"},
    {"EAT", "Africa/Addis_Ababa"},
    {"ECT", "Europe/Paris"},
    {"EST", "-05:00"},
    {"HST", "-10:00"},
    {"IET", "America/Indiana/Indianapolis"},
    {"IST", "Asia/Kolkata"},
    {"JST", "Asia/Tokyo"},
    {"MIT", "Pacific/Apia"},
    {"MST", "-07:00"},
    {"NET", "Asia/Yerevan"},
    {"NST", "Pacific/Auckland"},
    {"PLT", "Asia/Karachi"},
    {"PNT", "America/Phoenix"},
    {"PRT", "America/Puerto_Rico"},
    {"PST", "America/Los_Angeles"},
    {"SST", "Pacific/Guadalcanal"},
    {"VST", "Asia/Ho_Chi_Minh"},
};

std::shared_ptr<const TimeZone> make_zone(std::string_view id) {
  for (const ShortZone& row : kShortZones)
    if (row.name == id) return make_zone(row.zone);
  const std::string name(id);
  if (id == "Z" || id == "UTC" || id == "GMT" || id == "UT" || id == "Etc/UTC")
    return std::make_shared<FixedZone>(name, 0);
  for (std::string_view prefix : {"UTC", "GMT", "UT", ""}) {
    if (id.starts_with(prefix)) {
      if (const auto offset = parse_offset(id.substr(prefix.size())))
        return std::make_shared<FixedZone>(name, *offset);
    }
  }
  if (!is_region_name(id)) return nullptr;
  const std::string path = "/usr/share/zoneinfo/" + name;
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored)) return nullptr;  // "Europe" is a folder
  std::ifstream file(path, std::ios::binary);
  if (!file) return nullptr;
  const std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  return parse_tzif(name, bytes);
}

// The process-wide cache: zones are immutable, so sharing them is no shared state that anybody can
// see.
struct ZoneCache {
  std::mutex mutex;
  std::map<std::string, std::shared_ptr<const TimeZone>, std::less<>> zones;  // guarded by mutex
};

}  // namespace

std::shared_ptr<const TimeZone> find_time_zone(std::string_view id) {
  static ZoneCache cache;
  const std::lock_guard lock(cache.mutex);
  const auto found = cache.zones.find(id);
  if (found != cache.zones.end()) return found->second;
  auto zone = make_zone(id);
  if (zone != nullptr) cache.zones.emplace(std::string(id), zone);
  return zone;
}

}  // namespace firn::kernels
