// firn_iceberg_scan(i): DuckDB's Parquet scan with our own files, columns by field id, and deletes.
#include "engine/iceberg_scan.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "duckdb/common/multi_file/multi_file_function.hpp"
#include "engine/damaged_file.h"
#include "engine/query_state.h"
#include "engine/store_file_system.h"
#include "engine/table_functions.h"
#include "parquet_reader.hpp"

namespace firn::engine {
namespace {

class IcebergReader final : public duckdb::MultiFileReader {
 public:
  using MultiFileReader::CreateReader;

  duckdb::shared_ptr<duckdb::BaseFileReader> CreateReader(
      duckdb::ClientContext& context, duckdb::GlobalTableFunctionState& state,
      const duckdb::OpenFileInfo& file, duckdb::idx_t index,
      const duckdb::MultiFileBindData& bound) override {
    try {
      return MultiFileReader::CreateReader(context, state, file, index, bound);
    } catch (...) {
      rethrow_naming(context, file.path);
    }
  }

  // The function's argument is the index of the relation among the query's sources.
  duckdb::vector<std::string> ParsePaths(const duckdb::Value& input) override {
    return {std::to_string(input.GetValue<uint64_t>())};
  }

  duckdb::shared_ptr<duckdb::MultiFileList> CreateFileList(duckdb::ClientContext& context,
                                                           const duckdb::vector<std::string>& paths,
                                                           const duckdb::FileGlobInput&) override {
    duckdb::shared_ptr<duckdb::MultiFileList> list;
    guarded(context, [&] {
      const QueryState& state = QueryState::of(context);
      const auto planned = plan_iceberg_scan(state.sources.at(std::stoull(paths.at(0))));
      list = duckdb::shared_ptr<duckdb::MultiFileList>(planned->Copy());
    });
    return list;
  }

  bool Bind(duckdb::MultiFileOptions&, duckdb::MultiFileList& files,
            duckdb::vector<duckdb::LogicalType>& types, duckdb::vector<std::string>& names,
            duckdb::MultiFileReaderBindData& bound) override {
    bound.schema = files.Cast<IcebergFileList>().scan()->columns;
    for (const duckdb::MultiFileColumnDefinition& column : bound.schema) {
      types.push_back(column.type);
      names.push_back(column.name);
    }
    bound.mapping = duckdb::MultiFileColumnMappingMode::BY_FIELD_ID;
    return true;
  }

  void BindOptions(duckdb::MultiFileOptions&, duckdb::MultiFileList&,
                   duckdb::vector<duckdb::LogicalType>&, duckdb::vector<std::string>&,
                   duckdb::MultiFileReaderBindData&) override {}

  duckdb::unique_ptr<duckdb::MultiFileList> ComplexFilterPushdown(
      duckdb::ClientContext&, duckdb::MultiFileList&, const duckdb::MultiFileOptions&,
      duckdb::MultiFilePushdownInfo&,
      duckdb::vector<duckdb::unique_ptr<duckdb::Expression>>&) override {
    return nullptr;  // what can be pushed arrives as table filters
  }

  duckdb::unique_ptr<duckdb::MultiFileList> DynamicFilterPushdown(
      duckdb::ClientContext& context, const duckdb::MultiFileList& files,
      const duckdb::MultiFileOptions&, const duckdb::vector<std::string>&,
      const duckdb::vector<duckdb::LogicalType>&,
      const duckdb::vector<duckdb::column_t>& column_ids,
      duckdb::TableFilterSet& filters) override {
    duckdb::unique_ptr<duckdb::MultiFileList> pruned;
    guarded(context, [&] { pruned = files.Cast<IcebergFileList>().prune(column_ids, filters); });
    return pruned;
  }

  duckdb::ReaderInitializeType InitializeReader(
      duckdb::MultiFileReaderData& data, const duckdb::MultiFileBindData& bound,
      const ColumnTrees& columns, const duckdb::vector<duckdb::ColumnIndex>& column_ids,
      duckdb::optional_ptr<duckdb::TableFilterSet> filters, duckdb::ClientContext& context,
      duckdb::MultiFileGlobalState& global) override {
    const auto& files = global.file_list.Cast<IcebergFileList>();
    IcebergScan& scan = *files.scan();
    duckdb::BaseFileReader& reader = *data.reader;
    const table::ScanTask& task = files.task(reader.file_list_idx.GetIndex());
    ColumnTrees of_file = columns;
    guarded(context, [&] {
      check_counts(task, reader);
      give_ids(scan, task, reader);
      std::vector<int32_t> ids;
      collect_ids(reader.columns, ids);
      std::ranges::sort(ids);
      if (const auto twice = std::ranges::adjacent_find(ids); twice != ids.end())
        throw_corrupt("data file '" + task.file->file_path + "': two columns have the field id " +
                      std::to_string(*twice));
      use_partition_values(of_file, scan.scan(), scan.schema,
                           scan.source->metadata->spec_by_id(task.file->spec_id), *task.file);
      reader.deletion_filter = scan.position_deletes.filter_for(context, scan.schema, task,
                                                                scan.source->hidden_rows.get());
    });
    try {
      return MultiFileReader::InitializeReader(data, bound, of_file, column_ids, filters, context,
                                               global);
    } catch (...) {
      rethrow_naming(context, reader.GetFileName());
    }
  }

