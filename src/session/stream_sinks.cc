// The table of sinks.
#include "session/stream_sinks.h"

#include <algorithm>
#include <iostream>
#include <mutex>

#include "base/ascii.h"
#include "base/error.h"
#include "base/log.h"
#include "engine/chunk_copy.h"
#include "engine/table_writer.h"
#include "kernels/time_zone.h"
#include "kernels/value_text.h"
#include "session/file_format.h"
#include "session/stream_file_sink.h"
#include "session/streams.h"
#include "stream/sink/kafka_sink.h"
#include "table/replace.h"

namespace firn::session {
namespace {

using stream::SinkBatch;
using StringMap = std::map<std::string, std::string>;

std::string option(const StreamWrite& write, const std::string& name) {
  for (const auto& [key, value] : write.options)
    if (lower_case(key) == lower_case(name)) return value;
  return "";
}

struct SinkRequest {
  Session& session;
  const StreamWrite& write;
  plan::OutputMode mode;
  const plan::RelationPtr& resolved;
};

[[noreturn]] void refuse_mode(const SinkRequest& request, const std::string& sink) {
  throw Error("STREAMING_OUTPUT_MODE.UNSUPPORTED_DATASOURCE",
              {{"outputMode", std::string(plan::name_of(request.mode))}, {"className", sink}});
}

stream::Target to_sink(const SinkRequest& request, std::shared_ptr<stream::BatchSink> sink) {
  stream::Target target;
  target.name = sink->description();
  target.sink = std::move(sink);
  target.plan = request.resolved;
  return target;
}

// ---- Iceberg

// Complete mode: each batch is the whole result. Writing it twice does no harm.
class OverwriteSink final : public stream::BatchSink {
 public:
  OverwriteSink(table::Table table, Clock& clock, Random& random)
      : table_(std::move(table)), clock_(clock), random_(random) {}

  std::string description() const override { return "IcebergOverwrite[" + table_.name() + "]"; }

  void add_batch(SinkBatch batch, const StopToken& stop) override {
    table_.refresh();
    engine::TableWriterOptions options;
    options.schema = table_.metadata().schema();
    options.spec = table_.metadata().spec();
    options.properties = table_.metadata().properties;
    options.data_location = table_.data_location();
    options.file_prefix = "00000-0-" + random_uuid(random_);
    const auto writer = engine::make_table_writer(options, table_.store());
    for (engine::Chunk& chunk : batch.chunks) writer->append(chunk);
    table::ReplaceRequest request;
    request.files = writer->finish();
    const table::CommitOutcome outcome = table::replace_all(table_, request, clock_, random_, stop);
    if (const auto* conflict = std::get_if<table::Conflict>(&outcome))
      throw Error("COMMIT_CONFLICT", {{"table", table_.name()}, {"reason", conflict->reason}});
    if (const auto* unknown = std::get_if<table::Unknown>(&outcome))
      throw Error("COMMIT_UNKNOWN", {{"table", table_.name()}, {"reason", unknown->reason}});
  }

