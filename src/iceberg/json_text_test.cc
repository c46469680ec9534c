// Text written straight against what a tree of JSON prints.
#include "iceberg/json_text.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "iceberg/json_cursor.h"

namespace firn::iceberg {
namespace {

std::string json_text_of(std::string_view value) {
  std::string out;
  JsonText(out).text(value);
  return out;
}

// Every character at every place of a word and beyond it.
TEST(JsonText, PrintsStringsAsTheTreeDoes) {
  for (int c = 0; c < 128; ++c) {
    for (size_t length = 0; length < 20; ++length) {
      for (size_t at = 0; at < length; ++at) {
        std::string value(length, 'a');
        value[at] = static_cast<char>(c);
        ASSERT_EQ(json_text_of(value), OrderedJson(value).dump()) << c << " at " << at;
      }
    }
  }
  for (const char* value : {"", "größer", "日本語", "a\"b\\c\n", "/path/with spaces'~"})
    EXPECT_EQ(json_text_of(value), OrderedJson(value).dump());
  EXPECT_THROW(json_text_of("no UTF-8: \xff"), Error);
}

TEST(JsonText, PutsCommasBetween) {
  std::string out;
  JsonText json(out);
  json.open('{');
  json.member("a", 1);
  json.key("b");
  json.open('[');
  json.close(']');
  json.key("c");
  json.open('[');
  json.number(-9223372036854775807 - 1);
  json.text("x");
  json.open('{');
  json.close('}');
  json.json("null");
  json.close(']');
  json.member("d", "y");
  json.close('}');
  EXPECT_EQ(out, R"({"a":1,"b":[],"c":[-9223372036854775808,"x",{},null],"d":"y"})");
}

}  // namespace
}  // namespace firn::iceberg
