// The registry, typed values, and properties files.
#include "conf/conf.h"

#include <gtest/gtest.h>

#include <functional>
#include <set>

#include "base/error.h"
#include "base/test_support.h"
#include "conf/properties_file.h"
#include "conf/value_text.h"

namespace firn::conf {
namespace {

using std::string_literals::operator""s;

TEST(Registry, RowsAreSound) {
  std::set<std::string_view> names;
  for (const auto& keys : {spark_keys(), iceberg_keys(), firn_keys()}) {
    for (const Key& key : keys) {
      EXPECT_TRUE(names.insert(key.name).second) << key.name << " stands twice";
      EXPECT_EQ(find_key(key.name), &key);
      EXPECT_FALSE(key.doc.empty()) << key.name;
      EXPECT_EQ(key.type == KeyType::kChoice, !key.choices.empty()) << key.name;
      if (!key.fallback.empty()) {
        EXPECT_NO_THROW(check_value(key.name, key.fallback)) << key.name;
      }
    }
  }
}

TEST(Registry, PatternsStandBehindNames) {
  EXPECT_EQ(find_key("spark.sql.catalog.lake.uri")->name, "spark.sql.catalog.*");
  EXPECT_EQ(find_key("spark.sql.streaming.stateStore.providerClass")->name,
            "spark.sql.streaming.stateStore.providerClass");
  EXPECT_EQ(find_key("spark.sql.streaming.stateStore.rocksdb.x")->name,
            "spark.sql.streaming.stateStore.*");
  EXPECT_EQ(find_key("spark.anything"), nullptr);
}

struct CheckRow {
  const char* key;
  const char* value;
  const char* condition;  // "" where it is fine
};
TEST(Registry, ChecksValues) {
  for (const CheckRow& row : {
           CheckRow{"spark.sql.ansi.enabled", "FALSE", ""},
           {"spark.sql.ansi.enabled", "yes", "INVALID_CONF_VALUE.TYPE_MISMATCH"},
           {"spark.sql.shuffle.partitions", "8", ""},
           {"spark.sql.shuffle.partitions", "8.5", "INVALID_CONF_VALUE.TYPE_MISMATCH"},
           {"spark.sql.caseSensitive", "false", ""},
           {"spark.sql.caseSensitive", "true", "UNSUPPORTED_FEATURE.FIRN"},
           {"spark.sql.streaming.multipleWatermarkPolicy", "MAX", ""},
           {"spark.sql.sources.partitionOverwriteMode", "static", ""},
           {"spark.sql.sources.partitionOverwriteMode", "dynamic", ""},
           {"spark.sql.sources.partitionOverwriteMode", "some",
            "INVALID_CONF_VALUE.OUT_OF_RANGE_OF_OPTIONS"},
           {"spark.made.up", "x", ""},
           {"write.format.default", "orc", "UNSUPPORTED_FEATURE.FIRN"},
           {"write.target-file-size-bytes", "1g", "INVALID_CONF_VALUE.TYPE_MISMATCH"},
           {"firn.memory.limit", "50%", ""},
           {"firn.memory.limit", "2g", ""},
           {"firn.memory.limit", "much", "INVALID_CONF_VALUE.TYPE_MISMATCH"},
           {"firn.memory.limits", "2g", "FIRN_UNKNOWN_OPTION"},
       }) {
    if (row.condition[0] == '\0') {
      EXPECT_NO_THROW(check_value(row.key, row.value)) << row.key;
    } else {
      EXPECT_EQ(error_of([&] { check_value(row.key, row.value); }).condition(), row.condition)
          << row.key << "=" << row.value;
    }
  }
  EXPECT_EQ(error_of([] { check_value("firn.memory.limits", "2g"); }).message(),
            "Unknown configuration key `firn.memory.limits`. Did you mean `firn.memory.limit`?");
}

TEST(Conf, ValuesDefaultsAndPrefixes) {
  Conf conf;
  EXPECT_TRUE(conf.get_bool("spark.sql.ansi.enabled"));
  EXPECT_EQ(conf.get("spark.sql.shuffle.partitions"), "200");
  EXPECT_EQ(conf.get("spark.made.up"), std::nullopt);
  EXPECT_EQ(error_of([&] { conf.at("spark.made.up"); }).condition(), "SQL_CONF_NOT_FOUND");
  conf.set("spark.sql.ansi.enabled", "false");
  conf.set("spark.made.up", "7");
  conf.set("spark.sql.catalog.lake", "x");
  conf.set("spark.sql.catalog.lake.uri", "u");
  conf.set("spark.sql.catalog.lake.type", "jdbc");
  EXPECT_FALSE(conf.get_bool("spark.sql.ansi.enabled"));
  EXPECT_EQ(conf.at("spark.made.up"), "7");
  EXPECT_EQ(conf.with_prefix("spark.sql.catalog.lake."), (Values{{"uri", "u"}, {"type", "jdbc"}}));
  conf.unset("spark.sql.ansi.enabled");
  EXPECT_TRUE(conf.get_bool("spark.sql.ansi.enabled"));
  EXPECT_FALSE(conf.is_set("spark.sql.ansi.enabled"));
  EXPECT_GT(conf.get_bytes("firn.memory.limit"), 0);
  EXPECT_EQ(conf.get_millis("spark.sql.broadcastTimeout"), 300'000);
  EXPECT_EQ(conf.get_bytes("spark.sql.autoBroadcastJoinThreshold"), 10 << 20);
  EXPECT_EQ(error_of([&] { conf.get_long("made.up"); }).code(), Code::kInternal);
}

TEST(Conf, TablePropertiesAreReadTheSameWay) {
  EXPECT_EQ(long_of({}, "write.target-file-size-bytes"), 536870912);
  EXPECT_EQ(long_of({{"commit.retry.num-retries", "9"}}, "commit.retry.num-retries"), 9);
  EXPECT_EQ(string_of({}, "write.data.path"), "");
  const Error error =
      error_of([] { long_of({{"commit.retry.num-retries", "many"}}, "commit.retry.num-retries"); });
  EXPECT_EQ(error.condition(), "INVALID_CONF_VALUE.TYPE_MISMATCH");
  EXPECT_NE(error.message().find("commit.retry.num-retries"), std::string::npos);
}

struct NumberRow {
  const char* text;
  std::optional<int64_t> bytes;
  std::optional<int64_t> millis;
};
TEST(ValueText, SizesAndTimes) {
  for (const NumberRow& row : {
           NumberRow{"10", 10, 10000},
           {" 10 ", 10, 10000},
           {"10s", std::nullopt, 10000},
           {"10 seconds", std::nullopt, 10000},
           {"100ms", std::nullopt, 100},
           {"5Min", std::nullopt, 300000},
           {"1d", std::nullopt, 86400000},
           {"64k", 65536, std::nullopt},
           {"1GB", 1 << 30, std::nullopt},
           {"2 t", int64_t{2} << 40, std::nullopt},
           {"-1", -1, -1000},
           {"1.5g", std::nullopt, std::nullopt},
           {"", std::nullopt, std::nullopt},
           {"g", std::nullopt, std::nullopt},
           {"9223372036854775807", INT64_MAX, std::nullopt},
           {"9223372036854775807k", std::nullopt, std::nullopt},
       }) {
    EXPECT_EQ(parse_bytes(row.text), row.bytes) << row.text;
    EXPECT_EQ(parse_millis(row.text, 1000), row.millis) << row.text;
  }
  EXPECT_EQ(parse_percent("12.5%"), 12.5);
  EXPECT_EQ(parse_percent("101%"), std::nullopt);
  EXPECT_EQ(parse_percent("12"), std::nullopt);
}

TEST(PropertiesFile, TheGrammarOfJava) {
  const std::vector<Property> got = parse_properties(
      "# a comment\n"
      "  ! another\r\n"
      "\n"
      "spark.master            local[4]\n"
      "spark.app.name=my app  \n"
      "a:b\r"
      "c = d=e:f\n"
      "long  one, \\\n"
      "      two, \\\r\n"
      "      three\n"
      "even  back\\\\\n"
      "key\\ with\\:blank  v\\tx\n"
      "empty\n"
      "uni \\u00e4\\uD83D\\uDE00\n"
      "odd \\q\\\n",
      "test.conf");
  EXPECT_EQ(got, (std::vector<Property>{{"spark.master", "local[4]"},
                                        {"spark.app.name", "my app"},
                                        {"a", "b"},
                                        {"c", "d=e:f"},
                                        {"long", "one, two, three"},
                                        {"even", "back\\"},
                                        {"key with:blank", "v\tx"},
                                        {"empty", ""},
                                        {"uni", "\xC3\xA4\xF0\x9F\x98\x80"},
                                        {"odd", "q"}}));
}

TEST(PropertiesFile, ErrorsNameTheLineAndThePath) {
  for (const char* bad : {"a b\nc \\u00g0\n", "a b\nc \\ud83d\n", "a b\nc \\u12"}) {
    EXPECT_NE(error_of([&] { parse_properties(bad, "x.conf"); }).message().find("x.conf, line 2"),
              std::string::npos);
  }
  const Error error = error_of([] { read_properties_file("/nowhere/spark-defaults.conf"); });
  EXPECT_EQ(error.code(), Code::kNotFound);
  EXPECT_NE(error.message().find("/nowhere/spark-defaults.conf"), std::string::npos);
}

}  // namespace
}  // namespace firn::conf
