// Rows fan out by partition into buffers, buffers become row groups, row groups files that roll at
// the target size.
#include "engine/table_writer.h"

#include <algorithm>
#include <cstdio>
#include <optional>
#include <utility>

#include "base/error.h"
#include "engine/chunk_body.h"
#include "engine/parquet_file.h"
#include "engine/partition_router.h"
#include "engine/row_checks.h"
#include "engine/writer_instance.h"
#include "table/retry.h"

namespace firn::engine {

namespace {

constexpr int64_t kDefaultTargetBytes = 512LL << 20;  // Iceberg's write.target-file-size-bytes
constexpr int64_t kDefaultRowGroupBytes = 128LL
                                          << 20;  // Iceberg's write.parquet.row-group-size-bytes
constexpr int kDefaultOpenPartitions = 128;
constexpr int64_t kMaxBufferedBytes = 512LL << 20;  // over all partitions

// The rows of one partition on their way into its current file.
struct OpenPartition {
  explicit OpenPartition(const duckdb::vector<duckdb::LogicalType>& types)
      : buffer(duckdb::Allocator::DefaultAllocator(), types) {
    buffer.InitializeAppend(append);
  }
  duckdb::ColumnDataCollection buffer;
  duckdb::ColumnDataAppendState append;
  std::optional<ParquetFile> file;
  int64_t buffered_bytes = 0;
  uint64_t last_used = 0;
};

class ParquetTableWriter final : public TableWriter {
 public:
  ParquetTableWriter(const TableWriterOptions& options, files::FileStore& store);
  ~ParquetTableWriter() override;
  void append(Chunk& chunk) override;
  std::vector<iceberg::DataFile> finish() override;
  int64_t rows() const override { return rows_; }
  int64_t buffered_bytes() const override { return buffered_bytes_; }

 private:
  duckdb::DataChunk& conform(duckdb::DataChunk& rows);
  OpenPartition& open(size_t partition);
  void append_rows(size_t partition, duckdb::DataChunk& rows);
  void flush(size_t partition, OpenPartition& open);
  void close(size_t partition, OpenPartition& open);
  void close_least_recently_used();
  std::string next_uri(size_t partition);
  void abandon() noexcept;

