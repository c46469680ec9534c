// What a file format is to the engine: the schema of its files and their rows, a part of a file at
// a time, and a writer of rows.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "files/file_store.h"
#include "formats/options.h"
#include "kernels/kernel.h"
#include "types/data_type.h"

namespace firn::formats {

struct FilePart {
  std::string uri;
  int64_t start = 0, end = -1;  // bytes; end < 0: the whole file
  int64_t file_size = 0, modified_ms = 0;
};

struct ReadRequest {
  files::FileStore& store;
  Options options;
  types::DataType schema;   // struct: the files' columns, partition columns excluded
  std::vector<int> wanted;  // of schema's fields, in the order of the outputs
};

// Rows of one part. Not safe for concurrent use.
class RowReader {
 public:
  virtual ~RowReader() = default;
  // Fills rows [0, n) of the wanted columns, n ≤ capacity; 0 at the end only. Throws Errors that
  // name the file.
  virtual uint64_t read(std::span<kernels::Output* const> columns, uint64_t capacity) = 0;
};

// Rows of one file that is written.
class RowWriter {
 public:
  virtual ~RowWriter() = default;
  virtual void write(std::span<const kernels::ColumnView> columns, uint64_t rows) = 0;
  virtual void finish() = 0;  // durable when it returns
};

struct Format {
  const char* name;
  // Lines can be read from the middle of a file; nullptr: never.
  bool (*splittable)(const Options& options);
  // The columns of the files, of a few of them where one says all. nullptr: fixed by the format.
  types::DataType (*infer)(files::FileStore& store, const Options& options,
                           const std::vector<FilePart>& files);
  std::unique_ptr<RowReader> (*open)(const ReadRequest& request, const FilePart& part);
  // Ending of a file's name with these options (".csv.gz"); checks types and options.
  std::string (*extension)(const Options& options, const types::DataType& schema);
  std::unique_ptr<RowWriter> (*create)(files::FileStore& store, const std::string& uri,
                                       const Options& options, const types::DataType& schema);
};

// nullptr where there is none of that name (lower case). Parquet and Delta are the engine's.
const Format* find_format(const std::string& name);
std::string format_names();

// ---- the formats' rows, one file each
extern const Format kCsv, kJson, kText, kBinaryFile, kAvro, kOrc;

// A codec of a columnar format: its name in options, in the format, the file's ending.
struct CodecRow {
  const char* name;
  const char* codec;
  const char* extension;
};
// Throws CODEC_NOT_AVAILABLE.WITH_AVAILABLE_CODECS_SUGGESTION.
const CodecRow& find_codec(std::span<const CodecRow> rows, const std::string& name);
// Types that Parquet and ORC can hold: all but VOID, at any depth; of structs those with fields.
bool columnar_supports(const types::DataType& type);

// Throws UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE for the first column whose type `supports` refuses.
void check_column_types(const types::DataType& schema, const char* format,
                        bool (*supports)(const types::DataType&));

// The name of the column for malformed records, wanted or not. Throws INVALID_CORRUPT_RECORD_TYPE
// where it is no string, UNSUPPORTED_FEATURE.QUERY_ONLY_CORRUPT_RECORD_COLUMN where no other is
// wanted.
std::string checked_corrupt_column(const ReadRequest& request);

// A record that does not fit, in FAILFAST mode; the second names the file.
Error malformed_record(std::string_view record);
[[noreturn]] void throw_malformed(const std::string& uri, std::string_view record);

}  // namespace firn::formats
