// See procedures.h: finding a procedure, and its arguments' values.
#include "session/procedures.h"

#include <algorithm>

#include "base/ascii.h"
#include "base/error.h"
#include "base/names.h"
#include "session/constant.h"

namespace firn::session {
namespace {

using types::DataType;
using types::DataTypeId;

// Iceberg's procedures that firn does not have, so that the error can say so.
constexpr const char* kNotThere[] = {"compute_table_stats", "compute_partition_stats",
                                     "rewrite_table_path"};

const std::vector<Procedure>& procedures() {
  static const std::vector<Procedure> all = [] {
    std::vector<Procedure> rows = snapshot_procedures();
    for (auto* more : {&maintenance_procedures, &rewrite_procedures, &delete_file_procedures,
                       &changelog_procedures, &import_procedures}) {
      for (Procedure& row : (*more)()) rows.push_back(std::move(row));
    }
    return rows;
  }();
  return all;
}

DataType data_type(ParameterType type) {
  switch (type) {
    case ParameterType::kLong:
    case ParameterType::kLongs:
      return DataTypeId::kLong;
    case ParameterType::kInt:
      return DataTypeId::kInteger;
    case ParameterType::kTimestamp:
      return DataTypeId::kTimestamp;
    case ParameterType::kBoolean:
      return DataTypeId::kBoolean;
    default:
      return DataTypeId::kString;
  }
}

// map('a', 'b', …) and array(1, 2): read from the call itself, element by element.
const plan::UnresolvedCall& call_of(const plan::ExprPtr& expression, const char* function,
                                    const char* parameter) {
  const auto* call = std::get_if<plan::UnresolvedCall>(&expression->node);
  if (call == nullptr || lower_case(call->name) != function)
    throw_invalid(std::string("the argument ") + parameter + " must be written as " + function +
                  "(…)");
  return *call;
}

void take_argument(Session& session, const Parameter& parameter, const plan::ExprPtr& expression,
                   Arguments& arguments) {
  const DataType type = data_type(parameter.type);
  if (parameter.type == ParameterType::kMap) {
    const plan::UnresolvedCall& call = call_of(expression, "map", parameter.name);
    if (call.arguments.size() % 2 != 0)
      throw_invalid(std::string("the argument ") + parameter.name + " has a key without a value");
    auto& map = arguments.maps[parameter.name];
    for (size_t i = 0; i < call.arguments.size(); i += 2) {
      const auto key = constant_value(session, call.arguments[i], type);
      const auto value = constant_value(session, call.arguments[i + 1], type);
      if (types::is_null(key) || types::is_null(value))
        throw_invalid(std::string("the argument ") + parameter.name + " has a NULL in it");
      map[std::get<std::string>(key)] = std::get<std::string>(value);
    }
    return;
  }
  if (parameter.type == ParameterType::kLongs || parameter.type == ParameterType::kTexts) {
    for (const plan::ExprPtr& element : call_of(expression, "array", parameter.name).arguments) {
      const auto value = constant_value(session, element, type);
      if (types::is_null(value)) continue;
      if (parameter.type == ParameterType::kLongs)
        arguments.lists[parameter.name].push_back(std::get<int64_t>(value));
      else
        arguments.texts[parameter.name].push_back(std::get<std::string>(value));
    }
    return;
  }
  types::Value value = constant_value(session, expression, type);
  if (!types::is_null(value)) arguments.values[parameter.name] = std::move(value);
}

const Parameter& named(const Procedure& procedure, const std::string& name) {
  for (const Parameter& parameter : procedure.parameters) {
    if (lower_case(name) == parameter.name) return parameter;
  }
  std::string known;
  for (const Parameter& parameter : procedure.parameters)
    known += (known.empty() ? "`" : " `") + std::string(parameter.name) + "`";
  throw Error("UNRECOGNIZED_PARAMETER_NAME",
              {{"routineName", "`" + std::string(procedure.name) + "`"},
               {"argumentName", "`" + name + "`"},
               {"proposal", known}});
}

Arguments arguments_of(Session& session, const Procedure& procedure,
                       const plan::CallProcedure& node) {
  Arguments arguments;
  std::string last_named;
  std::vector<std::string> given;
  for (size_t i = 0; i < node.arguments.size(); ++i) {
    const std::string& name = node.argument_names[i];
    if (name.empty() && !last_named.empty())
      throw Error("UNEXPECTED_POSITIONAL_ARGUMENT",
                  {{"routineName", "`" + std::string(procedure.name) + "`"},
                   {"parameterName", "`" + last_named + "`"}});
    if (name.empty() && i >= procedure.parameters.size())
      throw Error("WRONG_NUM_ARGS.WITHOUT_SUGGESTION",
                  {{"functionName", "`" + std::string(procedure.name) + "`"},
                   {"expectedNum", std::to_string(procedure.parameters.size())},
                   {"actualNum", std::to_string(node.arguments.size())},
                   {"docroot", "https://spark.apache.org/docs/latest"}});
    const Parameter& parameter = name.empty() ? procedure.parameters[i] : named(procedure, name);
    if (!name.empty()) last_named = name;
    if (std::ranges::find(given, parameter.name) != given.end())
      throw_invalid(std::string("the argument ") + parameter.name + " is given twice");
    given.emplace_back(parameter.name);
    take_argument(session, parameter, node.arguments[i], arguments);
  }
  for (size_t i = 0; i < procedure.parameters.size(); ++i) {
    const Parameter& parameter = procedure.parameters[i];
    if (parameter.required && std::ranges::find(given, parameter.name) == given.end())
      throw Error("REQUIRED_PARAMETER_NOT_FOUND",
                  {{"routineName", "`" + std::string(procedure.name) + "`"},
                   {"parameterName", "`" + std::string(parameter.name) + "`"},
                   {"index", std::to_string(i)}});
  }
  return arguments;
}

}  // namespace

std::string Arguments::text(const std::string& name, const std::string& otherwise) const {
  const auto found = values.find(name);
  return found == values.end() ? otherwise : std::get<std::string>(found->second);
}

std::optional<int64_t> Arguments::number(const std::string& name) const {
  const auto found = values.find(name);
  if (found == values.end()) return std::nullopt;
  return std::get<int64_t>(found->second);
}

bool Arguments::flag(const std::string& name, bool otherwise) const {
  const auto found = values.find(name);
  return found == values.end() ? otherwise : std::get<bool>(found->second);
}

catalog::TableName Call::table_name(const std::string& argument) const {
  const std::string text = arguments.text(argument);
  if (text.empty()) throw_invalid("the argument " + argument + " must name a table");
  plan::NameParts parts;
  std::string part;
  bool in_quotes = false;
  for (const char c : text) {
    if (c == '`') {
      in_quotes = !in_quotes;
    } else if (c == '.' && !in_quotes) {
      parts.push_back(std::move(part));
      part.clear();
    } else {
      part += c;
    }
  }
  parts.push_back(std::move(part));
  if (parts.size() == 1) {  // the current namespace counts in the current catalog alone
    if (catalog == session.current_catalog()) return session.table_name(parts);
    parts.insert(parts.begin(), "default");
  }
  if (parts.size() < 3 || !session.find_catalog(parts.front()))
    parts.insert(parts.begin(), catalog);
  return session.table_name(parts);
}

table::Table Call::table() const {
  return catalog::open_table(session.process().catalog, table_name());
}

bool changes_session(const plan::CallProcedure& node) {
  return std::ranges::any_of(procedures(), [&](const Procedure& procedure) {
    return procedure.changes_session && lower_case(node.name.back()) == procedure.name;
  });
}

Result call_procedure(Session& session, const plan::CallProcedure& node, const StopToken& stop) {
  plan::NameParts name = node.name;
  std::string catalog = session.current_catalog();
  if (name.size() == 3 && session.find_catalog(name.front())) {
    catalog = name.front();
    name.erase(name.begin());
  }
  const auto& all = procedures();
  const auto found = std::ranges::find_if(
      all, [&](const Procedure& procedure) { return lower_case(name.back()) == procedure.name; });
  const bool in_system = name.size() == 2 && lower_case(name.front()) == "system";
  if (in_system && found == all.end() && std::ranges::any_of(kNotThere, [&](const char* one) {
        return lower_case(name.back()) == one;
      }))
    throw_unsupported("the procedure " + lower_case(name.back()));
  if (!in_system || found == all.end()) {
    plan::NameParts full = name;
    full.insert(full.begin(), catalog);
    throw Error("FAILED_TO_LOAD_ROUTINE", {{"routineName", backquoted(full)}});
  }
  const Call call{session, catalog, arguments_of(session, *found, node), stop};
  OutputRows rows = found->run(call);
  std::vector<plan::Attribute> columns;
  for (const OutputColumn& column : found->output)
    columns.push_back(session.column(column.name, column.type, column.nullable));
  return session.rows(std::move(columns), std::move(rows));
}

}  // namespace firn::session
