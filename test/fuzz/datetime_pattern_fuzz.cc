// uses: kernels types base
// The first line as a pattern of dates and times, the rest as a text in it. What the pattern reads
// it can write.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "attempt.h"
#include "kernels/datetime_pattern.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view all(reinterpret_cast<const char*>(data), size);
  const size_t line = std::min(all.find('\n'), all.size());
  const std::string_view text = all.substr(std::min(line + 1, all.size()));
  std::optional<firn::kernels::DateTimePattern> pattern;
  if (!firn::fuzz::attempt([&] { pattern.emplace(all.substr(0, line)); })) return 0;
  firn::fuzz::attempt([&] {
    const auto parsed = pattern->parse(text);
    std::string out;
    pattern->format(out, parsed ? parsed->local_us : -1,
                    parsed ? parsed->offset_seconds.value_or(0) : 0,
                    parsed && !parsed->zone_id.empty() ? parsed->zone_id : "UTC");
    for (const int64_t extreme : {INT64_MIN, INT64_MAX}) pattern->format(out, extreme, 64800, "Z");
  });
  return 0;
}
