// The generator. Of each 1,000 events in a row the same number is of each kind; which ones is
// scattered.
#include "app/demo/events.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "kernels/timestamp_text.h"

namespace firn::app {
namespace {

enum class Kind : uint8_t { kGood, kNoConsent, kDuplicate, kMalformed, kMissing, kNegative };

struct Share {
  Kind kind;
  int64_t per_thousand;
};
constexpr Share kShares[] = {{Kind::kDuplicate, 20}, {Kind::kMalformed, 10},  {Kind::kMissing, 9},
                             {Kind::kNegative, 6},   {Kind::kNoConsent, 100}, {Kind::kGood, 855}};

constexpr int64_t kLatePerThousand = 5;
constexpr int64_t kEventsPerSecond = 2000;  // of event time
constexpr int64_t kJitterMs = 5000;         // events are out of order by so much
constexpr int64_t kLateMs = int64_t{48} * 3600 * 1000;
constexpr uint64_t kUsers = 2'000'000;
constexpr size_t kRepeatable = 4096;

constexpr const char* kCurrencies[] = {"EUR", "USD", "GBP", "CHF"};
constexpr const char* kEventTypes[] = {"booking_created", "booking_confirmed", "booking_changed",
                                       "booking_paid", "booking_cancelled"};
constexpr const char* kChannels[] = {"web", "ios", "android", "partner"};

// Kinds are scattered over each 1,000 by a step that has no factor in common with it.
Kind kind_of(int64_t index) {
  int64_t place = index * 617 % 1000;
  for (const Share& share : kShares) {
    if (place < share.per_thousand) return share.kind;
    place -= share.per_thousand;
  }
  return Kind::kGood;
}

std::string iso(int64_t ms) {
  const int64_t day_ms = 86'400'000;
  int64_t days = ms / day_ms, rest = ms % day_ms;
  if (rest < 0) rest += day_ms, --days;
  int64_t year = 0;
  int month = 0, day = 0;
  kernels::civil_from_days(days, year, month, day);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", year, month, day,
                     rest / 3'600'000, rest / 60'000 % 60, rest / 1000 % 60, rest % 1000);
}

int64_t late_of(int64_t events) {
  return events < 2 ? 0 : std::max<int64_t>(1, events * kLatePerThousand / 1000);
}

}  // namespace

struct EventGenerator::Event {
  std::string id, user, listing;
  int64_t at_ms = 0;
  bool consent = true;
  int64_t cents = 0;
  const char *currency = "", *type = "", *channel = "";
  uint64_t guests = 1, nights = 1;
};

EventGenerator::EventGenerator(const EventOptions& options)
    : options_(options), late_count_(late_of(options.events)), random_(options.seed) {}

EventGenerator::Event EventGenerator::make_event(int64_t at_ms) {
  const auto listings =
      static_cast<uint64_t>(std::clamp<int64_t>(options_.events / 100, 20, 200000));
  Event event;
  event.id = random_uuid(random_);
  event.user = fmt::format("u{}", draw(kUsers));
  event.listing = fmt::format("l{}", draw(listings));
  event.at_ms = at_ms;
  event.cents = static_cast<int64_t>(2000 + draw(78000));
  event.currency = kCurrencies[draw(std::size(kCurrencies))];
  event.type = kEventTypes[draw(std::size(kEventTypes))];
  event.channel = kChannels[draw(std::size(kChannels))];
  event.guests = 1 + draw(6);
  event.nights = 1 + draw(14);
  return event;
}

void EventGenerator::write(const Event& event, std::string& json) const {
  json.clear();
  fmt::format_to(
      std::back_inserter(json),
      R"({{"event_id":"{}","user_id":"{}","occurred_at":"{}","gdpr_consent":{},"listing_id":"{}",)"
      R"("price":{}{}.{:02},"currency":"{}","event_type":"{}",)"
      R"("payload":"{{\"guests\":{},\"nights\":{},\"channel\":\"{}\"}}"}})",
      event.id, event.user, iso(event.at_ms), event.consent ? "true" : "false", event.listing,
      event.cents < 0 ? "-" : "", std::abs(event.cents) / 100, std::abs(event.cents) % 100,
      event.currency, event.type, event.guests, event.nights, event.channel);
}

void EventGenerator::write_malformed(const Event& event, std::string& json) {
  write(event, json);
  switch (counts_.malformed % 3) {
    case 0:
      json.resize(json.size() / 2);  // cut off
      return;
    case 1:
      json = "event " + event.id + " of user " + event.user;  // no JSON at all
      return;
    default:
      json.replace(json.find("\"price\":") + 8, 0, "\"free\",\"was\":");  // a price that is text
  }
}

void EventGenerator::write_missing(const Event& event, std::string& json) {
  static constexpr const char* kFields[] = {"event_id", "occurred_at", "price"};
  write(event, json);
  const std::string name = kFields[counts_.missing % 3];
  json.replace(json.find("\"" + name + "\""), name.size() + 2, "\"not_" + name + "\"");
}

void EventGenerator::remember(const std::string& json) {
  if (repeatable_.size() < kRepeatable)
    repeatable_.push_back(json);
  else if (draw(8) == 0)
    repeatable_[draw(kRepeatable)] = json;
}

bool EventGenerator::next(std::string& json) {
  const int64_t index = counts_.produced;
  if (index == options_.events) return false;
  ++counts_.produced;
  if (index >= on_time_count()) {
    const int64_t at = options_.start_ms - kLateMs - static_cast<int64_t>(draw(kJitterMs));
    write(make_event(at), json);
    ++counts_.late;
    return true;
  }
  Kind kind = kind_of(index);
  if (kind == Kind::kDuplicate && repeatable_.empty()) kind = Kind::kGood;
  if (kind == Kind::kDuplicate) {
    json = repeatable_[draw(repeatable_.size())];
    ++counts_.duplicates;
    return true;
  }
  Event event = make_event(options_.start_ms + index * 1000 / kEventsPerSecond -
                           static_cast<int64_t>(draw(kJitterMs)));
  switch (kind) {
    case Kind::kMalformed:
      write_malformed(event, json);
      ++counts_.malformed;
      return true;
    case Kind::kMissing:
      write_missing(event, json);
      ++counts_.missing;
      return true;
    case Kind::kNegative:
      event.cents = -event.cents;
      write(event, json);
      ++counts_.negative;
      return true;
    case Kind::kNoConsent:
      event.consent = false;
      write(event, json);
      ++counts_.no_consent;
      return true;
    default:
      write(event, json);
      remember(json);
      newest_silver_ms_ = std::max(newest_silver_ms_, event.at_ms);
      ++counts_.silver;
      return true;
  }
}

}  // namespace firn::app
