// See whole.h.
#include "whole.h"

#include <duckdb.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <utility>

#include "base/error.h"
#include "plan/resolve.h"
#include "sql/parser.h"

namespace firn::simulation {
namespace {

using plan::RelationPtr;
using types::DataType;
using types::DataTypeId;

// The topic, and views over it.
class Names final : public plan::Surroundings {
 public:
  RelationPtr find_table(const plan::UnresolvedTable& table, plan::IdSource&) override {
    const auto view = views.find(table.parts.back());
    return view == views.end() ? nullptr : view->second;
  }
  RelationPtr find_table_function(const std::string&,
                                  const std::vector<std::pair<std::string, plan::Literal>>&, bool,
                                  plan::IdSource& fresh) override {
    plan::StreamSource source;
    source.format = "kafka";
    const std::pair<const char*, DataType> columns[] = {
        {"key", DataTypeId::kBinary},           {"value", DataTypeId::kBinary},
        {"topic", DataTypeId::kString},         {"partition", DataTypeId::kInteger},
        {"offset", DataTypeId::kLong},          {"timestamp", DataTypeId::kTimestamp},
        {"timestampType", DataTypeId::kInteger}};
    for (const auto& [name, type] : columns)
      source.columns.push_back({fresh.next(), name, type, true, {}});
    auto made = std::make_shared<plan::Relation>();
    made->output = source.columns;
    made->node = std::move(source);
    made->resolved = made->streaming = true;
    return made;
  }
  DataType parse_schema(const std::string& text) override { return sql::parse_schema(text); }

  std::map<std::string, RelationPtr> views;
};

constexpr const char* kParsed =
    "SELECT value, from_json(cast(value AS STRING), 'id BIGINT, key BIGINT, time BIGINT') AS j "
    "FROM STREAM read_kafka(subscribe => 't')";
constexpr const char* kEach = "SELECT j.id AS id FROM STREAM parsed WHERE j.id IS NOT NULL";
// A record that is none names its number.
constexpr const char* kPoison =
    "SELECT cast(regexp_extract(cast(value AS STRING), '#([0-9]+)', 1) AS BIGINT) AS id "
    "FROM STREAM parsed WHERE j.id IS NULL";

std::string first_of_each_key(int64_t delay_ms) {
  return "SELECT id FROM (SELECT DISTINCT ON (key) id, key, at FROM (SELECT j.id AS id, j.key AS "
         "key, timestamp_millis(j.time) AS at FROM STREAM parsed) WATERMARK at DELAY OF INTERVAL " +
         std::to_string(delay_ms) + " MILLISECONDS WHERE id IS NOT NULL)";
}

class Resolver {
 public:
  Resolver() {
    options_.current_catalog = "c";
    options_.current_namespace = "s";
    options_.streaming_batch_time_parameter = true;
    names_.views["parsed"] = resolve(kParsed);
  }
  RelationPtr resolve(const std::string& text) {
    const plan::Statement statement = sql::parse_statement(text);
    return plan::resolve(std::get<plan::Query>(statement.node).relation, options_, names_, ids_);
  }
  RelationPtr assigned(const std::string& text, const stream::Target& target) {
    return plan::assign_to_table(resolve(text), types::to_spark(target.table->metadata().schema()),
                                 true, target.name, options_, ids_);
  }

 private:
  plan::ResolveOptions options_;
  Names names_;
  plan::IdSource ids_;
};

// A reader of its own, apart from any engine under test.
class ParquetReader {
 public:
  ParquetReader()
      : path_(folder() / ("firn-simulation-" + std::to_string(::getpid()) + ".parquet")) {
    duckdb_config config = nullptr;
    duckdb_create_config(&config);
    duckdb_set_config(config, "threads", "1");
    const bool opened = duckdb_open_ext(nullptr, &database_, config, nullptr) == DuckDBSuccess;
    duckdb_destroy_config(&config);
    FIRN_CHECK(opened && duckdb_connect(database_, &connection_) == DuckDBSuccess,
               "DuckDB opens in memory");
  }
  ~ParquetReader() {
    duckdb_disconnect(&connection_);
    duckdb_close(&database_);
    std::error_code error;
    std::filesystem::remove(path_, error);
  }
  ParquetReader(const ParquetReader&) = delete;
  ParquetReader& operator=(const ParquetReader&) = delete;

  std::vector<int64_t> ids(const std::string& uri, const std::string& bytes) {
    std::ofstream(path_, std::ios::binary) << bytes;
    duckdb_result result;
    const std::string text = "SELECT id FROM read_parquet('" + path_.string() + "')";
    const bool is_read = duckdb_query(connection_, text.c_str(), &result) == DuckDBSuccess;
    const std::string problem = is_read ? "" : duckdb_result_error(&result);
    std::vector<int64_t> found;
    while (is_read) {
      duckdb_data_chunk chunk = duckdb_fetch_chunk(result);
      if (chunk == nullptr) break;
      const auto* const values = static_cast<const int64_t*>(
          duckdb_vector_get_data(duckdb_data_chunk_get_vector(chunk, 0)));
      found.insert(found.end(), values, values + duckdb_data_chunk_get_size(chunk));
      duckdb_destroy_data_chunk(&chunk);
    }
    duckdb_destroy_result(&result);
    if (!is_read) throw_corrupt("data file " + uri + " is damaged: " + problem);
    return found;
  }

 private:
  static std::filesystem::path folder() {
    return ::access("/dev/shm", W_OK) == 0 ? "/dev/shm" : std::filesystem::temp_directory_path();
  }

  const std::filesystem::path path_;
  duckdb_database database_ = nullptr;
  duckdb_connection connection_ = nullptr;
};

}  // namespace

std::unique_ptr<engine::Engine> make_whole_engine(files::FileStore& store) {
  engine::EngineOptions options;
  options.threads = 1;
  options.memory_bytes = int64_t{1} << 30;
  return engine::make_engine(options, store);
}

plan::StreamCut plan_whole(const Plan& plan, std::vector<stream::Target>& targets) {
  Resolver resolver;
  std::vector<RelationPtr> plans;
  for (stream::Target& target : targets) {
    const std::string text = target.name == kQuarantine ? kPoison
                             : plan.is_deduplicated     ? first_of_each_key(plan.delay_ms)
                                                        : kEach;
    target.plan = resolver.assigned(text, target);
    plans.push_back(target.plan);
  }
  return plan::cut_streams(plans);
}

std::vector<int64_t> read_parquet_ids(const std::string& uri, const std::string& bytes) {
  static ParquetReader reader;
  return reader.ids(uri, bytes);
}

}  // namespace firn::simulation
