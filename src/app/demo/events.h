// Booking events as JSON, the same for the same seed: known numbers of good and of bad ones.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"

namespace firn::app {

// What is sent, by what must become of it.
struct EventCounts {
  int64_t produced = 0;
  int64_t silver = 0;      // good, with consent, first of their event_id
  int64_t duplicates = 0;  // an earlier Silver event once more
  int64_t no_consent = 0;  // good, without consent
  int64_t malformed = 0;   // no JSON, or a field of a wrong type
  int64_t missing = 0;     // without event_id, occurred_at or price
  int64_t negative = 0;    // a price below zero
  int64_t late = 0;        // good, with consent, two days older than the others
  int64_t quarantined() const { return malformed + missing + negative; }
};

struct EventOptions {
  int64_t events = 200000;  // at least 1
  uint64_t seed = 1;
  int64_t start_ms = 0;  // event time of the first; 2,000 events a second of event time
};

// First all but the late events, then the late ones.
class EventGenerator {
 public:
  explicit EventGenerator(const EventOptions& options);

  int64_t on_time_count() const { return options_.events - late_count_; }
  // The next event; false at the end.
  bool next(std::string& json);
  // Of what next() has given so far.
  const EventCounts& counts() const { return counts_; }
  // Newest event time of Silver's events so far.
  int64_t newest_silver_ms() const { return newest_silver_ms_; }

 private:
  struct Event;
  Event make_event(int64_t at_ms);
  void write(const Event& event, std::string& json) const;
  void write_malformed(const Event& event, std::string& json);
  void write_missing(const Event& event, std::string& json);
  void remember(const std::string& json);
  uint64_t draw(uint64_t bound) { return random_.next() % bound; }

  const EventOptions options_;
  const int64_t late_count_;
  SeededRandom random_;
  EventCounts counts_;
  int64_t newest_silver_ms_ = 0;
  std::vector<std::string> repeatable_;  // a sample of Silver's events
};

}  // namespace firn::app
