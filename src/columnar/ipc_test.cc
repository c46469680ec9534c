// Columns → IPC → columns, and streams that are damaged.
#include "columnar/ipc.h"

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <random>

#include "base/error.h"

namespace firn::columnar {
namespace {

using kernels::ColumnView;
using kernels::ListEntry;
using kernels::Physical;
using kernels::StringRef;
using types::DataType;
using types::DataTypeId;

Physical physical_of(const DataType& type) {
  switch (type.id()) {
    case DataTypeId::kBoolean:
      return Physical::kBool;
    case DataTypeId::kByte:
      return Physical::kInt8;
    case DataTypeId::kShort:
      return Physical::kInt16;
    case DataTypeId::kLong:
    case DataTypeId::kTimestamp:
    case DataTypeId::kTimestampNtz:
    case DataTypeId::kDayTimeInterval:
      return Physical::kInt64;
    case DataTypeId::kFloat:
      return Physical::kFloat;
    case DataTypeId::kDouble:
      return Physical::kDouble;
    case DataTypeId::kString:
    case DataTypeId::kBinary:
      return Physical::kString;
    case DataTypeId::kArray:
    case DataTypeId::kMap:
      return Physical::kList;
    case DataTypeId::kStruct:
      return Physical::kStruct;
    case DataTypeId::kDecimal:
      return type.precision() <= 4    ? Physical::kInt16
             : type.precision() <= 9  ? Physical::kInt32
             : type.precision() <= 18 ? Physical::kInt64
                                      : Physical::kInt128;
    default:
      return Physical::kInt32;
  }
}

int width_of(Physical physical) {
  switch (physical) {
    case Physical::kBool:
    case Physical::kInt8:
      return 1;
    case Physical::kInt16:
      return 2;
    case Physical::kInt64:
    case Physical::kDouble:
      return 8;
    case Physical::kInt128:
    case Physical::kString:
    case Physical::kList:
      return 16;
    default:
      return 4;
  }
}

// A column in plain memory.
class Column final : public kernels::Output {
 public:
  Column(DataType type, uint64_t size) : type_(std::move(type)) {
    physical_ = physical_of(type_);
    switch (type_.id()) {
      case DataTypeId::kArray:
        children_.push_back(std::make_unique<Column>(type_.element(), 0));
        break;
      case DataTypeId::kMap:
        children_.push_back(std::make_unique<Column>(
            DataType::structure({{"key", type_.key(), false}, {"value", type_.value()}}), 0));
        break;
      case DataTypeId::kStruct:
        for (const auto& field : type_.fields())
          children_.push_back(std::make_unique<Column>(field.type, size));
        break;
      default:
        break;
    }
    grow(size);
  }
  char* new_bytes(size_t size) override {
    texts_.emplace_back(size, '\0');
    return texts_.back().data();
  }
  void keep(std::shared_ptr<const void> owner) override { owners_.push_back(std::move(owner)); }
  kernels::Output& child(size_t index) override { return *children_.at(index); }
  Column& part(size_t index) { return *children_.at(index); }
  void resize(uint64_t size) override { children_.at(0)->grow(size); }

  ColumnView view() const {
    ColumnView view{physical_, bytes_.data(), bits_.data(), size_, {}};
    for (const auto& child : children_) view.children.push_back(child->view());
    return view;
  }
  const DataType& type() const { return type_; }

 private:
  void grow(uint64_t size) {
    bytes_.resize(size * width_of(physical_) / sizeof(__int128) + 1);
    bits_.resize((size + 63) / 64 + 1, ~uint64_t{0});
    data_ = bytes_.data();
    validity_ = bits_.data();
    size_ = size;
    if (physical_ == Physical::kStruct) {
      for (auto& child : children_) child->grow(size);
    }
  }

