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
  std::shared_ptr<const PythonFunction> python = nullptr;  // what a DataFrame brings with it
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
struct Lateral {  // the right side of a join: sees the columns of the left one
  RelationPtr child;
};

// ---- unresolved only: what DataFrames (and SQL's PIVOT …) ask for by the names of the child's
// columns. Resolution replaces them by the nodes below.
struct WithColumns {  // Aliases; a name that is there already is replaced in its place
  std::vector<ExprPtr> columns;
  RelationPtr child;
};
struct RenameColumns {  // old → new; old names that are not there are ignored
  std::vector<std::pair<std::string, std::string>> names;
  RelationPtr child;
};
struct DropColumns {  // UnresolvedNames; what is not there is ignored
  std::vector<ExprPtr> columns;
  RelationPtr child;
};
struct NameColumns {  // toDF(names…): as many as there are columns
  std::vector<std::string> names;
  RelationPtr child;
};
struct ToSchema {  // DataFrame.to(schema): by name, cast, reordered
  types::DataType schema;
  RelationPtr child;
};
struct FillNulls {  // na.fill: one value for all `columns`, or one each; no columns: all that the
                    // value's type fits
  std::vector<std::string> columns;
  std::vector<ExprPtr> values;  // Literals
  RelationPtr child;
};
struct DropNulls {  // na.drop: rows with fewer than `min_non_nulls` (absent: all) of the columns
                    // set
  std::vector<std::string> columns;
  std::optional<int64_t> min_non_nulls;
  RelationPtr child;
};
struct ReplaceValues {  // na.replace
  std::vector<std::string> columns;
  std::vector<std::pair<ExprPtr, ExprPtr>> values;  // Literals
  RelationPtr child;
};
struct Pivot {  // keys: absent with SQL's PIVOT, where all columns that nothing else names group
  std::optional<std::vector<ExprPtr>> keys;
  std::vector<ExprPtr> aggregates;
  ExprPtr column;               // struct(a, b) where several
  std::vector<ExprPtr> values;  // Aliases or constants; none: the distinct values, asked for first
  RelationPtr child;
};
struct Unpivot {
  std::vector<ExprPtr> ids;
  std::optional<std::vector<ExprPtr>>
      values;  // absent: all other columns. struct(…) where several make one row
  std::vector<std::string> aliases;  // of `values`, "" where the column's own name serves
  std::string variable_name;
  std::vector<std::string> value_names;
  bool ids_given = true;  // false (SQL): ids are all columns that `values` does not name
  bool include_nulls = true;
  RelationPtr child;
};
// DataFrame statistics by Spark's name: summary, describe, crosstab, cov, corr, approxQuantile,
// freqItems, sampleBy, transpose.
struct Statistic {
  std::string name;
  std::vector<std::string> columns;
  std::vector<ExprPtr> arguments;
  RelationPtr child;
};
struct Hint {  // of the optimiser: checked by name, otherwise without effect
  std::string name;
  std::vector<ExprPtr> parameters;
  RelationPtr child;
};

// ---- both
// LATERAL VIEW, a generator in a select list (explode, posexplode, inline, stack, json_tuple …):
// each row of the child with each row that the generator makes of it.
struct Generate {
  ExprPtr generator;  // UnresolvedCall; resolved: a Call of a kGenerator function
  bool outer = false;
  std::string alias;               // unresolved only
  std::vector<std::string> names;  // unresolved only; none: the generator's own
  std::vector<Attribute> columns;  // resolved only
  RelationPtr child;
};
struct Sample {  // of the rows whose draw lies in [lower, upper)
  double lower = 0, upper = 1;
  bool with_replacement = false;
  int64_t seed = 0;
  RelationPtr child;
};
// Which rows of its partition a Python function over a window sees.
struct PythonFrame {
  enum class Kind : uint8_t { kPartition, kRows, kRange } kind = Kind::kPartition;
  // kRows: counted from the row; absent: the partition's edge. kRange: the call's last two
  // arguments are the number of rows up to the frame's end, and in the frame.
  std::optional<int64_t> start = {}, end = {};
};
// The child's columns and one for each call: worker processes compute them. Resolved only.
struct PythonEval {
  std::vector<ExprPtr> calls;  // Aliases of PythonCalls. One in another's arguments is its only one
  RelationPtr child;
  // Windows: a frame for each call, ColumnRefs; the child is sorted, partitions stand together.
  std::vector<PythonFrame> frames = {};
  std::vector<ExprPtr> partition = {};
};
// The rows that a function makes of the child's: mapInPandas and mapInArrow, applyInPandas and
// applyInArrow (keys), the same of two relations (other), aggregates of groups and table functions
// (calls).
struct PythonMap {
  std::shared_ptr<const PythonFunction> function;
  std::vector<ExprPtr> keys;
  std::vector<Attribute> columns;  // resolved: what comes out
  size_t key_count = 0;  // resolved: the child's first columns are the keys, it is sorted by them
  RelationPtr child;
  RelationPtr other = nullptr;           // unresolved only
  std::vector<ExprPtr> other_keys = {};  // unresolved only
  // Resolved, of two relations: after the keys stands the side (0 or 1), then the left one's
  // columns, so many, then the right one's.
  std::optional<size_t> left_count = {};
  // Resolved, aggregates and table functions: PythonCalls over the child's columns.
  std::vector<ExprPtr> calls = {};
  // Table functions: so many of the child's columns come out beside what is made of a row.
  size_t kept_count = 0;
  // Table functions: the argument from this one on is a row of columns with these names.
  std::optional<size_t> row_argument = {};
  std::vector<std::string> row_names = {};
};
struct Tail {
  int64_t limit = 0;
  RelationPtr child;
};
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
  bool allow_missing = false;  // by name: columns that one side lacks are NULL there
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

// Rows that are in memory (or spilled): a local relation, a cached or a foreachBatch DataFrame.
// engine/row_set.h makes them.
struct RowSet;
struct CachedRows {
  std::shared_ptr<const RowSet> rows;
  std::vector<Attribute> columns;
};

using RelationNode =
    std::variant<WithColumns, RenameColumns, DropColumns, NameColumns, ToSchema, FillNulls,
                 DropNulls, ReplaceValues, Pivot, Unpivot, Statistic, Hint, Generate, PythonEval,
                 PythonMap, Sample, Tail, CachedRows, UnresolvedTable, UnresolvedTableFunction,
                 With, SubqueryAlias, InlineTable, Having, Lateral, Project, Filter, Aggregate,
                 Sort, Limit, Join, SetOperation, Distinct, Deduplicate, Watermark, OneRow, Range,
                 TableScan, FileScan, Rows, StreamSource, Slot>;

struct Relation {
  RelationNode node;
  std::vector<Attribute> output;  // resolved only
  bool resolved = false;
  bool streaming = false;  // resolved: a StreamSource or streaming scan is below
  std::optional<QueryContext> origin;
  std::optional<int64_t>
      plan_id;  // unresolved, Spark Connect: columns name it (UnresolvedName::plan_id)
};

RelationPtr make(RelationNode node, std::optional<QueryContext> origin = {});
// Spark-like tree, one line a node, for EXPLAIN.
std::string to_string(const Relation&);

}  // namespace firn::plan
