// Field ids, names and documentation of manifest entries, data files and manifest list rows.
#include "iceberg/manifest_schema.h"

namespace firn::iceberg {

namespace {

using types::Field;
using types::Type;
using types::TypeId;

Field field(int id, const char* name, bool required, Type type, const char* doc) {
  Field result;
  result.id = id;
  result.name = name;
  result.required = required;
  result.type = std::move(type);
  result.doc = doc;
  return result;
}
Field required(int id, const char* name, TypeId type, const char* doc) {
  return field(id, name, true, Type::primitive(type), doc);
}
Field optional(int id, const char* name, TypeId type, const char* doc) {
  return field(id, name, false, Type::primitive(type), doc);
}
Field required(int id, const char* name, Type type, const char* doc) {
  return field(id, name, true, std::move(type), doc);
}
Field optional(int id, const char* name, Type type, const char* doc) {
  return field(id, name, false, std::move(type), doc);
}

constexpr TypeId kInt = TypeId::kInt;
constexpr TypeId kLong = TypeId::kLong;
constexpr TypeId kString = TypeId::kString;
constexpr TypeId kBinary = TypeId::kBinary;
constexpr TypeId kBoolean = TypeId::kBoolean;

Type map_of(int key_id, int value_id, TypeId value) {
  return Type::map(key_id, Type::primitive(kInt), value_id, true, Type::primitive(value));
}
Type list_of(int element_id, TypeId element) {
  return Type::list(element_id, true, Type::primitive(element));
}
Type list_of(int element_id, const Type& element) { return Type::list(element_id, true, element); }

Type data_file_type(const Type& partition) {
  return Type::structure({
      required(134, "content", kInt,
               "Contents of the file: 0=data, 1=position deletes, 2=equality deletes"),
      required(100, "file_path", kString, "Location URI with FS scheme"),
      required(101, "file_format", kString, "File format name: avro, orc, or parquet"),
      required(102, "partition", partition,
               "Partition data tuple, schema based on the partition spec"),
      required(103, "record_count", kLong, "Number of records in the file"),
      required(104, "file_size_in_bytes", kLong, "Total file size in bytes"),
      optional(108, "column_sizes", map_of(117, 118, kLong),
               "Map of column id to total size on disk"),
      optional(109, "value_counts", map_of(119, 120, kLong),
               "Map of column id to total count, including null and NaN"),
      optional(110, "null_value_counts", map_of(121, 122, kLong),
               "Map of column id to null value count"),
      optional(137, "nan_value_counts", map_of(138, 139, kLong),
               "Map of column id to number of NaN values in the column"),
      optional(125, "lower_bounds", map_of(126, 127, kBinary), "Map of column id to lower bound"),
      optional(128, "upper_bounds", map_of(129, 130, kBinary), "Map of column id to upper bound"),
      optional(131, "key_metadata", kBinary, "Encryption key metadata blob"),
      optional(132, "split_offsets", list_of(133, kLong), "Splittable offsets"),
      optional(135, "equality_ids", list_of(136, kInt), "Equality comparison field IDs"),
      optional(140, "sort_order_id", kInt, "Sort order ID"),
      optional(143, "referenced_data_file", kString,
               "Fully qualified location (URI with FS scheme) of a data file that all deletes "
               "reference"),
  });
}

Type partition_summary_type() {
  return Type::structure({
      required(509, "contains_null", kBoolean, "True if any file has a null partition value"),
      optional(518, "contains_nan", kBoolean, "True if any file has a nan partition value"),
      optional(510, "lower_bound", kBinary, "Partition lower bound for all files"),
      optional(511, "upper_bound", kBinary, "Partition upper bound for all files"),
  });
}

}  // namespace

Type manifest_entry_type(const Type& partition) {
  return Type::structure({
      required(0, "status", kInt, ""),
      optional(1, "snapshot_id", kLong, ""),
      optional(3, "sequence_number", kLong, ""),
      optional(4, "file_sequence_number", kLong, ""),
      required(2, "data_file", data_file_type(partition), ""),
  });
}

Type manifest_file_type() {
  return Type::structure({
      required(500, "manifest_path", kString, "Location URI with FS scheme"),
      required(501, "manifest_length", kLong, "Total file size in bytes"),
      required(502, "partition_spec_id", kInt, "Spec ID used to write"),
      required(517, "content", kInt, "Contents of the manifest: 0=data, 1=deletes"),
      required(515, "sequence_number", kLong, "Sequence number when the manifest was added"),
      required(516, "min_sequence_number", kLong, "Lowest sequence number in the manifest"),
      required(503, "added_snapshot_id", kLong, "Snapshot ID that added the manifest"),
      required(504, "added_files_count", kInt, "Added entry count"),
      required(505, "existing_files_count", kInt, "Existing entry count"),
      required(506, "deleted_files_count", kInt, "Deleted entry count"),
      required(512, "added_rows_count", kLong, "Added rows count"),
      required(513, "existing_rows_count", kLong, "Existing rows count"),
      required(514, "deleted_rows_count", kLong, "Deleted rows count"),
      optional(507, "partitions", list_of(508, partition_summary_type()),
               "Summary for each partition"),
      optional(519, "key_metadata", kBinary, "Encryption key metadata blob"),
  });
}

}  // namespace firn::iceberg
