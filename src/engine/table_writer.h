// Chunks → Parquet data files of an Iceberg table: fan-out by partition, rolling at the target
// size, metrics for the manifest.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/chunk.h"
#include "files/file_store.h"
#include "iceberg/manifest.h"
#include "types/schema.h"
#include "types/transform.h"

namespace firn::engine {

// What Parquet writers can share. Opening one takes milliseconds: whoever makes a writer a batch
// keeps one. Safe for concurrent use.
class WriterInstance;
std::shared_ptr<WriterInstance> make_writer_instance();

struct TableWriterOptions {
  types::Schema schema;  // columns of the chunks, in this order; field ids go into the files
  types::PartitionSpec spec;
  iceberg::Properties properties;  // write.target-file-size-bytes, write.parquet.compression-codec
                                   // (zstd), -level, row-group-size-bytes, metrics modes
  std::string data_location;       // folder URI; files land under <data_location>/<partition path>/
  std::string file_prefix;         // unique per process start: "<00000>-<writer>-<uuid>"
  uint64_t row_group_rows = 122880;  // streams choose smaller ones
  // 0: the default bound (memory): least recently used files are closed.
  int max_open_partitions = 0;
  std::shared_ptr<WriterInstance> instance;  // absent: the writer opens its own
};

// Not safe for concurrent use. Files are durable when finish() returns. Destroyed without finish():
// its files are removed.
class TableWriter {
 public:
  virtual ~TableWriter() = default;
  virtual void append(Chunk& chunk) = 0;
  virtual std::vector<iceberg::DataFile>
  finish() = 0;                      // empty where no row came; the writer can be used again
  virtual int64_t rows() const = 0;  // since the last finish()
  virtual int64_t buffered_bytes() const = 0;
};

std::unique_ptr<TableWriter> make_table_writer(const TableWriterOptions&, files::FileStore&);

}  // namespace firn::engine
