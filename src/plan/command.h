// Statements that do something: DDL, DML, SET, pipeline definitions. Values; `session` executes
// them.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "plan/relation.h"

namespace firn::plan {

using NameParts = std::vector<std::string>;

struct ColumnDefinition {
  std::string name;
  types::DataType type;
  bool nullable = true;
  std::string comment;
  ExprPtr default_value;
};
// PARTITIONED BY: identity where transform is "identity"; days(ts), bucket(16, id), truncate(4, s),
// years, months, hours.
struct PartitionTransform {
  std::string transform;
  std::optional<int> parameter;
  std::string column;
};
enum class OnViolation : uint8_t { kKeep, kDropRow, kFailUpdate };
struct Expectation {
  std::string name;
  ExprPtr predicate;
  OnViolation on_violation = OnViolation::kKeep;
};

struct TableDefinition {
  std::vector<ColumnDefinition> columns;
  std::vector<Expectation> expectations;
  std::string provider;  // "" or iceberg (others are refused)
  std::vector<PartitionTransform> partitioned_by;
  std::string comment, location;
  std::map<std::string, std::string> properties;
};

struct CreateTable {
  NameParts name;
  bool if_not_exists = false;
  bool or_replace = false;
  TableDefinition definition;
  RelationPtr query;
};
struct CreateStreamingTable {
  NameParts name;
  bool or_refresh = false;
  bool if_not_exists = false;
  TableDefinition definition;
  RelationPtr query;
};
struct CreateMaterializedView {
  NameParts name;
  bool or_refresh = false;
  bool if_not_exists = false;
  TableDefinition definition;
  RelationPtr query;
};
struct CreateView {
  NameParts name;
  bool or_replace = false;
  bool temporary = false;
  bool if_not_exists = false;
  std::vector<std::string> columns;
  RelationPtr query;
  std::string text;
};
struct CreateFlow {
  NameParts name;
  std::string comment;
  NameParts target;
  bool once = false;
  bool by_name = true;
  RelationPtr query;
};
struct CreateNamespace {
  NameParts name;
  bool if_not_exists = false;
  std::map<std::string, std::string> properties;
  std::string comment, location;
};
struct DropNamespace {
  NameParts name;
  bool if_exists = false;
  bool cascade = false;
};
struct DropTable {
  NameParts name;
  bool if_exists = false;
  bool purge = false;
  bool view = false;
};
struct Insert {
  NameParts table;
  std::vector<std::string> columns;
  bool by_name = false;
  bool overwrite = false;
  RelationPtr query;
};
struct SetConf {
  std::optional<std::string> key;
  std::optional<std::string> value;
};  // SET; SET k; SET k = v
struct ResetConf {
  std::optional<std::string> key;
};
struct Use {
  NameParts name;
  bool is_namespace = false;
};
struct ShowCatalogs {
  std::string pattern;
};
struct ShowNamespaces {
  NameParts in;
  std::string pattern;
};
struct ShowTables {
  NameParts in;
  std::string pattern;
};
struct ShowFunctions {
  std::string pattern;
};
struct ShowTblProperties {
  NameParts table;
  std::optional<std::string> key;
};
struct ShowCreateTable {
  NameParts table;
};
struct Describe {
  NameParts table;
  bool extended = false;
};
struct DescribeQuery {
  RelationPtr query;
};
struct AlterTableProperties {
  NameParts table;
  std::map<std::string, std::string> set;
  std::vector<std::string> unset;
};
struct RefreshTable {
  NameParts table;
};  // also REFRESH MATERIALIZED VIEW
enum class ExplainMode : uint8_t { kSimple, kExtended, kFormatted };
struct Statement;
struct Explain {
  ExplainMode mode;
  std::shared_ptr<const Statement> statement;
};
struct Query {
  RelationPtr relation;
};

using StatementNode =
    std::variant<Query, CreateTable, CreateStreamingTable, CreateMaterializedView, CreateView,
                 CreateFlow, CreateNamespace, DropNamespace, DropTable, Insert, SetConf, ResetConf,
                 Use, ShowCatalogs, ShowNamespaces, ShowTables, ShowFunctions, ShowTblProperties,
                 ShowCreateTable, Describe, DescribeQuery, AlterTableProperties, RefreshTable,
                 Explain>;

struct Statement {
  StatementNode node;
  std::string text;       // as written, without the semicolon
  TextPosition position;  // of its first character in the file
};

}  // namespace firn::plan
