// Rows for from_json's rules, and the fast path against the tolerant one on generated texts, sound
// and hostile.
#include "kernels/json_decoder.h"

#include <gtest/gtest.h>

#include <cstring>
#include <list>
#include <random>

namespace firn::kernels {
namespace {

using types::DataType;
using types::DataTypeId;
using types::StructField;

// Columns in plain vectors, grown as the decoder asks.
class Columns {
 public:
  Columns(const DataType& type, uint64_t rows) { root_ = make(type, rows); }
  JsonSink& root() { return root_; }

 private:
  static size_t width(Physical physical) {
    switch (physical) {
      case Physical::kBool:
      case Physical::kInt8:
        return 1;
      case Physical::kInt16:
        return 2;
      case Physical::kInt32:
      case Physical::kFloat:
        return 4;
      case Physical::kInt64:
      case Physical::kDouble:
        return 8;
      default:
        return 16;
    }
  }
  JsonSink make(const DataType& type, uint64_t rows) {
    JsonSink sink;
    sink.physical = physical_of(type);
    resize(sink, 0, rows);
    if (type.id() == DataTypeId::kStruct) {
      for (const StructField& field : type.fields())
        sink.children.push_back(make(field.type, rows));
    } else if (type.id() == DataTypeId::kArray) {
      sink.children.push_back(make(type.element(), 4));
    } else if (type.id() == DataTypeId::kMap) {
      sink.children.push_back(
          make(DataType::structure({{"key", type.key()}, {"value", type.value()}}), 4));
    }
    if (sink.physical == Physical::kList) {
      sink.capacity = 4;
      sink.reserve = [this](JsonSink& list, uint64_t needed) {
        resize(list.children[0], list.capacity, needed * 2);
        list.capacity = needed * 2;
      };
    }
    return sink;
  }
  void resize(JsonSink& sink, uint64_t from, uint64_t rows) {
    const auto grow = [&](const void* old, size_t old_size, size_t size, int fill) -> void* {
      memory_.emplace_back(size, static_cast<char>(fill));
      if (old != nullptr) std::memcpy(memory_.back().data(), old, old_size);
      return memory_.back().data();
    };
    sink.data = grow(sink.data, from * width(sink.physical), rows * width(sink.physical), 0);
    sink.validity = static_cast<uint64_t*>(
        grow(sink.validity, (from + 63) / 64 * 8, (rows + 63) / 64 * 8, 0xff));
    if (sink.physical == Physical::kStruct) {
      for (JsonSink& child : sink.children) resize(child, from, rows);
    }
  }

