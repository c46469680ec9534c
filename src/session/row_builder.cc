// See row_builder.h.
#include "session/row_builder.h"

#include "base/error.h"
#include "engine/row_set.h"

namespace firn::session {
namespace {

using kernels::Output;
using kernels::Physical;

void put_null(Output& out, uint64_t row, const types::DataType& type) {
  out.set_null(row);
  if (out.physical() == Physical::kStruct) {
    for (size_t i = 0; i < type.fields().size(); ++i)
      put_null(out.child(i), row, type.fields()[i].type);
  } else if (out.physical() == Physical::kList) {
    out.values<kernels::ListEntry>()[row] = {out.child(0).size(), 0};
  } else if (out.physical() == Physical::kString) {
    out.set_string(row, "");
  }
}

int64_t integer_of(const types::Value& value) {
  if (const auto* narrow = std::get_if<int32_t>(&value)) return *narrow;
  return std::get<int64_t>(value);
}

void put_decimal(Output& out, uint64_t row, __int128 unscaled) {
  switch (out.physical()) {
    case Physical::kInt16:
      out.values<int16_t>()[row] = static_cast<int16_t>(unscaled);
      break;
    case Physical::kInt32:
      out.values<int32_t>()[row] = static_cast<int32_t>(unscaled);
      break;
    case Physical::kInt64:
      out.values<int64_t>()[row] = static_cast<int64_t>(unscaled);
      break;
    default:
      out.values<kernels::Int128Cell>()[row] = unscaled;
  }
}

void put_primitive(Output& out, uint64_t row, const types::Value& value) {
  if (const auto* decimal = std::get_if<types::Decimal>(&value))
    return put_decimal(out, row, decimal->unscaled);
  switch (out.physical()) {
    case Physical::kBool:
      out.values<uint8_t>()[row] = std::get<bool>(value) ? 1 : 0;
      break;
    case Physical::kInt32:
      out.values<int32_t>()[row] = static_cast<int32_t>(integer_of(value));
      break;
    case Physical::kInt64:
      out.values<int64_t>()[row] = integer_of(value);
      break;
    case Physical::kFloat:
      out.values<float>()[row] = std::get<float>(value);
      break;
    case Physical::kDouble:
      out.values<double>()[row] = std::get<double>(value);
      break;
    case Physical::kString:
      if (const auto* bytes = std::get_if<types::Bytes>(&value)) {
        out.set_string(row, bytes->data);
      } else {
        out.set_string(row, std::get<std::string>(value));
      }
      break;
    default:
      FIRN_CHECK(false, "a metadata table has a column of another physical type");
  }
}

void put(Output& out, uint64_t row, const Cell& cell, const types::DataType& type) {
  if (!cell.is_nested) {
    if (types::is_null(cell.value)) return put_null(out, row, type);
    return put_primitive(out, row, cell.value);
  }
  if (type.id() == types::DataTypeId::kStruct) {
    FIRN_CHECK(cell.children.size() == type.fields().size(), "a struct has a cell a field");
    for (size_t i = 0; i < cell.children.size(); ++i)
      put(out.child(i), row, cell.children[i], type.fields()[i].type);
    return;
  }
  const uint64_t first = out.child(0).size();
  out.values<kernels::ListEntry>()[row] = {first, cell.children.size()};
  out.resize(first + cell.children.size());
  Output& elements = out.child(0);
  for (size_t i = 0; i < cell.children.size(); ++i) {
    if (type.id() == types::DataTypeId::kMap) {
      put(elements.child(0), first + i, cell.children[i].children.at(0), type.key());
      put(elements.child(1), first + i, cell.children[i].children.at(1), type.value());
    } else {
      put(elements, first + i, cell.children[i], type.element());
    }
  }
}

std::vector<types::DataType> types_of(const std::vector<BuiltColumn>& columns) {
  std::vector<types::DataType> types;
  for (const BuiltColumn& column : columns) types.push_back(column.type);
  return types;
}

}  // namespace

RowBuilder::RowBuilder(std::vector<BuiltColumn> columns)
    : columns_(std::move(columns)), types_(types_of(columns_)), builder_(types_) {}

void RowBuilder::add(const std::vector<Cell>& row) {
  FIRN_CHECK(row.size() == columns_.size(), "a row has a cell a column");
  for (size_t i = 0; i < row.size(); ++i) put(builder_.column(i), rows_, row[i], types_[i]);
  if (++rows_ == engine::kChunkRows) flush();
}

void RowBuilder::flush() {
  if (rows_ > 0) chunks_.push_back(builder_.finish(rows_));
  rows_ = 0;
}

plan::RelationPtr RowBuilder::finish(const std::vector<std::string>& qualifier,
                                     plan::IdSource& fresh) {
  flush();
  std::vector<plan::Attribute> attributes;
  for (const BuiltColumn& column : columns_)
    attributes.push_back({fresh.next(), column.name, column.type, column.nullable, qualifier});
  return engine::row_set_relation(engine::make_row_set(types_, std::move(chunks_)),
                                  std::move(attributes));
}

}  // namespace firn::session