 private:
  table::Table table_;
  Clock& clock_;
  Random& random_;
};

plan::NameParts table_parts(const SinkRequest& request) {
  if (!request.write.table.empty()) return request.write.table;
  std::string path =
      request.write.path.empty() ? option(request.write, "path") : request.write.path;
  if (path.empty())
    throw_invalid("writeStream.format(\"iceberg\") needs a table: toTable(name), or start(name)");
  if (path.find('/') != std::string::npos)
    throw_unsupported("a streaming write to the Iceberg table at the path " + path +
                      "; name it as a table of the catalog");
  return split_name(path);
}

void make_table(const SinkRequest& request, const catalog::TableName& name) {
  plan::TableDefinition definition;
  definition.properties = streaming_properties();
  for (const std::string& column : request.write.partition_by)
    definition.partitioned_by.push_back({"identity", std::nullopt, column});
  std::vector<types::StructField> fields;
  for (const plan::Attribute& column : request.resolved->output)
    fields.push_back({column.name, column.type, true});
  create_defined_table(request.session, name, definition,
                       types::DataType::structure(std::move(fields)));
  log_info("created table {} for a streaming query", name.to_string());
}

// mergeSchema: columns that the table lacks are added before the query starts.
void add_missing_columns(const SinkRequest& request, const catalog::TableName& name,
                         const types::Schema& schema) {
  plan::AddColumns added;
  for (const plan::Attribute& column : request.resolved->output) {
    const bool found =
        std::any_of(schema.fields.begin(), schema.fields.end(), [&](const types::Field& field) {
          return lower_case(field.name) == lower_case(column.name);
        });
    if (!found) added.columns.push_back({{column.name}, column.type, true, "", nullptr, false, ""});
  }
  if (added.columns.empty()) return;
  plan::NameParts parts = name.space;
  parts.push_back(name.name);
  plan::AlterTable altered;
  altered.table = std::move(parts);
  altered.change = std::move(added);
  request.session.execute({std::move(altered), "", {}});
}

stream::Target to_table(const SinkRequest& request) {
  Session& session = request.session;
  if (request.mode == plan::OutputMode::kUpdate) refuse_mode(request, "iceberg");
  const catalog::TableName name = session.table_name(table_parts(request));
  if (!session.process().catalog.load(name)) {
    if (request.write.table.empty())
      throw Error("TABLE_OR_VIEW_NOT_FOUND", {{"relationName", "`" + name.to_string() + "`"}});
    make_table(request, name);
  }
  if (lower_case(option(request.write, "mergeSchema")) == "true" ||
      lower_case(option(request.write, "merge-schema")) == "true")
    add_missing_columns(request, name, session.process().catalog.load(name)->metadata->schema());
  table::Table table = catalog::open_table(session.process().catalog, name);
  stream::Target target;
  target.name = name.to_string();
  target.plan =
      plan::assign_to_table(request.resolved, types::to_spark(table.metadata().schema()), true,
                            target.name, session.resolve_options(true), session.ids());
  if (request.mode == plan::OutputMode::kComplete)
    target.sink = std::make_shared<OverwriteSink>(std::move(table), session.process().clock,
                                                  session.process().random);
  else
    target.table = std::make_shared<table::Table>(std::move(table));
  return target;
}

// ---- Memory: a temporary view of the rows so far.

class MemorySink final : public stream::BatchSink {
 public:
  MemorySink(std::vector<plan::Attribute> columns, bool replaces)
      : columns_(std::move(columns)), replaces_(replaces) {}

  std::string description() const override { return "MemorySink"; }

  void add_batch(SinkBatch batch, const StopToken&) override {
    const std::lock_guard lock(mutex_);
    if (newest_ >= batch.id) return;  // here already
    newest_ = batch.id;
    if (replaces_) chunks_.clear();
    for (const engine::Chunk& chunk : batch.chunks) chunks_.push_back(engine::copy_of(chunk));
  }

  plan::RelationPtr rows(plan::IdSource& fresh) const {
    const std::lock_guard lock(mutex_);
    std::vector<engine::Chunk> chunks;
    for (const engine::Chunk& chunk : chunks_) chunks.push_back(chunk.share());
    return rows_relation(columns_, std::move(chunks), fresh);
  }

 private:
  const std::vector<plan::Attribute> columns_;
  const bool replaces_;
  mutable std::mutex mutex_;
  int64_t newest_ = -1;                // GUARDED_BY(mutex_)
  std::vector<engine::Chunk> chunks_;  // GUARDED_BY(mutex_)
};

stream::Target to_memory(const SinkRequest& request) {
  const std::string& name = request.write.name;
  if (name.empty()) throw_invalid("queryName must be specified for memory sink");
  const auto sink = std::make_shared<MemorySink>(request.resolved->output,
                                                 request.mode == plan::OutputMode::kComplete);
  TemporaryView view;
  view.rows = [sink](plan::IdSource& fresh) { return sink->rows(fresh); };
  request.session.temporary_views()[lower_case(name)] = std::move(view);
  return to_sink(request, sink);
}

// ---- Console

class ConsoleSink final : public stream::BatchSink {
 public:
  ConsoleSink(size_t rows, bool truncate, std::string zone)
      : rows_(rows), truncate_(truncate), zone_(kernels::find_time_zone(zone)) {}

