// See constant.h.
#include "session/constant.h"

#include "base/error.h"

namespace firn::session {

using types::DataTypeId;
using types::Value;

Value value_at(const kernels::ColumnView& column, uint64_t row, const types::DataType& type) {
  if (!column.is_valid(row)) return types::Null{};
  switch (column.physical) {
    case kernels::Physical::kBool:
      return column.values<uint8_t>()[row] != 0;
    case kernels::Physical::kInt8:
      return static_cast<int64_t>(column.values<int8_t>()[row]);
    case kernels::Physical::kInt16:
      return static_cast<int64_t>(column.values<int16_t>()[row]);
    case kernels::Physical::kInt32:
      if (type.id() == DataTypeId::kDate) return column.values<int32_t>()[row];
      return static_cast<int64_t>(column.values<int32_t>()[row]);
    case kernels::Physical::kInt64:
      return column.values<int64_t>()[row];
    case kernels::Physical::kFloat:
      return column.values<float>()[row];
    case kernels::Physical::kDouble:
      return column.values<double>()[row];
    case kernels::Physical::kString: {
      std::string text(column.values<kernels::StringRef>()[row].view());
      if (type.id() == DataTypeId::kBinary) return types::Bytes{std::move(text)};
      return text;
    }
    default:
      break;
  }
  throw_unsupported("a constant of type " + type.sql() + " here");
}

Value constant_value(Session& session, const plan::ExprPtr& expression,
                     const types::DataType& type) {
  const plan::RelationPtr query = plan::make(
      plan::Project{{plan::make(plan::Cast{expression, type})}, plan::make(plan::OneRow{})});
  const auto rows = session.process().engine.run(plan::rewrite(session.resolve(query)));
  engine::Chunk chunk;
  if (!rows->next(chunk) || chunk.size() != 1)
    throw_invalid("a constant expression must give one value");
  return value_at(chunk.column(0), 0, type);
}

int64_t timestamp_value(Session& session, const std::string& text) {
  const auto literal = plan::make(plan::Literal{DataTypeId::kString, text});
  const Value value = constant_value(session, literal, DataTypeId::kTimestamp);
  if (types::is_null(value)) throw_invalid("'" + text + "' is no timestamp");
  return std::get<int64_t>(value);
}

}  // namespace firn::session
