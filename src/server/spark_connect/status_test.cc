// Classes of exceptions, and the bytes of google.rpc.Status.
#include "server/spark_connect/status.h"

#include <gtest/gtest.h>

namespace firn::server::spark_connect {
namespace {

struct ClassCase {
  const char* condition;
  Params params;
  const char* first;
};
const ClassCase kClasses[] = {
    {"PARSE_SYNTAX_ERROR",
     {{"error", "x"}, {"hint", ""}},
     "org.apache.spark.sql.catalyst.parser.ParseException"},
    {"TABLE_OR_VIEW_NOT_FOUND", {{"relationName", "t"}}, "org.apache.spark.sql.AnalysisException"},
    {"DIVIDE_BY_ZERO", {{"config", "c"}}, "org.apache.spark.SparkArithmeticException"},
    {"SQL_CONF_NOT_FOUND", {{"sqlConf", "k"}}, "org.apache.spark.SparkNoSuchElementException"},
    {"INVALID_HANDLE.SESSION_CLOSED", {{"handle", "h"}}, "org.apache.spark.SparkSQLException"},
    {"INVALID_ARRAY_INDEX",
     {{"indexValue", "5"}, {"arraySize", "1"}},
     "org.apache.spark.SparkArrayIndexOutOfBoundsException"},
    {"CAST_INVALID_INPUT",
     {{"expression", "'x'"}, {"sourceType", "\"STRING\""}, {"targetType", "\"INT\""}},
     "org.apache.spark.SparkNumberFormatException"},
    {"CAST_INVALID_INPUT",
     {{"expression", "'x'"}, {"sourceType", "\"STRING\""}, {"targetType", "\"DATE\""}},
     "org.apache.spark.SparkDateTimeException"},
    {"UNSUPPORTED_FEATURE.FIRN",
     {{"what", "x"}},
     "org.apache.spark.SparkUnsupportedOperationException"},
    {"UNSUPPORTED_FEATURE.PYTHON_UDF_IN_ON_CLAUSE",
     {{"joinType", "LEFT OUTER"}},
     "org.apache.spark.sql.AnalysisException"},
    {"FIRN_INTERNAL", {{"what", "x"}}, "org.apache.spark.SparkException"},
};

TEST(Status, FirstClassOfACondition) {
  for (const ClassCase& row : kClasses) {
    EXPECT_EQ(exception_classes(Error(row.condition, row.params)).front(), row.first)
        << row.condition;
  }
}

TEST(Status, HasWhatTheClientReads) {
  const Status status =
      status_of(Error("TABLE_OR_VIEW_NOT_FOUND", {{"relationName", "`a`.\"b\""}}), "id-1");
  EXPECT_EQ(status.code, Status::kInternal);
  EXPECT_EQ(status.message.rfind("[TABLE_OR_VIEW_NOT_FOUND]", 0), 0U);
  for (const char* part :
       {"type.googleapis.com/google.rpc.ErrorInfo", "org.apache.spark", "errorClass",
        "TABLE_OR_VIEW_NOT_FOUND", "sqlState", "42P01", "errorId", "id-1", "messageParameters",
        R"({"relationName":"`a`.\"b\""})", R"(["org.apache.spark.sql.AnalysisException",)"})
    EXPECT_NE(status.details.find(part), std::string::npos) << part;
}

TEST(Status, IsBounded) {
  std::string text;
  for (int i = 0; i < 5000; ++i) text += "ä";
  const Status status = status_of(Error("FIRN_INVALID_INPUT", {{"what", text}}), "");
  EXPECT_LE(status.message.size(), 2048U);
  EXPECT_LE(status.details.size(), 4096U);
  EXPECT_EQ(status.message.substr(status.message.size() - 3), "...");
}

TEST(Status, JsonEscapes) {
  EXPECT_EQ(json_object({{"a", "x\"\\\n"}, {"b", ""}}), R"({"a":"x\"\\\u000a","b":""})");
}

}  // namespace
}  // namespace firn::server::spark_connect
