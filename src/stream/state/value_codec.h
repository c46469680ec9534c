// Column values as bytes, for what state keeps on disk. Format 1, little-endian: 0 for NULL, else 1
// and the value; fixed widths as they are in memory; strings and lists behind their length in 4
// bytes; structs field by field. Every value is self-delimiting.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "kernels/kernel.h"
#include "types/data_type.h"

namespace firn::stream {

void append_value(const kernels::ColumnView& column, uint64_t row, std::string& out);
// Equal values give equal bytes: one NaN, no negative zero.
void append_key(const kernels::ColumnView& column, uint64_t row, std::string& out);
// Takes the first value off `bytes` and writes it as `row` of `out`, a column of this type.
void take_value(std::string_view& bytes, const types::DataType& type, kernels::Output& out,
                uint64_t row);

// The time that closes a group, in microseconds: bytes in the order of time, NULL last.
inline constexpr size_t kWindowEndBytes = 9;
void append_window_end(std::optional<int64_t> micros, std::string& out);
std::optional<int64_t> take_window_end(std::string_view& bytes);

}  // namespace firn::stream
