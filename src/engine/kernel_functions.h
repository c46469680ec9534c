// Kernels as one DuckDB scalar function: firn_kernel('<name>#<index>', arguments…), the index into
// QueryState::kernel_calls.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "engine/duck.h"
#include "engine/query_state.h"
#include "kernels/kernel.h"

namespace firn::engine {

inline constexpr const char* kKernelFunction = "firn_kernel";
// firn_parameter(i): the run's value of parameter i.
inline constexpr const char* kParameterFunction = "firn_parameter";

// firn_once(x): x, where the optimizer must not write x itself in its place.
inline constexpr const char* kOnceFunction = "firn_once";

struct KernelCall {
  const kernels::KernelRow* row = nullptr;
  kernels::CallInfo info;
  duckdb::vector<duckdb::LogicalType> arguments;
  duckdb::LogicalType result;
  bool is_volatile = false;
  std::optional<QueryContext> origin;

  bool same_computation(const KernelCall& other) const {
    return row == other.row && info == other.info && is_volatile == other.is_volatile;
  }
};

// The expression that calls kernel `name`. Equal calls share one entry of the state, so that DuckDB
// sees equal expressions. Throws FIRN_INTERNAL where there is no such kernel.
duckdb::unique_ptr<duckdb::ParsedExpression> call_kernel(
    QueryState& state, std::string_view name, kernels::CallInfo info,
    duckdb::vector<duckdb::unique_ptr<duckdb::ParsedExpression>> arguments,
    const std::optional<QueryContext>& origin, bool is_volatile = false);

}  // namespace firn::engine
