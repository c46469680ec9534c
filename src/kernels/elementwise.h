// Loops over rows for kernels that compute one row at a time.
#pragma once

#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

#include "kernels/decimal.h"
#include "kernels/kernel.h"

namespace firn::kernels {

// Typed access to a column's rows. Decimals of any physical width read as Decimal128.
struct Decimal128 {
  Int128 unscaled;
};

template <class T>
class Reader {
 public:
  explicit Reader(const ColumnView& column) : values_(column.values<T>()) {}
  T operator[](uint64_t row) const { return values_[row]; }

 private:
  const T* values_;
};

template <>
class Reader<std::string_view> {
 public:
  explicit Reader(const ColumnView& column) : values_(column.values<StringRef>()) {}
  std::string_view operator[](uint64_t row) const { return values_[row].view(); }

 private:
  const StringRef* values_;
};

template <>
class Reader<Decimal128> {
 public:
  explicit Reader(const ColumnView& column) : data_(column.data), physical_(column.physical) {}
  Decimal128 operator[](uint64_t row) const {
    switch (physical_) {
      case Physical::kInt16:
        return {static_cast<const int16_t*>(data_)[row]};
      case Physical::kInt32:
        return {static_cast<const int32_t*>(data_)[row]};
      case Physical::kInt64:
        return {static_cast<const int64_t*>(data_)[row]};
      default:
        return {static_cast<const Int128Cell*>(data_)[row]};
    }
  }

 private:
  const void* data_;
  Physical physical_;
};

// Integers of any width as int64.
struct AnyInt {
  int64_t value;
};
template <>
class Reader<AnyInt> {
 public:
  explicit Reader(const ColumnView& column) : data_(column.data), physical_(column.physical) {}
  AnyInt operator[](uint64_t row) const {
    switch (physical_) {
      case Physical::kBool:
      case Physical::kInt8:
        return {static_cast<const int8_t*>(data_)[row]};
      case Physical::kInt16:
        return {static_cast<const int16_t*>(data_)[row]};
      case Physical::kInt32:
        return {static_cast<const int32_t*>(data_)[row]};
      default:
        return {static_cast<const int64_t*>(data_)[row]};
    }
  }

 private:
  const void* data_;
  Physical physical_;
};

inline void write(Output& out, uint64_t row, std::string_view text) { out.set_string(row, text); }
inline void write(Output& out, uint64_t row, const std::string& text) { out.set_string(row, text); }
inline void write(Output& out, uint64_t row, StringRef text) {
  out.values<StringRef>()[row] = text;
}
inline void write(Output& out, uint64_t row, Decimal128 value) {
  switch (out.physical()) {
    case Physical::kInt16:
      out.values<int16_t>()[row] = static_cast<int16_t>(value.unscaled);
      break;
    case Physical::kInt32:
      out.values<int32_t>()[row] = static_cast<int32_t>(value.unscaled);
      break;
    case Physical::kInt64:
      out.values<int64_t>()[row] = static_cast<int64_t>(value.unscaled);
      break;
    default:
      out.values<Int128Cell>()[row] = value.unscaled;
  }
}
inline void write(Output& out, uint64_t row, AnyInt value) {
  switch (out.physical()) {
    case Physical::kBool:
    case Physical::kInt8:
      out.values<int8_t>()[row] = static_cast<int8_t>(value.value);
      break;
    case Physical::kInt16:
      out.values<int16_t>()[row] = static_cast<int16_t>(value.value);
      break;
    case Physical::kInt32:
      out.values<int32_t>()[row] = static_cast<int32_t>(value.value);
      break;
    default:
      out.values<int64_t>()[row] = value.value;
  }
}
template <class T>
  requires std::is_arithmetic_v<T>
void write(Output& out, uint64_t row, T value) {
  out.values<T>()[row] = value;
}
template <class T>
void write(Output& out, uint64_t row, const std::optional<T>& value) {
  if (value)
    write(out, row, *value);
  else
    out.set_null(row);
}

inline bool all_valid(std::span<const ColumnView> arguments, uint64_t row) {
  for (const ColumnView& argument : arguments) {
    if (!argument.is_valid(row)) return false;
  }
  return true;
}

// out[row] = f(a[row], b[row], …) where all arguments are valid, else NULL. f gives a value, an
// optional or a string.
template <class... A, class F, size_t... I>
void map_rows(std::span<const ColumnView> arguments, uint64_t rows, Output& out, F&& f,
              std::index_sequence<I...>) {
  const auto used = arguments.first(sizeof...(A));
  const std::tuple<Reader<A>...> readers{Reader<A>(used[I])...};
  bool any_nulls = false;
  for (const ColumnView& column : used) any_nulls |= column.validity != nullptr;
  for (uint64_t row = 0; row < rows; ++row) {
    if (any_nulls && !all_valid(used, row)) {
      out.set_null(row);
    } else {
      write(out, row, f(std::get<I>(readers)[row]...));
    }
  }
}
template <class... A, class F>
void map_rows(std::span<const ColumnView> arguments, uint64_t rows, Output& out, F&& f) {
  map_rows<A...>(arguments, rows, out, std::forward<F>(f), std::index_sequence_for<A...>());
}

}  // namespace firn::kernels
