// Schemas, types and default values ⇄ JSON (Appendix C "Schemas", Appendix D "JSON single-value
// serialization").
#pragma once

#include "iceberg/json_cursor.h"
#include "types/schema.h"

namespace firn::iceberg {

types::Schema schema_from(const JsonCursor& json);
OrderedJson schema_to_json(const types::Schema& schema);
// Without schema-id and identifier fields, as nested structs are written.
OrderedJson type_to_json(const types::Type& type);

// A default value by its type; JSON null gives Null.
types::Value single_value_from(const JsonCursor& json, const types::Type& type);
OrderedJson single_value_to_json(const types::Value& value, const types::Type& type);

}  // namespace firn::iceberg
