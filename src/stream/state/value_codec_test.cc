// Values of every physical type, nested ones too, through bytes and back.
#include "stream/state/value_codec.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "engine/chunk_builder.h"
#include "kernels/nested.h"

namespace firn::stream {
namespace {

using kernels::ColumnView;
using kernels::Output;
using kernels::Physical;
using types::DataType;
using enum types::DataTypeId;

constexpr uint64_t kRows = 300;

std::vector<DataType> all_types() {
  const DataType list = DataType::array(DataType(kString));
  const DataType pair = DataType::structure({{"a", DataType(kInteger)}, {"b", list}});
  return {kBoolean,
          kByte,
          kShort,
          kInteger,
          kLong,
          kFloat,
          kDouble,
          kString,
          kBinary,
          kDate,
          kTimestamp,
          DataType::decimal(5, 2),
          DataType::decimal(18, 2),
          DataType::decimal(38, 2),
          list,
          DataType::array(list),
          pair,
          DataType::array(pair),
          DataType::structure({{"x", pair}, {"y", DataType(kDouble)}})};
}

// A random value, or NULL, of this type.
void draw(const DataType& type, Output& out, uint64_t row, std::mt19937_64& random) {
  const std::string null(1, '\0');
  std::string_view bytes = null;
  if (random() % 6 == 0) return take_value(bytes, type, out, row);
  switch (out.physical()) {
    case Physical::kString:
      return out.set_string(row, std::string(random() % 30, static_cast<char>(random())));
    case Physical::kList: {
      const uint64_t begin = out.child(0).size(), length = random() % 4;
      out.resize(begin + length);
      out.values<kernels::ListEntry>()[row] = {begin, length};
      for (uint64_t i = 0; i < length; ++i) draw(type.element(), out.child(0), begin + i, random);
      return;
    }
    case Physical::kStruct:
      for (size_t i = 0; i < type.fields().size(); ++i)
        draw(type.fields()[i].type, out.child(i), row, random);
      return;
    case Physical::kBool:
      out.values<bool>()[row] = random() % 2 == 0;
      return;
    case Physical::kFloat:
      out.values<float>()[row] = static_cast<float>(random() % 1000) / 8;
      return;
    case Physical::kDouble:
      out.values<double>()[row] = static_cast<double>(random() % 1000) / 8;
      return;
    case Physical::kInt8:
      out.values<int8_t>()[row] = static_cast<int8_t>(random());
      return;
    case Physical::kInt16:
      out.values<int16_t>()[row] = static_cast<int16_t>(random() % 99999);
      return;
    case Physical::kInt32:
      out.values<int32_t>()[row] = static_cast<int32_t>(random() % 99999);
      return;
    case Physical::kInt64:
      out.values<int64_t>()[row] = static_cast<int64_t>(random() >> 8);
      return;
    case Physical::kInt128:
      out.values<kernels::Int128Cell>()[row] = static_cast<__int128>(random()) << 40;
      return;
  }
}

TEST(ValueCodec, EveryTypeComesBack) {
  for (const DataType& type : all_types()) {
    std::mt19937_64 random(17);
    engine::ChunkBuilder first({type}), second({type});
    for (uint64_t row = 0; row < kRows; ++row) draw(type, first.column(0), row, random);
    const engine::Chunk given = first.finish(kRows);
    const ColumnView column = given.column(0);
    for (uint64_t row = 0; row < kRows; ++row) {
      std::string bytes;
      append_value(column, row, bytes);
      std::string_view at = bytes;
      take_value(at, type, second.column(0), row);
      ASSERT_TRUE(at.empty()) << type.simple_string();
    }
    const engine::Chunk back = second.finish(kRows);
    const ColumnView again = back.column(0);
    for (uint64_t row = 0; row < kRows; ++row)
      ASSERT_TRUE(kernels::equal_values(column, row, again, row))
          << type.simple_string() << " row " << row;
  }
}

// No key may be the beginning of another one.
TEST(ValueCodec, KeysAreSelfDelimiting) {
  for (const DataType& type : all_types()) {
    std::mt19937_64 random(23);
    engine::ChunkBuilder builder({type});
    for (uint64_t row = 0; row < kRows; ++row) draw(type, builder.column(0), row, random);
    const engine::Chunk given = builder.finish(kRows);
    const ColumnView column = given.column(0);
    std::vector<std::string> keys(kRows);
    for (uint64_t row = 0; row < kRows; ++row) append_key(column, row, keys[row]);
    for (uint64_t a = 0; a < kRows; ++a)
      for (uint64_t b = 0; b < kRows; ++b) {
        const bool same = kernels::equal_values(column, a, column, b);
        ASSERT_EQ(keys[a] == keys[b], same) << type.simple_string();
        if (!same) {
          ASSERT_FALSE(keys[a].starts_with(keys[b])) << type.simple_string();
        }
      }
  }
}

}  // namespace
}  // namespace firn::stream