  duckdb::unique_ptr<duckdb::Expression> GetConstantVirtualColumn(
      duckdb::MultiFileReaderData& data, duckdb::idx_t column,
      const duckdb::LogicalType& type) override {
    if (column == COLUMN_IDENTIFIER_FILENAME) {
      return duckdb::make_uniq<duckdb::BoundConstantExpression>(
          duckdb::Value(from_store_path(data.reader->GetFileName())));
    }
    return MultiFileReader::GetConstantVirtualColumn(data, column, type);
  }

  duckdb::unique_ptr<duckdb::MultiFileReader> Copy() const override {
    return duckdb::make_uniq<IcebergReader>();
  }

 private:
  // A manifest answers count(*) alone: a file with more or fewer rows would be read as another
  // table.
  static void check_counts(const table::ScanTask& task, const duckdb::BaseFileReader& reader) {
    const auto& footer = *reader.Cast<duckdb::ParquetReader>().GetFileMetadata();
    int64_t rows = 0;
    for (const auto& group : footer.row_groups) {
      if (group.num_rows < 0 || __builtin_add_overflow(rows, group.num_rows, &rows))
        throw_corrupt("data file '" + task.file->file_path + "': a row group of " +
                      std::to_string(group.num_rows) + " rows");
    }
    if (rows != footer.num_rows || rows != task.file->record_count) {
      throw_corrupt("data file '" + task.file->file_path + "': its footer counts " +
                    std::to_string(footer.num_rows) + " rows, its row groups " +
                    std::to_string(rows) + ", the manifest (record_count) " +
                    std::to_string(task.file->record_count));
    }
  }

  static void collect_ids(const ColumnTrees& columns, std::vector<int32_t>& ids) {
    for (const duckdb::MultiFileColumnDefinition& column : columns) {
      if (!column.identifier.IsNull() &&
          column.identifier.type().id() == duckdb::LogicalTypeId::INTEGER)
        ids.push_back(column.identifier.GetValue<int32_t>());
      collect_ids(column.children, ids);
    }
  }