  std::list<std::vector<char>> memory_;
  JsonSink root_;
};

std::string show(const DataType& type, const JsonSink& sink, uint64_t row);

std::string show_list(const DataType& type, const JsonSink& sink, uint64_t row) {
  const auto entry = static_cast<const ListEntry*>(sink.data)[row];
  std::string out = type.id() == DataTypeId::kArray ? "[" : "<";
  for (uint64_t i = 0; i < entry.length; ++i) {
    if (i > 0) out += ",";
    if (type.id() == DataTypeId::kArray) {
      out += show(type.element(), sink.children[0], entry.offset + i);
    } else {
      out += show(type.key(), sink.children[0].children[0], entry.offset + i) + "=" +
             show(type.value(), sink.children[0].children[1], entry.offset + i);
    }
  }
  return out + (type.id() == DataTypeId::kArray ? "]" : ">");
}

std::string show(const DataType& type, const JsonSink& sink, uint64_t row) {
  if ((sink.validity[row >> 6] >> (row & 63) & 1) == 0) return "null";
  switch (type.id()) {
    case DataTypeId::kStruct: {
      std::string out = "{";
      for (size_t i = 0; i < type.fields().size(); ++i)
        out += (i > 0 ? "," : "") + show(type.fields()[i].type, sink.children[i], row);
      return out + "}";
    }
    case DataTypeId::kArray:
    case DataTypeId::kMap:
      return show_list(type, sink, row);
    case DataTypeId::kString:
    case DataTypeId::kBinary:
      return "'" + std::string(static_cast<const StringRef*>(sink.data)[row].view()) + "'";
    case DataTypeId::kBoolean:
      return static_cast<const bool*>(sink.data)[row] ? "true" : "false";
    case DataTypeId::kByte:
      return std::to_string(static_cast<const int8_t*>(sink.data)[row]);
    case DataTypeId::kInteger:
    case DataTypeId::kDate:
      return std::to_string(static_cast<const int32_t*>(sink.data)[row]);
    case DataTypeId::kDouble: {
      char text[64];
      std::snprintf(text, sizeof text, "%.17g", static_cast<const double*>(sink.data)[row]);
      return text;
    }
    case DataTypeId::kDecimal:
      return std::to_string(sink.physical == Physical::kInt64
                                ? static_cast<const int64_t*>(sink.data)[row]
                                : static_cast<const int32_t*>(sink.data)[row]);
    default:
      return std::to_string(static_cast<const int64_t*>(sink.data)[row]);
  }
}

DataType row_of(std::vector<StructField> fields) { return DataType::structure(std::move(fields)); }

struct Decoded {
  JsonOutcome outcome;
  std::string row;
  bool operator==(const Decoded&) const = default;
};
std::ostream& operator<<(std::ostream& out, const Decoded& decoded) {
  return out << static_cast<int>(decoded.outcome) << " " << decoded.row;
}

Decoded run(const DataType& type, const std::string& text, bool fast) {
  Columns columns(type, 64);
  Arena arena;
  JsonDecoder decoder(type, {});
  std::string padded = text + std::string(64, '\0');
  const std::string_view view(padded.data(), text.size());
  const JsonOutcome outcome = fast ? decoder.decode(view, true, 3, columns.root(), arena)
                                   : decoder.decode_tolerant(view, 3, columns.root(), arena);
  return {outcome, show(type, columns.root(), 3)};
}

const DataType kEvent =
    row_of({{"id", DataTypeId::kString},
            {"at", DataTypeId::kTimestamp},
            {"ok", DataTypeId::kBoolean},
            {"price", DataTypeId::kDouble},
            {"n", DataTypeId::kLong},
            {"small", DataTypeId::kByte},
            {"amount", DataType::decimal(10, 2)},
            {"day", DataTypeId::kDate},
            {"tags", DataType::array(DataTypeId::kString)},
            {"where", row_of({{"lat", DataTypeId::kDouble}, {"city", DataTypeId::kString}})},
            {"more", DataType::map(DataTypeId::kString, DataTypeId::kLong)},
            {"raw", DataTypeId::kBinary}});

struct Row {
  const char* name;
  DataType type;
  std::string text;
  JsonOutcome outcome;
  const char* want;
};

DataType one(DataType type) { return row_of({{"a", std::move(type)}}); }

TEST(JsonDecoder, FollowsSparksRules) {
  const DataType l = one(DataTypeId::kLong), s = one(DataTypeId::kString),
                 d = one(DataTypeId::kDouble);
  const DataType two = row_of({{"a", DataTypeId::kLong}, {"b", DataTypeId::kString}});
  const auto kRow = JsonOutcome::kRow, kNull = JsonOutcome::kNull, kBad = JsonOutcome::kMalformed;
  const Row rows[] = {
      {"plain", two, R"({"a":1,"b":"x"})", kRow, "{1,'x'}"},
      {"other order, more fields", two, R"({"c":[1,{"d":2}], "b":"x" ,"a": 1 })", kRow, "{1,'x'}"},
      {"absent field", two, R"({"b":"x"})", kRow, "{null,'x'}"},
      {"null field", two, R"({"a":null,"b":"x"})", kRow, "{null,'x'}"},
      {"names have case", two, R"({"A":1,"b":"x"})", kRow, "{null,'x'}"},
      {"repeated key: last wins", l, R"({"a":1,"a":2})", kRow, "{2}"},
      {"repeated key: null wins", l, R"({"a":1,"a":null})", kRow, "{null}"},
      {"repeated key: value after null", l, R"({"a":null,"a":3})", kRow, "{3}"},
      {"escaped key", l, R"({"\u0061":7})", kRow, "{7}"},
      {"misfit keeps the rest", two, R"({"a":"1","b":"x"})", kBad, "{null,'x'}"},
      {"fraction is no long", l, R"({"a":1.0})", kBad, "{null}"},
      {"too long", l, R"({"a":9223372036854775808})", kBad, "{null}"},
      {"number as string", s, R"({"a":1.50})", kRow, "{'1.50'}"},
      {"object as string", s, R"({"a":{"b": 1}})", kRow, R"({'{"b": 1}'})"},
      {"bool as string", s, R"({"a":true})", kRow, "{'true'}"},
      {"escapes", s, R"({"a":"\"\\\/\n\u00e9\ud83d\ude00"})", kRow,
       "{'\"\\/\n\xc3\xa9\xf0\x9f\x98\x80'}"},
      {"lone surrogate", s, R"({"a":"\ud83d"})", kRow, "{'?'}"},
      {"bad escape", s, R"({"a":"\x"})", kBad, "{null}"},
      {"raw control character", s, "{\"a\":\"x\ny\"}", kBad, "{null}"},
      {"broken utf-8 is replaced", s, "{\"a\":\"x\xff\xe2\x82y\"}", kRow,
       "{'x\xef\xbf\xbd\xef\xbf\xbdy'}"},
      {"single quotes", s, "{'a':'x'}", kRow, "{'x'}"},
      {"broken end", two, R"({"a":1,"b":)", kBad, "{null,null}"},
      {"trailing comma", l, R"({"a":1,})", kBad, "{null}"},
      {"leading zero", l, R"({"a":01})", kBad, "{null}"},
      {"text behind is ignored", l, R"({"a":1} x)", kRow, "{1}"},
      {"brace behind is ignored", l, R"({"a":1}})", kRow, "{1}"},
      {"scalar root", l, "1", kBad, "{null}"},
      {"null root", l, "null", kBad, "{null}"},
      {"blank", l, "  \n", kNull, "{null}"},
      {"empty", l, "", kNull, "{null}"},
      {"root array", l, R"([{"a":1},{"a":2}])", kBad, "{null}"},
      {"root array of one", l, R"([{"a":1}])", kBad, "{null}"},
      {"root array: none", l, "[]", kBad, "{null}"},
      {"root array: broken", l, "[", kBad, "{null}"},
      {"NaN", d, R"({"a":NaN})", kRow, "{nan}"},
      {"Infinity as text", d, R"({"a":"-Infinity"})", kRow, "{-inf}"},
      {"double from text is no double", d, R"({"a":"1.5"})", kBad, "{null}"},
      {"huge", d, R"({"a":1e999})", kRow, "{inf}"},
      {"integer is a double", d, R"({"a":7})", kRow, "{7}"},
      {"timestamp", one(DataTypeId::kTimestamp), R"({"a":"1970-01-01T00:00:01.5Z"})", kRow,
       "{1500000}"},
      {"seconds", one(DataTypeId::kTimestamp), R"({"a":2})", kRow, "{2000000}"},
      {"no timestamp", one(DataTypeId::kTimestamp), R"({"a":"soon"})", kBad, "{null}"},
      {"empty text is no timestamp", one(DataTypeId::kTimestamp), R"({"a":""})", kBad, "{null}"},
      {"date", one(DataTypeId::kDate), R"({"a":"1970-01-03"})", kRow, "{2}"},
      {"decimal rounds half up", one(DataType::decimal(10, 2)), R"({"a":1.005})", kRow, "{101}"},
      {"decimal with exponent", one(DataType::decimal(10, 2)), R"({"a":-12e1})", kRow, "{-12000}"},
      {"decimal from text", one(DataType::decimal(10, 2)), R"({"a":"3.1"})", kRow, "{310}"},
      {"decimal too wide", one(DataType::decimal(4, 2)), R"({"a":100})", kBad, "{null}"},
      {"array", one(DataType::array(DataTypeId::kLong)), R"({"a":[1,null,3]})", kRow,
       "{[1,null,3]}"},
      {"array that needs room", one(DataType::array(DataTypeId::kLong)),
       R"({"a":[1,2,3,4,5,6,7,8,9]})", kRow, "{[1,2,3,4,5,6,7,8,9]}"},
      {"array with a misfit", one(DataType::array(DataTypeId::kLong)), R"({"a":[1,"x",3]})", kBad,
       "{null}"},
      {"array of rows with a misfit", one(DataType::array(l)), R"({"a":[{"a":1},{"a":"x"},{}]})",
       kBad, "{[{1},{null},{null}]}"},
      {"map", one(DataType::map(DataTypeId::kString, DataTypeId::kLong)),
       R"({"a":{"x":1,"y":2,"x":3}})", kRow, "{<'x'=3,'y'=2>}"},
      {"nested row", one(l), R"({"a":{"a":1}})", kRow, "{{1}}"},
      {"row expected", one(l), R"({"a":[1]})", kBad, "{null}"},
      {"binary", one(DataTypeId::kBinary), R"({"a":"aGk="})", kRow, "{'hi'}"},
      {"no base64", one(DataTypeId::kBinary), R"({"a":"a"})", kBad, "{null}"},
      {"broken in an unwanted field", l, R"({"z":tru,"a":1})", kBad, "{null}"},
      {"two values of a field", s, R"({"a":"x":"y"}})", kBad, "{null}"},
      {"two values of an unwanted field", l, R"({"z":"x":"y"}})", kBad, "{null}"},
      {"unclosed unwanted field", l, R"({"a":1,"z":[1,2})", kBad, "{null}"},
  };
  for (const Row& row : rows) {
    const Decoded want{row.outcome, row.want};
    EXPECT_EQ(run(row.type, row.text, false), want) << row.name << " (tolerant): " << row.text;
    EXPECT_EQ(run(row.type, row.text, true), want) << row.name << " (fast): " << row.text;
  }
}

