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
  NameParts like;             // CREATE TABLE … LIKE
  bool replace_only = false;  // REPLACE TABLE: it must be there
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
  std::vector<std::string> column_comments;  // as many as `columns`
  std::string comment;
  std::map<std::string, std::string> properties;
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
  std::vector<std::pair<std::string, ExprPtr>> partition;  // PARTITION (p = 1, q); null: dynamic
  ExprPtr replace_where;                                   // rows that it holds for give way
  Options options;                                         // WITH (…): write options
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
  bool extended = false;  // SHOW TABLE EXTENDED
};
struct ShowCurrentNamespace {};
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
  NameParts column;  // DESCRIBE t column
};
struct DescribeQuery {
  RelationPtr query;
};
struct AlterTableProperties {
  NameParts table;
  std::map<std::string, std::string> set;
  std::vector<std::string> unset;
  bool view = false;  // ALTER VIEW
};
// ---- DML. `alias` is the target's, "" where it has none. Conditions are unresolved; null: every
// row.
struct Assignment {
  NameParts column;  // nested fields by name
  ExprPtr value;     // UnresolvedName{"default"} where DEFAULT was written
};
struct Delete {
  NameParts table;
  std::string alias;
  ExprPtr condition;
};
struct Update {
  NameParts table;
  std::string alias;
  std::vector<Assignment> assignments;
  ExprPtr condition;
};
struct MergeAction {
  enum class When : uint8_t { kMatched, kNotMatched, kNotMatchedBySource } when = When::kMatched;
  enum class Kind : uint8_t {
    kUpdate,
    kUpdateAll,
    kDelete,
    kInsert,
    kInsertAll
  } kind = Kind::kUpdateAll;
  ExprPtr condition;
  std::vector<Assignment> assignments;  // kUpdate, kInsert
};
struct Merge {
  NameParts table;
  std::string alias;
  RelationPtr source;  // with its alias as SubqueryAlias
  ExprPtr condition;
  std::vector<MergeAction> actions;  // in order
  bool with_schema_evolution = false;
};
struct Truncate {
  NameParts table;
};
// DataFrameWriterV2 and DataFrameWriter.saveAsTable/insertInto.
enum class WriteMode : uint8_t {
  kAppend,
  kOverwrite,            // rows that `condition` holds for (null: all) give way
  kOverwritePartitions,  // the partitions that the new rows fall in
  kCreate,
  kReplace,
  kCreateOrReplace,
  kIgnore,  // create where it is not there, else nothing
};
struct WriteTable {
  NameParts table;
  WriteMode mode = WriteMode::kAppend;
  ExprPtr condition;
  TableDefinition definition;  // used where the table is made
  Options options;             // write options: mergeSchema, snapshot-property.*, branch, …
  bool by_name = true;
  bool create_if_absent = false;  // saveAsTable(mode=append)
  RelationPtr query;
};
// DataFrameWriter.save, INSERT OVERWRITE DIRECTORY.
enum class SaveMode : uint8_t { kErrorIfExists, kAppend, kOverwrite, kIgnore };
struct WriteFiles {
  std::string format;  // csv, json, parquet, orc, avro, text, jdbc, iceberg (path), …
  std::string path;    // "" where the format has none (jdbc)
  SaveMode mode = SaveMode::kErrorIfExists;
  std::vector<std::string> partition_by, sort_by, bucket_by;
  int bucket_count = 0;
  Options options;
  RelationPtr query;
};

// ---- DDL beyond CREATE and DROP
struct AddColumns {
  struct Column {
    NameParts name;  // nested: the parent's parts first
    types::DataType type;
    bool nullable = true;
    std::string comment;
    ExprPtr default_value;
    bool first = false;
    std::string after;
  };
  std::vector<Column> columns;
  bool replace = false;  // REPLACE COLUMNS
};
struct DropTableColumns {
  std::vector<NameParts> columns;
  bool if_exists = false;
};
struct RenameColumn {
  NameParts column;
  std::string to;
};
struct AlterColumn {
  NameParts column;
  std::optional<types::DataType> type;
  std::optional<bool> nullable;
  std::optional<std::string> comment;
  bool first = false;
  std::string after;
  ExprPtr default_value;
  bool drop_default = false;
};
struct AlterColumns {
  std::vector<AlterColumn> columns;  // in order
};
struct RenameTable {
  NameParts to;
};
struct SetLocation {
  std::string location;
};
// Iceberg's SQL extensions.
struct PartitionField {  // ADD | DROP | REPLACE PARTITION FIELD
  enum class Kind : uint8_t { kAdd, kDrop, kReplace } kind = Kind::kAdd;
  std::optional<PartitionTransform> field,
      with;          // a name alone: identity, or the field of that name
  std::string name;  // AS name
};
struct WriteOrder {  // WRITE [LOCALLY] ORDERED BY …, DISTRIBUTED BY PARTITION, UNORDERED
  struct Key {
    PartitionTransform term;
    bool ascending = true, nulls_first = true;
  };
  std::vector<Key> keys;
  std::string distribution;  // "", none, range, hash
};
struct IdentifierFields {  // SET | DROP IDENTIFIER FIELDS
  std::vector<NameParts> columns;
  bool drop = false;
};
struct SnapshotRef {  // CREATE [OR REPLACE] | REPLACE | DROP BRANCH | TAG
  enum class Kind : uint8_t { kCreate, kCreateOrReplace, kReplace, kDrop } kind = Kind::kCreate;
  bool tag = false;
  std::string name;
  bool if_exists = false, if_not_exists = false;
  std::optional<int64_t> snapshot_id, max_ref_age_ms, max_snapshot_age_ms;
  std::optional<int> min_snapshots_to_keep;
};
struct AlterTable {
  NameParts table;
  bool if_exists = false;
  bool view = false;  // ALTER VIEW … RENAME TO
  std::variant<AddColumns, DropTableColumns, RenameColumn, AlterColumns, RenameTable, SetLocation,
               PartitionField, WriteOrder, IdentifierFields, SnapshotRef>
      change;
};
struct CallProcedure {  // CALL catalog.system.rewrite_data_files(table => 'db.t')
  NameParts name;
  std::vector<ExprPtr> arguments;
  std::vector<std::string> argument_names;  // "" where positional
};
struct ShowColumns {
  NameParts table;
};
struct ShowPartitions {
  NameParts table;
};
struct ShowViews {
  NameParts in;
  std::string pattern;
};
struct DescribeNamespace {
  NameParts name;
  bool extended = false;
};
struct AlterNamespace {
  NameParts name;
  std::map<std::string, std::string> set;
  std::vector<std::string> unset;
};
struct CacheTable {  // CACHE [LAZY] TABLE t [AS query], UNCACHE TABLE [IF EXISTS] t, CLEAR CACHE
                     // (no name)
  NameParts name;
  bool uncache = false, lazy = false, if_exists = false;
  RelationPtr query;
};
struct AnalyzeTable {
  NameParts table;
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
                 Use, ShowCatalogs, ShowNamespaces, ShowTables, ShowCurrentNamespace, ShowFunctions,
                 ShowTblProperties, ShowCreateTable, Describe, DescribeQuery, AlterTableProperties,
                 RefreshTable, Explain, Delete, Update, Merge, Truncate, WriteTable, WriteFiles,
                 AlterTable, CallProcedure, ShowColumns, ShowPartitions, ShowViews,
                 DescribeNamespace, AlterNamespace, CacheTable, AnalyzeTable>;

struct Statement {
  StatementNode node;
  std::string text;       // as written, without the semicolon
  TextPosition position;  // of its first character in the file
};

}  // namespace firn::plan
