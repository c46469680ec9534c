// The table of exception classes, and the bytes of google.rpc.Status.
#include "server/spark_connect/status.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace firn::server::spark_connect {
namespace {

enum class Family {
  kAnalysis,
  kParse,
  kArithmetic,
  kArrayIndex,
  kConnect,
  kDateTime,
  kIllegalArgument,
  kNoSuchElement,
  kNumberFormat,
  kPython,
  kRuntime,
  kSpark,
  kStreamingQuery,
  kSql,
  kUnsupportedOperation,
  kUpgrade,
};

struct FamilyRow {
  Family family;
  std::vector<std::string_view> classes;
};
const FamilyRow kFamilies[] = {
    {Family::kAnalysis, {"org.apache.spark.sql.AnalysisException", "java.lang.Exception"}},
    {Family::kParse,
     {"org.apache.spark.sql.catalyst.parser.ParseException",
      "org.apache.spark.sql.AnalysisException", "java.lang.Exception"}},
    {Family::kArithmetic,
     {"org.apache.spark.SparkArithmeticException", "java.lang.ArithmeticException",
      "java.lang.RuntimeException", "java.lang.Exception"}},
    {Family::kArrayIndex,
     {"org.apache.spark.SparkArrayIndexOutOfBoundsException",
      "java.lang.ArrayIndexOutOfBoundsException", "java.lang.IndexOutOfBoundsException",
      "java.lang.RuntimeException", "java.lang.Exception"}},
    {Family::kConnect,
     {"org.apache.spark.sql.connect.common.InvalidPlanInput", "java.lang.RuntimeException",
      "java.lang.Exception"}},
    {Family::kDateTime,
     {"org.apache.spark.SparkDateTimeException", "java.time.DateTimeException",
      "java.lang.RuntimeException", "java.lang.Exception"}},
    {Family::kIllegalArgument,
     {"org.apache.spark.SparkIllegalArgumentException", "java.lang.IllegalArgumentException",
      "java.lang.RuntimeException", "java.lang.Exception"}},
    {Family::kNoSuchElement,
     {"org.apache.spark.SparkNoSuchElementException", "java.util.NoSuchElementException",
      "java.lang.RuntimeException", "java.lang.Exception"}},
    {Family::kNumberFormat,
     {"org.apache.spark.SparkNumberFormatException", "java.lang.NumberFormatException",
      "java.lang.IllegalArgumentException", "java.lang.RuntimeException", "java.lang.Exception"}},
    {Family::kPython,
     {"org.apache.spark.api.python.PythonException", "java.lang.RuntimeException",
      "java.lang.Exception"}},
    {Family::kRuntime,
     {"org.apache.spark.SparkRuntimeException", "java.lang.RuntimeException",
      "java.lang.Exception"}},
    {Family::kSpark, {"org.apache.spark.SparkException", "java.lang.Exception"}},
    {Family::kStreamingQuery,
     {"org.apache.spark.sql.streaming.StreamingQueryException", "java.lang.Exception"}},
    {Family::kSql,
     {"org.apache.spark.SparkSQLException", "java.sql.SQLException", "java.lang.Exception"}},
    {Family::kUnsupportedOperation,
     {"org.apache.spark.SparkUnsupportedOperationException",
      "java.lang.UnsupportedOperationException", "java.lang.RuntimeException",
      "java.lang.Exception"}},
    {Family::kUpgrade,
     {"org.apache.spark.SparkUpgradeException", "java.lang.RuntimeException",
      "java.lang.Exception"}},
};

// By condition; a row without sub-condition stands for all that it has. What no row names is an
// AnalysisException, or what kByCode says.
struct ConditionRow {
  std::string_view condition;
  Family family;
};
constexpr ConditionRow kByCondition[] = {
    {"ARITHMETIC_OVERFLOW", Family::kArithmetic},
    {"BINARY_ARITHMETIC_OVERFLOW", Family::kArithmetic},
    {"CANNOT_DECODE_URL", Family::kIllegalArgument},
    {"CANNOT_PARSE_DECIMAL", Family::kRuntime},
    {"CANNOT_PARSE_INTERVAL", Family::kRuntime},
    {"CANNOT_PARSE_JSON_FIELD", Family::kRuntime},
    {"CANNOT_PARSE_TIME", Family::kDateTime},
    {"CANNOT_PARSE_TIMESTAMP", Family::kDateTime},
    {"CAST_OVERFLOW", Family::kArithmetic},
    {"CAST_OVERFLOW_IN_TABLE_INSERT", Family::kArithmetic},
    {"COLLECTION_SIZE_LIMIT_EXCEEDED", Family::kRuntime},
    {"CONNECT_INVALID_PLAN", Family::kConnect},
    {"CONVERSION_INVALID_INPUT", Family::kRuntime},
    {"DATETIME_FIELD_OUT_OF_BOUNDS", Family::kDateTime},
    {"DATETIME_OVERFLOW", Family::kArithmetic},
    {"DIVIDE_BY_ZERO", Family::kArithmetic},
    {"DUPLICATED_CTE_NAMES", Family::kParse},
    {"DUPLICATED_MAP_KEY", Family::kRuntime},
    {"DUPLICATE_CLAUSES", Family::kParse},
    {"EMPTY_JSON_FIELD_VALUE", Family::kRuntime},
    {"EXCEED_LIMIT_LENGTH", Family::kRuntime},
    {"FAILED_FUNCTION_CALL", Family::kSpark},
    {"FAILED_PARSE_STRUCT_TYPE", Family::kRuntime},
    {"FAILED_READ_FILE", Family::kSpark},
    {"FAILED_TO_PARSE_TOO_COMPLEX", Family::kParse},
    {"FIRN_PYTHON_EXCEPTION", Family::kPython},
    {"FIRN_PYTHON_WORKER", Family::kPython},
    {"ILLEGAL_DAY_OF_WEEK", Family::kIllegalArgument},
    {"INCONSISTENT_BEHAVIOR_CROSS_VERSION", Family::kUpgrade},
    {"INTERVAL_ARITHMETIC_OVERFLOW", Family::kArithmetic},
    {"INTERVAL_DIVIDED_BY_ZERO", Family::kArithmetic},
    {"INVALID_ARRAY_INDEX", Family::kArrayIndex},
    {"INVALID_ARRAY_INDEX_IN_ELEMENT_AT", Family::kArrayIndex},
    {"INVALID_ARTIFACT_PATH", Family::kIllegalArgument},
    {"INVALID_BITMAP_POSITION", Family::kArrayIndex},
    {"INVALID_CLONE_SESSION_REQUEST", Family::kSql},
    {"INVALID_CONF_VALUE", Family::kIllegalArgument},
    {"INVALID_CURSOR", Family::kSql},
    {"INVALID_DATETIME_PATTERN", Family::kIllegalArgument},
    {"INVALID_ESC", Family::kParse},
    {"INVALID_FRACTION_OF_SECOND", Family::kDateTime},
    {"INVALID_HANDLE", Family::kSql},
    {"INVALID_IDENTIFIER", Family::kParse},
    {"INVALID_INDEX_OF_ZERO", Family::kRuntime},
    {"INVALID_INTERVAL_FORMAT", Family::kIllegalArgument},
    {"INVALID_NUMERIC_LITERAL_RANGE", Family::kParse},
    {"INVALID_PARAMETER_VALUE", Family::kRuntime},
    {"INVALID_PROPERTY_KEY", Family::kParse},
    {"INVALID_PROPERTY_VALUE", Family::kParse},
    {"INVALID_REGEXP_REPLACE", Family::kRuntime},
    {"INVALID_RESET_COMMAND_FORMAT", Family::kParse},
    {"INVALID_SET_SYNTAX", Family::kParse},
    {"INVALID_SQL_SYNTAX", Family::kParse},
    {"INVALID_TIMEZONE", Family::kDateTime},
    {"INVALID_TYPED_LITERAL", Family::kParse},
    {"INVALID_URL", Family::kIllegalArgument},
    {"INVALID_UTF8_STRING", Family::kIllegalArgument},
    {"INVALID_VARIANT_CAST", Family::kRuntime},
    {"MALFORMED_CSV_RECORD", Family::kRuntime},
    {"MALFORMED_RECORD_IN_PARSING", Family::kSpark},
    {"MERGE_CARDINALITY_VIOLATION", Family::kRuntime},
    {"NOT_NULL_ASSERT_VIOLATION", Family::kRuntime},
    {"NOT_NULL_CONSTRAINT_VIOLATION", Family::kRuntime},
    {"NULL_MAP_KEY", Family::kRuntime},
    {"NUMERIC_OUT_OF_SUPPORTED_RANGE", Family::kArithmetic},
    {"NUMERIC_VALUE_OUT_OF_RANGE", Family::kArithmetic},
    {"OPERATION_CANCELED", Family::kSql},
    {"PARSE_EMPTY_STATEMENT", Family::kParse},
    {"PARSE_MODE_UNSUPPORTED", Family::kIllegalArgument},
    {"PARSE_SYNTAX_ERROR", Family::kParse},
    {"REMAINDER_BY_ZERO", Family::kArithmetic},
    {"REPEATED_CLAUSE", Family::kParse},
    {"SCALAR_SUBQUERY_TOO_MANY_ROWS", Family::kRuntime},
    {"SECOND_FUNCTION_ARGUMENT_NOT_INTEGER", Family::kAnalysis},
    {"SPARK_JOB_CANCELLED", Family::kSpark},
    {"SQL_CONF_NOT_FOUND", Family::kNoSuchElement},
    {"STREAM_FAILED", Family::kStreamingQuery},
    {"TASK_WRITE_FAILED", Family::kSpark},
    {"TRAILING_COMMA_IN_SELECT", Family::kParse},
    {"UNABLE_TO_ACQUIRE_MEMORY", Family::kSpark},
    {"UNCLOSED_BRACKETED_COMMENT", Family::kParse},
    {"UNSUPPORTED_ARROWTYPE", Family::kUnsupportedOperation},
    {"UNSUPPORTED_CALL", Family::kUnsupportedOperation},
    {"UNSUPPORTED_FEATURE.LAMBDA_FUNCTION_WITH_PYTHON_UDF", Family::kAnalysis},
    {"UNSUPPORTED_FEATURE.LATERAL_COLUMN_ALIAS_IN_AGGREGATE_FUNC", Family::kAnalysis},
    {"UNSUPPORTED_FEATURE.LATERAL_COLUMN_ALIAS_IN_AGGREGATE_WITH_WINDOW_AND_HAVING",
     Family::kAnalysis},
    {"UNSUPPORTED_FEATURE.LATERAL_COLUMN_ALIAS_IN_GENERATOR", Family::kAnalysis},
    {"UNSUPPORTED_FEATURE.LATERAL_COLUMN_ALIAS_IN_GROUP_BY", Family::kAnalysis},
    {"UNSUPPORTED_FEATURE.LATERAL_COLUMN_ALIAS_IN_WINDOW", Family::kAnalysis},
    {"UNSUPPORTED_FEATURE.LATERAL_JOIN_USING", Family::kParse},
    {"UNSUPPORTED_FEATURE.PANDAS_UDAF_IN_PIVOT", Family::kAnalysis},
    {"UNSUPPORTED_FEATURE.PYTHON_UDF_IN_ON_CLAUSE", Family::kAnalysis},
    {"UNSUPPORTED_FEATURE.QUERY_ONLY_CORRUPT_RECORD_COLUMN", Family::kAnalysis},
    {"UNSUPPORTED_FEATURE.SET_OPERATION_ON_MAP_TYPE", Family::kAnalysis},
    {"UNSUPPORTED_FEATURE.TABLE_OPERATION", Family::kAnalysis},
    {"UNSUPPORTED_FEATURE.TIME_TRAVEL", Family::kAnalysis},
    {"UNSUPPORTED_FEATURE", Family::kUnsupportedOperation},
    {"UNSUPPORTED_TYPED_LITERAL", Family::kParse},
    {"USER_RAISED_EXCEPTION", Family::kRuntime},
};

struct CodeRow {
  Code code;
  Family family;
};
constexpr CodeRow kByCode[] = {
    {Code::kInvalidInput, Family::kAnalysis},
    {Code::kNotFound, Family::kAnalysis},
    {Code::kAlreadyExists, Family::kAnalysis},
    {Code::kUnsupported, Family::kAnalysis},
    {Code::kConflict, Family::kSpark},
    {Code::kCorrupt, Family::kSpark},
    {Code::kIo, Family::kSpark},
    {Code::kUnavailable, Family::kSpark},
    {Code::kUnknownOutcome, Family::kSpark},
    {Code::kCancelled, Family::kSql},
    {Code::kResource, Family::kSpark},
    {Code::kPermission, Family::kSpark},
    {Code::kInternal, Family::kSpark},
};

// A malformed cast is of the class that Java's parser for the target throws.
Family family_of_cast(const Error& error) {
  const auto target = error.params().find("targetType");
  const std::string type = target == error.params().end() ? "" : target->second;
  if (type.find("DATE") != std::string::npos || type.find("TIME") != std::string::npos)
    return Family::kDateTime;
  if (type.find("BOOLEAN") != std::string::npos) return Family::kRuntime;
  return Family::kNumberFormat;
}

Family family_of(const Error& error) {
  const std::string_view condition = error.condition();
  if (condition == "CAST_INVALID_INPUT") return family_of_cast(error);
  for (const ConditionRow& row : kByCondition) {
    if (condition == row.condition) return row.family;
    if (condition.starts_with(row.condition) && condition[row.condition.size()] == '.')
      return row.family;
  }
  const auto* const row = std::find_if(std::begin(kByCode), std::end(kByCode),
                                       [&](const CodeRow& r) { return r.code == error.code(); });
  return row->family;
}

void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      constexpr char kHex[] = "0123456789abcdef";
      out += "\\u00";
      out += kHex[static_cast<unsigned char>(c) >> 4];
      out += kHex[static_cast<unsigned char>(c) & 15];
    } else {
      out += c;
    }
  }
  out += '"';
}

