// A manifest kept as its records' bytes: planning looks at a few fields of every entry, and decodes
// whole only those entries that it keeps.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "iceberg/avro_schema.h"
#include "iceberg/manifest.h"
#include "iceberg/plain_entries.h"
#include "types/predicate.h"

namespace firn::iceberg {

class AvroDecoder;

// Immutable: safe for concurrent use.
class PackedManifest {
 public:
  using Bounds = std::vector<types::ColumnBounds>;  // of one column, an item an entry

  // Of `bytes`, an Avro container file that errors call `name`. Walks over every record, so that
  // damage to the structure shows here. Throws Error{kCorrupt}.
  PackedManifest(std::string_view bytes, std::string name) : PackedManifest(bytes, name, {}, 0) {}
  // The same walk puts the bounds of `columns` aside, for take_bounds(). `expected`: how many
  // entries there are, as far as is known.
  PackedManifest(std::string_view bytes, std::string name, std::span<const types::Field> columns,
                 size_t expected);

  const ManifestHeader& header() const { return header_; }
  size_t size() const { return outlines_.size(); }
  EntryStatus status(size_t entry) const { return outlines_[entry].status; }
  // Neighbours in the same partition share a number.
  size_t partition_number(size_t entry) const { return outlines_[entry].partition; }
  const std::vector<types::Value>& partition(size_t entry) const {
    return partitions_[outlines_[entry].partition];
  }
  // What the counts and bounds say of a column (`field` as the table's schema has it). Walks over
  // every record again.
  Bounds bounds_of(const types::Field& field) const;
  // Of the columns that the constructor was given, in their order; once.
  std::vector<Bounds> take_bounds() { return std::move(bounds_); }
  // Whole, as written: nothing is inherited.
  ManifestEntry entry(size_t entry) const;
  size_t bytes() const;  // that it takes in memory, about

 private:
  class PartitionMemo;
  struct Outline {
    size_t offset = 0;  // of the record in records_
    uint32_t partition = 0;
    EntryStatus status = EntryStatus::kAdded;
  };
  using Slot = std::pair<const types::Field*, types::ColumnBounds*>;
  // Where the newest entry's counts and bounds of a column go; null: nobody asks for it.
  Slot newest_slot(std::span<const types::Field> columns, int id);
  void read_block(std::string_view block, int64_t count, std::span<const types::Field> columns,
                  PartitionMemo& partitions);
  bool read_plain_entry(PlainCursor& cursor, std::span<const types::Field> columns,
                        PartitionMemo& partitions);
  void read_entry(AvroDecoder& decoder, std::span<const types::Field> columns,
                  PartitionMemo& partitions);

  std::string name_;
  AvroSchema schema_;
  std::optional<PlainEntries> plain_;  // how to pass over entries quickly, where that is possible
  ManifestHeader header_;
  std::string records_;  // of all blocks, decompressed
  std::vector<Outline> outlines_;
  std::vector<std::vector<types::Value>> partitions_;
  std::vector<Bounds> bounds_;
};

}  // namespace firn::iceberg
