// Primitive Iceberg values ⇄ Avro (specification, Appendix A "Avro").
#pragma once

#include "iceberg/avro_reader.h"
#include "iceberg/avro_writer.h"
#include "types/type.h"
#include "types/value.h"

namespace firn::iceberg {

// The value by the writer's own schema; null gives Null. Throws Error{kCorrupt} for nested values.
types::Value read_avro_value(AvroValue& value);
// As a value of `type`, where the writer's type can be read as it (promotions; int where long was
// written and fits).
types::Value conform(types::Value value, const types::Type& type, const AvroValue& source);
// A value from before its column was widened (int to long, float to double), as the type has it
// now.
types::Value widened(const types::Value&, const types::Type&);

// `value` is not null and of `type`.
void write_avro_value(AvroEncoder& out, const types::Value& value, const types::Type& type);

}  // namespace firn::iceberg