  std::string description() const override {
    return "ConsoleTable[numRows=" + std::to_string(rows_) +
           ", truncate=" + (truncate_ ? "true" : "false") + "]";
  }

  void add_batch(SinkBatch batch, const StopToken&) override {
    const std::string line(43, '-');
    std::vector<std::string> names;
    for (const plan::Attribute& column : batch.columns) names.push_back(column.name);
    std::vector<std::vector<std::string>> cells;
    uint64_t total = 0;
    for (const engine::Chunk& chunk : batch.chunks) {
      total += chunk.size();
      for (uint64_t row = 0; row < chunk.size() && cells.size() < rows_; ++row) {
        cells.emplace_back();
        for (uint64_t i = 0; i < chunk.column_count(); ++i)
          cells.back().push_back(cell(chunk.column(i), row, batch.columns[i].type));
      }
    }
    std::string text = line + "\nBatch: " + std::to_string(batch.id) + "\n" + line + "\n" +
                       shown_rows(names, cells, truncate_ ? 20 : 0);
    if (total > rows_)
      text += "only showing top " + std::to_string(rows_) + (rows_ == 1 ? " row" : " rows") + "\n";
    std::cout << text << '\n' << std::flush;
  }

 private:
  std::string cell(const kernels::ColumnView& column, uint64_t row,
                   const types::DataType& type) const {
    if (!column.is_valid(row)) return "NULL";
    std::string text;
    if (type.id() == types::DataTypeId::kBinary) {
      kernels::append_text(text, column, row, type, {zone_.get(), true});
      std::string hex = "[";
      for (const char c : text) {
        constexpr char kDigits[] = "0123456789ABCDEF";
        if (hex.size() > 1) hex += ' ';
        hex += kDigits[static_cast<unsigned char>(c) >> 4];
        hex += kDigits[static_cast<unsigned char>(c) & 15];
      }
      return hex + "]";
    }
    kernels::append_text(text, column, row, type, {zone_.get(), true});
    return text;
  }

  const size_t rows_;
  const bool truncate_;
  const std::shared_ptr<const kernels::TimeZone> zone_;
};

stream::Target to_console(const SinkRequest& request) {
  const std::string rows = option(request.write, "numRows"),
                    truncate = lower_case(option(request.write, "truncate"));
  return to_sink(request,
                 std::make_shared<ConsoleSink>(
                     rows.empty() ? 20 : static_cast<size_t>(std::stoul(rows)), truncate != "false",
                     request.session.conf().get_string("spark.sql.session.timeZone")));
}

// ---- Nothing, a function, Kafka

class NoopSink final : public stream::BatchSink {
 public:
  std::string description() const override {
    return "org.apache.spark.sql.execution.datasources.noop.NoopTable$";
  }
  void add_batch(SinkBatch, const StopToken&) override {}
};

stream::Target to_noop(const SinkRequest& request) {
  return to_sink(request, std::make_shared<NoopSink>());
}

class ForeachBatchSink final : public stream::BatchSink {
 public:
  explicit ForeachBatchSink(std::function<void(SinkBatch, const StopToken&)> function)
      : function_(std::move(function)) {}
  std::string description() const override { return "ForeachBatchSink"; }
  void add_batch(SinkBatch batch, const StopToken& stop) override {
    function_(std::move(batch), stop);
  }

