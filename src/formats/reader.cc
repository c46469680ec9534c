// The table of formats.
#include "formats/reader.h"

#include "base/error.h"
#include "formats/postgres.h"

namespace firn::formats {
namespace {

constexpr const Format* kFormats[] = {&kCsv, &kJson, &kText, &kBinaryFile, &kAvro, &kOrc, &kJdbc};

}  // namespace

const Format* find_format(const std::string& name) {
  for (const Format* format : kFormats) {
    if (name == format->name) return format;
  }
  return nullptr;
}

std::string format_names() {
  std::string names = "parquet, delta";
  for (const Format* format : kFormats) names += std::string(", ") + format->name;
  return names;
}

void check_column_types(const types::DataType& schema, const char* format,
                        bool (*supports)(const types::DataType&)) {
  for (const types::StructField& field : schema.fields()) {
    if (supports(field.type)) continue;
    throw Error("UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE",
                {{"format", format},
                 {"columnName", "`" + field.name + "`"},
                 {"columnType", "\"" + field.type.sql() + "\""}});
  }
}

void throw_malformed(const std::string& uri, std::string_view record) {
  const Error cause("MALFORMED_RECORD_IN_PARSING.WITHOUT_SUGGESTION",
                    {{"badRecord", std::string(record)}, {"failFastMode", "FAILFAST"}});
  throw Error("FAILED_READ_FILE.NO_HINT", {{"path", uri + ": " + cause.what()}});
}

}  // namespace firn::formats
