// Python functions of the client: calls, mapInPandas, applyInPandas, registration.
#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "server/spark_connect/translate_parts.h"

namespace firn::server::spark_connect {
namespace {

struct EvalType {  // pyspark.util.PythonEvalType
  int id;
  const char* name;
  enum class Use : uint8_t { kCall, kMap, kGroups, kCogroups, kRefused } use;
};
constexpr EvalType kEvalTypes[] = {
    {100, "SQL_BATCHED_UDF", EvalType::Use::kCall},
    {101, "SQL_ARROW_BATCHED_UDF", EvalType::Use::kCall},
    {200, "SQL_SCALAR_PANDAS_UDF", EvalType::Use::kCall},
    {202, "SQL_GROUPED_AGG_PANDAS_UDF", EvalType::Use::kCall},
    {204, "SQL_SCALAR_PANDAS_ITER_UDF", EvalType::Use::kCall},
    {250, "SQL_SCALAR_ARROW_UDF", EvalType::Use::kCall},
    {251, "SQL_SCALAR_ARROW_ITER_UDF", EvalType::Use::kCall},
    {252, "SQL_GROUPED_AGG_ARROW_UDF", EvalType::Use::kCall},
    {205, "SQL_MAP_PANDAS_ITER_UDF", EvalType::Use::kMap},
    {207, "SQL_MAP_ARROW_ITER_UDF", EvalType::Use::kMap},
    {201, "SQL_GROUPED_MAP_PANDAS_UDF", EvalType::Use::kGroups},
    {209, "SQL_GROUPED_MAP_ARROW_UDF", EvalType::Use::kGroups},
    {215, "SQL_GROUPED_MAP_ARROW_ITER_UDF", EvalType::Use::kGroups},
    {216, "SQL_GROUPED_MAP_PANDAS_ITER_UDF", EvalType::Use::kGroups},
    {206, "SQL_COGROUPED_MAP_PANDAS_UDF", EvalType::Use::kCogroups},
    {210, "SQL_COGROUPED_MAP_ARROW_UDF", EvalType::Use::kCogroups},
    {211, "transformWithStateInPandas", EvalType::Use::kRefused},
    {212, "transformWithStateInPandas", EvalType::Use::kRefused},
    {213, "transformWithState", EvalType::Use::kRefused},
    {214, "transformWithState", EvalType::Use::kRefused},
};
// SQL_TABLE_UDF, SQL_ARROW_TABLE_UDF, SQL_ARROW_UDTF
constexpr int kTableEvalTypes[] = {300, 301, 302};

// What the worker is told of the session's conf.
constexpr const char* kWorkerSettings[] = {
    "spark.sql.legacy.execution.pandas.groupedMap.assignColumnsByName",
};

// From the session's conf and artifacts.
void surround(plan::PythonFunction& function, TranslateSurroundings& surroundings) {
  const conf::Conf& conf = surroundings.session().conf();
  function.python = conf.get_string("firn.python");
  const PythonFiles files = surroundings.python_files();
  function.path = files.path;
  if (const std::string more = conf.get_string("firn.python.path"); !more.empty())
    function.path += (function.path.empty() ? "" : ":") + more;
  function.zone = conf.get_string("spark.sql.session.timeZone");
  function.timeout_ms = conf.get_millis("firn.python.timeout");
  function.memory_bytes = conf.get_bytes("spark.executor.pyspark.memory");
  const int64_t rows = conf.get_long("spark.sql.execution.arrow.maxRecordsPerBatch");
  function.batch_rows = rows > 0 ? rows : std::numeric_limits<int64_t>::max();
  for (const char* key : kWorkerSettings)
    if (const auto value = conf.get(key)) function.settings.emplace_back(key, *value);
  if (!files.root.empty()) function.settings.emplace_back("files", files.root);
}

std::shared_ptr<const plan::PythonFunction> python_function(
    const proto::CommonInlineUserDefinedFunction& given, EvalType::Use use,
    TranslateSurroundings& surroundings) {
  if (!given.has_python_udf())
    throw_unsupported("the function " + given.function_name() +
                      " of the JVM: only functions in Python run");
  const proto::PythonUDF& udf = given.python_udf();
  const EvalType* known = nullptr;
  for (const EvalType& row : kEvalTypes) {
    if (row.id != udf.eval_type()) continue;
    if (row.use == EvalType::Use::kRefused)
      throw_unsupported(std::string(row.name) + " (state that a Python function keeps)");
    if (row.use == use) known = &row;
  }
  if (known == nullptr)
    throw_unsupported(
        fmt::format("Python functions of evaluation type {} in this place (the function {})",
                    udf.eval_type(), given.function_name()));
  auto made = std::make_shared<plan::PythonFunction>();
  made->name = given.function_name();
  made->eval_type = udf.eval_type();
  made->command = udf.command();
  made->result = data_type(udf.output_type());
  made->deterministic = given.deterministic();
  surround(*made, surroundings);
  return made;
}

std::shared_ptr<const plan::PythonFunction> python_table_function(
    const proto::CommonInlineUserDefinedTableFunction& given, TranslateSurroundings& surroundings) {
  const proto::PythonUDTF& udtf = given.python_udtf();
  if (std::find(std::begin(kTableEvalTypes), std::end(kTableEvalTypes), udtf.eval_type()) ==
      std::end(kTableEvalTypes))
    throw_unsupported(fmt::format("Python table functions of evaluation type {} (the function {})",
                                  udtf.eval_type(), given.function_name()));
  auto made = std::make_shared<plan::PythonFunction>();
  made->name = given.function_name();
  made->eval_type = udtf.eval_type();
  made->command = udtf.command();
  if (udtf.has_return_type()) made->result = data_type(udtf.return_type());
  made->deterministic = given.deterministic();
  surround(*made, surroundings);
  return made;
}

}  // namespace

plan::ExprPtr Translation::python_call(const proto::CommonInlineUserDefinedFunction& given) {
  plan::PythonCall call{python_function(given, EvalType::Use::kCall, surroundings), {}, {}};
  for (const proto::Expression& argument : given.arguments()) {
    const bool named = argument.has_named_argument_expression();
    call.argument_names.push_back(named ? argument.named_argument_expression().key() : "");
    call.arguments.push_back(
        expression(named ? argument.named_argument_expression().value() : argument));
  }
  return plan::make(std::move(call));
}

plan::RelationPtr Translation::map_partitions(const proto::MapPartitions& given) {
  plan::PythonMap map;
  map.function = python_function(given.func(), EvalType::Use::kMap, surroundings);
  map.child = relation(given.input());
  return plan::make(std::move(map));
}

plan::RelationPtr Translation::group_map(const proto::GroupMap& given) {
  plan::PythonMap map;
  map.function = python_function(given.func(), EvalType::Use::kGroups, surroundings);
  map.keys = expressions(given.grouping_expressions());
  map.child = relation(given.input());
  return plan::make(std::move(map));
}

plan::RelationPtr Translation::cogroup_map(const proto::CoGroupMap& given) {
  plan::PythonMap map;
  map.function = python_function(given.func(), EvalType::Use::kCogroups, surroundings);
  map.keys = expressions(given.input_grouping_expressions());
  map.child = relation(given.input());
  map.other_keys = expressions(given.other_grouping_expressions());
  map.other = relation(given.other());
  if (map.keys.size() != map.other_keys.size())
    throw Error("FIRN_INVALID_INPUT",
                {{"what", "The two groupings of cogroup() have different numbers of keys."}});
  return plan::make(std::move(map));
}

plan::RelationPtr Translation::table_function(
    const proto::CommonInlineUserDefinedTableFunction& given) {
  plan::UnresolvedTableFunction made;
  made.name = given.function_name();
  made.python = python_table_function(given, surroundings);
  for (const proto::Expression& argument : given.arguments()) {
    const bool named = argument.has_named_argument_expression();
    made.argument_names.push_back(named ? argument.named_argument_expression().key() : "");
    made.arguments.push_back(
        expression(named ? argument.named_argument_expression().value() : argument));
  }
  return plan::make(std::move(made));
}

// As the grammar of SQL makes it of TABLE(…).
plan::ExprPtr Translation::table_argument(const proto::SubqueryExpression& given) {
  plan::Subquery table{plan::SubqueryKind::kScalar, nullptr, {}};
  table.plan = relation(*references.at(given.plan_id()));
  plan::UnresolvedCall partition, order, made;
  partition.name = "partition_by", order.name = "order_by", made.name = "table_argument";
  const auto& options = given.table_arg_options();
  partition.arguments = expressions(options.partition_spec());
  for (const proto::Expression::SortOrder& item : options.order_spec()) {
    const plan::SortKey key = sort_key(item);
    plan::UnresolvedCall one;
    one.name = "sort_key";
    one.arguments = {key.child, plan::boolean_literal(key.ascending),
                     plan::boolean_literal(key.nulls_first)};
    order.arguments.push_back(plan::make(std::move(one)));
  }
  made.distinct = options.has_with_single_partition() && options.with_single_partition();
  made.arguments = {plan::make(std::move(table)), plan::make(std::move(partition)),
                    plan::make(std::move(order))};
  return plan::make(std::move(made));
}

void register_function(const proto::CommonInlineUserDefinedFunction& given,
                       TranslateSurroundings& surroundings) {
  surroundings.session().python_functions()[lower_case(given.function_name())] =
      python_function(given, EvalType::Use::kCall, surroundings);
}

void register_table_function(const proto::CommonInlineUserDefinedTableFunction& given,
                             TranslateSurroundings& surroundings) {
  surroundings.session().python_table_functions()[lower_case(given.function_name())] =
      python_table_function(given, surroundings);
}

plan::PythonFunction foreach_function(const proto::PythonUDF& given,
                                      TranslateSurroundings& surroundings) {
  plan::PythonFunction made;
  made.name = "foreach";
  made.eval_type = 0;  // NON_UDF: of rows, for its effects
  made.command = given.command();
  surround(made, surroundings);
  return made;
}

}  // namespace firn::server::spark_connect
