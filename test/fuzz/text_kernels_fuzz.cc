// uses: formats columnar iceberg kernels files types base
// Functions that read texts: the first byte chooses one, the second its mode, the rest are its
// arguments, each behind a byte 30. An Error or a value.
#include <array>
#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "attempt.h"
#include "format_rows.h"
#include "kernels/kernel.h"

namespace {

namespace kernels = firn::kernels;
using firn::types::DataType;
using firn::types::DataTypeId;

constexpr DataTypeId kText = DataTypeId::kString, kInt = DataTypeId::kInteger,
                     kBytes = DataTypeId::kBinary, kLong = DataTypeId::kLong,
                     kTime = DataTypeId::kTimestamp;

struct Row {
  std::string_view name;
  std::vector<DataTypeId> arguments;
  DataType result;
};

const std::vector<Row>& rows() {
  static const DataType texts = DataType::array(kText);
  static const DataType record = DataType::structure(
      {{"a", kLong},
       {"b", DataType::array(DataType::structure({{"c", DataTypeId::kDouble}, {"d", kText}}))},
       {"m", DataType::map(kText, DataType::decimal(10, 2))},
       {"at", kTime},
       {"_corrupt_record", kText}});
  static const std::vector<Row> all = {
      {"cast", {kText}, DataTypeId::kBoolean},
      {"cast", {kText}, DataTypeId::kByte},
      {"cast", {kText}, kInt},
      {"cast", {kText}, kLong},
      {"cast", {kText}, DataTypeId::kFloat},
      {"cast", {kText}, DataTypeId::kDouble},
      {"cast", {kText}, DataType::decimal(10, 2)},
      {"cast", {kText}, DataType::decimal(38, 18)},
      {"cast", {kText}, DataTypeId::kDate},
      {"cast", {kText}, kTime},
      {"cast", {kText}, DataTypeId::kTimestampNtz},
      {"cast", {kText}, DataTypeId::kYearMonthInterval},
      {"cast", {kText}, DataTypeId::kDayTimeInterval},
      {"cast", {kText}, kBytes},
      {"cast", {kBytes}, kText},
      {"from_json", {kText, kText}, record},
      {"from_json", {kText, kText}, DataType::array(record)},
      {"from_json", {kText, kText}, DataType::map(kText, DataType::array(kInt))},
      {"get_json_object", {kText, kText}, kText},
      {"json_array_length", {kText}, kInt},
      {"json_object_keys", {kText}, texts},
      {"str_to_map", {kText, kText, kText}, DataType::map(kText, kText)},
      {"csv_fields", {kText, kText}, texts},
      {"xpath", {kText, kText}, texts},
      {"xpath_boolean", {kText, kText}, DataTypeId::kBoolean},
      {"xpath_string", {kText, kText}, kText},
      {"xpath_double", {kText, kText}, DataTypeId::kDouble},
      {"xpath_int", {kText, kText}, kInt},
      {"like", {kText, kText, kText}, DataTypeId::kBoolean},
      {"rlike", {kText, kText}, DataTypeId::kBoolean},
      {"regexp_extract", {kText, kText, kInt}, kText},
      {"regexp_extract_all", {kText, kText, kInt}, texts},
      {"regexp_replace", {kText, kText, kText, kInt}, kText},
      {"regexp_instr", {kText, kText}, kInt},
      {"split", {kText, kText, kInt}, texts},
      {"parse_url", {kText, kText, kText}, kText},
      {"url_decode", {kText}, kText},
      {"url_encode", {kText}, kText},
      {"unhex", {kText}, kBytes},
      {"unbase64", {kText}, kBytes},
      {"to_binary", {kText, kText}, kBytes},
      {"conv", {kText, kInt, kInt}, kText},
      {"encode", {kText, kText}, kBytes},
      {"decode", {kBytes, kText}, kText},
      {"format_string", {kText, kLong, kText}, kText},
      {"to_timestamp", {kText, kText}, kTime},
      {"to_date", {kText, kText}, DataTypeId::kDate},
      {"unix_timestamp", {kText, kText}, kLong},
      {"date_format", {kLong, kText}, kText},
      {"to_number", {kText, kText}, DataType::decimal(38, 2)},
      {"aes_decrypt", {kBytes, kBytes, kText, kText, kBytes}, kBytes},
      {"kll_sketch_merge_bigint", {kBytes, kBytes}, kBytes},
      {"kll_sketch_merge_float", {kBytes, kBytes}, kBytes},
      {"kll_sketch_to_string_double", {kBytes}, kText},
      {"kll_sketch_get_n_bigint", {kBytes}, kLong},
      {"theta_union", {kBytes, kBytes, kInt}, kBytes},
      {"theta_difference", {kBytes, kBytes}, kBytes},
      {"theta_sketch_estimate", {kBytes}, kLong},
      {"soundex", {kText}, kText},
      {"levenshtein", {kText, kText}, kInt},
      {"luhn_check", {kText}, DataTypeId::kBoolean},
      {"translate", {kText, kText, kText}, kText},
      {"overlay", {kText, kText, kInt, kInt}, kText},
      {"substring_index", {kText, kText, kInt}, kText},
      {"split_part", {kText, kText, kInt}, kText},
      {"substring", {kText, kInt, kInt}, kText},
      {"initcap", {kText}, kText},
      {"upper", {kText}, kText},
      {"reverse", {kText}, kText},
      {"make_valid_utf8", {kText}, kText},
      {"from_utc_timestamp", {kLong, kText}, kTime},
      {"trunc", {kInt, kText}, DataTypeId::kDate},
      {"next_day", {kInt, kText}, DataTypeId::kDate},
      {"find_in_set", {kText, kText}, kInt},
      {"quote", {kText}, kText},
  };
  return all;
}

// One value of a column. Strings have memory of their own, exactly as long as they are.
struct Value {
  std::string text;
  kernels::StringRef reference;
  int64_t number = 0;
  int32_t narrow = 0;
  std::unique_ptr<char[]> bytes;
  kernels::ColumnView view;
  void read(DataTypeId type, std::string_view from) {
    view.size = 1;
    view.physical = kernels::physical_of(DataType(type));
    if (view.physical == kernels::Physical::kString) {
      bytes = std::make_unique<char[]>(from.size());
      std::copy(from.begin(), from.end(), bytes.get());
      reference = kernels::StringRef(bytes.get(), static_cast<uint32_t>(from.size()));
      view.data = &reference;
      return;
    }
    std::from_chars(from.data(), from.data() + from.size(), number);
    narrow = static_cast<int32_t>(number);
    if (view.physical == kernels::Physical::kInt32)
      view.data = &narrow;
    else
      view.data = &number;
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const Row& row = rows()[data[0] % rows().size()];
  const kernels::KernelRow* kernel = kernels::find_kernel(row.name);
  FIRN_CHECK(kernel != nullptr, "the kernel is there");
  const std::string_view rest(reinterpret_cast<const char*>(data) + 2, size - 2);
  const auto texts = firn::fuzz::pieces(rest, '\x1e');
  std::vector<Value> values(row.arguments.size());
  std::vector<kernels::ColumnView> views;
  for (size_t i = 0; i < values.size(); ++i) {
    values[i].read(row.arguments[i], i < texts.size() ? texts[i] : std::string_view());
    views.push_back(values[i].view);
  }
  kernels::CallInfo info;
  for (const DataTypeId type : row.arguments) info.arguments.emplace_back(type);
  info.result = row.result;
  info.mode =
      std::array{kernels::Mode::kLegacy, kernels::Mode::kAnsi, kernels::Mode::kTry}[data[1] % 3];
  firn::fuzz::Column column(row.result, 1);
  kernels::Scratch scratch;
  firn::fuzz::attempt([&] { kernel->kernel(info, scratch, views, 1, column); });
  return 0;
}
