// Constant expressions of statements (CALL's arguments, TIMESTAMP AS OF) as values.
#pragma once

#include <string>

#include "engine/chunk.h"
#include "session/session.h"

namespace firn::session {

// The value of an unresolved expression without columns, cast to `type`.
types::Value constant_value(Session&, const plan::ExprPtr& expression, const types::DataType& type);
// One value of a column of a primitive type.
types::Value value_at(const kernels::ColumnView& column, uint64_t row, const types::DataType& type);
// A text cast to TIMESTAMP in the session's time zone: µs since 1970. Throws Spark's error where it
// is none.
int64_t timestamp_value(Session&, const std::string& text);

}  // namespace firn::session
