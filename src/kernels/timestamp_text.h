// Dates and timestamps from text as Spark's cast reads them (stringToDate, stringToTimestamp): no
// pattern, many lengths.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "kernels/time_zone.h"

namespace firn::kernels {

// Days since 1970-01-01 in the proleptic Gregorian calendar; no check of the ranges of month and
// day.
int64_t days_from_civil(int64_t year, int month, int day);
void civil_from_days(int64_t days, int64_t& year, int& month, int& day);
bool is_valid_date(int64_t year, int month, int day);

// "[+-]yyyy[…]-[m]m-[d]d" with optional " …" or "T…" behind; blanks around are ignored. Days since
// 1970; nullopt where it is no date.
std::optional<int32_t> parse_date(std::string_view text);

// µs since 1970 UTC. Text without a zone is local to `zone`; text with a time but no date is
// refused (Spark takes today: pass `today_days` for that).
std::optional<int64_t> parse_timestamp(std::string_view text, const TimeZone& zone,
                                       std::optional<int32_t> today_days = {});
// The same without zone (TIMESTAMP_NTZ): a zone in the text is ignored where `allow_zone`, else
// refused.
std::optional<int64_t> parse_timestamp_ntz(std::string_view text, bool allow_zone);

}  // namespace firn::kernels
