// Python functions of the client: calls, mapInPandas, applyInPandas, registration.
#include <fmt/format.h>

#include "server/spark_connect/translate_parts.h"

namespace firn::server::spark_connect {
namespace {

struct EvalType {  // pyspark.util.PythonEvalType
  int id;
  const char* name;
  enum class Use : uint8_t { kCall, kMap, kGroups } use;
};
constexpr EvalType kEvalTypes[] = {
    {100, "SQL_BATCHED_UDF", EvalType::Use::kCall},
    {101, "SQL_ARROW_BATCHED_UDF", EvalType::Use::kCall},
    {200, "SQL_SCALAR_PANDAS_UDF", EvalType::Use::kCall},
    {204, "SQL_SCALAR_PANDAS_ITER_UDF", EvalType::Use::kCall},
    {250, "SQL_SCALAR_ARROW_UDF", EvalType::Use::kCall},
    {251, "SQL_SCALAR_ARROW_ITER_UDF", EvalType::Use::kCall},
    {205, "SQL_MAP_PANDAS_ITER_UDF", EvalType::Use::kMap},
    {207, "SQL_MAP_ARROW_ITER_UDF", EvalType::Use::kMap},
    {201, "SQL_GROUPED_MAP_PANDAS_UDF", EvalType::Use::kGroups},
    {209, "SQL_GROUPED_MAP_ARROW_UDF", EvalType::Use::kGroups},
};

std::shared_ptr<const plan::PythonFunction> python_function(
    const proto::CommonInlineUserDefinedFunction& given, EvalType::Use use,
    session::Session& session) {
  if (!given.has_python_udf())
    throw_unsupported("the function " + given.function_name() +
                      " of the JVM: only functions in Python run");
  const proto::PythonUDF& udf = given.python_udf();
  const EvalType* known = nullptr;
  for (const EvalType& row : kEvalTypes)
    if (row.id == udf.eval_type() && row.use == use) known = &row;
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
  const conf::Conf& conf = session.conf();
  made->python = conf.get_string("firn.python");
  made->path = conf.get_string("firn.python.path");
  made->zone = conf.get_string("spark.sql.session.timeZone");
  made->timeout_ms = conf.get_millis("firn.python.timeout");
  made->memory_bytes = conf.get_bytes("spark.executor.pyspark.memory");
  made->batch_rows =
      std::max<int64_t>(1, conf.get_long("spark.sql.execution.arrow.maxRecordsPerBatch"));
  return made;
}

}  // namespace

plan::ExprPtr Translation::python_call(const proto::CommonInlineUserDefinedFunction& given) {
  plan::PythonCall call{
      python_function(given, EvalType::Use::kCall, surroundings.session()), {}, {}};
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
  map.function = python_function(given.func(), EvalType::Use::kMap, surroundings.session());
  map.child = relation(given.input());
  return plan::make(std::move(map));
}

plan::RelationPtr Translation::group_map(const proto::GroupMap& given) {
  plan::PythonMap map;
  map.function = python_function(given.func(), EvalType::Use::kGroups, surroundings.session());
  map.keys = expressions(given.grouping_expressions());
  map.child = relation(given.input());
  return plan::make(std::move(map));
}

void register_function(const proto::CommonInlineUserDefinedFunction& given,
                       session::Session& session) {
  session.python_functions()[lower_case(given.function_name())] =
      python_function(given, EvalType::Use::kCall, session);
}

}  // namespace firn::server::spark_connect
