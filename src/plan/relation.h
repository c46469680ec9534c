// Relations of the logical plan. Front ends make the unresolved ones; resolution leaves only those
// marked so.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "plan/expression.h"
#include "types/predicate.h"

namespace firn::plan {

using Options = std::vector<std::pair<std::string, std::string>>;  // keys as written

// ---- unresolved only
struct UnresolvedTable {
  std::vector<std::string>
      parts;  // catalog.namespace.table, a CTE or a view; {"csv", "/path"} for files in place
  bool streaming = false;  // STREAM t
  ExprPtr version_as_of, timestamp_as_of;
  Options options;
};
struct UnresolvedTableFunction {
  std::string name;
  std::vector<ExprPtr> arguments;
  std::vector<std::string> argument_names;
  bool streaming = false;
};
struct NamedRelation {
  std::string name;
  RelationPtr plan;
  std::vector<std::string> columns;
};
struct With {
  std::vector<NamedRelation> definitions;
  RelationPtr child;
};
struct SubqueryAlias {
  std::string alias;
  std::vector<std::string> columns;
  RelationPtr child;
};
struct InlineTable {
  std::vector<std::vector<ExprPtr>> rows;
  std::vector<std::string> names;
};  // VALUES
struct Having {
  ExprPtr condition;
  RelationPtr child;
};

// ---- both
struct Project {
  std::vector<ExprPtr> expressions;
  RelationPtr child;
};
struct Filter {
  ExprPtr condition;
  RelationPtr child;
};
struct Aggregate {
  std::vector<ExprPtr> keys;
  std::vector<ExprPtr> outputs;
  RelationPtr child;
};  // outputs over keys and aggregate calls
struct Sort {
  std::vector<SortKey> keys;
  RelationPtr child;
};
struct Limit {
  ExprPtr limit;
  ExprPtr offset;
  RelationPtr child;
};  // either may be null
enum class JoinKind : uint8_t { kInner, kLeft, kRight, kFull, kCross, kLeftSemi, kLeftAnti };
struct Join {
  JoinKind kind;
  RelationPtr left, right;
  ExprPtr condition;
  std::vector<std::string> using_columns;
  bool natural = false;
};
enum class SetKind : uint8_t { kUnion, kIntersect, kExcept };
struct SetOperation {
  SetKind kind;
  bool all = false;
  bool by_name = false;
  std::vector<RelationPtr> children;
};
struct Distinct {
  RelationPtr child;
};
// dropDuplicates(keys): the first row of each key stays (SELECT DISTINCT ON (keys)). Resolved: keys
// are ColumnRefs of the child.
struct Deduplicate {
  std::vector<ExprPtr> keys;
  bool within_watermark = false;
  RelationPtr child;
};
// Marks the event-time column; delay in µs.
struct Watermark {
  ExprPtr column;
  std::string alias;
  int64_t delay_us = 0;
  RelationPtr child;
};
struct OneRow {};
struct Range {
  int64_t start = 0, end = 0, step = 1;
};

// ---- resolved only
struct ScanColumn {
  Attribute attribute;
  int field_id = 0;
};
struct TableSource;  // what the session knows of the table (engine/table_source.h makes it)
struct TableScan {
  std::vector<std::string> name;  // catalog, namespace…, table
  std::shared_ptr<const TableSource> source;
  std::vector<ScanColumn> columns;
  types::Predicate pushed;  // by field id; the exact filter stays above
  bool streaming = false;
};
struct FileScan {  // csv.`path`, json, parquet, text
  std::string format;
  std::vector<std::string> paths;
  std::map<std::string, std::string> options;
  std::vector<Attribute> columns;
};
struct Rows {
  std::vector<Attribute> columns;
  std::vector<std::vector<ExprPtr>> rows;
};  // constants
// A streaming source by name ("kafka"), options with canonical spelling; columns as Spark's source
// schema has them.
struct StreamSource {
  std::string format;
  std::map<std::string, std::string> options;
  std::vector<Attribute> columns;
};
// A place where chunks come in while the plan runs: the cut of a streaming plan, a cached result, a
// local relation.
struct Slot {
  int id = 0;
  std::vector<Attribute> columns;
};

using RelationNode =
    std::variant<UnresolvedTable, UnresolvedTableFunction, With, SubqueryAlias, InlineTable, Having,
                 Project, Filter, Aggregate, Sort, Limit, Join, SetOperation, Distinct, Deduplicate,
                 Watermark, OneRow, Range, TableScan, FileScan, Rows, StreamSource, Slot>;

struct Relation {
  RelationNode node;
  std::vector<Attribute> output;  // resolved only
  bool resolved = false;
  bool streaming = false;  // resolved: a StreamSource or streaming scan is below
  std::optional<QueryContext> origin;
};

RelationPtr make(RelationNode node, std::optional<QueryContext> origin = {});
// Spark-like tree, one line a node, for EXPLAIN.
std::string to_string(const Relation&);

}  // namespace firn::plan
