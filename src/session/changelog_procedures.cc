// create_changelog_view: the metadata table changes without rows that were only carried over, as a
// temporary view. Which rows stay is said in SQL: a set of equal rows at a time.
#include <algorithm>

#include "base/ascii.h"
#include "base/error.h"
#include "base/names.h"
#include "session/procedures.h"
#include "session/view_names.h"
#include "sql/parser.h"

namespace firn::session {
namespace {

constexpr const char* kChangeColumns = "_change_type, _change_ordinal, _commit_snapshot_id";

std::string quoted(const std::string& name) { return backquoted(std::vector<std::string>{name}); }

std::string text_literal(const std::string& text) {
  std::string made = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') made += '\\';
    made += c;
  }
  return made + "'";
}

bool has_map(const types::DataType& type) {
  switch (type.id()) {
    case types::DataTypeId::kMap:
      return true;
    case types::DataTypeId::kArray:
      return has_map(type.element());
    case types::DataTypeId::kStruct:
      return std::ranges::any_of(
          type.fields(), [](const types::StructField& field) { return has_map(field.type); });
    default:
      return false;
  }
}

struct ChangedColumns {
  std::string all;        // `a`, `b`
  std::string equal;      // what tells equal rows from others
  std::string unordered;  // names of columns with maps
};

ChangedColumns changed_columns(const types::Schema& schema) {
  ChangedColumns columns;
  const auto add = [](std::string& list, const std::string& one) {
    list += (list.empty() ? "" : ", ") + one;
  };
  for (const types::Field& field : schema.fields) {
    const bool unordered = has_map(types::to_spark(field.type));
    add(columns.all, quoted(field.name));
    add(columns.equal, unordered ? "to_json(" + quoted(field.name) + ")" : quoted(field.name));
    if (unordered) add(columns.unordered, field.name);
  }
  return columns;
}

// A row that one commit removed and wrote again is no change: as many of its kind go.
std::string without_carried_over(const std::string& rows, const ChangedColumns& columns) {
  const std::string same = columns.equal + ", _change_ordinal, _commit_snapshot_id";
  return "SELECT " + columns.all + ", " + kChangeColumns +
         " FROM (SELECT *, row_number() OVER (PARTITION BY " + same +
         ", _change_type ORDER BY _change_ordinal) AS __n,"
         " count(CASE WHEN _change_type = 'DELETE' THEN 1 END) OVER (PARTITION BY " +
         same +
         ") AS __deletes, count(CASE WHEN _change_type = 'INSERT' THEN 1 END) OVER (PARTITION BY " +
         same + ") AS __inserts FROM " + rows +
         ") WHERE __n > CASE WHEN _change_type = 'DELETE' THEN __inserts ELSE __deletes END";
}

// Over all commits: what is left once each removal is held against the insertion before it. Left
// over rows are told of the first commit since the row last came to nothing.
std::string net(const std::string& rows, const ChangedColumns& columns) {
  const std::string same = "PARTITION BY " + columns.equal;
  const std::string step = "sum(CASE WHEN _change_type = 'INSERT' THEN 1 ELSE -1 END) OVER (";
  const std::string order = " ORDER BY _change_ordinal, _change_type";
  const auto first = [&](const std::string& column) {
    return "max(CASE WHEN __n = __zero + 1 THEN " + column + " END) OVER (" + same + ") AS " +
           column;
  };
  return "SELECT " + columns.all + ", " + kChangeColumns + " FROM (SELECT " + columns.all +
         ", __n, __zero, __total, " + first("_change_type") + ", " + first("_change_ordinal") +
         ", " + first("_commit_snapshot_id") +
         " FROM (SELECT *, coalesce(max(CASE WHEN __balance = 0 THEN __n END) OVER (" + same +
         "), 0) AS __zero FROM (SELECT *, row_number() OVER (" + same + order + ") AS __n, " +
         step + same + order + " ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS __balance, " +
         step + same + ") AS __total FROM " + rows +
         "))) WHERE __n > __zero AND __n <= __zero + abs(__total)";
}

// A removal and an insertion with one identifier in one commit are an update.
std::string updates(const std::string& rows, const ChangedColumns& columns,
                    const std::string& identifiers) {
  const std::string same = "PARTITION BY " + identifiers + ", _change_ordinal";
  const std::string message = text_literal(
      "Cannot compute updates because there are multiple rows with the same identifier fields([" +
      identifiers + ",_change_ordinal]). Please make sure the rows are unique.");
  return "SELECT " + columns.all + ", CASE WHEN __deletes > 1 THEN raise_error(" + message +
         ") WHEN __deletes = 1 AND __inserts > 0 AND _change_type = 'DELETE' THEN 'UPDATE_BEFORE'"
         " WHEN __deletes = 1 AND __n = 1 AND _change_type = 'INSERT' THEN 'UPDATE_AFTER'"
         " ELSE _change_type END AS _change_type, _change_ordinal, _commit_snapshot_id FROM "
         "(SELECT *, row_number() OVER (" +
         same +
         ", _change_type ORDER BY _change_ordinal) AS __n,"
         " count(CASE WHEN _change_type = 'DELETE' THEN 1 END) OVER (" +
         same + ") AS __deletes, count(CASE WHEN _change_type = 'INSERT' THEN 1 END) OVER (" +
         same + ") AS __inserts FROM (" + without_carried_over(rows, columns) + "))";
}

// The columns that identify a row: the call's, else the table's identifier fields.
std::string identifiers_of(const Call& call, const types::Schema& schema) {
  std::vector<std::string> names;
  const auto given = call.arguments.texts.find("identifier_columns");
  if (given != call.arguments.texts.end()) {
    names = given->second;
  } else {
    for (const int id : schema.identifier_field_ids) {
      if (const auto name = schema.name_of(id)) names.push_back(*name);
    }
  }
  std::string list;
  for (const std::string& name : names) {
    const bool written = name.size() > 1 && name.starts_with('`') && name.ends_with('`');
    list += (list.empty() ? "" : ", ") + (written ? name : quoted(name));
  }
  return list;
}

// The table's name as the session's statements call it, with the rows' range fixed now.
std::string changed_rows(const Call& call, const table::Table& table) {
  const catalog::TableName name = call.table_name();
  catalog::Namespace space = call.session.without_catalog(name.space);
  const bool attached = space.size() != name.space.size();
  plan::NameParts parts = {attached ? call.catalog : call.session.process().catalog.name()};
  parts.insert(parts.end(), space.begin(), space.end());
  parts.push_back(name.name);
  parts.emplace_back("changes");
  std::map<std::string, std::string> options;
  const auto given = call.arguments.maps.find("options");
  if (given != call.arguments.maps.end()) options = given->second;
  if (!options.contains("end-snapshot-id") && !options.contains("end-timestamp") &&
      table.metadata().current_snapshot_id)
    options["end-snapshot-id"] = std::to_string(*table.metadata().current_snapshot_id);
  std::string text;
  for (const auto& [key, value] : options)
    text += (text.empty() ? "" : ", ") + text_literal(key) + " = " + text_literal(value);
  return backquoted(parts) + (text.empty() ? "" : " WITH (" + text + ")");
}

OutputRows create_changelog_view(const Call& call) {
  const table::Table table = call.table();
  const types::Schema& schema = table.metadata().schema();
  const ChangedColumns columns = changed_columns(schema);
  const std::string identifiers = identifiers_of(call, schema);
  if (identifiers.empty() && !columns.unordered.empty())
    throw_invalid("Identifier field is required as table contains unorderable columns: [" +
                  columns.unordered + "]");
  const bool is_net = call.arguments.flag("net_changes", false);
  const bool with_updates =
      call.arguments.flag("compute_updates", call.arguments.texts.contains("identifier_columns"));
  if (with_updates && is_net) throw_invalid("Not support net changes with update images");
  if (with_updates && identifiers.empty())
    throw_invalid("Cannot compute the update images because identifier columns are not set");
  const std::string rows = changed_rows(call, table);
  const std::string text = with_updates ? updates(rows, columns, identifiers)
                           : is_net     ? net(rows, columns)
                                        : without_carried_over(rows, columns);
  const std::string shown =
      call.arguments.text("changelog_view", "`" + call.table_name().name + "_changes`");
  std::string bare = shown;
  if (bare.size() > 1 && bare.starts_with('`') && bare.ends_with('`'))
    bare = bare.substr(1, bare.size() - 2);
  plan::CreateView view;
  view.name = {bare};
  view.or_replace = view.temporary = true;
  view.text = text;
  view.query = std::get<plan::Query>(sql::parse_statement(text).node).relation;
  create_view(call.session, view);
  return {{shown}};
}

}  // namespace

std::vector<Procedure> changelog_procedures() {
  using enum ParameterType;
  return {
      {"create_changelog_view",
       {{"table", kString, true},
        {"changelog_view", kString},
        {"options", kMap},
        {"compute_updates", kBoolean},
        {"identifier_columns", kTexts},
        {"net_changes", kBoolean}},
       {{"changelog_view", types::DataTypeId::kString, false}},
       create_changelog_view,
       true},
  };
}

}  // namespace firn::session
