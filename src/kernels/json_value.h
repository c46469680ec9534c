// JSON scalars → values of Spark's types: the conversions that every JSON path shares.
#pragma once

#include <cstdint>
#include <string_view>

#include "kernels/arena.h"
#include "kernels/json_decoder.h"

namespace firn::kernels {

enum class JsonToken : uint8_t {
  kString,
  kInteger,
  kFraction,
  kNonNumeric,
  kTrue,
  kFalse,
  kNull,
  kObject,
  kArray
};

// Precompiled shape of one wanted value.
struct JsonShape {
  types::DataTypeId id = types::DataTypeId::kNull;
  Physical physical = Physical::kInt64;
  int precision = 0, scale = 0;
  std::vector<std::string> names;   // struct
  std::vector<JsonShape> children;  // struct: fields; array: element; map: key, value
  std::shared_ptr<const DateTimePattern> pattern;  // of dates and timestamps; null: as casts
  bool fallback = false;                           // where the pattern does not match: as casts
  bool non_numeric_texts = true;                   // "NaN", "Infinity" as FLOAT and DOUBLE
};

JsonShape make_shape(const types::DataType&);
// Gives dates and timestamps the options' patterns.
void add_patterns(JsonShape& shape, const JsonOptions& options);

void set_null(JsonSink& sink, uint64_t row);

// Length of the number at `at` by JSON's grammar, 0 where it is none; `integer` says whether it has
// no fraction or exponent.
size_t scan_number(const char* at, const char* end, bool& integer, bool leading_zeros = false);

// `text`: a string's content without quotes and escapes, or the token itself. False where the value
// does not fit the type (the row's field is then null and the record counts as malformed).
bool store_scalar(const JsonShape&, JsonToken, std::string_view text, uint64_t row, JsonSink&,
                  Arena&, const TimeZone& zone);

}  // namespace firn::kernels