// At most `most` bytes, cut between characters.
std::string shortened(std::string text, size_t most) {
  if (text.size() <= most) return text;
  size_t end = most - 3;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "...";
}

// Wire format of three small messages of google.rpc: Status, Any, ErrorInfo.
class WireMessage {
 public:
  WireMessage& field(int number, std::string_view bytes) {
    coded().WriteTag(static_cast<uint32_t>(number) << 3 | 2);
    coded().WriteVarint32(static_cast<uint32_t>(bytes.size()));
    coded().WriteRaw(bytes.data(), static_cast<int>(bytes.size()));
    return *this;
  }
  WireMessage& field(int number, int value) {
    coded().WriteTag(static_cast<uint32_t>(number) << 3);
    coded().WriteVarint32(static_cast<uint32_t>(value));
    return *this;
  }
  std::string take() {
    coded_.reset();
    return std::move(bytes_);
  }

 private:
  google::protobuf::io::CodedOutputStream& coded() { return *coded_; }

  std::string bytes_;
  google::protobuf::io::StringOutputStream sink_{&bytes_};
  std::unique_ptr<google::protobuf::io::CodedOutputStream> coded_ =
      std::make_unique<google::protobuf::io::CodedOutputStream>(&sink_);
};

constexpr size_t kMostMessage = 2048;
constexpr size_t kMostParameters = 1024;  // headers of a response are bounded: longer ones are
                                          // fetched with the error's id

}  // namespace

