// The table of streaming sources.
#include "stream/source/formats.h"

#include <algorithm>

#include "base/error.h"
#include "stream/source/file_source.h"
#include "stream/source/iceberg_source.h"
#include "stream/source/kafka_source.h"
#include "stream/source/options.h"
#include "stream/source/rate_source.h"

namespace firn::stream {
namespace {

using StringMap = std::map<std::string, std::string>;
using types::DataType;

[[noreturn]] void needs_schema(const std::string& format) {
  throw_invalid("Schema must be specified when creating a streaming source DataFrame. Give the " +
                format + " files' columns with .schema(…)");
}

DataType kafka_columns(const StringMap& options, const DataType* given) {
  if (given != nullptr)
    throw Error("KAFKA_OPTION_UNSUPPORTED",
                {{"option", "schema"}, {"reason", "Kafka's columns are fixed"}});
  return kafka_schema(*parse_kafka_options(options));
}
DataType rate_columns(const StringMap& options, const DataType* given) {
  if (given != nullptr) throw_invalid("the streaming source rate has columns of its own");
  check_rate_options(options);
  return rate_schema();
}
DataType rate_micro_batch_columns(const StringMap& options, const DataType* given) {
  if (given != nullptr)
    throw_invalid("the streaming source rate-micro-batch has columns of its own");
  check_rate_micro_batch_options(options);
  return rate_schema();
}
DataType file_columns(const StringMap& options, const DataType* given) {
  check_file_options(options);
  if (given == nullptr) needs_schema("streamed");
  return *given;
}
DataType text_columns(const StringMap& options, const DataType* given) {
  check_file_options(options);
  if (given != nullptr) return *given;
  return DataType::structure({{"value", types::DataTypeId::kString, true}});
}

std::unique_ptr<Source> make_kafka(const plan::StreamSource& source, SourceSurroundings) {
  return make_kafka_source(parse_kafka_options(source.options));
}

struct FormatRow {
  const char* name;
  DataType (*columns)(const StringMap&, const DataType* given);
  std::unique_ptr<Source> (*make)(const plan::StreamSource&, SourceSurroundings);
};
constexpr FormatRow kFormats[] = {
    {"kafka", kafka_columns, make_kafka},
    {"rate", rate_columns, make_rate_source},
    {"rate-micro-batch", rate_micro_batch_columns, make_rate_micro_batch_source},
    {"iceberg", nullptr, make_iceberg_source},  // the session knows the table's columns
    {"csv", file_columns, make_file_source},
    {"json", file_columns, make_file_source},
    {"parquet", file_columns, make_file_source},
    {"orc", file_columns, make_file_source},
    {"avro", file_columns, make_file_source},
    {"text", text_columns, make_file_source},
};

const FormatRow& row_of(const std::string& format) {
  std::string names;
  for (const FormatRow& row : kFormats) {
    if (lower_case(format) == row.name) return row;
    names += (names.empty() ? "" : ", ") + std::string(row.name);
  }
  throw_unsupported("streaming from " + format + "; streaming sources are: " + names);
}

}  // namespace

std::string encode_table_name(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += part + '\x1f';
  return text;
}

std::vector<std::string> decode_table_name(const std::string& text) {
  std::vector<std::string> parts;
  for (size_t at = 0; at < text.size();) {
    const size_t end = text.find('\x1f', at);
    parts.push_back(text.substr(at, end - at));
    at = end == std::string::npos ? text.size() : end + 1;
  }
  return parts;
}

DataType source_schema(const std::string& format, const StringMap& options, const DataType* given) {
  const FormatRow& row = row_of(format);
  FIRN_CHECK(row.columns != nullptr, "the columns of a table are the catalog's");
  return row.columns(options, given);
}

std::unique_ptr<Source> make_source(const plan::StreamSource& source,
                                    SourceSurroundings surroundings) {
  return row_of(source.format).make(source, std::move(surroundings));
}

}  // namespace firn::stream
