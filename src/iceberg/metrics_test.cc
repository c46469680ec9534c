// Metrics modes, truncation and bounds.
#include "iceberg/metrics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "base/error.h"
#include "types/test_support.h"

namespace firn::iceberg {
namespace {

using types::Type;
using types::TypeId;
using types::Value;

const Type int_type() { return Type::primitive(TypeId::kInt); }

types::Schema columns(int count) {
  types::Schema schema;
  for (int id = 1; id <= count; ++id)
    schema.fields.push_back(field(id, "c" + std::to_string(id), int_type()));
  return schema;
}

struct ModeRow {
  const char* name;
  Properties properties;
  int columns;
  int field_id;
  MetricsModeId mode;
  int length;
};
class Modes : public testing::TestWithParam<ModeRow> {};
TEST_P(Modes, ByProperties) {
  const ModeRow& row = GetParam();
  const MetricsMode mode = metrics_mode(row.properties, columns(row.columns), row.field_id);
  EXPECT_EQ(mode.id, row.mode);
  EXPECT_EQ(mode.length, row.length);
}
INSTANTIATE_TEST_SUITE_P(
    , Modes,
    testing::Values(ModeRow{"default", {}, 3, 1, MetricsModeId::kTruncate, 16},
                    ModeRow{"hundred_columns_all", {}, 100, 100, MetricsModeId::kTruncate, 16},
                    ModeRow{"of_101_the_first_100", {}, 101, 100, MetricsModeId::kTruncate, 16},
                    ModeRow{"of_101_not_the_last", {}, 101, 101, MetricsModeId::kNone, 0},
                    ModeRow{"own_limit",
                            {{"write.metadata.metrics.max-inferred-column-defaults", "2"}},
                            3,
                            3,
                            MetricsModeId::kNone,
                            0},
                    ModeRow{"default_beats_limit",
                            {{"write.metadata.metrics.default", "counts"}},
                            101,
                            101,
                            MetricsModeId::kCounts,
                            0},
                    ModeRow{"column_beats_default",
                            {{"write.metadata.metrics.default", "none"},
                             {"write.metadata.metrics.column.c2", "truncate(4)"}},
                            3,
                            2,
                            MetricsModeId::kTruncate,
                            4},
                    ModeRow{"full_any_case",
                            {{"write.metadata.metrics.column.c1", "FULL"}},
                            3,
                            1,
                            MetricsModeId::kFull,
                            0},
                    ModeRow{"delete_path_never_truncated",
                            {{"write.metadata.metrics.default", "none"}},
                            3,
                            2147483546,
                            MetricsModeId::kFull,
                            0}),
    [](const auto& row) { return row.param.name; });

TEST(MetricsModes, NestedColumnsCountAfterTheirParentsPrimitives) {
  types::Schema schema;
  schema.fields = {field(1, "s", Type::structure({field(2, "x", int_type())})),
                   field(3, "a", int_type())};
  const Properties limit{{"write.metadata.metrics.max-inferred-column-defaults", "1"}};
  EXPECT_EQ(metrics_mode(limit, schema, 3).id, MetricsModeId::kTruncate);
  EXPECT_EQ(metrics_mode(limit, schema, 2).id, MetricsModeId::kNone);
  EXPECT_EQ(metrics_mode({{"write.metadata.metrics.column.s.x", "full"}}, schema, 2).id,
            MetricsModeId::kFull);
}

TEST(MetricsModes, WrongTextIsRefused) {
  for (const char* text :
       {"some", "truncate", "truncate(0)", "truncate(-1)", "truncate(x)", "truncate(1"}) {
    EXPECT_THROW(metrics_mode({{"write.metadata.metrics.default", text}}, columns(1), 1), Error)
        << text;
  }
}

struct TruncateRow {
  const char* name;
  std::string text;
  int length;
  std::string lower;
  std::optional<std::string> upper;
};
class Truncate : public testing::TestWithParam<TruncateRow> {};
TEST_P(Truncate, CodePoints) {
  const TruncateRow& row = GetParam();
  EXPECT_EQ(truncate_lower(row.text, row.length), row.lower);
  EXPECT_EQ(truncate_upper(row.text, row.length), row.upper);
}
INSTANTIATE_TEST_SUITE_P(
    , Truncate,
    testing::Values(
        TruncateRow{"shorter", "abc", 16, "abc", "abc"},
        TruncateRow{"exactly", "abc", 3, "abc", "abc"},
        TruncateRow{"ascii", "abcd", 3, "abc", "abd"}, TruncateRow{"empty", "", 3, "", ""},
        // 16 code points of 3 bytes are 48 bytes: none is cut in two
        TruncateRow{"not_bytes", "日本語", 2, "日本", "日札"},
        TruncateRow{"sixteen_code_points", "ééééééééééééééééx", 16, "éééééééééééééééé",
                    "éééééééééééééééê"},
        TruncateRow{"to_longer_encoding",
                    "a\x7f"
                    "b",
                    2, "a\x7f", "a\u0080"},
        TruncateRow{"two_to_three_bytes", "\u07ff!", 1, "\u07ff", "\u0800"},
        TruncateRow{"over_surrogates", "a\uD7FFb", 2, "a\uD7FF", "a\uE000"},
        TruncateRow{"three_to_four_bytes", "\uFFFFx", 1, "\uFFFF", "\U00010000"},
        TruncateRow{"highest_goes_to_the_one_before", "a\U0010FFFFb", 2, "a\U0010FFFF", "b"},
        TruncateRow{"impossible", "\U0010FFFF\U0010FFFFz", 2, "\U0010FFFF\U0010FFFF", std::nullopt},
        TruncateRow{"not_utf8", "\xff\xff\xff", 2, "\xff\xff", std::nullopt}),
    [](const auto& row) { return row.param.name; });

TEST(TruncateBytes, Bytes) {
  EXPECT_EQ(truncate_lower_bytes("abc", 2), "ab");
  EXPECT_EQ(truncate_upper_bytes("abc", 2), "ac");
  EXPECT_EQ(truncate_upper_bytes("abc", 3), "abc");
  EXPECT_EQ(truncate_upper_bytes("a\xff\xffz", 3), "b");
  EXPECT_EQ(truncate_upper_bytes("\xff\xffz", 2), std::nullopt);
}

std::string raw(auto value) {
  std::string bytes(sizeof value, '\0');
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}

struct BoundRow {
  const char* name;
  Type type;
  std::string bytes;
  std::optional<Value> value;
};
class Bounds : public testing::TestWithParam<BoundRow> {};
TEST_P(Bounds, ByType) {
  types::Schema schema;
  schema.fields = {field(1, "c", GetParam().type)};
  DataFile file;
  file.lower_bounds[1] = GetParam().bytes;
  file.upper_bounds[1] = GetParam().bytes;
  const types::BoundsById bounds = bounds_of(file, schema);
  if (!GetParam().value) {
    EXPECT_FALSE(bounds.contains(1));
    return;
  }
  EXPECT_EQ(bounds.at(1).lower, GetParam().value);
  EXPECT_EQ(bounds.at(1).upper, GetParam().value);
}
INSTANTIATE_TEST_SUITE_P(
    , Bounds,
    testing::Values(
        BoundRow{"int_read_as_long", Type::primitive(TypeId::kLong), raw(int32_t{-7}),
                 Value(int64_t{-7})},
        BoundRow{"float_read_as_double", Type::primitive(TypeId::kDouble), raw(1.5F), Value(1.5)},
        BoundRow{"date_read_as_timestamp", Type::primitive(TypeId::kTimestamp), raw(int32_t{2}),
                 Value(int64_t{2 * 86'400'000'000})},
        BoundRow{"decimal_minimal", Type::decimal(9, 2), std::string("\x05\x8c"),
                 Value(types::Decimal{1420})},
        BoundRow{"negative_zero", Type::primitive(TypeId::kDouble), raw(-0.0), Value(-0.0)},
        BoundRow{"nan_is_no_bound", Type::primitive(TypeId::kDouble), raw(std::nan("")),
                 std::nullopt},
        BoundRow{"nan_float", Type::primitive(TypeId::kFloat), raw(std::nanf("")), std::nullopt},
        BoundRow{"unreadable", Type::primitive(TypeId::kLong), "abc", std::nullopt},
        BoundRow{"string", Type::primitive(TypeId::kString), "abc", Value(std::string("abc"))}),
    [](const auto& row) { return row.param.name; });

TEST(BoundsOfFile, CountsAndUnknownColumns) {
  types::Schema schema;
  schema.fields = {field(1, "s", Type::structure({field(2, "x", int_type())}))};
  DataFile file;
  file.value_counts = {{2, 10}};
  file.null_value_counts = {{2, 3}};
  file.nan_value_counts = {{2, 1}};
  file.lower_bounds = {{2, raw(int32_t{5})}, {9, "dropped column"}};
  const types::BoundsById bounds = bounds_of(file, schema);
  ASSERT_EQ(bounds.size(), 1u);
  EXPECT_EQ(bounds.at(2).value_count, 10);
  EXPECT_EQ(bounds.at(2).null_count, 3);
  EXPECT_EQ(bounds.at(2).nan_count, 1);
  EXPECT_EQ(bounds.at(2).lower, Value(int32_t{5}));
  EXPECT_EQ(bounds.at(2).upper, std::nullopt);
}

}  // namespace
}  // namespace firn::iceberg
