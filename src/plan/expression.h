// Expressions of Spark's logical plan as immutable values: first unresolved as the front ends make
// them, then resolved (typed, columns by attribute id, every implicit cast explicit).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/error.h"
#include "functions/function.h"
#include "types/data_type.h"
#include "types/value.h"

namespace firn::plan {

struct Expr;
struct Relation;
using ExprPtr = std::shared_ptr<const Expr>;
using RelationPtr = std::shared_ptr<const Relation>;

enum class AttributeId : int64_t {};

struct Attribute {  // one output column of a relation
  AttributeId id{};
  std::string name;
  types::DataType type;
  bool nullable = true;
  std::vector<std::string> qualifier;  // table alias or catalog.namespace.table
};

// ---- unresolved only
struct UnresolvedName {
  std::vector<std::string> parts;
  std::optional<int64_t> plan_id;
};
struct UnresolvedStar {
  std::vector<std::string> qualifier;
  std::vector<std::vector<std::string>> except;
  std::optional<int64_t> plan_id = {};
};
struct UnresolvedRegex {  // colRegex: the columns whose names match
  std::string pattern;
  std::optional<int64_t> plan_id;
};
struct UpdateField {  // withField (value set), dropFields (value null); `path` may name a nested
                      // field: "a.b"
  ExprPtr child;
  std::string path;
  ExprPtr value;
};
struct UnresolvedCall {
  std::string name;  // operators too: "+", "=", "and", "not", "isnull", "like", "between", …
  std::vector<ExprPtr> arguments;
  std::vector<std::string> argument_names;  // for named arguments (a => 1); "" where positional
  bool distinct = false;
  ExprPtr filter;  // FILTER (WHERE …)
  bool ignore_nulls = false;
};
// A function in Python as a client sent it, with what its worker process needs to know.
struct PythonFunction {
  std::string name;
  int eval_type = 0;    // pyspark.util.PythonEvalType
  std::string command;  // cloudpickle of (function, return type)
  types::DataType result;
  bool deterministic = true;
  // From the session's conf.
  std::string python;  // the interpreter
  std::string path;    // more folders for sys.path, ':' between them
  std::string zone = "UTC";
  int64_t timeout_ms = 0;    // for one batch; 0: none
  int64_t memory_bytes = 0;  // of a worker; 0: no bound
  int64_t batch_rows = 10000;
  std::string analysis;  // table functions with analyze(): the pickle of what it said
  std::vector<std::pair<std::string, std::string>> settings;  // more for the worker, by name
};
// A call of it, before and after resolution; python_plan.cc takes it out of expressions.
struct PythonCall {
  std::shared_ptr<const PythonFunction> function;
  std::vector<ExprPtr> arguments;
  std::vector<std::string> argument_names;  // "" where positional; empty: all are
};
struct UnresolvedExtract {
  ExprPtr child;
  ExprPtr key;
};  // a.b, a[b]

struct MultiAlias {  // generator(…) AS (a, b)
  ExprPtr child;
  std::vector<std::string> names;
};

// ---- both
// bool, int8..int64 as int64_t, float, double, Decimal, string, Bytes; date int32 days; timestamps
// µs; intervals int64; null.
struct Literal {
  types::DataType type;
  types::Value value;
};
struct Alias {
  ExprPtr child;
  std::string name;
  AttributeId id{};
};  // id is given at resolution
enum class CastMode : uint8_t {
  kUnresolved,
  kLegacy,
  kAnsi,
  kTry
};  // unresolved: as the session's ANSI conf says
// zone: the session's, set by resolution (timestamps to and from text, dates and TIMESTAMP_NTZ need
// it).
struct Cast {
  ExprPtr child;
  types::DataType type;
  CastMode mode = CastMode::kUnresolved;
  bool implicit = false;
  std::string zone = {};
};
struct CaseBranch {
  ExprPtr condition;
  ExprPtr value;
};
struct Case {
  ExprPtr operand;
  std::vector<CaseBranch> branches;
  ExprPtr otherwise;
};  // resolved: operand is null
struct InList {
  ExprPtr child;
  std::vector<ExprPtr> values;
  bool negated = false;
};
struct Lambda {
  std::vector<std::string> names;
  std::vector<AttributeId> ids;
  ExprPtr body;
};
enum class SubqueryKind : uint8_t { kScalar, kExists, kIn };
struct Subquery {
  SubqueryKind kind;
  RelationPtr plan;
  std::vector<ExprPtr> needles;
  bool negated = false;
};
struct FrameBound {
  enum class Kind : uint8_t {
    kUnboundedPreceding,
    kPreceding,
    kCurrentRow,
    kFollowing,
    kUnboundedFollowing
  } kind = Kind::kCurrentRow;
  ExprPtr offset;
};
struct SortKey {
  ExprPtr child;
  bool ascending = true;
  bool nulls_first = true;
};
struct WindowSpec {
  std::vector<ExprPtr> partition_by;
  std::vector<SortKey> order_by;
  bool has_frame = false;
  bool rows = false;
  FrameBound start, end;
};
struct Windowed {
  ExprPtr function;
  WindowSpec spec;
};

// ---- resolved only
struct ColumnRef {
  Attribute attribute;
};
struct Call {  // scalar or aggregate by function->kind
  const functions::Function* function = nullptr;
  std::vector<ExprPtr> arguments;  // casts inserted
  bool distinct = false;
  ExprPtr filter;
  bool ansi = true;  // the session's mode when it was resolved
  std::string zone;  // session time zone where flags say kSession
  int64_t seed = 0;  // kVolatile
};
struct GetField {
  ExprPtr child;
  int index = 0;
};  // struct child by position
// A value that is bound when the plan runs: batch time, watermark, snapshot. Index into the run's
// parameters.
struct Parameter {
  int index = 0;
};

using ExprNode =
    std::variant<UnresolvedName, UnresolvedStar, UnresolvedRegex, UpdateField, PythonCall,
                 UnresolvedCall, UnresolvedExtract, MultiAlias, Literal, Alias, Cast, Case, InList,
                 Lambda, Subquery, Windowed, ColumnRef, Call, GetField, Parameter>;

struct Expr {
  ExprNode node;
  types::DataType type;  // resolved only
  bool nullable = true;  // resolved only
  bool resolved = false;
  bool can_throw = false;  // resolved: this node or one below it
  bool is_volatile = false;
  std::optional<QueryContext> origin;  // where it stands in the text
};

ExprPtr make(ExprNode node, std::optional<QueryContext> origin = {});
// Spark's pretty name of an unnamed column: "count(1)", "(a + 1)", "CAST(a AS INT)".
std::string pretty_name(const Expr&);
// For messages and EXPLAIN: with attribute ids, "price#7".
std::string to_string(const Expr&);

}  // namespace firn::plan