  // Files written by others before they were added to the table may have no field ids.
  static void give_ids(const IcebergScan& scan, const table::ScanTask& task,
                       duckdb::BaseFileReader& reader) {
    if (has_ids(reader.columns)) return;
    if (!scan.name_mapping) {
      throw_unsupported("reading the data file '" + task.file->file_path +
                        "', which has no field ids, from a table without the property "
                        "schema.name-mapping.default");
    }
    assign_ids(reader.columns, *scan.name_mapping);
  }
};

// The bind function of DuckDB's Parquet scan.
struct StockBind final : duckdb::TableFunctionInfo {
  explicit StockBind(duckdb::table_function_bind_t stock) : bind(stock) {}
  duckdb::table_function_bind_t bind;
};

// The files of a scan are pinned with the table's state, so a prepared plan may keep them; DuckDB's
// own scans bind again for every run.
struct PinnedScan final : duckdb::MultiFileBindData {
  explicit PinnedScan(duckdb::MultiFileBindData&& bound) {
    bind_data = std::move(bound.bind_data);
    file_list = std::move(bound.file_list);
    multi_file_reader = std::move(bound.multi_file_reader);
    interface = std::move(bound.interface);
    columns = std::move(bound.columns);
    reader_bind = std::move(bound.reader_bind);
    file_options = std::move(bound.file_options);
    types = std::move(bound.types);
    names = std::move(bound.names);
    virtual_columns = std::move(bound.virtual_columns);
  }
  bool SupportStatementCache() const override { return true; }
};

bool was_float(const std::vector<types::Schema>& schemas, int id) {
  return std::ranges::any_of(schemas, [&](const types::Schema& schema) {
    const types::Field* const field = schema.find(id);
    return field != nullptr && field->type.id() == types::TypeId::kFloat;
  });
}

// DuckDB would compare the floats of older files with the literal rounded to a float.
bool holds_widened_floats(const duckdb::MultiFileColumnDefinition& column,
                          const std::vector<types::Schema>& schemas) {
  if (column.type.id() == duckdb::LogicalTypeId::DOUBLE && !column.identifier.IsNull())
    return was_float(schemas, column.identifier.GetValue<int32_t>());
  return std::ranges::any_of(
      column.children, [&](const auto& child) { return holds_widened_floats(child, schemas); });
}

duckdb::unique_ptr<duckdb::FunctionData> bind_iceberg_scan(
    duckdb::ClientContext& context, duckdb::TableFunctionBindInput& input,
    duckdb::vector<duckdb::LogicalType>& types, duckdb::vector<std::string>& names) {
  // Others' statistics leave NaN out, which is above every number.
  input.named_parameters["can_have_nan"] = duckdb::Value::BOOLEAN(true);
  auto bound = input.info->Cast<StockBind>().bind(context, input, types, names);
  auto pinned = duckdb::make_uniq<PinnedScan>(std::move(bound->Cast<duckdb::MultiFileBindData>()));
  const IcebergScan& scan = *pinned->file_list->Cast<IcebergFileList>().scan();
  const auto widened = [&](const auto& column) {
    return holds_widened_floats(column, scan.source->metadata->schemas);
  };
  if (std::ranges::any_of(scan.columns, widened)) input.table_function.filter_pushdown = false;
  return pinned;
}

// Joins and compressed sorts are planned by the ranges of keys. The files are pinned with the plan,
// so what their bounds say stays true as long as it runs.
duckdb::unique_ptr<duckdb::BaseStatistics> iceberg_statistics(duckdb::ClientContext& context,
                                                              const duckdb::FunctionData* data,
                                                              duckdb::column_t column) {
  duckdb::unique_ptr<duckdb::BaseStatistics> statistics;
  guarded(context, [&] {
    const auto& bound = data->Cast<duckdb::MultiFileBindData>();
    statistics = bound.file_list->Cast<IcebergFileList>().column_statistics(column);
  });
  return statistics;
}

// What answers count(*) without a scan. DuckDB's own function would count the rows of the files,
// those that delete files remove included.
duckdb::vector<duckdb::PartitionStatistics> count_rows(duckdb::ClientContext&,
                                                       duckdb::GetPartitionStatsInput& input) {
  const auto& bound = input.bind_data->Cast<duckdb::MultiFileBindData>();
  const std::optional<int64_t> rows = bound.file_list->Cast<IcebergFileList>().exact_rows();
  if (!rows) return {};
  duckdb::PartitionStatistics all;
  all.count = static_cast<duckdb::idx_t>(*rows);
  all.count_type = duckdb::CountType::COUNT_EXACT;
  return {all};
}

duckdb::unique_ptr<duckdb::MultiFileReader> make_reader(const duckdb::TableFunction&) {
  return duckdb::make_uniq<IcebergReader>();
}

}  // namespace

void register_iceberg_scan(duckdb::DatabaseInstance& instance, files::FileStore& store) {
  duckdb::FileSystem::GetFileSystem(instance).RegisterSubSystem(
      duckdb::make_uniq<StoreFileSystem>(store));
  duckdb::Connection connection(instance);
  const auto cached = connection.Query("SET GLOBAL parquet_metadata_cache = true");
  FIRN_CHECK(!cached->HasError(), "DuckDB has a cache of Parquet footers");
  connection.BeginTransaction();
  duckdb::ClientContext& context = *connection.context;
  auto& stock =
      duckdb::Catalog::GetSystemCatalog(instance).GetEntry<duckdb::TableFunctionCatalogEntry>(
          context, DEFAULT_SCHEMA, "parquet_scan");
  for (duckdb::TableFunction& function : stock.functions.functions) name_damaged_files(function);
  duckdb::TableFunctionSet functions = stock.functions;
  duckdb::TableFunction function =
      functions.GetFunctionByArguments(context, {duckdb::LogicalType::VARCHAR});
  connection.Commit();
  function.name = kIcebergScanFunction;
  function.arguments = {duckdb::LogicalType::UBIGINT};
  function.get_multi_file_reader = make_reader;
  function.function_info = duckdb::make_shared_ptr<StockBind>(function.bind);
  function.bind = bind_iceberg_scan;
  function.statistics = iceberg_statistics;
  function.get_partition_stats = count_rows;
  function.late_materialization = false;
  function.serialize = nullptr;
  function.deserialize = nullptr;
  register_table_function(instance, std::move(function));
}

}  // namespace firn::engine
