// Resolved plan → DuckDB parse tree. Columns are c<attribute id>, struct children f<n>; names
// matter at the root only, and there only to Spark's side.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "engine/duck.h"
#include "engine/query_state.h"
#include "plan/relation.h"

namespace firn::engine {

using Parsed = duckdb::unique_ptr<duckdb::ParsedExpression>;
using ParsedList = duckdb::vector<Parsed>;

// A statement whose columns are the relation's output, in order. Scans and kernel calls go to
// `state`. `parameters`: their types. Throws UNSUPPORTED_FEATURE.FIRN by name, FIRN_RESOURCE where
// the plan is nested too deeply.
duckdb::unique_ptr<duckdb::SelectStatement> lower(const plan::Relation& relation,
                                                  const std::vector<types::DataType>& parameters,
                                                  QueryState& state);

// ---- Below: between the files of the lowering.

struct LoweringContext {
  LoweringContext(QueryState& s, const std::vector<types::DataType>& p) : state(s), parameters(p) {}

  QueryState& state;
  const std::vector<types::DataType>& parameters;
  int depth = 0;
  const plan::WindowSpec* window = nullptr;  // of the OVER clause whose function is being lowered
  int subqueries = 0;
  // Columns of enclosing queries that go by another name: within aggregates and windows of the
  // block, and everywhere in the query.
  std::map<plan::AttributeId, std::string> carried, renamed;
  int computing = 0;  // aggregates and windows around the expression that is being lowered
  std::set<plan::AttributeId>
      lambda_indexes;  // lambdas' element indexes, which DuckDB counts from 1
};

inline constexpr int kMaxPlanDepth = 4000;

class DepthGuard {
 public:
  explicit DepthGuard(LoweringContext& context);
  ~DepthGuard() { --context_.depth; }

 private:
  LoweringContext& context_;
};

duckdb::unique_ptr<duckdb::SelectStatement> lower_query(const plan::Relation& relation,
                                                        LoweringContext& context);
Parsed lower_expression(const plan::Expr& expr, LoweringContext& context);
ParsedList lower_all(const std::vector<plan::ExprPtr>& exprs, LoweringContext& context);
// The conjunction in an order and with guards that never evaluate a throwing conjunct on a row that
// another one excludes.
Parsed lower_conjuncts(const std::vector<plan::ExprPtr>& conjuncts, LoweringContext& context);
std::vector<plan::ExprPtr> split_conjuncts(const plan::ExprPtr& condition);
// Columns that aggregates and windows among `outputs` read and that are not `own`.
std::vector<plan::Attribute> outer_columns(const std::vector<plan::ExprPtr>& outputs,
                                           const std::vector<plan::Attribute>& own);
// engine/lower_functions.cc
Parsed lower_call(const plan::Call& call, const plan::Expr& expr, LoweringContext& context);
Parsed lower_window(const plan::Windowed& windowed, const plan::Expr& expr,
                    LoweringContext& context);
// engine/lower_casts.cc
Parsed lower_cast(const plan::Cast& cast, const plan::Expr& expr, LoweringContext& context);

// ---- Short spellings for parse trees.
Parsed column(const std::string& name);
Parsed constant(duckdb::Value value);
Parsed function(const std::string& name, ParsedList arguments);
Parsed operation(duckdb::ExpressionType type, ParsedList arguments);
Parsed compare(duckdb::ExpressionType type, Parsed left, Parsed right);
Parsed conjunction(duckdb::ExpressionType type, ParsedList arguments);
Parsed cast_to(const duckdb::LogicalType& type, Parsed child);
Parsed case_when(Parsed condition, Parsed value, Parsed otherwise);

template <class... P>
ParsedList list_of(P... parsed) {
  ParsedList list;
  (list.push_back(std::move(parsed)), ...);
  return list;
}

}  // namespace firn::engine
