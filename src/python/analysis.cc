// The request and the answer of analyze(), as worker.py has them.
#include "python/analysis.h"

#include <nlohmann/json.hpp>

#include "base/error.h"

namespace firn::python {
namespace {

using nlohmann::json;

json request_of(const std::string& name, const std::string& zone,
                const std::vector<TableArgument>& arguments) {
  json list = json::array();
  for (const TableArgument& argument : arguments) {
    json row{{"name", argument.name},
             {"type", json::parse(argument.type_json)},
             {"constant", argument.value_json.has_value()},
             {"table", argument.is_table}};
    if (argument.value_json) row["value"] = json::parse(*argument.value_json);
    list.push_back(std::move(row));
  }
  return {{"analyze", name}, {"zone", zone}, {"arguments", std::move(list)}};
}

TableAnalysis answer_of(const json& said) {
  TableAnalysis made;
  made.schema_json = said.at("schema").dump();
  made.single_partition = said.at("single_partition").get<bool>();
  made.partition_by = said.at("partition_by").get<std::vector<std::string>>();
  for (const json& key : said.at("order_by")) {
    TableAnalysis::Order order{key.at(0).get<std::string>(), key.at(1).get<bool>(), {}};
    if (!key.at(2).is_null()) order.nulls_first = key.at(2).get<bool>();
    made.order_by.push_back(std::move(order));
  }
  for (const json& item : said.at("select"))
    made.select.emplace_back(item.at(0).get<std::string>(), item.at(1).get<std::string>());
  return made;
}

}  // namespace

TableAnalysis analyze_table_function(const WorkerOptions& options, const std::string& name,
                                     const std::string& zone, const std::string& command,
                                     const std::vector<TableArgument>& arguments,
                                     const StopToken& stop) {
  WorkerPool& pool = WorkerPool::instance();
  std::unique_ptr<Worker> worker = pool.take(options, stop);
  try {
    worker->send(request_of(name, zone, arguments).dump());
    worker->send(command);
    const auto said = worker->receive(stop);
    const auto pickled = worker->receive(stop);
    if (!said || !pickled || worker->receive(stop))
      throw Error("FIRN_PYTHON_WORKER", {{"what", "the Python worker broke the protocol"}});
    TableAnalysis made;
    try {
      made = answer_of(json::parse(*said));
    } catch (const json::exception& broken) {
      throw Error(
          "FIRN_PYTHON_WORKER",
          {{"what", std::string("the Python worker broke the protocol: ") + broken.what()}});
    }
    made.pickled = *pickled;
    pool.give_back(std::move(worker));
    return made;
  } catch (const Error& error) {
    worker.reset();
    pool.give_back(nullptr);
    if (error.condition() != "FIRN_PYTHON_EXCEPTION") throw;
    const auto message = error.params().find("message");
    throw Error("TABLE_VALUED_FUNCTION_FAILED_TO_ANALYZE_IN_PYTHON",
                {{"msg", message != error.params().end() ? message->second : error.what()}});
  }
}

}  // namespace firn::python
