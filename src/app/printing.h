// Rows of a result as text: a table, CSV, JSON lines, Markdown, or one JSON object with types.
#pragma once

#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>

#include "kernels/time_zone.h"
#include "session/session.h"

namespace firn::app {

// kText: cells as they are, one a line: what a table shows of plans and of SQL text.
enum class Format : uint8_t { kTable, kCsv, kJson, kMarkdown, kTypedJson, kText };

// Throws FIRN_UNKNOWN_OPTION with the nearest right one.
Format parse_format(std::string_view word);

// Pulls all rows and writes them as they come; a table's columns are as wide as its first 1,000
// rows need. Returns the number of rows; ends early where nobody reads `out` any more. Stops with
// OPERATION_CANCELED where `stop` fires; throws the query's Error.
int64_t print_rows(std::ostream& out, session::Result& result, Format format,
                   const kernels::TimeZone& zone, const StopToken& stop = {});

// Terminal columns that a text takes: wide East Asian characters and emoji two, combining ones
// none.
size_t display_width(std::string_view text);

// The zone of a session's timestamps. Throws INVALID_TIMEZONE where it is unknown.
std::shared_ptr<const kernels::TimeZone> session_zone(const conf::Conf& conf);

}  // namespace firn::app
