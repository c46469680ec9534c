// Opening DuckDB with the settings that Spark's semantics need, and reading its errors.
#include "engine/instance.h"

#include <string>
#include <thread>
#include <utility>

#include "engine/table_functions.h"

namespace firn::engine {
namespace {

constexpr const char* kHeadersVersion = "v1.5.5";

void check_version() {
  const std::string library = duckdb::DuckDB::LibraryVersion();
  if (library == kHeadersVersion) return;
  throw Error("FIRN_INTERNAL",
              {{"what", "the DuckDB library is " + library + ", but firn was built for " +
                            kHeadersVersion + "; the two must be exactly the same version"}});
}

struct Setting {
  const char* name;
  duckdb::Value value;
};

void configure(duckdb::DBConfig& config, const EngineOptions& options) {
  const int cores = static_cast<int>(std::thread::hardware_concurrency());
  const int threads = options.threads > 0 ? options.threads : std::max(1, cores);
  const Setting settings[] = {
      {"threads", duckdb::Value::BIGINT(threads)},
      {"default_null_order", duckdb::Value("nulls_first_on_asc_last_on_desc")},
      {"autoinstall_known_extensions", duckdb::Value::BOOLEAN(false)},
      {"autoload_known_extensions", duckdb::Value::BOOLEAN(false)},
      {"temp_directory", duckdb::Value(options.spill_folder)},
      // It reads a window's input twice; slots give their rows once.
      {"disabled_optimizers", duckdb::Value("window_self_join")},
  };
  for (const Setting& setting : settings) config.SetOptionByName(setting.name, setting.value);
  if (options.memory_bytes > 0) {
    config.SetOptionByName("memory_limit",
                           duckdb::Value(std::to_string(options.memory_bytes) + "B"));
  }
}

struct ErrorRow {
  duckdb::ExceptionType type;
  const char* condition;
};
// What DuckDB's own operators raise; everything else that a plan can raise comes from kernels.
constexpr ErrorRow kErrors[] = {
    {duckdb::ExceptionType::INTERRUPT, "OPERATION_CANCELED"},
    {duckdb::ExceptionType::IO, "FIRN_IO"},
    {duckdb::ExceptionType::NOT_IMPLEMENTED, "UNSUPPORTED_FEATURE.FIRN"},
    {duckdb::ExceptionType::OUT_OF_RANGE, "FIRN_INVALID_INPUT"},
    {duckdb::ExceptionType::CONVERSION, "FIRN_INVALID_INPUT"},
    {duckdb::ExceptionType::INVALID_INPUT, "FIRN_INVALID_INPUT"},
};

// DuckDB goes on with settings of its own, which nobody can set here.
std::string out_of_memory(const std::string& message) {
  return "The query needs more memory than there is: " + message.substr(0, message.find('\n')) +
         ". The engine has half of firn.memory.limit; what can spill goes to firn.temp.folder, "
         "which needs room. Start with --conf firn.memory.limit=… higher, or with fewer "
         "firn.threads.";
}

}  // namespace

QueryState& QueryState::of(duckdb::ClientContext& context) {
  const auto state = context.registered_state->Get<QueryState>(kKey);
  FIRN_CHECK(state, "a connection that the engine did not open");
  return *state;
}

void QueryState::remember(const Error& error) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!error_) error_ = error;
}

std::optional<Error> QueryState::take_error() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return std::exchange(error_, std::nullopt);
}

std::string column_name(plan::AttributeId id) {
  return "c" + std::to_string(static_cast<int64_t>(id));
}

Instance::Instance(const EngineOptions& options, files::FileStore& store) {
  check_version();
  duckdb::DBConfig config;
  configure(config, options);
  database_ = std::make_unique<duckdb::DuckDB>(nullptr, &config);
  duckdb::DatabaseInstance& instance = *database_->instance;
  register_row_set_scan(instance);
  register_slot_scan(instance);
  register_kernels(instance);
  register_iceberg_scan(instance, store);
  register_file_scan(instance, store);
}

std::unique_ptr<duckdb::Connection> Instance::connect() {
  auto connection = std::make_unique<duckdb::Connection>(*database_);
  connection->context->registered_state->Insert(QueryState::kKey,
                                                duckdb::make_shared_ptr<QueryState>());
  duckdb::ClientConfig& config = duckdb::ClientConfig::GetConfig(*connection->context);
  config.enable_progress_bar = false;
  config.use_replacement_scans = false;
  return connection;
}

Error Instance::translate(const duckdb::ErrorData& error, QueryState& state) {
  if (std::optional<Error> ours = state.take_error()) return *std::move(ours);
  if (error.Type() == duckdb::ExceptionType::INTERNAL ||
      error.Type() == duckdb::ExceptionType::FATAL) {
    poisoned_ = true;
    return Error("FIRN_INTERNAL",
                 {{"what", "the engine failed and was restarted: " + error.RawMessage()}});
  }
  if (state.stop.stop_requested()) return Error("OPERATION_CANCELED");
  if (error.RawMessage().find("Max expression depth limit") != std::string::npos)
    return Error("FIRN_RESOURCE",
                 {{"what",
                   "An expression is nested more than 1,000 levels deep. Split it into several "
                   "columns, or write sums of many terms over an array with aggregate()."}});
  if (error.RawMessage().starts_with("Maximum tree depth"))
    return Error("FIRN_RESOURCE",
                 {{"what",
                   "The query nests too many relations in one another. Split it with temporary "
                   "tables, or checkpoint() the DataFrame."}});
  if (error.RawMessage().starts_with("More than one row returned by a subquery"))
    return Error("SCALAR_SUBQUERY_TOO_MANY_ROWS");
  if (error.Type() == duckdb::ExceptionType::OUT_OF_MEMORY)
    return Error("FIRN_RESOURCE", {{"what", out_of_memory(error.RawMessage())}});
  for (const ErrorRow& row : kErrors) {
    if (row.type == error.Type()) return Error(row.condition, {{"what", error.RawMessage()}});
  }
  return Error("FIRN_INTERNAL", {{"what", "the engine refused a plan: " + error.RawMessage()}});
}

void register_table_function(duckdb::DatabaseInstance& instance, duckdb::TableFunction function) {
  duckdb::CreateTableFunctionInfo info(std::move(function));
  auto transaction = duckdb::CatalogTransaction::GetSystemTransaction(instance);
  duckdb::Catalog::GetSystemCatalog(instance).CreateFunction(transaction, info);
}

void register_scalar_function(duckdb::DatabaseInstance& instance, duckdb::ScalarFunction function) {
  duckdb::CreateScalarFunctionInfo info(std::move(function));
  auto transaction = duckdb::CatalogTransaction::GetSystemTransaction(instance);
  duckdb::Catalog::GetSystemCatalog(instance).CreateFunction(transaction, info);
}

}  // namespace firn::engine
