// The scan of text formats, Avro and ORC.
#include "engine/file_rows.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "base/error.h"
#include "engine/duck_types.h"
#include "engine/file_paths.h"
#include "engine/query_state.h"
#include "engine/vector_output.h"
#include "formats/byte_stream.h"
#include "formats/postgres.h"
#include "formats/reader.h"
#include "formats/value_parser.h"
#include "plan/file_columns.h"

namespace firn::engine {
namespace {

using types::DataType;
using types::DataTypeId;

constexpr int64_t kPartBytes = 64 << 20;

// Where a column of the scan comes from.
struct Source {
  enum class Kind : uint8_t { kData, kPartition, kMetadata, kInputFile } kind = Kind::kData;
  int index = 0;  // of the data schema's fields, of the partition keys
  DataType type;
};

struct Part {
  formats::FilePart part;
  size_t file = 0;
};

struct RowsBinding final : duckdb::TableFunctionData {
  const formats::Format* format = nullptr;
  files::FileStore* store = nullptr;
  formats::Options options;
  DataType schema;
  std::vector<Source> columns;
  std::vector<PlacedFile> files;
  std::vector<Part> parts;
  bool ignore_corrupt = false, ignore_missing = false;
};

struct RowsCursor final : duckdb::GlobalTableFunctionState {
  std::vector<int64_t> outputs;  // of the binding's columns; -1: a row id, NULL
  std::vector<int> wanted;       // data fields, in the order of data_outputs
  std::vector<size_t> data_outputs;
  std::atomic<size_t> next{0};
  size_t threads = 1;
  duckdb::idx_t MaxThreads() const override { return threads; }
};

struct PartCursor final : duckdb::LocalTableFunctionState {
  size_t part = 0;
  std::unique_ptr<formats::RowReader> reader;
};

size_t field_index_ignoring_case(const DataType& structure, const std::string& name) {
  const auto found = std::ranges::find_if(structure.fields(), [&](const types::StructField& field) {
    return lower_case(field.name) == lower_case(name);
  });
  return static_cast<size_t>(found - structure.fields().begin());
}

Source source_of(const plan::Attribute& column, const FileSchema& schema) {
  if (column.name == plan::kFileMetadataColumn) return {Source::Kind::kMetadata, 0, column.type};
  if (column.name == plan::kInputFileColumn) return {Source::Kind::kInputFile, 0, column.type};
  const size_t partition = field_index_ignoring_case(schema.partitions, column.name);
  if (partition < schema.partitions.fields().size())
    return {Source::Kind::kPartition, static_cast<int>(partition), column.type};
  const size_t field = field_index_ignoring_case(schema.data, column.name);
  FIRN_CHECK(field < schema.data.fields().size(), "a column of a file scan is in its schema");
  return {Source::Kind::kData, static_cast<int>(field), column.type};
}

std::vector<Part> split(const RowsBinding& binding) {
  std::vector<Part> parts;
  const bool splittable =
      binding.format->splittable != nullptr && binding.format->splittable(binding.options);
  for (size_t i = 0; i < binding.files.size(); ++i) {
    const PlacedFile& file = binding.files[i];
    if (!splittable || file.size <= kPartBytes * 3 / 2 || formats::is_compressed(file.uri)) {
      parts.push_back({{file.uri, 0, -1, file.size, file.modified_ms}, i});
      continue;
    }
    for (int64_t start = 0; start < file.size; start += kPartBytes) {
      const int64_t end = std::min(start + kPartBytes, file.size);
      parts.push_back({{file.uri, start, end, file.size, file.modified_ms}, i});
    }
  }
  return parts;
}

duckdb::unique_ptr<duckdb::GlobalTableFunctionState> open_rows(
    duckdb::ClientContext&, duckdb::TableFunctionInitInput& input) {
  const auto& binding = input.bind_data->Cast<RowsBinding>();
  auto cursor = duckdb::make_uniq<RowsCursor>();
  for (const duckdb::column_t column : input.column_ids) {
    if (column >= binding.columns.size()) {
      cursor->outputs.push_back(-1);
      continue;
    }
    const Source& source = binding.columns[column];
    if (source.kind == Source::Kind::kData) {
      cursor->wanted.push_back(source.index);
      cursor->data_outputs.push_back(cursor->outputs.size());
    }
    cursor->outputs.push_back(static_cast<int64_t>(column));
  }
  cursor->threads = std::max<size_t>(1, binding.parts.size());
  return cursor;
}

duckdb::unique_ptr<duckdb::LocalTableFunctionState> open_part(duckdb::ExecutionContext&,
                                                              duckdb::TableFunctionInitInput&,
                                                              duckdb::GlobalTableFunctionState*) {
  return duckdb::make_uniq<PartCursor>();
}

duckdb::Value metadata_value(const Part& part, const DataType& type) {
  const formats::FilePart& file = part.part;
  const int64_t length = (file.end < 0 ? file.file_size : file.end) - file.start;
  duckdb::vector<duckdb::Value> values = {
      duckdb::Value(shown_uri(file.uri)),
      duckdb::Value(file_name(shown_uri(file.uri))),
      duckdb::Value::BIGINT(file.file_size),
      duckdb::Value::BIGINT(file.start),
      duckdb::Value::BIGINT(length),
      duckdb::Value::TIMESTAMPTZ(duckdb::timestamp_tz_t(file.modified_ms * 1000))};
  return duckdb::Value::STRUCT(to_duckdb(type), std::move(values));
}

[[noreturn]] void throw_partition_value(const PartitionValue& part, const DataType& type) {
  throw Error("INVALID_PARTITION_VALUE", {{"value", "'" + part.value + "'"},
                                          {"dataType", "\"" + type.sql() + "\""},
                                          {"columnName", "`" + part.key + "`"}});
}

void fill_constant(const RowsBinding& binding, const Part& part, const Source& source,
                   duckdb::Vector& vector) {
  if (source.kind == Source::Kind::kMetadata)
    return vector.Reference(metadata_value(part, source.type));
  if (source.kind == Source::Kind::kInputFile)
    return vector.Reference(duckdb::Value(shown_uri(part.part.uri)));
  const std::string& text =
      binding.files[part.file].partition[static_cast<size_t>(source.index)].value;
  duckdb::Vector one(vector.GetType());
  VectorOutput out(one, 1);
  formats::ValueFormats formats;
  formats.zone = binding.options.zone();
  if (text == kNullPartition || !formats::store_text(text, source.type, formats, 0, out)) {
    if (text != kNullPartition && binding.options.flag("__validatepartitions", true))
      throw_partition_value(binding.files[part.file].partition[static_cast<size_t>(source.index)],
                            source.type);
    return vector.Reference(duckdb::Value(vector.GetType()));
  }
  vector.Reference(one.GetValue(0));
}

// Errors of one file that the options say to pass over.
bool is_ignored(const RowsBinding& binding, const Error& error) {
  if (error.code() == Code::kNotFound) return binding.ignore_missing;
  return binding.ignore_corrupt && (error.code() == Code::kCorrupt || error.code() == Code::kIo);
}

[[noreturn]] void rethrow(const Error& error, const std::string& uri) {
  if (error.condition() == "FIRN_NOT_FOUND")
    throw Error("FAILED_READ_FILE.FILE_NOT_EXIST", {{"path", shown_uri(uri)}});
  if (error.code() == Code::kCorrupt && error.condition().starts_with("FIRN_"))
    throw Error("FAILED_READ_FILE.NO_HINT", {{"path", shown_uri(uri) + ": " + error.what()}});
  throw error;
}

// Opens the next part; false where none is left.
bool next_part(const RowsBinding& binding, RowsCursor& cursor, PartCursor& local) {
  for (;;) {
    local.part = cursor.next.fetch_add(1);
    if (local.part >= binding.parts.size()) return false;
    const formats::FilePart& part = binding.parts[local.part].part;
    try {
      local.reader = binding.format->open(
          {*binding.store, binding.options, binding.schema, cursor.wanted}, part);
      return true;
    } catch (const Error& error) {
      if (!is_ignored(binding, error)) rethrow(error, part.uri);
    }
  }
}

uint64_t read_rows(const RowsBinding& binding, RowsCursor& cursor, PartCursor& local,
                   duckdb::DataChunk& out) {
  std::vector<std::unique_ptr<VectorOutput>> made;
  std::vector<kernels::Output*> columns;
  for (const size_t output : cursor.data_outputs) {
    made.push_back(std::make_unique<VectorOutput>(out.data[output], STANDARD_VECTOR_SIZE));
    columns.push_back(made.back().get());
  }
  try {
    return local.reader->read(columns, STANDARD_VECTOR_SIZE);
  } catch (const Error& error) {
    if (!is_ignored(binding, error)) rethrow(error, binding.parts[local.part].part.uri);
    return 0;
  }
}

void scan_rows(duckdb::ClientContext& context, duckdb::TableFunctionInput& data,
               duckdb::DataChunk& out) {
  const auto& binding = data.bind_data->Cast<RowsBinding>();
  auto& cursor = data.global_state->Cast<RowsCursor>();
  auto& local = data.local_state->Cast<PartCursor>();
  guarded(context, [&] {
    uint64_t rows = 0;
    while (rows == 0) {
      throw_if_stopped(QueryState::of(context).stop);
      if (!local.reader && !next_part(binding, cursor, local)) return;
      out.Reset();
      rows = read_rows(binding, cursor, local, out);
      if (rows == 0) local.reader.reset();
    }
    out.SetCardinality(rows);
    for (size_t i = 0; i < cursor.outputs.size(); ++i) {
      if (cursor.outputs[i] < 0) {
        out.data[i].Reference(duckdb::Value(out.data[i].GetType()));
        continue;
      }
      const Source& source = binding.columns[static_cast<size_t>(cursor.outputs[i])];
      if (source.kind != Source::Kind::kData)
        fill_constant(binding, binding.parts[local.part], source, out.data[i]);
    }
  });
}

// Parts keep their order, so that rows come as Spark reads them.
duckdb::OperatorPartitionData partition_data(duckdb::ClientContext&,
                                             duckdb::TableFunctionGetPartitionInput& input) {
  if (input.partition_info.RequiresPartitionColumns())
    throw duckdb::InternalException("a file scan has no partition columns");
  return duckdb::OperatorPartitionData(input.local_state->Cast<PartCursor>().part);
}

// count(*) asks for no column at all: no record is looked into then.
duckdb::virtual_column_map_t no_columns(duckdb::ClientContext&,
                                        duckdb::optional_ptr<duckdb::FunctionData>) {
  duckdb::virtual_column_map_t columns;
  columns.emplace(duckdb::COLUMN_IDENTIFIER_EMPTY,
                  duckdb::TableColumn("", duckdb::LogicalType::BOOLEAN));
  return columns;
}

}  // namespace

duckdb::unique_ptr<duckdb::FunctionData> bind_file_rows(files::FileStore& store,
                                                        const plan::FileScan& scan,
                                                        duckdb::vector<duckdb::LogicalType>& types,
                                                        duckdb::vector<std::string>& names) {
  auto binding = duckdb::make_uniq<RowsBinding>();
  binding->format = formats::find_format(lower_case(scan.format));
  if (binding->format == nullptr)
    throw Error("UNSUPPORTED_DATASOURCE_FOR_DIRECT_QUERY", {{"dataSourceType", scan.format}});
  binding->store = &store;
  binding->options = formats::Options(scan.options);
  binding->ignore_corrupt = binding->options.flag("ignoreCorruptFiles", false);
  binding->ignore_missing = binding->options.flag("ignoreMissingFiles", false);
  const FileSchema schema = schema_of_scan(store, scan);
  binding->schema = schema.data;
  if (lower_case(scan.format) == "jdbc") {
    for (formats::FilePart& part : formats::jdbc_partitions(binding->options)) {
      binding->parts.push_back({std::move(part), binding->files.size()});
      binding->files.emplace_back();
    }
  } else {
    binding->files = expand_paths(store, scan.paths, binding->options);
    binding->parts = split(*binding);
  }
  for (const plan::Attribute& column : scan.columns) {
    binding->columns.push_back(source_of(column, schema));
    types.push_back(to_duckdb(column.type));
    names.push_back(column_name(column.id));
  }
  if (scan.columns.empty()) {  // a table has a column at least
    types.push_back(duckdb::LogicalType::BOOLEAN);
    names.push_back("firn_row");
  }
  return binding;
}

duckdb::TableFunction file_rows_function() {
  duckdb::TableFunction function("", {duckdb::LogicalType::UBIGINT}, scan_rows, nullptr, open_rows,
                                 open_part);
  function.projection_pushdown = true;
  function.get_partition_data = partition_data;
  function.get_virtual_columns = no_columns;
  return function;
}

}  // namespace firn::engine
