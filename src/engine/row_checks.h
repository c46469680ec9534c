// Rows as a table's schema demands them: no NULL in a required place, values of fixed length with
// that length, texts in UTF-8 (U+FFFD stands in a copy where a text is broken); and vectors as the
// file's types want them.
#pragma once

#include <vector>

#include "engine/duck.h"
#include "types/schema.h"

namespace firn::engine {

// Flattens what it looks into. Throws NOT_NULL_ASSERT_VIOLATION, or FIRN_INVALID_INPUT for a fixed
// value of another length; both name the column.
class RowChecks {
 public:
  explicit RowChecks(const types::Schema& schema);
  void check(duckdb::DataChunk& rows) const;

 private:
  struct Column {
    types::Field field;
    bool looks_inside = false;  // something below the column itself is to be checked
    bool has_text = false;
  };
  std::vector<Column> columns_;
};

// Same values in memory: types may differ by struct names or by what a number means, not by layout.
bool same_layout(const duckdb::LogicalType& a, const duckdb::LogicalType& b);

// `from` as values of the type of `to`, whatever struct children are called: texts become UUIDs and
// times of day. Throws FIRN_INVALID_INPUT for a text that is neither, naming `column`.
void convert_column(duckdb::ClientContext& context, duckdb::Vector& from, duckdb::Vector& to,
                    duckdb::idx_t rows, const std::string& column);

}  // namespace firn::engine
