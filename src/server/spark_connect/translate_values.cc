// Values that name columns (PIVOT, crosstab, transpose): asked of the session while the message is
// translated.
#include "server/spark_connect/translate_parts.h"

namespace firn::server::spark_connect {
namespace {

using kernels::ColumnView;
using types::DataTypeId;

types::Value value_at(const ColumnView& view, uint64_t row, const types::DataType& type) {
  if (!view.is_valid(row)) return types::Null{};
  switch (type.id()) {
    case DataTypeId::kNull:
      return types::Null{};
    case DataTypeId::kBoolean:
      return view.values<uint8_t>()[row] != 0;
    case DataTypeId::kByte:
      return int64_t{view.values<int8_t>()[row]};
    case DataTypeId::kShort:
      return int64_t{view.values<int16_t>()[row]};
    case DataTypeId::kInteger:
      return int64_t{view.values<int32_t>()[row]};
    case DataTypeId::kLong:
    case DataTypeId::kTimestamp:
    case DataTypeId::kTimestampNtz:
      return view.values<int64_t>()[row];
    case DataTypeId::kDate:
      return view.values<int32_t>()[row];
    case DataTypeId::kFloat:
      return view.values<float>()[row];
    case DataTypeId::kDouble:
      return view.values<double>()[row];
    case DataTypeId::kString:
      return std::string(view.values<kernels::StringRef>()[row].view());
    default:
      throw_unsupported("values of type " + type.sql() +
                        " as names of columns; cast them to STRING");
  }
}

}  // namespace

std::vector<plan::ExprPtr> Translation::values_of(plan::RelationPtr relation, size_t most,
                                                  const char* what) {
  plan::Statement statement;
  statement.node = plan::Query{std::move(relation)};
  session::Result result = surroundings.session().execute(statement);
  std::vector<plan::ExprPtr> values;
  engine::Chunk chunk;
  while (result.rows && result.rows->next(chunk)) {
    const ColumnView view = chunk.column(0);
    for (uint64_t row = 0; row < chunk.size(); ++row) {
      if (values.size() == most)
        throw Error("FIRN_INVALID_INPUT",
                    {{"what", "There are more than " + std::to_string(most) + " " + what + "."}});
      const types::DataType& type = result.columns[0].type;
      values.push_back(plan::make(plan::Literal{type, value_at(view, row, type)}));
    }
  }
  return values;
}

std::vector<plan::ExprPtr> Translation::distinct_values(const plan::ExprPtr& value,
                                                        plan::RelationPtr child) {
  constexpr size_t kMostValues = 10000;  // spark.sql.pivotMaxValues
  plan::RelationPtr list =
      plan::make(plan::Project{{plan::make(plan::Alias{value, "value"})}, std::move(child)});
  list = plan::make(plan::Distinct{std::move(list)});
  plan::ExprPtr name = plan::make(plan::UnresolvedName{{"value"}, {}});
  list = plan::make(plan::Sort{{{std::move(name), true, true}}, std::move(list)});
  return values_of(std::move(list), kMostValues, "values to pivot by");
}

}  // namespace firn::server::spark_connect
