// Reading the records of manifests: shared by whole decoding and by outlines. Inside this module.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "iceberg/avro_reader.h"
#include "iceberg/avro_record.h"
#include "iceberg/manifest.h"

namespace firn::iceberg {

inline constexpr int kEntryDataFileFieldId = 2;
inline constexpr int kPartitionFieldId = 102;

// Throws Error{kCorrupt} naming `name` and the header's key.
ManifestHeader read_manifest_header(const AvroFile& file, const std::string& name);

// Throws where a file would have more records than any real one.
void check_record_count(size_t count, const std::string& name);

// A number from 0 to `highest`.
int read_in_range(AvroValue& value, int highest);

// Calls `read` with the id and the value of each item of a metrics map whose value is not null;
// what it leaves unread must be skipped.
template <typename Read>
void read_int_map(AvroValue& value, Read read) {
  value.for_each_element([&](AvroValue entry) {
    const AvroNode& node = entry.node();
    if (node.kind != AvroKind::kRecord || node.fields.size() != 2)
      entry.fail_kind("a record of key and value");
    AvroValue key(entry.decoder(), entry.schema(), node.fields[0].node, entry.field());
    const int id = key.as_int();
    AvroValue held(entry.decoder(), entry.schema(), node.fields[1].node, entry.field());
    if (!held.is_null()) read(id, held);
  });
}

// Partition tuples in the spec's order.
class PartitionReader {
 public:
  explicit PartitionReader(const ManifestHeader& header);  // outlives this
  void read(AvroValue& record, std::vector<types::Value>& partition);

 private:
  void bind(AvroValue& record);

  const ManifestHeader& header_;
  std::vector<std::optional<types::Type>> types_;
  const AvroNode* bound_ = nullptr;
  std::vector<int> positions_;
};

// Whole entries.
class ManifestEntryReader {
 public:
  explicit ManifestEntryReader(const ManifestHeader& header);  // outlives this
  ManifestEntry read(AvroValue& record);

 private:
  void read_file(AvroValue& record, DataFile& file);

  const ManifestHeader& header_;
  PartitionReader partitions_;
  AvroRecordReader<ManifestEntry> entries_;
  AvroRecordReader<DataFile> files_;
};

}  // namespace firn::iceberg