std::string json_object(const Params& params) {
  std::string out = "{";
  for (const auto& [name, value] : params) {
    if (out.size() > 1) out += ',';
    append_quoted(out, name);
    out += ':';
    append_quoted(out, value);
  }
  return out + "}";
}

std::vector<std::string_view> exception_classes(const Error& error) {
  const Family family = family_of(error);
  for (const FamilyRow& row : kFamilies) {
    if (row.family != family) continue;
    std::vector<std::string_view> classes = row.classes;
    classes.emplace_back("java.lang.Throwable");
    classes.emplace_back("java.lang.Object");
    return classes;
  }
  return {};
}

Status status_of(const Error& error, const std::string& error_id) {
  const std::vector<std::string_view> classes = exception_classes(error);
  std::string list = "[";
  for (const std::string_view name : classes) {
    if (list.size() > 1) list += ',';
    append_quoted(list, name);
  }
  list += ']';
  std::map<std::string, std::string> metadata = {{"classes", list},
                                                 {"errorClass", std::string(error.condition())}};
  if (!error.sqlstate().empty()) metadata["sqlState"] = error.sqlstate();
  if (std::string parameters = json_object(error.params()); parameters.size() <= kMostParameters)
    metadata["messageParameters"] = std::move(parameters);
  if (!error_id.empty()) metadata["errorId"] = error_id;

  Status status{Status::kInternal, shortened(error.what(), kMostMessage), {}};
  WireMessage info;
  info.field(1, classes.front()).field(2, "org.apache.spark");
  for (const auto& [key, value] : metadata)
    info.field(3, WireMessage().field(1, key).field(2, value).take());
  const std::string any = WireMessage()
                              .field(1, "type.googleapis.com/google.rpc.ErrorInfo")
                              .field(2, info.take())
                              .take();
  status.details =
      WireMessage().field(1, status.code).field(2, status.message).field(3, any).take();
  return status;
}

}  // namespace firn::server::spark_connect
