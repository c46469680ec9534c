// Values of every type as Spark's cast to STRING writes them.
#pragma once

#include <string>
#include <string_view>

#include "kernels/column.h"
#include "kernels/decimal.h"
#include "kernels/time_zone.h"
#include "types/data_type.h"

namespace firn::kernels {

struct TextStyle {
  const TimeZone* zone = nullptr;  // for TIMESTAMP
  bool plain_decimals = true;      // ANSI mode; else BigDecimal.toString's exponents
};

// Appends the value of a valid row.
void append_text(std::string& out, const ColumnView& column, uint64_t row,
                 const types::DataType& type, const TextStyle& style);

// BigDecimal.toString: an exponent where the number is smaller than 10^-6.
std::string decimal_java_text(Int128 value, int scale);
void append_date(std::string& out, int64_t days);
// "2020-01-02 03:04:05.67": a fraction without trailing zeros.
void append_local_timestamp(std::string& out, int64_t local_us);
std::string year_month_text(int32_t months,
                            const types::DataType& type);  // "INTERVAL '1-2' YEAR TO MONTH"
std::string day_time_text(int64_t micros,
                          const types::DataType& type);  // "INTERVAL '1 02:03:04' DAY TO SECOND"

// As a literal in an error message: 'x', 1L, 1.0D, DATE '2020-01-01'.
std::string literal_text(const ColumnView& column, uint64_t row, const types::DataType& type,
                         const TextStyle& style);

}  // namespace firn::kernels
