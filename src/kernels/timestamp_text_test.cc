// Rows for dates, timestamps and zones from text.
#include "kernels/timestamp_text.h"

#include <gtest/gtest.h>

namespace firn::kernels {
namespace {

struct TimestampRow {
  const char* text;
  const char* zone;
  std::optional<int64_t> want;
};

TEST(TimestampText, ReadsWhatSparkReads) {
  const TimestampRow rows[] = {
      {"1970-01-01", "UTC", 0},
      {"1970", "UTC", 0},
      {"1970-1", "UTC", 0},
      {" 1970-01-01 00:00:01 ", "UTC", 1000000},
      {"2024-05-06T07:08:09.123Z", "America/New_York", 1714979289123000},
      {"2024-05-06 07:08:09.1234567Z", "UTC", 1714979289123456},
      {"2024-05-06T07:08:09+02:00", "UTC", 1714972089000000},
      {"2024-05-06T07:08:09 Europe/Paris", "UTC", 1714972089000000},
      {"2024-05-06T07:08:09", "Europe/Paris", 1714972089000000},
      {"2024-01-06T07:08:09", "Europe/Paris", 1704521289000000},
      {"2050-07-01T00:00:00", "Europe/Paris", 2540239200000000},
      {"2024-03-31T02:30:00", "Europe/Paris", 1711848600000000},  // gap: moved forward
      {"2024-10-27T02:30:00", "Europe/Paris", 1729989000000000},  // overlap: summer time
      {"1969-12-31 23:59:59.999999", "UTC", -1},
      {"2024-02-30", "UTC", std::nullopt},
      {"2024-05-06T25:00:00", "UTC", std::nullopt},
      {"24-05-06", "UTC", std::nullopt},
      {"2024-05-06T07:08:09.123Zx", "UTC", std::nullopt},
      {"2024-05-06T", "UTC", std::nullopt},
      {"12:00:00", "UTC", std::nullopt},
      {"", "UTC", std::nullopt},
      {"yesterday", "UTC", std::nullopt},
  };
  for (const TimestampRow& row : rows) {
    EXPECT_EQ(parse_timestamp(row.text, *find_time_zone(row.zone)), row.want)
        << row.text << " in " << row.zone;
  }
}

TEST(TimestampText, DatesIgnoreWhatFollows) {
  EXPECT_EQ(parse_date("1970-01-02"), 1);
  EXPECT_EQ(parse_date("1970-01-02T12:00:00"), 1);
  EXPECT_EQ(parse_date("-0001-1-1"), static_cast<int32_t>(days_from_civil(-1, 1, 1)));
  EXPECT_EQ(parse_date("1970-01-02x"), std::nullopt);
  EXPECT_EQ(parse_date("1970-13-02"), std::nullopt);
}

TEST(TimeZone, KnowsOffsetsAndRegions) {
  EXPECT_EQ(find_time_zone("+01:30")->offset_at(0), 5400);
  EXPECT_EQ(find_time_zone("GMT-3")->offset_at(0), -10800);
  EXPECT_EQ(find_time_zone("Asia/Kolkata")->offset_at(0), 19800);
  EXPECT_EQ(find_time_zone("../etc/passwd"), nullptr);
  EXPECT_EQ(find_time_zone("Nowhere/City"), nullptr);
}

}  // namespace
}  // namespace firn::kernels
