// See partitioning.h.
#include "session/partitioning.h"

#include <algorithm>

#include "base/ascii.h"
#include "base/error.h"
#include "sql/parser.h"

namespace firn::session {
namespace {

struct TransformRow {
  const char* spelling;  // Spark's, Iceberg's and the singular ones
  types::TransformId id;
  bool has_parameter;
};
constexpr TransformRow kTransforms[] = {
    {"identity", types::TransformId::kIdentity, false},
    {"years", types::TransformId::kYear, false},
    {"year", types::TransformId::kYear, false},
    {"months", types::TransformId::kMonth, false},
    {"month", types::TransformId::kMonth, false},
    {"days", types::TransformId::kDay, false},
    {"day", types::TransformId::kDay, false},
    {"date", types::TransformId::kDay, false},
    {"hours", types::TransformId::kHour, false},
    {"hour", types::TransformId::kHour, false},
    {"date_hour", types::TransformId::kHour, false},
    {"bucket", types::TransformId::kBucket, true},
    {"truncate", types::TransformId::kTruncate, true},
    {"void", types::TransformId::kVoid, false},
};

}  // namespace

types::Transform transform_of(const plan::PartitionTransform& partition) {
  const std::string spelling = lower_case(partition.transform);
  for (const TransformRow& row : kTransforms) {
    if (spelling != row.spelling) continue;
    if (row.has_parameter != partition.parameter.has_value())
      throw_invalid("the partition transform " + partition.transform +
                    (row.has_parameter ? " needs a number: " + partition.transform + "(16, column)"
                                       : " takes a column alone"));
    if (partition.parameter && *partition.parameter < 1)
      throw_invalid("the number of the partition transform " + partition.transform +
                    " must be at least 1");
    return {row.id, partition.parameter.value_or(0), ""};
  }
  throw_unsupported("the partition transform " + partition.transform +
                    "; transforms are: years, months, days, hours, bucket, truncate, identity");
}

plan::PartitionTransform written_transform(const types::Transform& transform,
                                           const std::string& column) {
  for (const TransformRow& row : kTransforms) {
    if (row.id != transform.id) continue;
    return {row.spelling,
            row.has_parameter ? std::optional<int>(transform.parameter) : std::nullopt, column};
  }
  throw_unsupported("the partition transform " + transform.to_string());
}

plan::PartitionTransform read_transform(const plan::PartitionTransform& written,
                                        const types::Schema& schema) {
  const bool call = written.transform == "identity" && written.column.ends_with(')') &&
                    written.column.find('(') != std::string::npos;
  if (!call || schema.find_ignoring_case(written.column) != nullptr) return written;
  const plan::Statement statement =
      sql::parse_statement("CREATE TABLE t (c INT) PARTITIONED BY (" + written.column + ")");
  const auto& fields = std::get<plan::CreateTable>(statement.node).definition.partitioned_by;
  if (fields.size() != 1)
    throw_invalid("'" + written.column + "' is not a partition transform of one column");
  return fields.front();
}

}  // namespace firn::session