 private:
  std::function<void(SinkBatch, const StopToken&)> function_;
};

stream::Target to_kafka(const SinkRequest& request) {
  StringMap options;
  for (const auto& [key, value] : request.write.options)
    if (lower_case(key) != "checkpointlocation") options[key] = value;
  return to_sink(request, stream::make_kafka_sink(options, request.resolved->output));
}

template <const char* kFormat>
stream::Target to_files(const SinkRequest& request) {
  if (request.mode != plan::OutputMode::kAppend) refuse_mode(request, kFormat);
  return to_sink(request, make_file_sink(request.session, request.write, kFormat));
}
constexpr char kParquet[] = "parquet", kJson[] = "json", kCsv[] = "csv", kText[] = "text",
               kOrc[] = "orc", kAvro[] = "avro";

struct SinkRow {
  const char* format;
  stream::Target (*make)(const SinkRequest&);
};
constexpr SinkRow kSinks[] = {
    {"iceberg", to_table},     {"memory", to_memory},     {"console", to_console},
    {"noop", to_noop},         {"kafka", to_kafka},       {"parquet", to_files<kParquet>},
    {"json", to_files<kJson>}, {"csv", to_files<kCsv>},   {"text", to_files<kText>},
    {"orc", to_files<kOrc>},   {"avro", to_files<kAvro>},
};

size_t characters(const std::string& text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

std::string prefix(const std::string& text, size_t count) {
  size_t at = 0;
  for (size_t seen = 0; at < text.size(); ++at) {
    if ((static_cast<unsigned char>(text[at]) & 0xC0) != 0x80 && seen++ == count) break;
  }
  return text.substr(0, at);
}

}  // namespace

stream::Target make_stream_target(Session& session, const StreamWrite& write, plan::OutputMode mode,
                                  const plan::RelationPtr& resolved) {
  const SinkRequest request{session, write, mode, resolved};
  if (write.foreach_batch) {
    if (!write.partition_by.empty()) throw_invalid("'foreachBatch' does not support partitioning");
    return to_sink(request, std::make_shared<ForeachBatchSink>(write.foreach_batch));
  }
  std::string format = lower_case(write.format);
  if (!write.table.empty() && format.empty()) format = "iceberg";
  if (format.empty()) format = default_file_format(session.conf());
  std::string names;
  for (const SinkRow& row : kSinks) {
    if (format == row.format) return row.make(request);
    names += (names.empty() ? "" : ", ") + std::string(row.format);
  }
  throw_unsupported("a streaming write in the format " + format + "; sinks are: " + names +
                    " and foreachBatch");
}

std::string shown_rows(const std::vector<std::string>& names,
                       const std::vector<std::vector<std::string>>& rows, size_t truncate) {
  constexpr size_t kLeastWidth = 3;
  std::vector<std::vector<std::string>> lines = {names};
  lines.insert(lines.end(), rows.begin(), rows.end());
  std::vector<size_t> widths(names.size(), kLeastWidth);
  for (size_t i = 0; i < lines.size(); ++i) {
    for (size_t column = 0; column < names.size(); ++column) {
      std::string& text = lines[i][column];
      if (truncate > 0 && characters(text) > truncate)
        text = truncate < 4 ? prefix(text, truncate) : prefix(text, truncate - 3) + "...";
      widths[column] = std::max(widths[column], characters(text));
    }
  }
  std::string rule = "+";
  for (const size_t width : widths) rule += std::string(width, '-') + "+";
  std::string out = rule + "\n";
  for (size_t i = 0; i < lines.size(); ++i) {
    out += "|";
    for (size_t column = 0; column < names.size(); ++column) {
      const std::string pad(widths[column] - characters(lines[i][column]), ' ');
      out += truncate > 0 ? pad + lines[i][column] : lines[i][column] + pad;
      out += "|";
    }
    out += "\n";
    if (i == 0) out += rule + "\n";
  }
  return out + rule + "\n";
}

}  // namespace firn::session
