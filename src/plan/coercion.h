// Spark's rules for types: the common type of several, which casts exist, which the resolver may
// insert.
#pragma once

#include <optional>
#include <vector>

#include "types/data_type.h"

namespace firn::plan {

using types::DataType;
using types::DataTypeId;

// The type that values of both are cast to for CASE, coalesce, IN, UNION and the like; nullopt
// where there is none.
std::optional<DataType> common_type(const DataType& a, const DataType& b, bool ansi);
std::optional<DataType> common_type(const std::vector<DataType>& types, bool ansi);
// The same without turning strings into something else: VALUES, array_contains.
std::optional<DataType> tightest_type(const DataType& a, const DataType& b, bool ansi);
// The same where a DECIMAL must hold all values of the other side: elements and keys.
std::optional<DataType> element_type(const DataType& a, const DataType& b, bool ansi);
// The same for =, < and the like, where strings are read as the other side's type.
std::optional<DataType> comparison_type(const DataType& a, const DataType& b, bool ansi);
// Whether CAST(a AS b) exists; in ANSI mode fewer do.
bool can_cast(const DataType& from, const DataType& to, bool ansi);
// Whether INSERT may cast silently (ANSI store assignment).
bool can_store(const DataType& from, const DataType& to);
// Whether an argument of type `from` may be cast silently to `to`, and to which type exactly;
// `any_decimal` stands for DECIMAL of any size.
std::optional<DataType> implicit_type(const DataType& from, DataTypeId to, bool ansi);
bool is_orderable(const DataType& type);
bool is_float(const DataType& type);     // FLOAT, DOUBLE
bool is_datetime(const DataType& type);  // DATE, TIMESTAMP, TIMESTAMP_NTZ
bool is_interval(DataTypeId id);
inline bool is_interval(const DataType& type) { return is_interval(type.id()); }

// The DECIMAL that holds every value of a whole-number type; DOUBLE and FLOAT as Spark's
// DecimalType.forType.
DataType decimal_for(const DataType& type);
DataType bounded_decimal(int precision, int scale);  // DecimalType.bounded
DataType adjusted_decimal(int precision,
                          int scale);  // DecimalType.adjustPrecisionScale, precision loss allowed
DataType wider_decimal(const DataType& a, const DataType& b);

}  // namespace firn::plan
