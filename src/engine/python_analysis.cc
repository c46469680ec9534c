// Values and types of a table function's arguments as JSON, and its schema back.
#include "engine/python_analysis.h"

#include <fmt/format.h>

#include <cmath>

#include "base/json_string.h"
#include "formats/schema_json.h"
#include "kernels/decimal.h"
#include "python/analysis.h"

namespace firn::engine {
namespace {

struct ValueJson {
  const types::DataType& type;
  std::string operator()(types::Null) const { return "null"; }
  std::string operator()(bool value) const { return value ? "true" : "false"; }
  std::string operator()(int32_t value) const { return std::to_string(value); }
  std::string operator()(int64_t value) const { return std::to_string(value); }
  std::string operator()(double value) const {
    return std::isfinite(value) ? fmt::format("{}", value) : json_quoted(fmt::format("{}", value));
  }
  std::string operator()(float value) const { return (*this)(static_cast<double>(value)); }
  std::string operator()(const types::Decimal& value) const {
    return json_quoted(kernels::decimal_text(value.unscaled, type.scale()));
  }
  std::string operator()(const std::string& value) const { return json_quoted(value); }
  std::string operator()(const types::Bytes& value) const {
    std::string hex;
    for (const char byte : value.data)
      hex += fmt::format("{:02x}", static_cast<unsigned char>(byte));
    return json_quoted(hex);
  }
};

}  // namespace

plan::PythonAnalysis analyze_python(const plan::PythonFunction& function,
                                    const std::vector<plan::PythonArgument>& arguments,
                                    const StopToken& stop) {
  std::vector<python::TableArgument> asked;
  for (const plan::PythonArgument& argument : arguments) {
    python::TableArgument one{argument.name, argument.type.json(), {}, argument.is_table};
    if (argument.is_constant && argument.value)
      one.value_json = std::visit(ValueJson{argument.type}, *argument.value);
    asked.push_back(std::move(one));
  }
  const python::TableAnalysis said =
      python::analyze_table_function({function.python, function.path, function.memory_bytes,
                                      std::chrono::milliseconds(function.timeout_ms)},
                                     function.name, function.zone, function.command, asked, stop);
  plan::PythonAnalysis made;
  made.result = formats::parse_schema_json(said.schema_json);
  made.pickled = said.pickled;
  made.single_partition = said.single_partition;
  made.partition_by = said.partition_by;
  for (const auto& key : said.order_by)
    made.order_by.push_back({key.column, key.ascending, key.nulls_first});
  made.select = said.select;
  return made;
}

}  // namespace firn::engine
