// Time zones by id, for instants ⇄ local date and time. Fixed offsets need no database; regions
// come from the system's zoneinfo.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace firn::kernels {

class TimeZone {
 public:
  virtual ~TimeZone() = default;
  virtual const std::string& id() const = 0;
  // Offset from UTC in seconds at an instant (µs since 1970 UTC).
  virtual int32_t offset_at(int64_t utc_us) const = 0;
  // A local date-time (µs as if it were UTC) → instant. In a gap the later offset's shift applies,
  // in an overlap the earlier offset, as java.time does.
  virtual int64_t to_utc(int64_t local_us) const = 0;
  int64_t to_local(int64_t utc_us) const { return utc_us + int64_t{1000000} * offset_at(utc_us); }
};

// "UTC", "Z", "GMT", "+01:00", "GMT+1", "Europe/Paris". nullptr where the id is unknown. Cached;
// safe for concurrent use.
std::shared_ptr<const TimeZone> find_time_zone(std::string_view id);

}  // namespace firn::kernels