  DataType type_;
  std::vector<__int128> bytes_;
  std::vector<uint64_t> bits_;
  std::deque<std::string> texts_;
  std::vector<std::shared_ptr<const void>> owners_;
  std::vector<std::unique_ptr<Column>> children_;
};

using Randomness = std::mt19937_64;

void fill(Column& column, Randomness& random, uint64_t from = 0) {
  for (uint64_t row = from; row < column.size(); ++row) {
    const bool null = random() % 4 == 0;
    if (null) {  // the value of a NULL row says nothing: it stays zero
      column.set_null(row);
      if (column.physical() != Physical::kList) continue;
    }
    switch (column.physical()) {
      case Physical::kString: {
        std::string text(random() % 30, 'x');
        for (char& c : text) c = static_cast<char>('a' + random() % 26);
        column.set_string(row, text);
        break;
      }
      case Physical::kList: {
        const uint64_t length = null ? 0 : random() % 5, begin = column.part(0).size();
        column.resize(begin + length);
        fill(column.part(0), random, begin);
        if (column.type().id() == DataTypeId::kMap) {
          for (uint64_t i = begin; i < begin + length; ++i) {  // entries and keys are never NULL
            for (Column* part : {&column.part(0), &column.part(0).part(0)})
              part->validity()[i >> 6] |= uint64_t{1} << (i & 63);
          }
        }
        column.values<ListEntry>()[row] = {begin, length};
        break;
      }
      case Physical::kStruct:
        break;
      case Physical::kBool:
        column.values<uint8_t>()[row] = random() % 2;
        break;
      default:
        for (int byte = 0; byte < width_of(column.physical()); ++byte) {
          // Decimals stay small: Arrow checks that they fit.
          const bool low = column.type().id() != DataTypeId::kDecimal || byte == 0;
          column.values<uint8_t>()[row * width_of(column.physical()) + byte] =
              low ? static_cast<uint8_t>(random() % 100) : 0;
        }
    }
  }
  if (column.physical() == Physical::kStruct) {
    for (size_t i = 0; i < column.type().fields().size(); ++i) fill(column.part(i), random, from);
    for (uint64_t row = from; row < column.size(); ++row) {
      if (column.view().is_valid(row)) continue;
      for (size_t i = 0; i < column.type().fields().size(); ++i) column.part(i).set_null(row);
    }
  }
}

std::string encoded(const DataType& columns, std::vector<std::unique_ptr<Column>>& made,
                    uint64_t rows, uint64_t step) {
  IpcEncoder encoder(columns, {"Europe/Berlin", false});
  std::vector<ColumnView> views;
  for (const auto& column : made) views.push_back(column->view());
  for (uint64_t row = 0; row < rows; row += step)
    encoder.append(views, row, std::min(step, rows - row));
  EXPECT_EQ(encoder.rows(), rows);
  return encoder.finish();
}

struct TypeCase {
  const char* name;
  DataType type;
};
const TypeCase kTypes[] = {
    {"boolean", DataTypeId::kBoolean},
    {"byte", DataTypeId::kByte},
    {"short", DataTypeId::kShort},
    {"integer", DataTypeId::kInteger},
    {"long", DataTypeId::kLong},
    {"float", DataTypeId::kFloat},
    {"double", DataTypeId::kDouble},
    {"decimal4", DataType::decimal(4, 2)},
    {"decimal9", DataType::decimal(9, 2)},
    {"decimal18", DataType::decimal(18, 2)},
    {"decimal38", DataType::decimal(38, 10)},
    {"string", DataTypeId::kString},
    {"binary", DataTypeId::kBinary},
    {"date", DataTypeId::kDate},
    {"timestamp", DataTypeId::kTimestamp},
    {"timestamp_ntz", DataTypeId::kTimestampNtz},
    {"day_time", DataTypeId::kDayTimeInterval},
    {"year_month", DataTypeId::kYearMonthInterval},
    {"array", DataType::array(DataTypeId::kString)},
    {"nested", DataType::array(DataType::array(DataTypeId::kInteger))},
    {"map", DataType::map(DataTypeId::kString, DataTypeId::kDouble)},
    {"struct", DataType::structure({{"a", DataTypeId::kLong}, {"b", DataTypeId::kString}})},
    {"structs", DataType::array(DataType::structure(
                    {{"a", DataType::map(DataTypeId::kInteger, DataTypeId::kString)}}))},
};

class RoundTrip : public ::testing::TestWithParam<TypeCase> {};

TEST_P(RoundTrip, GivesTheSameBytesAgain) {
  const DataType columns = DataType::structure({{"c", GetParam().type}});
  Randomness random(7);
  for (const uint64_t rows : {0, 1, 63, 64, 65, 200}) {
    std::vector<std::unique_ptr<Column>> made;
    made.push_back(std::make_unique<Column>(GetParam().type, rows));
    fill(*made.back(), random);
    const std::string bytes = encoded(columns, made, rows, 37);
    EXPECT_EQ(bytes, encoded(columns, made, rows, rows + 1)) << "appended in one go";

    IpcDecoder decoder(std::make_shared<const std::string>(bytes));
    EXPECT_EQ(decoder.columns(), columns);
    ASSERT_TRUE(decoder.next());
    ASSERT_EQ(decoder.rows(), rows);
    std::vector<std::unique_ptr<Column>> back;
    back.push_back(std::make_unique<Column>(GetParam().type, rows));
    decoder.write(0, 0, rows, *back.back());
    EXPECT_EQ(encoded(columns, back, rows, 50), bytes);
    EXPECT_FALSE(decoder.next());
  }
}
INSTANTIATE_TEST_SUITE_P(Types, RoundTrip, ::testing::ValuesIn(kTypes),
                         [](const auto& row) { return std::string(row.param.name); });

TEST(IpcEncoder, BeginsAnewAfterFinish) {
  const DataType columns = DataType::structure({{"c", DataTypeId::kString}});
  Column column(DataTypeId::kString, 2);
  column.set_string(0, "a");
  column.set_string(1, "a text that is not inline");
  IpcEncoder encoder(columns, {});
  const std::vector<ColumnView> views{column.view()};
  encoder.append(views, 0, 2);
  const std::string first = encoder.finish();
  EXPECT_EQ(encoder.rows(), 0U);
  encoder.append(views, 0, 2);
  EXPECT_EQ(encoder.finish(), first);
}

// Whatever byte is wrong: an error, or rows; never a crash.
TEST(IpcDecoder, TakesDamagedStreams) {
  const DataType type = DataType::array(DataType::structure({{"s", DataTypeId::kString}}));
  Randomness random(3);
  std::vector<std::unique_ptr<Column>> made;
  made.push_back(std::make_unique<Column>(type, 40));
  fill(*made.back(), random);
  const std::string bytes = encoded(DataType::structure({{"c", type}}), made, 40, 40);
  int refused = 0;
  const auto read = [&](std::string damaged) {
    try {
      IpcDecoder decoder(std::make_shared<const std::string>(std::move(damaged)));
      while (decoder.next()) {
        for (size_t i = 0; i < decoder.columns().fields().size(); ++i) {
          Column out(decoder.columns().fields()[i].type, decoder.rows());
          decoder.write(i, 0, decoder.rows(), out);
        }
      }
    } catch (const Error&) {
      ++refused;
    }
  };
  for (size_t cut = 0; cut < bytes.size(); cut += 5) read(bytes.substr(0, cut));
  for (size_t at = 0; at < bytes.size(); ++at) {
    std::string damaged = bytes;
    damaged[at] = static_cast<char>(random());
    read(std::move(damaged));
  }
  EXPECT_GT(refused, 50);
}

TEST(IpcDecoder, RefusesWhatIsNoStream) {
  for (const char* text : {"", "x", "ARROW1\0\0", "{\"json\": true, \"and\": \"more of it\"}"}) {
    EXPECT_THROW(IpcDecoder(std::make_shared<const std::string>(text)), Error) << text;
  }
}

}  // namespace
}  // namespace firn::columnar