  const TableWriterOptions options_;
  files::FileStore& store_;
  const std::shared_ptr<WriterInstance> instance_;
  const ParquetLayout layout_;
  const RowChecks checks_;
  const ParquetSettings settings_;
  const int64_t target_bytes_, row_group_bytes_;
  const size_t max_open_;
  PartitionRouter router_;
  std::map<size_t, std::unique_ptr<OpenPartition>> open_;
  std::vector<iceberg::DataFile> files_;
  duckdb::DataChunk cast_rows_;
  int64_t rows_ = 0, buffered_bytes_ = 0;
  uint64_t uses_ = 0;
  int next_file_ = 0;
};

ParquetTableWriter::ParquetTableWriter(const TableWriterOptions& options, files::FileStore& store)
    : options_(options),
      store_(store),
      instance_(options.instance != nullptr ? options.instance : make_writer_instance()),
      layout_(parquet_layout(options.schema, options.properties)),
      checks_(options.schema),
      settings_(parquet_settings(options.properties, options.row_group_rows)),
      target_bytes_(table::number_property(options.properties, "write.target-file-size-bytes",
                                           kDefaultTargetBytes)),
      row_group_bytes_(table::number_property(
          options.properties, "write.parquet.row-group-size-bytes", kDefaultRowGroupBytes)),
      max_open_(static_cast<size_t>(options.max_open_partitions > 0 ? options.max_open_partitions
                                                                    : kDefaultOpenPartitions)),
      router_(options.schema, options.spec) {
  FIRN_CHECK(!options_.schema.fields.empty(), "a table that is written has columns");
  FIRN_CHECK(options_.row_group_rows > 0, "a row group has rows");
}

ParquetTableWriter::~ParquetTableWriter() { abandon(); }

// Files that are still open vanish with their handles; finished ones are removed.
void ParquetTableWriter::abandon() noexcept {
  open_.clear();
  for (const iceberg::DataFile& file : files_) {
    try {
      store_.remove(file.file_path);
    } catch (const std::exception&) {  // an orphan file harms nobody; a destructor must not throw
    }
  }
  files_.clear();
}

// The chunk itself where its vectors are laid out as the file wants them, else a converted copy
// (texts that are UUIDs or times of day).
duckdb::DataChunk& ParquetTableWriter::conform(duckdb::DataChunk& rows) {
  FIRN_CHECK(rows.ColumnCount() == layout_.types.size(),
             "a chunk has one column a field of the table");
  bool same = true;
  for (size_t i = 0; i < layout_.types.size(); ++i)
    same = same && same_layout(rows.data[i].GetType(), layout_.types[i]);
  if (same) return rows;
  cast_rows_.Destroy();
  cast_rows_.Initialize(duckdb::Allocator::DefaultAllocator(), layout_.types);
  for (size_t i = 0; i < layout_.types.size(); ++i) {
    convert_column(instance_->context(), rows.data[i], cast_rows_.data[i], rows.size(),
                   layout_.names[i]);
  }
  cast_rows_.SetCardinality(rows.size());
  return cast_rows_;
}

void ParquetTableWriter::append(Chunk& chunk) {
  if (chunk.size() == 0) return;
  duckdb::DataChunk& rows = conform(chunk.body().chunk);
  checks_.check(rows);
  for (const PartitionRouter::Group& group : router_.route(rows)) {
    if (group.rows.empty()) {
      append_rows(group.partition, rows);
      continue;
    }
    duckdb::SelectionVector selection(group.rows.size());
    for (size_t i = 0; i < group.rows.size(); ++i) selection.set_index(i, group.rows[i]);
    duckdb::DataChunk part;
    part.InitializeEmpty(rows.GetTypes());
    part.Slice(rows, selection, group.rows.size());
    append_rows(group.partition, part);
  }
  rows_ += static_cast<int64_t>(chunk.size());
}

OpenPartition& ParquetTableWriter::open(size_t partition) {
  auto found = open_.find(partition);
  if (found == open_.end()) {
    if (open_.size() >= max_open_) close_least_recently_used();
    found = open_.emplace(partition, std::make_unique<OpenPartition>(layout_.types)).first;
  }
  found->second->last_used = ++uses_;
  return *found->second;
}

void ParquetTableWriter::append_rows(size_t partition, duckdb::DataChunk& rows) {
  OpenPartition& target = open(partition);
  target.buffer.Append(target.append, rows);
  const auto bytes = static_cast<int64_t>(target.buffer.SizeInBytes());
  buffered_bytes_ += bytes - target.buffered_bytes;
  target.buffered_bytes = bytes;
  const bool full = target.buffer.Count() >= options_.row_group_rows ||
                    bytes >= std::min(row_group_bytes_, target_bytes_);
  if (full)
    flush(partition, target);
  else if (buffered_bytes_ > kMaxBufferedBytes)
    close_least_recently_used();
}

std::string ParquetTableWriter::next_uri(size_t partition) {
  char number[16];
  std::snprintf(number, sizeof(number), "-%05d", ++next_file_);
  const std::string path = options_.spec.partition_path(options_.schema, router_.values(partition));
  const std::string folder =
      path.empty() ? options_.data_location : files::join_uri(options_.data_location, path);
  return files::join_uri(folder, options_.file_prefix + number + ".parquet");
}

// The buffered rows become a row group; a file that has reached its size is closed.
void ParquetTableWriter::flush(size_t partition, OpenPartition& target) {
  if (target.buffer.Count() == 0) return;
  if (!target.file)
    target.file.emplace(instance_->context(), store_, layout_, settings_, next_uri(partition));
  target.file->write_row_group(target.buffer);
  target.buffer.Reset();
  target.buffer.InitializeAppend(target.append);
  buffered_bytes_ -= target.buffered_bytes;
  target.buffered_bytes = 0;
  if (target.file->size() >= target_bytes_) close(partition, target);
}

void ParquetTableWriter::close(size_t partition, OpenPartition& target) {
  flush(partition, target);
  if (!target.file) return;
  iceberg::DataFile file = target.file->finish();
  file.partition = router_.values(partition);
  file.spec_id = options_.spec.spec_id;
  files_.push_back(std::move(file));
  target.file.reset();
}

void ParquetTableWriter::close_least_recently_used() {
  const auto oldest = std::ranges::min_element(open_, [](const auto& a, const auto& b) {
    return a.second->last_used < b.second->last_used;
  });
  close(oldest->first, *oldest->second);
  open_.erase(oldest);
}

std::vector<iceberg::DataFile> ParquetTableWriter::finish() {
  for (auto& [partition, target] : open_) close(partition, *target);
  open_.clear();
  router_ = PartitionRouter(options_.schema, options_.spec);
  rows_ = 0;
  buffered_bytes_ = 0;
  return std::exchange(files_, {});
}

}  // namespace

std::shared_ptr<WriterInstance> make_writer_instance() {
  return std::make_shared<WriterInstance>();
}

std::unique_ptr<TableWriter> make_table_writer(const TableWriterOptions& options,
                                               files::FileStore& store) {
  return std::make_unique<ParquetTableWriter>(options, store);
}

}  // namespace firn::engine
