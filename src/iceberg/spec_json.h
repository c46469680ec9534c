// Partition specs and sort orders ⇄ JSON (Appendix C).
#pragma once

#include "iceberg/json_cursor.h"
#include "types/transform.h"

namespace firn::iceberg {

types::PartitionSpec spec_from(const JsonCursor& json);
// The array alone. Fields without a field-id (format v1) count from 1000; with `keep_unassigned`
// their id stays 0.
std::vector<types::PartitionField> partition_fields_from(const JsonCursor& json,
                                                         bool keep_unassigned = false);
OrderedJson spec_to_json(const types::PartitionSpec& spec);
OrderedJson partition_fields_to_json(const types::PartitionSpec& spec);

types::SortOrder sort_order_from(const JsonCursor& json);
OrderedJson sort_order_to_json(const types::SortOrder& order);

}  // namespace firn::iceberg
