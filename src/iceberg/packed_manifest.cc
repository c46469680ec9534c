// See packed_manifest.h.
#include "iceberg/packed_manifest.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "iceberg/manifest_reader.h"
#include "iceberg/metrics.h"

namespace firn::iceberg {

namespace {

constexpr int kStatusFieldId = 0;

// The metrics maps of a data file by field id.
enum class PackedMap : uint8_t { kValueCounts, kNullCounts, kNanCounts, kLower, kUpper };
struct PackedMapRow {
  int field_id;
  PackedMap map;
};
constexpr PackedMapRow kPackedMaps[] = {
    {109, PackedMap::kValueCounts}, {110, PackedMap::kNullCounts}, {137, PackedMap::kNanCounts},
    {125, PackedMap::kLower},       {128, PackedMap::kUpper},
};

// Passes over one record: `of_entry` and `of_file` get each field of the entry and of its data
// file, and answer whether they consumed the value.
template <typename OfEntry, typename OfFile>
void walk_entry(AvroDecoder& decoder, const AvroSchema& schema, OfEntry of_entry, OfFile of_file) {
  AvroValue record(decoder, schema, schema.root, "object");
  if (record.node().kind != AvroKind::kRecord) record.fail_kind("record");
  for (const AvroField& field : record.node().fields) {
    AvroValue value(decoder, schema, field.node, field.name);
    if (field.field_id != kEntryDataFileFieldId || value.node().kind != AvroKind::kRecord) {
      if (!of_entry(field, value)) value.skip();
      continue;
    }
    for (const AvroField& inner : value.node().fields) {
      AvroValue held(decoder, schema, inner.node, inner.name);
      if (!of_file(inner, held)) held.skip();
    }
  }
}

void put_count(PackedMap map, int64_t count, types::ColumnBounds& bounds) {
  if (map == PackedMap::kValueCounts) bounds.value_count = count;
  if (map == PackedMap::kNullCounts) bounds.null_count = count;
  if (map == PackedMap::kNanCounts) bounds.nan_count = count;
}

void put_bound(PackedMap map, std::string_view bytes, const types::Field& column,
               types::ColumnBounds& bounds) {
  if (column.type.is_nested()) return;
  (map == PackedMap::kLower ? bounds.lower : bounds.upper) = bound_from(bytes, column.type);
}

void read_packed_map(AvroValue& value, PackedMap map, const types::Field& column,
                     types::ColumnBounds& bounds) {
  const bool is_bound = map == PackedMap::kLower || map == PackedMap::kUpper;
  AvroDecoder& decoder = value.decoder();
  const auto pairs = AvroNumberPairs::of(value.schema(), value.node());
  if (!pairs || pairs->second_is_bytes != is_bound) {  // in some form of its own
    read_int_map(value, [&](int id, AvroValue& held) {
      if (id != column.id) {
        held.skip();
      } else if (is_bound) {
        put_bound(map, held.as_bytes(), column, bounds);
      } else {
        put_count(map, held.as_long(), bounds);
      }
    });
    return;
  }
  while (const size_t count = decoder.read_block_count()) {
    for (size_t i = 0; i < count; ++i) {
      const bool is_wanted = decoder.read_int() == column.id;
      if (is_bound) {
        const std::string_view bytes = decoder.read_bytes();
        if (is_wanted) put_bound(map, bytes, column, bounds);
      } else {
        const int64_t number = decoder.read_long();
        if (is_wanted) put_count(map, number, bounds);
      }
    }
  }
}

}  // namespace

PackedManifest::PackedManifest(std::string_view bytes, std::string name) : name_(std::move(name)) {
  AvroFile file(bytes, name_);
  schema_ = file.schema();
  header_ = read_manifest_header(file, name_);
  PartitionReader partitions(header_);
  records_.reserve(bytes.size() * 2);  // most compress better: then it grows once or twice
  std::string scratch;
  std::string_view block;
  int64_t count = 0;
  for (; file.next_block(scratch, block, count); scratch.clear()) {
    AvroDecoder decoder(block, name_);
    for (int64_t i = 0; i < count; ++i) {
      check_record_count(outlines_.size(), name_);
      Outline& outline = outlines_.emplace_back();
      outline.offset = records_.size() + block.size() - decoder.remaining();
      bool has_file = false;
      walk_entry(
          decoder, schema_,
          [&](const AvroField& field, AvroValue& value) {
            if (field.field_id != kStatusFieldId) return false;
            outline.status = static_cast<EntryStatus>(read_in_range(value, 2));
            return true;
          },
          [&](const AvroField& field, AvroValue& value) {
            has_file = true;
            if (field.field_id != kPartitionFieldId || value.is_null()) return false;
            partitions.read(value, outline.partition);
            return true;
          });
      if (!has_file) decoder.fail("a manifest entry has no data_file (2)");
      if (outline.partition.size() != header_.spec.fields.size())
        decoder.fail("a data file has no partition (102)");
    }
    if (!decoder.at_end()) decoder.fail("a block has bytes after its last object");
    records_.append(block);
  }
}

std::vector<types::ColumnBounds> PackedManifest::bounds_of(const types::Field& column) const {
  std::vector<types::ColumnBounds> all(outlines_.size());
  for (size_t i = 0; i < outlines_.size(); ++i) {
    AvroDecoder decoder(std::string_view(records_).substr(outlines_[i].offset), name_);
    walk_entry(
        decoder, schema_, [](const AvroField&, AvroValue&) { return false; },
        [&](const AvroField& field, AvroValue& value) {
          if (value.is_null()) return false;
          for (const PackedMapRow& row : kPackedMaps) {
            if (field.field_id != row.field_id) continue;
            read_packed_map(value, row.map, column, all[i]);
            return true;
          }
          return false;
        });
  }
  return all;
}

ManifestEntry PackedManifest::entry(size_t entry) const {
  AvroDecoder decoder(std::string_view(records_).substr(outlines_.at(entry).offset), name_);
  AvroValue record(decoder, schema_, schema_.root, "object");
  return ManifestEntryReader(header_).read(record);
}

size_t PackedManifest::bytes() const {
  return sizeof *this + records_.size() +
         outlines_.size() * (sizeof(Outline) + header_.spec.fields.size() * sizeof(types::Value));
}

}  // namespace firn::iceberg
