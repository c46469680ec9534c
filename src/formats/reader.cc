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

const CodecRow& find_codec(std::span<const CodecRow> rows, const std::string& name) {
  std::string names;
  for (const CodecRow& row : rows) {
    if (lower_case(name) == row.name) return row;
    names += (names.empty() ? "" : ", ") + std::string(row.name);
  }
  throw Error("CODEC_NOT_AVAILABLE.WITH_AVAILABLE_CODECS_SUGGESTION",
              {{"codecName", lower_case(name)}, {"availableCodecs", names}});
}

bool columnar_supports(const types::DataType& type) {
  switch (type.id()) {
    case types::DataTypeId::kNull:
      return false;
    case types::DataTypeId::kArray:
      return columnar_supports(type.element());
    case types::DataTypeId::kMap:
      return columnar_supports(type.key()) && columnar_supports(type.value());
    case types::DataTypeId::kStruct:
      for (const types::StructField& field : type.fields()) {
        if (!columnar_supports(field.type)) return false;
      }
      return !type.fields().empty();
    default:
      return true;
  }
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

std::string checked_corrupt_column(const ReadRequest& request) {
  std::string corrupt = corrupt_column(request.options);
  for (const types::StructField& field : request.schema.fields()) {
    if (field.name != corrupt || field.type.id() == types::DataTypeId::kString) continue;
    throw Error("INVALID_CORRUPT_RECORD_TYPE", {{"columnName", "`" + corrupt + "`"},
                                                {"actualType", "\"" + field.type.sql() + "\""}});
  }
  const bool only = request.wanted.size() == 1 &&
                    request.schema.fields()[static_cast<size_t>(request.wanted[0])].name == corrupt;
  if (only) throw Error("UNSUPPORTED_FEATURE.QUERY_ONLY_CORRUPT_RECORD_COLUMN", {});
  return corrupt;
}

Error malformed_record(std::string_view record) {
  return Error("MALFORMED_RECORD_IN_PARSING.WITHOUT_SUGGESTION",
               {{"badRecord", std::string(record)}, {"failFastMode", "FAILFAST"}});
}

void throw_malformed(const std::string& uri, std::string_view record) {
  throw Error("FAILED_READ_FILE.NO_HINT", {{"path", uri + ": " + malformed_record(record).what()}});
}

}  // namespace firn::formats
