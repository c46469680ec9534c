// Rows of the table that says how each function runs.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "engine/lower.h"
#include "kernels/kernel.h"

namespace firn::engine {

struct LoweringRow;

// One call that is being lowered.
struct LoweringSite {
  const plan::Call& call;
  const plan::Expr& expr;
  LoweringContext& context;
  const LoweringRow& row;
};

struct LoweringRow {
  std::string_view function;
  Parsed (*build)(const LoweringSite&);
  std::string_view target = "";  // DuckDB's function or the kernel; "" = same name
  duckdb::ExpressionType type = duckdb::ExpressionType::INVALID;
};

// The files' rows.
std::span<const LoweringRow> aggregate_rows();
std::span<const LoweringRow> gathered_rows();

// An aggregate of DuckDB's over the rows that pass the call's filter and `extra_filter`, or the
// same over the window that is being lowered.
Parsed lower_aggregate(const LoweringSite& site, const std::string& name, ParsedList arguments,
                       Parsed extra_filter = nullptr);

// Pieces that builders share: the lowered argument, casts, `parsed IS NOT NULL`, the call's type.
Parsed argument(const LoweringSite& site, size_t index);
Parsed as_double(Parsed parsed);
Parsed not_null(Parsed parsed);
Parsed to_result(const LoweringSite& site, Parsed parsed);
bool literal_true(const plan::ExprPtr& expr);

// nullptr where the function has no lowering.
const LoweringRow* find_lowering(std::string_view function);

kernels::CallInfo call_info(const LoweringSite& site);
Parsed kernel(const LoweringSite& site, std::string_view name, kernels::CallInfo info);

// What orders values of the expression's type: arrays and structs by a key of bytes.
Parsed lower_order_key(const plan::Expr& expr, LoweringContext& context);

}  // namespace firn::engine
