// Table metadata ⇄ JSON (Appendix C). v1, v2 and v3 are read; v2 is written (v1 is upgraded on
// write).
#pragma once

#include <string>
#include <string_view>

#include "iceberg/metadata.h"

namespace firn::iceberg {

// Throws Error{kCorrupt} naming the document (its file, where it is one) and the field, e.g.
// "table metadata: snapshots[3].manifest-list is missing".
TableMetadata parse_table_metadata(std::string_view json,
                                   const std::string& document = "table metadata");
std::string write_table_metadata(const TableMetadata&);

types::Schema parse_schema(std::string_view json);
std::string write_schema(const types::Schema&);
types::PartitionSpec parse_partition_spec(std::string_view json);  // whole object
std::vector<types::PartitionField> parse_partition_fields(
    std::string_view json);  // the array alone
std::string write_partition_spec(const types::PartitionSpec&);
std::string write_partition_fields(
    const types::PartitionSpec&);  // the array alone (manifest header)

// ".metadata.json" or ".gz.metadata.json" bytes → JSON text.
std::string decode_metadata_bytes(std::string_view uri, std::string bytes);
std::string encode_metadata_bytes(std::string json, bool gzip);

}  // namespace firn::iceberg
