// JSON text → columns, with the semantics of Spark's from_json (JacksonParser): one row a text,
// values straight into vectors.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/arena.h"
#include "kernels/column.h"
#include "kernels/datetime_pattern.h"
#include "kernels/time_zone.h"
#include "types/data_type.h"

namespace firn::kernels {

// A column to write into. The caller sees to it that `data` holds the row and that its validity bit
// is set beforehand. kStruct: one child a field. kList: `data` = ListEntry[], children[0] the
// elements (map: a struct of key and value); `used` rows of the child are taken; `reserve` makes
// room for at least that many and refreshes the child's pointers, new bits set.
struct JsonSink {
  Physical physical = Physical::kInt64;
  void* data = nullptr;
  uint64_t* validity = nullptr;
  std::vector<JsonSink> children;
  uint64_t used = 0, capacity = 0;
  std::function<void(JsonSink&, uint64_t)> reserve;
};

struct JsonOptions {
  std::shared_ptr<const TimeZone> zone;  // for timestamps without one; null: UTC
  bool allow_single_quotes = true;       // Spark's defaults
  bool allow_non_numeric_numbers = true;
  int max_depth = 1000;
  // Jackson's lenient features, all off.
  bool allow_comments = false;
  bool allow_unquoted_names = false;
  bool allow_leading_zeros = false;
  bool allow_any_escape = false;
  bool allow_control_characters = false;
  // Patterns of texts that are read as dates and timestamps; null: as a cast reads them.
  std::shared_ptr<const DateTimePattern> dates, timestamps, local_timestamps;
  bool compact_texts = false;  // objects and arrays read as STRING: without their blanks
  bool fallback = false;       // where a pattern does not match: as a cast reads it
};

enum class JsonOutcome : uint8_t {
  kRow,        // every wanted field could be read (absent ones are null)
  kNull,       // blank text: from_json gives NULL
  kMalformed,  // broken text (all fields null), or a value that does not fit its type (that field
               // null, the others kept)
};

// Field that stands for the text of a malformed record (columnNameOfCorruptRecord): left to the
// caller, always null here.
class JsonDecoder {
 public:
  // `schema` is a struct. Throws Error UNSUPPORTED_FEATURE.FIRN where a field's type has no JSON
  // form. `corrupt_field`: index of the corrupt-record column among the fields, or -1.
  JsonDecoder(const types::DataType& schema, JsonOptions options, int corrupt_field = -1);
  ~JsonDecoder();
  JsonDecoder(JsonDecoder&&) noexcept;

  // Writes row `row` of `root`'s children. `padded`: 64 bytes behind the text are readable. Strings
  // point into `text` or `arena`.
  JsonOutcome decode(std::string_view text, bool padded, uint64_t row, JsonSink& root,
                     Arena& arena);
  // The path that follows Jackson in everything (single quotes, NaN, broken UTF-8 …); decode()
  // falls back to it.
  JsonOutcome decode_tolerant(std::string_view text, uint64_t row, JsonSink& root, Arena& arena);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Layout of a type's values in a column; kList for arrays and maps.
Physical physical_of(const types::DataType&);

}  // namespace firn::kernels
