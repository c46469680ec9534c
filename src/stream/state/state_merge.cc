// A row for each way to merge, a column for each physical type.
#include "stream/state/state_merge.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/error.h"

namespace firn::stream {
namespace {

using kernels::Physical;

template <class T>
T load(std::string_view bytes) {
  T value;
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

[[noreturn]] void throw_overflow(const char* type) {
  throw Error("ARITHMETIC_OVERFLOW", {{"message", std::string(type) + " overflow in a sum"},
                                      {"alternative", ""},
                                      {"config", "spark.sql.ansi.enabled"}});
}

template <class T>
void add(std::string_view a, std::string_view b, std::string& out) {
  T sum{};
  if constexpr (std::is_floating_point_v<T>) {
    sum = load<T>(a) + load<T>(b);
  } else {
    if (__builtin_add_overflow(load<T>(a), load<T>(b), &sum)) throw_overflow("integer");
  }
  out.append(reinterpret_cast<const char*>(&sum), sizeof sum);
}

void add_wrapping(std::string_view a, std::string_view b, std::string& out) {
  const uint64_t sum = load<uint64_t>(a) + load<uint64_t>(b);
  out.append(reinterpret_cast<const char*>(&sum), sizeof sum);
}

constexpr __int128 power_of_ten(int exponent) {
  __int128 power = 1;
  for (; exponent > 0; --exponent) power *= 10;
  return power;
}

void add_decimal(std::string_view a, std::string_view b, std::string& out) {
  constexpr __int128 kBound = power_of_ten(38);
  const __int128 sum = load<__int128>(a) + load<__int128>(b);  // both below 10^38: fits
  if (sum >= kBound || sum <= -kBound) throw_overflow("decimal");
  out.append(reinterpret_cast<const char*>(&sum), sizeof sum);
}

// Spark's order: NaN is the greatest.
template <class T>
bool is_less(std::string_view a, std::string_view b) {
  const T left = load<T>(a), right = load<T>(b);
  if constexpr (std::is_floating_point_v<T>) {
    if (std::isnan(left) || std::isnan(right)) return !std::isnan(left);
  }
  return left < right;
}

bool is_less_text(std::string_view a, std::string_view b) {
  return a.substr(sizeof(uint32_t)) < b.substr(sizeof(uint32_t));  // behind the lengths
}

struct TypeRow {
  Physical physical;
  size_t width;  // 0: the length stands before the value
  bool (*less)(std::string_view, std::string_view);
  void (*sum)(std::string_view, std::string_view, std::string&);
};
constexpr TypeRow kTypes[] = {
    {Physical::kBool, 1, is_less<uint8_t>, nullptr},
    {Physical::kInt8, 1, is_less<int8_t>, nullptr},
    {Physical::kInt16, 2, is_less<int16_t>, nullptr},
    {Physical::kInt32, 4, is_less<int32_t>, add<int32_t>},
    {Physical::kInt64, 8, is_less<int64_t>, add<int64_t>},
    {Physical::kInt128, 16, is_less<__int128>, add_decimal},
    {Physical::kFloat, 4, is_less<float>, nullptr},
    {Physical::kDouble, 8, is_less<double>, add<double>},
    {Physical::kString, 0, is_less_text, nullptr},
};

const TypeRow& type_row(Physical physical) {
  for (const TypeRow& row : kTypes)
    if (row.physical == physical) return row;
  throw_unsupported("nested values as states of an aggregation over a stream");
}

// The first value of a row of states, without its NULL byte; empty where it is NULL.
std::string_view take_value(std::string_view& bytes, const TypeRow& type) {
  FIRN_CHECK(!bytes.empty(), "a kept state is cut off");
  const bool is_null = bytes[0] == '\0';
  bytes.remove_prefix(1);
  if (is_null) return {};
  const size_t size =
      type.width != 0 ? type.width : sizeof(uint32_t) + size_t{load<uint32_t>(bytes)};
  FIRN_CHECK(bytes.size() >= size, "a kept state is cut off");
  const std::string_view value = bytes.substr(0, size);
  bytes.remove_prefix(size);
  return value;
}

void merge_values(const std::string& merge, const TypeRow& type, std::string_view a,
                  std::string_view b, std::string& out) {
  if (merge == "min") {
    out += type.less(b, a) ? b : a;
  } else if (merge == "max") {
    out += type.less(a, b) ? b : a;
  } else if (merge == "wrapping_sum" && type.physical == Physical::kInt64) {
    add_wrapping(a, b, out);
  } else {
    FIRN_CHECK(merge == "sum" && type.sum != nullptr, "a state that cannot be merged");
    type.sum(a, b, out);
  }
}

}  // namespace

void merge_states(const std::vector<StateColumn>& columns, std::string_view kept,
                  std::string_view fresh, std::string& out) {
  for (const StateColumn& column : columns) {
    const TypeRow& type = type_row(column.physical);
    const std::string_view a = take_value(kept, type), b = take_value(fresh, type);
    out += a.empty() && b.empty() ? '\0' : '\1';
    if (a.empty() || b.empty())
      out += a.empty() ? b : a;
    else
      merge_values(column.merge, type, a, b, out);
  }
}

}  // namespace firn::stream
