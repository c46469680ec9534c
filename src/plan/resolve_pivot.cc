// PIVOT: grouped by the keys and the pivot's column, then each value's group put beside the others.
// UNPIVOT: a generator that makes a row of each column.
#include <algorithm>

#include "plan/fold.h"
#include "plan/literal_text.h"
#include "plan/resolver.h"

namespace firn::plan {
namespace {

// What a constant's column is called.
std::string value_text(const Expr& value) {
  if (const Literal* constant = as_literal(value)) {
    if (types::is_null(constant->value)) return "null";
    return pretty_name(value);
  }
  if (const auto* converted = std::get_if<Cast>(&value.node)) return value_text(*converted->child);
  const Call* row = as_call(value, "named_struct");
  if (row == nullptr) return pretty_name(value);
  std::string text;
  for (size_t i = 1; i < row->arguments.size(); i += 2)
    text += (text.empty() ? "" : ", ") + value_text(*row->arguments[i]);
  return "{" + text + "}";
}

bool is_constant(const Expr& value) {
  return !any_node(value, [](const Expr& node) {
    return std::holds_alternative<ColumnRef>(node.node) || node.is_volatile;
  });
}

}  // namespace

Scoped Resolver::pivot(const Pivot& node, const Relation& relation) {
  Scoped from = this->relation(node.child);
  if (node.values.empty())
    throw_unsupported("PIVOT without values; name them: PIVOT (… FOR column IN (value, …)).");
  Site site;
  site.scope = &from.scope;
  site.aggregates = true;
  site.clause = "PIVOT";
  std::vector<AttributeId> used;
  for (const ExprPtr& item : node.aggregates) {
    const ExprPtr value = expression(unnamed(item), site);
    if (!contains_aggregate(*value))
      throw_at(
          item->origin, "FIRN_INVALID_INPUT",
          {{"what", "PIVOT needs an aggregate, " + pretty_name(*unnamed(item)) + " is none."}});
    collect_references(*value, used);
  }
  const ExprPtr column_value = expression(node.column, site);
  collect_references(*column_value, used);
  std::vector<ExprPtr> keys;
  if (node.keys) {
    keys = *node.keys;
  } else {
    for (const Attribute& attribute : from.scope.columns)
      if (std::find(used.begin(), used.end(), attribute.id) == used.end())
        keys.push_back(column(attribute));
  }
  const DataType pivot_type = column_value->type;
  if (!is_orderable(pivot_type))
    throw_at(relation.origin, "INCOMPARABLE_PIVOT_COLUMN",
             {{"columnName", backquoted(display(node.column))}});

  // The groups.
  std::vector<ExprPtr> list = keys, grouped_by = keys;
  for (ExprPtr& item : grouped_by) item = unnamed(item);
  grouped_by.push_back(node.column);
  list.push_back(make(Alias{node.column, "pivot", {}}, node.column->origin));
  for (const ExprPtr& item : node.aggregates)
    list.push_back(make(Alias{unnamed(item), "aggregate", {}}, item->origin));
  const Scoped groups = finished(select_from(grouped_by, list, std::move(from)), nullptr);
  const size_t key_count = keys.size();
  const Attribute pivot_column = groups.scope.columns[key_count];

  // One column a value and aggregate, out of the one group that it has.
  Block made;
  made.from = groups.scope;
  made.input = groups.plan;
  made.aggregated = true;
  std::vector<ExprPtr> outputs, key_columns;
  for (size_t i = 0; i < key_count; ++i) {
    key_columns.push_back(column(groups.scope.columns[i]));
    outputs.push_back(key_columns.back());
  }
  const Scope none;
  Site constants;
  constants.scope = &none;
  constants.clause = "PIVOT";
  for (const ExprPtr& item : node.values) {
    const auto* named = std::get_if<Alias>(&item->node);
    Site over_from = constants;
    over_from.scope = &groups.scope;
    const ExprPtr written = fold(expression(unnamed(item), over_from));
    if (!is_constant(*written))
      throw_at(item->origin, "NON_LITERAL_PIVOT_VALUES",
               {{"expression", "\"" + pretty_name(*unnamed(item)) + "\""}});
    const bool fits =
        can_cast(written->type, pivot_type, options_.ansi) &&
        (written->type.id() != DataTypeId::kStruct) == (pivot_type.id() != DataTypeId::kStruct);
    if (!fits)
      throw_at(item->origin, "PIVOT_VALUE_DATA_TYPE_MISMATCH",
               {{"value", pretty_name(*unnamed(item))},
                {"valueType", written->type.simple_string()},
                {"pivotType", pivot_type.simple_string()}});
    const ExprPtr value = fold(coerce(written, pivot_type));
    const std::string text = named != nullptr ? named->name : value_text(*value);
    for (size_t a = 0; a < node.aggregates.size(); ++a) {
      const auto* aggregate_name = std::get_if<Alias>(&node.aggregates[a]->node);
      std::string name = text;
      if (node.aggregates.size() > 1)
        name +=
            "_" + (aggregate_name != nullptr ? aggregate_name->name : display(node.aggregates[a]));
      Call first;
      const Attribute& of = groups.scope.columns[key_count + 1 + a];
      first.function = functions::find_function("first");
      first.arguments = {column(of)};
      first.filter = call("<=>", {column(pivot_column), value}, DataTypeId::kBoolean, settings());
      first.ansi = options_.ansi;
      outputs.push_back(alias(call(std::move(first), of.type, true), std::move(name), ids_.next()));
    }
  }
  if (!key_columns.empty()) group_by(made, key_columns, outputs);
  select_list(made, outputs);
  return finished(std::move(made), nullptr);
}

Scoped Resolver::unpivot(const Unpivot& node, const Relation& relation) {
  Scoped from = this->relation(node.child);
  Site site;
  site.scope = &from.scope;
  site.clause = "UNPIVOT";
  const auto columns_of = [&](const std::vector<ExprPtr>& list) {
    std::vector<ExprPtr> resolved;
    for (const ExprPtr& item : expand_stars(list, from.scope))
      resolved.push_back(expression(item, site));
    return resolved;
  };
  std::vector<ExprPtr> ids = columns_of(node.ids);
  std::vector<std::vector<ExprPtr>> rows;  // of values
  std::vector<std::string> names;
  const auto excluded = [](const std::vector<AttributeId>& used, const Attribute& attribute) {
    return std::find(used.begin(), used.end(), attribute.id) != used.end();
  };
  if (node.values) {
    for (size_t i = 0; i < node.values->size(); ++i) {
      const ExprPtr& item = (*node.values)[i];
      const auto* row = std::get_if<UnresolvedCall>(&item->node);
      const bool several = row != nullptr && row->name == "struct";
      for (const ExprPtr& member : several ? row->arguments : expand_stars({item}, from.scope)) {
        const ExprPtr value = expression(member, site);
        const auto* ref = std::get_if<ColumnRef>(&value->node);
        if (ref == nullptr)
          throw_at(member->origin, "UNPIVOT_REQUIRES_ATTRIBUTES",
                   {{"given", "value"}, {"empty", "id"}, {"expressions", display(member)}});
        if (!several || member == row->arguments[0]) {
          rows.emplace_back();
          names.emplace_back();
        }
        rows.back().push_back(value);
        names.back() += (names.back().empty() ? "" : "_") + ref->attribute.name;
      }
      const bool aliased = i < node.aliases.size() && !node.aliases[i].empty();
      if (aliased) names.back() = node.aliases[i];
    }
  } else {
    std::vector<AttributeId> used;
    for (const ExprPtr& id : ids) collect_references(*id, used);
    for (const Attribute& attribute : from.scope.columns)
      if (!excluded(used, attribute)) {
        rows.push_back({column(attribute)});
        names.push_back(attribute.name);
      }
  }
  if (rows.empty()) throw_at(relation.origin, "UNPIVOT_REQUIRES_VALUE_COLUMNS");
  if (!node.ids_given) {
    std::vector<AttributeId> used;
    for (const auto& row : rows)
      for (const ExprPtr& value : row) collect_references(*value, used);
    for (const Attribute& attribute : from.scope.columns)
      if (!excluded(used, attribute)) ids.push_back(column(attribute));
  }
  const size_t width = node.value_names.size();
  std::vector<types::StructField> fields{{node.variable_name, DataTypeId::kString, false, ""}};
  for (const auto& row : rows)
    if (row.size() != width)
      throw_at(relation.origin, "UNPIVOT_VALUE_SIZE_MISMATCH", {{"names", std::to_string(width)}});
  for (size_t c = 0; c < width; ++c) {
    std::vector<DataType> types;
    bool nullable = false;
    for (const auto& row : rows) types.push_back(row[c]->type), nullable |= row[c]->nullable;
    std::optional<DataType> type = DataType();
    for (const DataType& other : types)
      if (type) type = tightest_type(*type, other, options_.ansi);
    if (!type) {
      std::string list;
      for (size_t i = 0; i < rows.size(); ++i)
        list += (list.empty() ? "" : ", ") + quoted_type(types[i]);
      throw_at(relation.origin, "UNPIVOT_VALUE_DATA_TYPE_MISMATCH", {{"types", list}});
    }
    fields.push_back({node.value_names[c], *type, nullable, ""});
  }
  const DataType row_type = DataType::structure(fields);
  std::vector<ExprPtr> structs;
  for (size_t i = 0; i < rows.size(); ++i) {
    std::vector<ExprPtr> members{string_literal(fields[0].name), string_literal(names[i])};
    for (size_t c = 0; c < width; ++c) {
      members.push_back(string_literal(fields[c + 1].name));
      members.push_back(coerce(rows[i][c], fields[c + 1].type));
    }
    structs.push_back(call("named_struct", std::move(members), row_type, settings()));
  }
  const ExprPtr array =
      call("array", std::move(structs), DataType::array(row_type, false), settings());
  Generate made;
  made.generator = call("inline", {array}, array->type, settings());
  for (const types::StructField& field : fields)
    made.columns.push_back({ids_.next(), field.name, field.type, field.nullable, {}});
  made.child = from.plan;
  const std::vector<Attribute> columns = made.columns;
  RelationPtr plan = finish(std::move(made), relation.origin);
  if (!node.include_nulls) {
    ExprPtr any;
    for (size_t c = 1; c < columns.size(); ++c) {
      const ExprPtr set = call("isnotnull", {column(columns[c])}, DataTypeId::kBoolean, settings());
      any = any ? call("or", {any, set}, DataTypeId::kBoolean, settings()) : set;
    }
    plan = filter(any, plan);
  }
  std::vector<ExprPtr> outputs;
  for (const ExprPtr& id : ids)
    outputs.push_back(std::holds_alternative<ColumnRef>(id->node)
                          ? id
                          : alias(id, pretty_name(*id), ids_.next()));
  for (const Attribute& attribute : columns) outputs.push_back(column(attribute));
  return scoped(project(std::move(outputs), plan));
}

}  // namespace firn::plan
