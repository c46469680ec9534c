// CALL catalog.system.…: the procedures and their arguments. One row a procedure.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "session/session.h"
#include "table/table.h"

namespace firn::session {

enum class ParameterType : uint8_t {
  kString,
  kLong,
  kInt,
  kTimestamp,
  kBoolean,
  kMap,
  kLongs,
  kTexts
};

struct Parameter {
  const char* name;
  ParameterType type;
  bool required = false;
};

// The arguments of one call by their parameter's name, evaluated.
class Arguments {
 public:
  std::map<std::string, types::Value> values;
  std::map<std::string, std::map<std::string, std::string>> maps;
  std::map<std::string, std::vector<int64_t>> lists;
  std::map<std::string, std::vector<std::string>> texts;

  bool has(const std::string& name) const { return values.count(name) > 0; }
  std::string text(const std::string& name, const std::string& otherwise = "") const;
  std::optional<int64_t> number(const std::string& name) const;  // also timestamps (µs)
  bool flag(const std::string& name, bool otherwise) const;
};

struct Call {
  Session& session;
  std::string catalog;  // that the procedure was called in
  Arguments arguments;
  StopToken stop;

  // The table that the argument `table` names, in that catalog.
  catalog::TableName table_name(const std::string& argument = "table") const;
  table::Table table() const;
};

struct OutputColumn {
  const char* name;
  types::DataTypeId type;
  bool nullable;
};

using OutputRows = std::vector<std::vector<types::Value>>;
struct Procedure {
  const char* name;
  std::vector<Parameter> parameters;
  std::vector<OutputColumn> output;
  OutputRows (*run)(const Call&);
  bool changes_session = false;  // makes a temporary view
};
// Whether a call changes the session and not tables alone. False for procedures that do not exist.
bool changes_session(const plan::CallProcedure&);

// ---- by file
std::vector<Procedure> snapshot_procedures();     // rollback, cherry-pick, publish, …
std::vector<Procedure> maintenance_procedures();  // expire, orphans, manifests, register
std::vector<Procedure> rewrite_procedures();      // data files
std::vector<Procedure> delete_file_procedures();  // position delete files
std::vector<Procedure> changelog_procedures();    // create_changelog_view
std::vector<Procedure> import_procedures();       // add_files, snapshot, migrate

}  // namespace firn::session
