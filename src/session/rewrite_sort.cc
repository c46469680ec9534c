// See rewrite_sort.h.
#include "session/rewrite_sort.h"

#include <algorithm>

#include "base/ascii.h"
#include "base/error.h"
#include "plan/build.h"
#include "sql/parser.h"

namespace firn::session {
namespace {

using types::DataTypeId;

std::string trimmed(const std::string& text) {
  const size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string::npos) return "";
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

// Terms between commas that stand in no parentheses and in no quotes.
std::vector<std::string> split_terms(const std::string& text) {
  std::vector<std::string> terms(1);
  int depth = 0;
  bool quoted = false;
  for (const char c : text) {
    if (c == '`') quoted = !quoted;
    if (!quoted) depth += (c == '(') - (c == ')');
    if (c == ',' && depth == 0 && !quoted)
      terms.emplace_back();
    else
      terms.back() += c;
  }
  for (std::string& term : terms) term = trimmed(term);
  return terms;
}

// The columns of zorder(a, b); nullopt: the term is something else.
std::optional<std::vector<std::string>> zorder_columns(const std::string& term) {
  if (!lower_case(term).starts_with("zorder") || !term.ends_with(')')) return std::nullopt;
  const std::string rest = trimmed(term.substr(6));
  if (!rest.starts_with('(')) return std::nullopt;
  std::vector<std::string> columns = split_terms(rest.substr(1, rest.size() - 2));
  for (std::string& column : columns) {
    if (column.size() > 1 && column.starts_with('`') && column.ends_with('`'))
      column = column.substr(1, column.size() - 2);
  }
  return columns;
}

bool has_z_order(types::TypeId type) {
  switch (type) {
    case types::TypeId::kStruct:
    case types::TypeId::kList:
    case types::TypeId::kMap:
    case types::TypeId::kDecimal:
      return false;
    default:
      return true;
  }
}

std::vector<int> z_field_ids(const iceberg::TableMetadata& metadata,
                             const std::vector<std::string>& names) {
  std::vector<int> ids;
  for (const std::string& name : names) {
    const types::Field* field = metadata.schema().find_ignoring_case(name);
    if (field == nullptr)
      throw_invalid("Cannot find column '" + name +
                    "' in table schema (case sensitive = false): sort_order => zorder(…) names "
                    "columns of the table");
    if (!has_z_order(field->type.id()))
      throw_invalid("Cannot use column " + field->name + " of type " + field->type.to_string() +
                    " in ZOrdering, the type is unsupported");
    const bool partitions =
        std::ranges::any_of(metadata.spec().fields, [&](const types::PartitionField& one) {
          return one.source_id == field->id && one.transform.id == types::TransformId::kIdentity;
        });
    if (!partitions) ids.push_back(field->id);
  }
  if (ids.empty())
    throw_invalid(
        "Cannot perform ZOrdering, all columns provided were identity partition columns and cannot "
        "be used");
  return ids;
}

std::vector<types::SortField> sort_fields(const iceberg::TableMetadata& metadata,
                                          const std::string& text) {
  const plan::Statement statement = sql::parse_statement("ALTER TABLE t WRITE ORDERED BY " + text);
  const auto& order = std::get<plan::WriteOrder>(std::get<plan::AlterTable>(statement.node).change);
  std::vector<types::SortField> fields;
  for (const plan::WriteOrder::Key& key : order.keys) {
    const types::Field* column = metadata.schema().find_ignoring_case(key.term.column);
    if (column == nullptr)
      throw_invalid("sort_order names the column " + key.term.column +
                    ", which the table does not have");
    if (key.term.transform != "identity")
      throw_unsupported("a transform in the sort order of rewrite_data_files (" +
                        key.term.transform + ")");
    fields.push_back({column->id, {}, key.ascending, key.nulls_first});
  }
  return fields;
}

const plan::Attribute& column_by_id(const std::vector<plan::ScanColumn>& columns, int id) {
  const auto column = std::ranges::find(columns, id, &plan::ScanColumn::field_id);
  if (column == columns.end())
    throw_unsupported(
        "rewrite_data_files by a sort order with nested fields; give sort_order => 'column, …'");
  return column->attribute;
}

}  // namespace

RowOrder row_order(const Call& call, const table::Table& table) {
  const std::string strategy = lower_case(call.arguments.text("strategy"));
  const std::string text = call.arguments.text("sort_order");
  if (!strategy.empty() && strategy != "binpack" && strategy != "sort")
    throw_invalid("unsupported strategy: " + strategy + ". Only binpack or sort is supported");
  if (strategy == "binpack" || (strategy.empty() && text.empty())) {
    if (!text.empty()) throw_invalid("Must use only one rewriter type (bin-pack, sort, zorder)");
    return {};
  }
  const iceberg::TableMetadata& metadata = table.metadata();
  if (text.empty()) {
    for (const types::SortOrder& order : metadata.sort_orders) {
      if (order.order_id == metadata.default_sort_order_id && !order.fields.empty())
        return {RewriteKind::kSort, order.fields, {}};
    }
    throw_invalid("Cannot sort data without a valid sort order, table '" + table.name() +
                  "' is unsorted and no sort order is provided");
  }
  const std::vector<std::string> terms = split_terms(text);
  for (const std::string& term : terms) {
    const auto columns = zorder_columns(term);
    if (!columns) continue;
    if (terms.size() > 1)
      throw_invalid("Cannot mix identity sort columns and a Zorder sort expression: " + text);
    return {RewriteKind::kZOrder, {}, z_field_ids(metadata, *columns)};
  }
  return {RewriteKind::kSort, sort_fields(metadata, text), {}};
}

plan::RelationPtr in_order(plan::RelationPtr relation, const std::vector<plan::ScanColumn>& columns,
                           const RowOrder& order, const RewriteOptions& options) {
  plan::Sort sort;
  for (const types::SortField& field : order.fields) {
    if (field.transform.id != types::TransformId::kIdentity)
      throw_unsupported(
          "rewrite_data_files by a sort order with transforms; give sort_order => 'column, …'");
    sort.keys.push_back(
        {plan::column(column_by_id(columns, field.source_id)), field.ascending, field.nulls_first});
  }
  if (!order.z_columns.empty()) {
    std::vector<plan::ExprPtr> arguments = {plan::integer_literal(options.text_bytes)};
    for (const int id : order.z_columns)
      arguments.push_back(plan::column(column_by_id(columns, id)));
    sort.keys.push_back(
        {plan::call("zorder", std::move(arguments), DataTypeId::kBinary), true, true});
  }
  if (sort.keys.empty()) return relation;
  sort.child = std::move(relation);
  return plan::finish(std::move(sort));
}

}  // namespace firn::session
