// The structs that manifests and manifest lists store, as Iceberg types (specification, "Manifest
// Entry Fields", "Data File Fields", "Manifest Lists"), in format v2.
#pragma once

#include "types/type.h"

namespace firn::iceberg {

// `partition`: the struct of the spec's results.
types::Type manifest_entry_type(const types::Type& partition);
types::Type manifest_file_type();

}  // namespace firn::iceberg
