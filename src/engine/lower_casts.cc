// Casts: those that cannot fail and mean the same in DuckDB stay DuckDB's, all others are kernels.
#include "engine/duck_types.h"
#include "engine/kernel_functions.h"
#include "engine/lower.h"

namespace firn::engine {
namespace {

using types::DataType;
using types::DataTypeId;

// Lossless and equal in both.
bool is_plain(const DataType& from, const DataType& to) {
  if (from.same_ignoring_nullability(to) || from.id() == DataTypeId::kNull) return true;
  if (from.is_integral() && to.is_integral()) return from.id() < to.id();
  if (from.is_integral() && to.id() == DataTypeId::kDouble) return true;
  if (from.is_integral() && to.id() == DataTypeId::kFloat) return true;
  if (from.id() == DataTypeId::kFloat && to.id() == DataTypeId::kDouble) return true;
  return false;
}

}  // namespace

Parsed lower_cast(const plan::Cast& cast, const plan::Expr& expr, LoweringContext& context) {
  const DataType& from = cast.child->type;
  Parsed child = lower_expression(*cast.child, context);
  if (from == cast.type) return child;
  if (is_plain(from, cast.type)) return cast_to(to_duckdb(cast.type), std::move(child));
  FIRN_CHECK(cast.mode != plan::CastMode::kUnresolved,
             "a cast without its mode reached the engine");
  kernels::CallInfo info;
  info.arguments = {from};
  info.result = cast.type;
  if (!cast.zone.empty()) info.zone = cast.zone;
  info.mode = cast.mode == plan::CastMode::kAnsi  ? kernels::Mode::kAnsi
              : cast.mode == plan::CastMode::kTry ? kernels::Mode::kTry
                                                  : kernels::Mode::kLegacy;
  return call_kernel(context.state, "cast", std::move(info), list_of(std::move(child)),
                     expr.origin);
}

}  // namespace firn::engine
