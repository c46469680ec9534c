// Options of a file source or sink as Spark's readers and writers take them.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/ascii.h"
#include "kernels/datetime_pattern.h"
#include "kernels/time_zone.h"

namespace firn::formats {

// By name, whatever its case.
class Options {
 public:
  Options() = default;
  explicit Options(const std::map<std::string, std::string>& values);

  std::optional<std::string> find(const std::string& name) const;
  std::string text(const std::string& name, const std::string& otherwise) const;
  // The first of two names that is set.
  std::string text(const std::string& name, const std::string& alias,
                   const std::string& otherwise) const;
  // Throws FIRN_INVALID_INPUT where the text is no such value, as the next ones do.
  bool flag(const std::string& name, bool otherwise) const;
  int64_t number(const std::string& name, int64_t otherwise) const;
  double fraction(const std::string& name, double otherwise) const;
  // '\0' of an empty text; one character at most.
  char character(const std::string& name, char otherwise) const;
  // Throws INVALID_TIMEZONE. The option timeZone, which the session sets where the user has not.
  std::shared_ptr<const kernels::TimeZone> zone() const;
  // nullptr where the option is not set.
  std::shared_ptr<const kernels::DateTimePattern> pattern(const std::string& name) const;
  const std::map<std::string, std::string>& values() const { return values_; }

 private:
  std::map<std::string, std::string> values_;  // lower case
};

// What becomes of a record that does not fit the schema.
enum class ParseMode : uint8_t { kPermissive, kDropMalformed, kFailFast };
ParseMode parse_mode(const Options& options);  // unknown words mean PERMISSIVE, as in Spark

// columnNameOfCorruptRecord.
std::string corrupt_column(const Options& options);

// lineSep as it stands; "" where it is not set. Throws FIRN_INVALID_INPUT where it is set and
// empty, or longer than `longest` (0: any length).
std::string line_separator(const Options& options, size_t longest);

// Options that the session passes beside the user's.
inline constexpr const char* kSchemaOption = "__schema";  // Spark's schema JSON, or DDL
inline constexpr const char* kPathsOption = "__paths";  // a JSON list of the paths behind the first
inline constexpr const char* kDataSchema = "__dataschema";  // resolved: the files' columns
inline constexpr const char* kPartitions = "__partitions";  // resolved: the folders' columns

}  // namespace firn::formats
