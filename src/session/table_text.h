// Tables as SHOW and DESCRIBE print them.
#pragma once

#include <string>
#include <vector>

#include "session/session.h"

namespace firn::session {

using TextRows = std::vector<std::vector<types::Value>>;

// Spark's SHOW patterns: '*' and '%' any text, '|' alternatives, case ignored; "" fits everything.
bool matches_pattern(const std::string& text, const std::string& pattern);
// Columns col_name, data_type, comment.
Result describe_rows(Session&, TextRows rows);
// days(occurred_at), bucket(16, id): a partition or sort field as Spark writes its transform.
std::string transform_text(const types::Schema&, int source_id, const types::Transform&);
// The table's properties with those that Spark's Iceberg tables show beside them: format,
// format-version, current-snapshot-id, sort-order, identifier-fields.
iceberg::Properties shown_properties(const iceberg::TableMetadata&);
// Error TABLE_OR_VIEW_NOT_FOUND.
table::State load_table(Session&, const plan::NameParts& parts);

}  // namespace firn::session
