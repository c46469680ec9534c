// DataFrames: NULLs filled and dropped, values replaced, a given schema, fields of structs changed.
#include <algorithm>

#include "plan/resolver.h"

namespace firn::plan {
namespace {

ExprPtr call_named(const char* function, std::vector<ExprPtr> arguments) {
  UnresolvedCall call;
  call.name = function;
  call.arguments = std::move(arguments);
  return make(std::move(call));
}

bool is_real(const DataType& type) {
  return type.id() == DataTypeId::kFloat || type.id() == DataTypeId::kDouble;
}

// Numbers go with numbers, text with text, booleans with booleans.
bool is_of_kind(const DataType& column, const DataType& value) {
  if (value.is_numeric()) return column.is_numeric();
  return column.id() == value.id();
}

}  // namespace

Scoped Resolver::fill_nulls(const FillNulls& node) {
  Scoped child = relation(node.child);
  Site site;
  site.scope = &child.scope;
  for (const std::string& name : node.columns) (void)column_of(child.scope, name);
  const auto value_for = [&](const Attribute& attribute) -> ExprPtr {
    const bool one_each = node.values.size() > 1;
    if (node.columns.empty())
      return is_of_kind(attribute.type, std::get<Literal>(node.values.at(0)->node).type)
                 ? node.values[0]
                 : nullptr;
    for (size_t i = 0; i < node.columns.size(); ++i) {
      if (!same(node.columns[i], attribute.name)) continue;
      if (one_each) return node.values.at(i);
      const DataType& type = std::get<Literal>(node.values.at(0)->node).type;
      return is_of_kind(attribute.type, type) ? node.values[0] : nullptr;
    }
    return nullptr;
  };
  std::vector<ExprPtr> columns;
  for (const Attribute& attribute : child.scope.columns) {
    const ExprPtr value = value_for(attribute);
    if (!value) {
      columns.push_back(column(attribute));
      continue;
    }
    ExprPtr given = column(attribute);
    if (is_real(attribute.type))
      given = make(Case{nullptr, {{call_named("isnan", {given}), null_of(attribute.type)}}, given});
    const ExprPtr filled =
        call_named("coalesce", {given, make(Cast{value, attribute.type, implicit_mode()})});
    columns.push_back(alias(expression(filled, site), attribute.name, ids_.next()));
  }
  return projected(std::move(columns), std::move(child));
}

Scoped Resolver::drop_nulls(const DropNulls& node) {
  Scoped child = relation(node.child);
  Site site;
  site.scope = &child.scope;
  std::vector<Attribute> wanted_columns;
  for (const std::string& name : node.columns)
    wanted_columns.push_back(column_of(child.scope, name));
  if (node.columns.empty()) wanted_columns = child.scope.columns;
  std::vector<ExprPtr> set;  // whether a column has a value
  for (const Attribute& attribute : wanted_columns) {
    ExprPtr has = call_named("isnotnull", {column(attribute)});
    if (is_real(attribute.type))
      has = call_named("and", {has, call_named("not", {call_named("isnan", {column(attribute)})})});
    set.push_back(std::move(has));
  }
  if (set.empty()) return child;
  const auto wanted = node.min_non_nulls.value_or(static_cast<int64_t>(set.size()));
  ExprPtr condition = set[0];
  const bool all = wanted == static_cast<int64_t>(set.size());
  if (all || wanted == 1) {
    for (size_t i = 1; i < set.size(); ++i)
      condition = call_named(all ? "and" : "or", {condition, set[i]});
  } else {
    const auto one = [](const ExprPtr& has) {
      return make(Case{nullptr, {{has, integer_literal(1)}}, integer_literal(0)});
    };
    condition = one(set[0]);
    for (size_t i = 1; i < set.size(); ++i) condition = call_named("+", {condition, one(set[i])});
    condition = call_named(">=", {condition, long_literal(wanted)});
  }
  child.plan = filter(expression(condition, site), child.plan);
  return child;
}

Scoped Resolver::replace_values(const ReplaceValues& node) {
  Scoped child = relation(node.child);
  if (node.values.empty()) return child;
  Site site;
  site.scope = &child.scope;
  const DataType& kind = std::get<Literal>(node.values[0].first->node).type;
  std::vector<ExprPtr> columns;
  for (const Attribute& attribute : child.scope.columns) {
    const bool named =
        node.columns.empty() ||
        std::any_of(node.columns.begin(), node.columns.end(), [&](const std::string& name) {
          return name == "*" || same(name, attribute.name);
        });
    if (!named || !is_of_kind(attribute.type, kind)) {
      columns.push_back(column(attribute));
      continue;
    }
    Case made;
    made.operand = column(attribute);
    for (const auto& [from, to] : node.values) {
      ExprPtr key = from;
      if (kind.is_numeric()) key = make(Cast{from, DataTypeId::kDouble, CastMode::kLegacy});
      made.branches.push_back({key, make(Cast{to, attribute.type, implicit_mode()})});
    }
    made.otherwise = column(attribute);
    columns.push_back(alias(expression(make(std::move(made)), site), attribute.name, ids_.next()));
  }
  return projected(std::move(columns), std::move(child));
}

// ---- DataFrame.to(schema)

// The value as a field of the schema wants it: structs field by field by name.
ExprPtr Resolver::matched(const ExprPtr& value, const types::StructField& wanted,
                          const std::string& path) {
  if (value->nullable && !wanted.nullable)
    throw_at({}, "NULLABLE_COLUMN_OR_FIELD", {{"name", path}});
  if (value->type.same_ignoring_nullability(wanted.type)) return value;
  if (value->type.id() == DataTypeId::kStruct && wanted.type.id() == DataTypeId::kStruct) {
    std::vector<ExprPtr> fields;
    std::vector<types::StructField> types;
    for (const types::StructField& one : wanted.type.fields()) {
      const auto index = find_field(value->type, one.name, options_.case_sensitive, {});
      const std::string name = path + "." + backquoted(one.name);
      if (!index && !one.nullable) throw_at({}, "NULLABLE_COLUMN_OR_FIELD", {{"name", name}});
      fields.push_back(string_literal(one.name));
      fields.push_back(index ? matched(field(value, *index), one, name) : null_of(one.type));
      types.push_back({one.name, fields.back()->type, fields.back()->nullable});
    }
    const DataType type = DataType::structure(std::move(types));
    const ExprPtr made = call("named_struct", std::move(fields), type, settings());
    if (!value->nullable) return made;
    const ExprPtr is_null = call("isnull", {value}, DataTypeId::kBoolean, settings());
    return case_when({{is_null, null_of(type)}}, made);
  }
  const auto store = common_type(value->type, wanted.type, true);
  const bool widens = value->type.id() != DataTypeId::kString && store &&
                      store->same_ignoring_nullability(wanted.type);
  const bool stores = value->type.is_numeric() && wanted.type.is_numeric();
  const bool to_text = wanted.type.id() == DataTypeId::kString && !value->type.is_nested();
  if (!widens && !stores && !to_text)
    throw_at({}, "INVALID_COLUMN_OR_FIELD_DATA_TYPE",
             {{"name", path},
              {"type", quoted_type(value->type)},
              {"expectedType", quoted_type(wanted.type)}});
  return cast(value, wanted.type, CastMode::kAnsi, true, {}, options_.time_zone);
}

Scoped Resolver::to_schema(const ToSchema& node) {
  Scoped child = relation(node.child);
  std::vector<ExprPtr> columns;
  for (const types::StructField& wanted : node.schema.fields()) {
    const bool known =
        std::any_of(child.scope.columns.begin(), child.scope.columns.end(),
                    [&](const Attribute& attribute) { return same(attribute.name, wanted.name); });
    if (!known && !wanted.nullable) throw_unresolved({wanted.name}, child.scope, {});
    const ExprPtr value = known ? matched(column(column_of(child.scope, wanted.name)), wanted,
                                          backquoted(wanted.name))
                                : null_of(wanted.type);
    columns.push_back(alias(value, wanted.name, ids_.next()));
  }
  return projected(std::move(columns), std::move(child));
}

// ---- withField, dropFields

ExprPtr Resolver::update_field(const UpdateField& node, const ExprPtr& unresolved,
                               const Site& site) {
  const ExprPtr structure = expression(node.child, site);
  const ExprPtr value = node.value ? expression(node.value, site) : nullptr;
  std::vector<std::string> path(1);
  bool quoted = false;
  for (const char c : node.path) {
    if (c == '`')
      quoted = !quoted;
    else if (c == '.' && !quoted)
      path.emplace_back();
    else
      path.back() += c;
  }
  remember_display(unresolved,
                   "update_fields(" + display(node.child) + ", " +
                       (node.value ? "WithField(" + display(node.value) + ")" : "dropfield()") +
                       ")");
  return updated(structure, path, 0, value, unresolved, site);
}

ExprPtr Resolver::updated(const ExprPtr& structure, const std::vector<std::string>& path, size_t at,
                          const ExprPtr& value, const ExprPtr& unresolved, const Site& site) {
  if (structure->type.id() != DataTypeId::kStruct)
    throw_at(unresolved->origin, "DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE",
             {{"sqlExpr", "\"" + display(unresolved) + "\""},
              {"paramIndex", "first"},
              {"requiredType", "\"STRUCT\""},
              {"inputSql", "\"" + pretty_name(*structure) + "\""},
              {"inputType", quoted_type(structure->type)}});
  const auto& fields = structure->type.fields();
  const bool last = at + 1 == path.size();
  std::vector<ExprPtr> arguments;
  bool found = false;
  for (size_t i = 0; i < fields.size(); ++i) {
    ExprPtr member = field(structure, static_cast<int>(i));
    if (same(fields[i].name, path[at])) {
      found = true;
      if (last && !value) continue;  // dropped
      member = last ? value : updated(member, path, at + 1, value, unresolved, site);
    }
    arguments.push_back(string_literal(
        found && same(fields[i].name, path[at]) && last ? path[at] : fields[i].name));
    arguments.push_back(std::move(member));
  }
  if (!found && !last) {
    std::string names;
    for (const types::StructField& known : fields)
      names += (names.empty() ? "" : ", ") + backquoted(known.name);
    throw_at(unresolved->origin, "FIELD_NOT_FOUND",
             {{"fieldName", backquoted(path[at])}, {"fields", names}});
  }
  if (!found && value) {
    arguments.push_back(string_literal(path[at]));
    arguments.push_back(value);
  }
  if (arguments.empty())
    throw_at(unresolved->origin, "DATATYPE_MISMATCH.CANNOT_DROP_ALL_FIELDS",
             {{"sqlExpr", "\"" + display(unresolved) + "\""}});
  const ExprPtr made = expression(call_named("named_struct", std::move(arguments)), site);
  if (!structure->nullable) return made;
  const ExprPtr is_null = call("isnull", {structure}, DataTypeId::kBoolean, settings());
  return case_when({{is_null, null_of(made->type)}}, made);
}

}  // namespace firn::plan
