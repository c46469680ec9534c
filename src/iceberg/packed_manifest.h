// A manifest kept as its records' bytes: planning looks at a few fields of every entry, and decodes
// whole only those entries that it keeps.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "iceberg/avro_schema.h"
#include "iceberg/manifest.h"
#include "types/predicate.h"

namespace firn::iceberg {

// Immutable: safe for concurrent use.
class PackedManifest {
 public:
  // Of `bytes`, an Avro container file that errors call `name`. Walks over every record, so that
  // damage to the structure shows here. Throws Error{kCorrupt}.
  PackedManifest(std::string_view bytes, std::string name);

  const ManifestHeader& header() const { return header_; }
  size_t size() const { return outlines_.size(); }
  EntryStatus status(size_t entry) const { return outlines_[entry].status; }
  const std::vector<types::Value>& partition(size_t entry) const {
    return outlines_[entry].partition;
  }
  // What the counts and bounds say of a column (`field` as the table's schema has it), an item an
  // entry. Walks over every record again.
  std::vector<types::ColumnBounds> bounds_of(const types::Field& field) const;
  // Whole, as written: nothing is inherited.
  ManifestEntry entry(size_t entry) const;
  size_t bytes() const;  // that it takes in memory, about

 private:
  struct Outline {
    size_t offset = 0;  // of the record in records_
    EntryStatus status = EntryStatus::kAdded;
    std::vector<types::Value> partition;
  };

  std::string name_;
  AvroSchema schema_;
  ManifestHeader header_;
  std::string records_;  // of all blocks, decompressed
  std::vector<Outline> outlines_;
};

}  // namespace firn::iceberg
