// Rows for aggregate and window functions. In an OVER clause the same rows give a window
// expression.
#include <string>
#include <utility>

#include "engine/duck_types.h"
#include "engine/kernel_functions.h"
#include "engine/lower_functions.h"

namespace firn::engine {
namespace {

using duckdb::ExpressionType;
using duckdb::make_uniq;
using duckdb::WindowBoundary;
using types::DataType;
using types::DataTypeId;

// ---- One aggregate of DuckDB's, as an aggregate or over the window that is being lowered.

WindowBoundary boundary(const plan::FrameBound& bound, bool rows) {
  switch (bound.kind) {
    case plan::FrameBound::Kind::kUnboundedPreceding:
      return WindowBoundary::UNBOUNDED_PRECEDING;
    case plan::FrameBound::Kind::kUnboundedFollowing:
      return WindowBoundary::UNBOUNDED_FOLLOWING;
    case plan::FrameBound::Kind::kCurrentRow:
      return rows ? WindowBoundary::CURRENT_ROW_ROWS : WindowBoundary::CURRENT_ROW_RANGE;
    case plan::FrameBound::Kind::kPreceding:
      return rows ? WindowBoundary::EXPR_PRECEDING_ROWS : WindowBoundary::EXPR_PRECEDING_RANGE;
    case plan::FrameBound::Kind::kFollowing:
      return rows ? WindowBoundary::EXPR_FOLLOWING_ROWS : WindowBoundary::EXPR_FOLLOWING_RANGE;
  }
  return WindowBoundary::INVALID;
}

// RANGE over dates and times counts in numbers: days, or microseconds where the offset is an
// interval. Months are DuckDB's own intervals.
struct RangeUnit {
  std::string_view kernel;  // "" = the sort key as it is
  int64_t divisor = 1;      // of an interval
  bool months = false;
};
RangeUnit range_unit(const plan::WindowSpec& spec) {
  if (!spec.has_frame || spec.rows || spec.order_by.size() != 1) return {};
  const plan::ExprPtr& offset = spec.start.offset ? spec.start.offset : spec.end.offset;
  if (!offset) return {};
  const DataTypeId key = spec.order_by[0].child->type.id();
  if (offset->type.id() == DataTypeId::kYearMonthInterval && key != offset->type.id()) {
    if (key == DataTypeId::kTimestamp)
      throw_unsupported(
          "RANGE frames of months over TIMESTAMP; over DATE and TIMESTAMP_NTZ they are");
    return {"", 1, true};
  }
  if (key == DataTypeId::kDate)
    return {"unix_date", offset->type.id() == DataTypeId::kDayTimeInterval ? 86'400'000'000 : 1};
  if (key == DataTypeId::kTimestamp || key == DataTypeId::kTimestampNtz) return {"unix_micros"};
  return {};
}
Parsed sort_key(const plan::SortKey& key, const RangeUnit& unit, LoweringContext& context) {
  if (unit.kernel.empty()) return lower_order_key(*key.child, context);
  Parsed parsed = lower_expression(*key.child, context);
  kernels::CallInfo info;
  info.arguments = {key.child->type};
  info.result = unit.kernel == "unix_date" ? DataTypeId::kInteger : DataTypeId::kLong;
  return cast_to(
      duckdb::LogicalType::BIGINT,
      call_kernel(context.state, unit.kernel, std::move(info), list_of(std::move(parsed)), {}));
}
Parsed frame_offset(const plan::FrameBound& bound, bool rows, const RangeUnit& unit,
                    LoweringContext& context) {
  if (!bound.offset) return nullptr;
  if (unit.months) {
    const auto& literal = std::get<plan::Literal>(bound.offset->node);
    const auto months = static_cast<int32_t>(std::get<int64_t>(literal.value));
    return constant(duckdb::Value::INTERVAL(months, 0, 0));
  }
  Parsed offset = lower_expression(*bound.offset, context);
  if (unit.divisor > 1)
    offset =
        function("//", list_of(std::move(offset), constant(duckdb::Value::BIGINT(unit.divisor))));
  return rows || !unit.kernel.empty() ? cast_to(duckdb::LogicalType::BIGINT, std::move(offset))
                                      : std::move(offset);
}

void set_window(duckdb::WindowExpression& window, const plan::WindowSpec& spec,
                LoweringContext& context) {
  const RangeUnit unit = range_unit(spec);
  window.partitions = lower_all(spec.partition_by, context);
  for (const plan::SortKey& key : spec.order_by) {
    window.orders.emplace_back(
        key.ascending ? duckdb::OrderType::ASCENDING : duckdb::OrderType::DESCENDING,
        key.nulls_first ? duckdb::OrderByNullType::NULLS_FIRST
                        : duckdb::OrderByNullType::NULLS_LAST,
        sort_key(key, unit, context));
  }
  window.start = WindowBoundary::UNBOUNDED_PRECEDING;
  window.end = spec.order_by.empty() ? WindowBoundary::UNBOUNDED_FOLLOWING
                                     : WindowBoundary::CURRENT_ROW_RANGE;
  if (!spec.has_frame) return;
  window.start = boundary(spec.start, spec.rows);
  window.end = boundary(spec.end, spec.rows);
  window.start_expr = frame_offset(spec.start, spec.rows, unit, context);
  window.end_expr = frame_offset(spec.end, spec.rows, unit, context);
}

// `extra_filter`: in addition to the call's own FILTER clause.
Parsed aggregate(const LoweringSite& site, const std::string& name, ParsedList arguments,
                 Parsed extra_filter = nullptr) {
  Parsed filter = site.call.filter ? lower_expression(*site.call.filter, site.context) : nullptr;
  if (extra_filter) {
    filter = filter ? conjunction(ExpressionType::CONJUNCTION_AND,
                                  list_of(std::move(filter), std::move(extra_filter)))
                    : std::move(extra_filter);
  }
  if (site.context.window == nullptr) {
    return make_uniq<duckdb::FunctionExpression>(name, std::move(arguments), std::move(filter),
                                                 nullptr, site.call.distinct);
  }
  auto window = make_uniq<duckdb::WindowExpression>(ExpressionType::WINDOW_AGGREGATE, "", "", name);
  window->children = std::move(arguments);
  window->filter_expr = std::move(filter);
  window->distinct = site.call.distinct;
  set_window(*window, *site.context.window, site.context);
  return window;
}

Parsed unary_kernel(const LoweringSite& site, std::string_view name, const DataType& from,
                    Parsed parsed) {
  kernels::CallInfo info = call_info(site);
  info.arguments = {from};
  return call_kernel(site.context.state, name, std::move(info), list_of(std::move(parsed)),
                     site.expr.origin);
}

bool ignores_nulls(const LoweringSite& site, size_t index) {
  return site.call.arguments.size() > index && literal_true(site.call.arguments[index]);
}

// ---- Builders

Parsed plain(const LoweringSite& site) {
  const std::string name(site.row.target.empty() ? site.row.function : site.row.target);
  return to_result(site, aggregate(site, name, lower_all(site.call.arguments, site.context)));
}
Parsed extreme(const LoweringSite& site) {
  if (!site.call.arguments[0]->type.is_nested())
    return to_result(site, aggregate(site, std::string(site.row.function),
                                     lower_all(site.call.arguments, site.context)));
  return to_result(site,
                   aggregate(site, std::string(site.row.target),
                             list_of(argument(site, 0),
                                     lower_order_key(*site.call.arguments[0], site.context))));
}
Parsed extreme_by(const LoweringSite& site) {
  return to_result(site,
                   aggregate(site, std::string(site.row.target),
                             list_of(argument(site, 0),
                                     lower_order_key(*site.call.arguments[1], site.context))));
}
Parsed over_doubles(const LoweringSite& site) {
  ParsedList arguments;
  for (Parsed& parsed : lower_all(site.call.arguments, site.context))
    arguments.push_back(as_double(std::move(parsed)));
  const std::string name(site.row.target.empty() ? site.row.function : site.row.target);
  return to_result(site, aggregate(site, name, std::move(arguments)));
}

Parsed count(const LoweringSite& site) {
  const std::vector<plan::ExprPtr>& arguments = site.call.arguments;
  if (!site.call.distinct &&
      (arguments.empty() || std::holds_alternative<plan::Literal>(arguments[0]->node))) {
    if (arguments.empty() || !types::is_null(std::get<plan::Literal>(arguments[0]->node).value)) {
      return aggregate(site, "count_star", {});
    }
  }
  if (arguments.size() == 1) return aggregate(site, "count", list_of(argument(site, 0)));
  ParsedList nulls;
  for (size_t i = 0; i < arguments.size(); ++i) nulls.push_back(not_null(argument(site, i)));
  Parsed present = conjunction(ExpressionType::CONJUNCTION_AND, std::move(nulls));
  return aggregate(site, "count", list_of(function("row", lower_all(arguments, site.context))),
                   std::move(present));
}
Parsed count_if(const LoweringSite& site) {
  return aggregate(site, "count", list_of(argument(site, 0)), argument(site, 0));
}

// Integers sum in 128 bits, decimals in 38 digits; a kernel narrows to the result with Spark's
// overflow rule.
Parsed sum(const LoweringSite& site) {
  const DataType& type = site.call.arguments[0]->type;
  if (type.id() == DataTypeId::kDouble || type.id() == DataTypeId::kFloat)
    return to_result(site, aggregate(site, "sum", list_of(as_double(argument(site, 0)))));
  Parsed total = aggregate(site, "sum", list_of(argument(site, 0)));
  const DataType wide = DataType::decimal(38, type.id() == DataTypeId::kDecimal ? type.scale() : 0);
  total = cast_to(to_duckdb(wide), std::move(total));
  return unary_kernel(site, type.id() == DataTypeId::kDecimal ? "fit_decimal" : "narrow_sum", wide,
                      std::move(total));
}

Parsed average(const LoweringSite& site) {
  const DataType& type = site.call.arguments[0]->type;
  if (type.id() == DataTypeId::kYearMonthInterval || type.id() == DataTypeId::kDayTimeInterval) {
    kernels::CallInfo info = call_info(site);
    info.arguments = {site.expr.type, DataTypeId::kLong};
    Parsed total =
        cast_to(to_duckdb(site.expr.type), aggregate(site, "sum", list_of(argument(site, 0))));
    return call_kernel(
        site.context.state, "divide_interval", std::move(info),
        list_of(std::move(total), aggregate(site, "count", list_of(argument(site, 0)))),
        site.expr.origin);
  }
  if (type.id() != DataTypeId::kDecimal) {
    Parsed mean = aggregate(site, "avg", list_of(as_double(argument(site, 0))));
    return to_result(site, std::move(mean));
  }
  const DataType total_type = DataType::decimal(38, type.scale()),
                 count_type = DataType::decimal(20, 0);
  Parsed total = cast_to(to_duckdb(total_type), aggregate(site, "sum", list_of(argument(site, 0))));
  Parsed rows =
      cast_to(to_duckdb(count_type), aggregate(site, "count", list_of(argument(site, 0))));
  kernels::CallInfo info = call_info(site);
  info.arguments = {total_type, count_type};
  return call_kernel(site.context.state, "divide", std::move(info),
                     list_of(std::move(total), std::move(rows)), site.expr.origin);
}

Parsed first_or_last(const LoweringSite& site) {
  const std::string name(site.row.target);
  if (site.context.window != nullptr) {
    auto window = make_uniq<duckdb::WindowExpression>(
        name == "first" ? ExpressionType::WINDOW_FIRST_VALUE : ExpressionType::WINDOW_LAST_VALUE,
        "", "", name + "_value");
    window->children.push_back(argument(site, 0));
    window->ignore_nulls = ignores_nulls(site, 1);
    set_window(*window, *site.context.window, site.context);
    return window;
  }
  Parsed filter = ignores_nulls(site, 1) ? not_null(argument(site, 0)) : nullptr;
  return aggregate(site, name, list_of(argument(site, 0)), std::move(filter));
}

Parsed collect(const LoweringSite& site) {
  const bool set = site.row.target == "set";
  Parsed list;
  if (set && site.context.window == nullptr) {
    list = make_uniq<duckdb::FunctionExpression>("list", list_of(argument(site, 0)),
                                                 not_null(argument(site, 0)), nullptr, true);
  } else {
    list = aggregate(site, "list", list_of(argument(site, 0)), not_null(argument(site, 0)));
    if (set) list = function("list_distinct", list_of(std::move(list)));
  }
  Parsed empty = cast_to(to_duckdb(site.expr.type), function("list_value", {}));
  return operation(ExpressionType::OPERATOR_COALESCE,
                   list_of(to_result(site, std::move(list)), std::move(empty)));
}

Parsed percentile(const LoweringSite& site) {
  Parsed share =
      site.call.arguments.size() > 1 ? argument(site, 1) : constant(duckdb::Value::DOUBLE(0.5));
  const bool many =
      site.call.arguments.size() > 1 && site.call.arguments[1]->type.id() == DataTypeId::kArray;
  share = cast_to(
      many ? duckdb::LogicalType::LIST(duckdb::LogicalType::DOUBLE) : duckdb::LogicalType::DOUBLE,
      std::move(share));
  Parsed value = argument(site, 0);
  if (site.row.target == "quantile_cont") value = as_double(std::move(value));
  return to_result(site, aggregate(site, std::string(site.row.target),
                                   list_of(std::move(value), std::move(share))));
}

// NULL where all values are equal.
Parsed without_spread(const LoweringSite& site, Parsed parsed) {
  Parsed spread = aggregate(site, "var_pop", list_of(as_double(argument(site, 0))));
  Parsed none =
      compare(ExpressionType::COMPARE_EQUAL, std::move(spread), constant(duckdb::Value::DOUBLE(0)));
  return case_when(std::move(none), constant(duckdb::Value(duckdb::LogicalType::DOUBLE)),
                   std::move(parsed));
}

// Population skewness from DuckDB's sample-adjusted one.
Parsed skewness(const LoweringSite& site) {
  const auto rows = [&] { return as_double(aggregate(site, "count", list_of(argument(site, 0)))); };
  const auto number = [](double value) { return constant(duckdb::Value::DOUBLE(value)); };
  Parsed adjusted = aggregate(site, "skewness", list_of(as_double(argument(site, 0))));
  Parsed root = function(
      "sqrt", list_of(function("*", list_of(rows(), function("-", list_of(rows(), number(1)))))));
  Parsed factor =
      function("/", list_of(function("-", list_of(rows(), number(2))), std::move(root)));
  Parsed two = compare(ExpressionType::COMPARE_EQUAL, rows(), number(2));
  return without_spread(site,
                        case_when(std::move(two), number(0),
                                  function("*", list_of(std::move(adjusted), std::move(factor)))));
}
Parsed kurtosis(const LoweringSite& site) {
  return without_spread(site,
                        aggregate(site, "kurtosis_pop", list_of(as_double(argument(site, 0)))));
}

// ---- Functions that exist over windows only.

struct WindowRow {
  std::string_view function;
  ExpressionType type;
};
constexpr WindowRow kWindowTypes[] = {
    {"row_number", ExpressionType::WINDOW_ROW_NUMBER},
    {"rank", ExpressionType::WINDOW_RANK},
    {"dense_rank", ExpressionType::WINDOW_RANK_DENSE},
    {"percent_rank", ExpressionType::WINDOW_PERCENT_RANK},
    {"cume_dist", ExpressionType::WINDOW_CUME_DIST},
    {"ntile", ExpressionType::WINDOW_NTILE},
    {"lead", ExpressionType::WINDOW_LEAD},
    {"lag", ExpressionType::WINDOW_LAG},
    {"nth_value", ExpressionType::WINDOW_NTH_VALUE},
};

Parsed window_only(const LoweringSite& site) {
  if (site.context.window == nullptr) {
    throw Error("WINDOW_FUNCTION_WITHOUT_OVER_CLAUSE",
                {{"funcName", std::string(site.call.function->name)}});
  }
  for (const WindowRow& row : kWindowTypes) {
    if (row.function != site.row.function) continue;
    auto window = make_uniq<duckdb::WindowExpression>(row.type, "", "", std::string(row.function));
    const bool shifts =
        row.type == ExpressionType::WINDOW_LEAD || row.type == ExpressionType::WINDOW_LAG;
    const size_t count = site.call.arguments.size();
    if (count > 0) window->children.push_back(argument(site, 0));
    const auto as_long = [&](size_t i) {
      return cast_to(duckdb::LogicalType::BIGINT, argument(site, i));
    };
    if (shifts && count > 1) window->offset_expr = as_long(1);
    if (shifts && count > 2) window->default_expr = argument(site, 2);
    if (row.type == ExpressionType::WINDOW_NTH_VALUE) window->children.push_back(as_long(1));
    if (row.type == ExpressionType::WINDOW_NTILE)
      window->children[0] = cast_to(duckdb::LogicalType::BIGINT, std::move(window->children[0]));
    window->ignore_nulls = shifts ? ignores_nulls(site, 3) : ignores_nulls(site, 2);
    set_window(*window, *site.context.window, site.context);
    return to_result(site, std::move(window));
  }
  throw Error("FIRN_INTERNAL", {{"what", "no window type for " + std::string(site.row.function)}});
}

constexpr LoweringRow kRowsOfLowerAggregates[] = {
    {"any", plain, "bool_or"},
    {"any_value", first_or_last, "first"},
    {"approx_percentile", percentile, "quantile_disc"},
    {"avg", average},
    {"bit_and", plain},
    {"bit_or", plain},
    {"bit_xor", plain},
    {"bool_and", plain},
    {"bool_or", plain},
    {"collect_list", collect, "list"},
    {"array_agg", collect, "list"},
    {"collect_set", collect, "set"},
    {"count", count},
    {"count_if", count_if},
    {"covar_pop", over_doubles},
    {"covar_samp", over_doubles},
    {"cume_dist", window_only},
    {"dense_rank", window_only},
    {"every", plain, "bool_and"},
    {"first", first_or_last, "first"},
    {"first_value", first_or_last, "first"},
    {"kurtosis", kurtosis},
    {"lag", window_only},
    {"last", first_or_last, "last"},
    {"last_value", first_or_last, "last"},
    {"lead", window_only},
    {"product", over_doubles},
    {"max", extreme, "arg_max"},
    {"max_by", extreme_by, "arg_max_null"},
    {"mean", average},
    {"median", percentile, "quantile_cont"},
    {"min", extreme, "arg_min"},
    {"min_by", extreme_by, "arg_min_null"},
    {"nth_value", window_only},
    {"ntile", window_only},
    {"percent_rank", window_only},
    {"percentile", percentile, "quantile_cont"},
    {"percentile_approx", percentile, "quantile_disc"},
    {"rank", window_only},
    {"regr_avgx", over_doubles},
    {"regr_avgy", over_doubles},
    {"regr_count", over_doubles},
    {"regr_intercept", over_doubles},
    {"regr_slope", over_doubles},
    {"regr_sxx", over_doubles},
    {"regr_sxy", over_doubles},
    {"regr_syy", over_doubles},
    {"row_number", window_only},
    {"skewness", skewness},
    {"some", plain, "bool_or"},
    {"std", over_doubles, "stddev_samp"},
    {"stddev", over_doubles, "stddev_samp"},
    {"stddev_pop", over_doubles},
    {"stddev_samp", over_doubles},
    {"sum", sum},
    {"try_avg", average},
    {"try_sum", sum},
    {"var_pop", over_doubles},
    {"var_samp", over_doubles},
    {"variance", over_doubles, "var_samp"},
};

}  // namespace

Parsed lower_order_key(const plan::Expr& expr, LoweringContext& context) {
  Parsed parsed = lower_expression(expr, context);
  // A column that is a sort key itself comes back from the key, where -0.0 is 0.0.
  if (expr.type.id() == DataTypeId::kFloat)
    return function("+", list_of(std::move(parsed), constant(duckdb::Value::FLOAT(0))));
  if (expr.type.id() == DataTypeId::kDouble)
    return function("+", list_of(std::move(parsed), constant(duckdb::Value::DOUBLE(0))));
  if (!expr.type.is_nested()) return parsed;
  kernels::CallInfo info;
  info.arguments = {expr.type};
  info.result = DataTypeId::kBinary;
  return call_kernel(context.state, "order_key", std::move(info), list_of(std::move(parsed)), {});
}

std::span<const LoweringRow> aggregate_rows() { return kRowsOfLowerAggregates; }

Parsed lower_aggregate(const LoweringSite& site, const std::string& name, ParsedList arguments,
                       Parsed extra_filter) {
  return aggregate(site, name, std::move(arguments), std::move(extra_filter));
}

Parsed lower_window(const plan::Windowed& windowed, const plan::Expr& expr,
                    LoweringContext& context) {
  (void)expr;
  const plan::WindowSpec* const outer = context.window;
  context.window = &windowed.spec;
  Parsed result = lower_expression(*windowed.function, context);
  context.window = outer;
  return result;
}

}  // namespace firn::engine
