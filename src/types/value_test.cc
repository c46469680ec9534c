// Values: order, bytes, text.
#include "types/value.h"

#include <cmath>
#include <limits>
#include <random>

#include <gtest/gtest.h>

#include "base/error.h"
#include "types/calendar.h"
#include "types/type.h"

namespace firn::types {
namespace {

using std::string_literals::operator""s;

TEST(Value, OrderOfEachKind) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double inf = std::numeric_limits<double>::infinity();
  const std::vector<std::vector<Value>> ascending = {
      {Null{}, false, true},
      {Null{}, std::numeric_limits<int32_t>::min(), -1, 0, 7},
      {Null{}, int64_t{-5}, int64_t{0}, std::numeric_limits<int64_t>::max()},
      {Null{}, -nan, -inf, -1.0, -0.0, 0.0, 1.0, inf, nan},
      {Decimal{-3}, Decimal{0}, Decimal{static_cast<__int128>(1) << 100}},
      {""s, "a"s, "a\0"s, "ab"s, "b"s, "\x7F"s, "ä"s, "\xF0\x9F\x98\x80"s},
      {Bytes{""}, Bytes{"\x01"}, Bytes{"\x7F"}, Bytes{"\x80"}, Bytes{"\xFF"}},
  };
  for (const auto& values : ascending) {
    for (size_t i = 0; i < values.size(); ++i) {
      for (size_t j = 0; j < values.size(); ++j) {
        EXPECT_EQ(compare(values[i], values[j]) < 0, i < j) << i << " " << j;
        EXPECT_EQ(compare(values[i], values[j]) == 0, i == j) << i << " " << j;
      }
    }
  }
  EXPECT_THROW(compare(Value(1), Value(int64_t{1})), Error);
}

struct BytesRow {
  const char* type;
  Value value;
  std::string bytes;
};
TEST(Value, SingleValueBytes) {
  for (const BytesRow& row : {
           BytesRow{"boolean", true, "\1"s},
           {"boolean", false, "\0"s},
           {"int", 1, "\1\0\0\0"s},
           {"int", -2, "\xFE\xFF\xFF\xFF"s},
           {"long", int64_t{258}, "\2\1\0\0\0\0\0\0"s},
           {"float", 1.0F, "\0\0\x80\x3F"s},
           {"double", -0.0, "\0\0\0\0\0\0\0\x80"s},
           {"date", 17486, "\x4E\x44\0\0"s},
           {"timestamptz", int64_t{-1}, "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"s},
           {"string", "ä"s, "\xC3\xA4"s},
           {"binary", Bytes{"\0\xFF"s}, "\0\xFF"s},
           {"fixed[2]", Bytes{"ab"}, "ab"s},
           {"decimal(9,2)", Decimal{1420}, "\x05\x8C"s},
           {"decimal(9,2)", Decimal{0}, "\0"s},
           {"decimal(9,2)", Decimal{127}, "\x7F"s},
           {"decimal(9,2)", Decimal{128}, "\0\x80"s},
           {"decimal(9,2)", Decimal{-128}, "\x80"s},
           {"decimal(9,2)", Decimal{-129}, "\xFF\x7F"s},
           {"decimal(9,2)", Decimal{-1}, "\xFF"s},
       }) {
    const Type type = parse_primitive(row.type);
    EXPECT_EQ(to_single_value_bytes(row.value, type), row.bytes) << row.type;
    EXPECT_TRUE(compare(from_single_value_bytes(row.bytes, type), row.value) == 0) << row.type;
  }
}

TEST(Value, DecimalBytesRoundTrip) {
  std::mt19937_64 random(7);
  const Type type = Type::decimal(38, 0);
  for (int i = 0; i < 2000; ++i) {
    const __int128 bits = static_cast<__int128>(random()) << 64 | random();
    const Value value = Decimal{bits >> random() % 127};
    const std::string bytes = to_single_value_bytes(value, type);
    EXPECT_TRUE(compare(from_single_value_bytes(bytes, type), value) == 0);
    if (bytes.size() == 1) continue;
    const bool redundant =
        (bytes[0] == 0 && (bytes[1] & 0x80) == 0) || (bytes[0] == '\xFF' && (bytes[1] & 0x80) != 0);
    EXPECT_FALSE(redundant) << "not minimal";
  }
}

TEST(Value, ReadsBytesFromBeforeAPromotion) {
  EXPECT_EQ(from_single_value_bytes("\xFE\xFF\xFF\xFF"s, parse_primitive("long")),
            Value(int64_t{-2}));
  EXPECT_EQ(from_single_value_bytes("\0\0\x80\x3F"s, parse_primitive("double")), Value(1.0));
  EXPECT_EQ(from_single_value_bytes("\xFF\xFF\xFF\xFF"s, parse_primitive("timestamp")),
            Value(-kMicrosPerDay));
  EXPECT_EQ(from_single_value_bytes("\1\0\0\0"s, parse_primitive("timestamp_ns")),
            Value(1000 * kMicrosPerDay));
  EXPECT_EQ(from_single_value_bytes("\0\0\x05\x8C"s, parse_primitive("decimal(38,2)")),
            Value(Decimal{1420}));
}

TEST(Value, RefusesBytesOfAWrongLength) {
  for (const auto& [type, bytes] : std::vector<std::pair<const char*, std::string>>{
           {"boolean", ""},
           {"int", "\1"},
           {"int", "\1\1\1\1\1\1\1\1"},
           {"long", "\1\1"},
           {"timestamptz", "\1\1\1\1"},
           {"uuid", "abc"},
           {"decimal(9,2)", ""},
           {"fixed[2]", "abc"},
           {"decimal(38,0)", std::string(17, '\x55')}}) {
    EXPECT_THROW(from_single_value_bytes(bytes, parse_primitive(type)), Error) << type;
  }
}

struct TextRow {
  const char* type;
  Value value;
  const char* want;
};
TEST(Value, HumanText) {
  for (const TextRow& row : {
           TextRow{"boolean", true, "true"},
           {"int", -7, "-7"},
           {"date", 17486, "2017-11-16"},
           {"date", -1, "1969-12-31"},
           {"date", -719529, "-001-12-31"},
           {"time", int64_t{81068000000}, "22:31:08"},
           {"timestamp", int64_t{1510871468000001}, "2017-11-16T22:31:08.000001"},
           {"timestamp", int64_t{-1}, "1969-12-31T23:59:59.999999"},
           {"timestamp", std::numeric_limits<int64_t>::min(), "-290308-12-21T19:59:05.224192"},
           {"timestamptz", int64_t{1510871468000000}, "2017-11-16T22:31:08Z"},
           {"timestamp_ns", int64_t{1}, "1970-01-01T00:00:00.000000001"},
           {"decimal(9,2)", Decimal{1420}, "14.20"},
           {"decimal(9,2)", Decimal{-5}, "-0.05"},
           {"decimal(9,0)", Decimal{0}, "0"},
           {"float", 1.0F, "1.0"},
           {"double", 0.1, "0.1"},
           {"string", "a b"s, "a b"},
           {"uuid", Bytes{"\xF7\x9C\x3E\x09\x67\x7C\x4B\xBD\xA4\x79\x3F\x34\x9C\xB7\x85\xE7"},
            "f79c3e09-677c-4bbd-a479-3f349cb785e7"},
           {"binary", Bytes{"a"}, "YQ=="},
           {"binary", Bytes{"ab"}, "YWI="},
           {"binary", Bytes{"abc"}, "YWJj"},
           {"int", Null{}, "null"},
       }) {
    EXPECT_EQ(to_human(row.value, parse_primitive(row.type)), row.want) << row.type;
  }
}

TEST(Calendar, DaysAndDatesAgree) {
  std::mt19937_64 random(3);
  for (int i = 0; i < 5000; ++i) {
    const int64_t days = static_cast<int32_t>(random());
    EXPECT_EQ(days_from_civil(civil_from_days(days)), days);
  }
  EXPECT_EQ(days_from_civil({2000, 2, 29}), 11016);
}

}  // namespace
}  // namespace firn::types