TEST(JsonDecoder, DepthIsBounded) {
  const DataType type = one(DataTypeId::kLong);
  for (const auto& [depth, outcome] :
       {std::pair{900, JsonOutcome::kRow}, std::pair{5000, JsonOutcome::kMalformed},
        std::pair{200000, JsonOutcome::kMalformed}}) {
    const std::string text = R"({"a":1,"deep":)" + std::string(static_cast<size_t>(depth), '[') +
                             std::string(static_cast<size_t>(depth), ']') + "}";
    EXPECT_EQ(run(type, text, true).outcome, outcome) << depth;
    EXPECT_EQ(run(type, text, false).outcome, outcome) << depth;
  }
}

// Texts from a small grammar, then mutated.
class Generator {
 public:
  explicit Generator(uint64_t seed) : random_(seed) {}
  std::string text() {
    std::string out = object(0);
    for (uint64_t i = pick(4) == 0 ? 1 + pick(3) : 0; i > 0 && !out.empty(); --i) mutate(out);
    return out;
  }

 private:
  uint64_t pick(uint64_t n) { return random_() % n; }
  std::string choice(std::initializer_list<const char*> values) {
    return values.begin()[pick(values.size())];
  }
  std::string blank() { return pick(6) == 0 ? choice({" ", "\n", "\t ", "  "}) : ""; }
  std::string string() {
    return choice({R"("x")", R"("")", R"("a longer text of some words")", R"("\u00e9\n")",
                   R"("2024-01-02T03:04:05.678Z")", R"("2024-01-02")", R"("NaN")", R"("aGk=")",
                   "\"\xc3\xa9\"", "\"\xff\"", R"("\ud800")", "'x'"});
  }
  std::string number() {
    return choice({"0", "-1", "17", "1.5", "-0.0", "1e3", "1E-400", "9223372036854775807",
                   "9223372036854775808", "128", "00", "1.", "-", "NaN", "99999999.999"});
  }
  std::string value(int depth) {
    switch (pick(depth > 3 ? 5 : 8)) {
      case 0:
      case 1:
        return string();
      case 2:
      case 3:
        return number();
      case 4:
        return choice({"true", "false", "null", "nul", "True"});
      case 5:
        return object(depth + 1);
      default: {
        std::string out = "[";
        for (uint64_t i = pick(4); i > 0; --i) out += value(depth + 1) + (i > 1 ? "," : "");
        return out + "]";
      }
    }
  }
  std::string object(int depth) {
    std::string out = blank() + "{" + blank();
    const uint64_t count = pick(9);
    for (uint64_t i = 0; i < count; ++i) {
      out += "\"" +
             choice({"id", "at", "ok", "price", "n", "small", "amount", "day", "tags", "where",
                     "more", "raw", "lat", "city", "other", "i\\u0064"}) +
             "\"" + blank() + ":" + blank() + value(depth);
      if (i + 1 < count) out += "," + blank();
    }
    return out + "}" + blank();
  }
  void mutate(std::string& out) {
    const size_t at = pick(out.size());
    switch (pick(4)) {
      case 0:
        out.erase(at, 1 + pick(3));
        break;
      case 1:
        out.insert(at, choice({"{", "}", "[", "]", "\"", ",", ":", "\\", "\x01", "\xf0\x9f", "x"}));
        break;
      case 2:
        out[at] = static_cast<char>(pick(256));
        break;
      default:
        out.resize(at);
        break;
    }
  }

  std::mt19937_64 random_;
};

TEST(JsonDecoder, FastAndTolerantPathsAgreeOnGeneratedTexts) {
  uint64_t rows = 0;
  for (uint64_t seed = 0; seed < 60000; ++seed) {
    const std::string text = Generator(seed).text();
    const Decoded tolerant = run(kEvent, text, false), fast = run(kEvent, text, true);
    ASSERT_EQ(fast, tolerant) << "seed " << seed << ": " << text;
    if (fast.outcome == JsonOutcome::kRow) ++rows;
  }
  EXPECT_GT(rows, 5000U);  // the generator must not only make broken texts
}

}  // namespace
}  // namespace firn::kernels
