// See packed_manifest.h.
#include "iceberg/packed_manifest.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "iceberg/manifest_reader.h"
#include "iceberg/metrics.h"

namespace firn::iceberg {

namespace {

constexpr int kStatusFieldId = 0;
constexpr size_t kFewBytesAnEntry = 32;  // compressed

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

// `slot_of`: of a column's id where its counts and bounds go, null where it is not wanted.
template <typename SlotOf>
void read_packed_map(AvroValue& value, PackedMap map, SlotOf slot_of) {
  const bool is_bound = map == PackedMap::kLower || map == PackedMap::kUpper;
  AvroDecoder& decoder = value.decoder();
  const auto pairs = AvroNumberPairs::of(value.schema(), value.node());
  if (!pairs || pairs->second_is_bytes != is_bound) {  // in some form of its own
    read_int_map(value, [&](int id, AvroValue& held) {
      const auto [column, bounds] = slot_of(id);
      if (bounds == nullptr) {
        held.skip();
      } else if (is_bound) {
        put_bound(map, held.as_bytes(), *column, *bounds);
      } else {
        put_count(map, held.as_long(), *bounds);
      }
    });
    return;
  }
  while (const size_t count = decoder.read_block_count()) {
    for (size_t i = 0; i < count; ++i) {
      const auto [column, bounds] = slot_of(decoder.read_int());
      if (is_bound) {
        const std::string_view bytes = decoder.read_bytes();
        if (bounds != nullptr) put_bound(map, bytes, *column, *bounds);
      } else {
        const int64_t number = decoder.read_long();
        if (bounds != nullptr) put_count(map, number, *bounds);
      }
    }
  }
}

// Reads `value` where `field` is one of the metrics maps; else leaves it and answers false.
template <typename SlotOf>
bool read_if_packed_map(const AvroField& field, AvroValue& value, SlotOf slot_of) {
  if (value.is_null()) return false;
  for (const PackedMapRow& row : kPackedMaps) {
    if (field.field_id != row.field_id) continue;
    read_packed_map(value, row.map, slot_of);
    return true;
  }
  return false;
}

// Of the parts of plain entries. Those from kPartMaps on are the metrics maps.
enum PartRole : uint8_t { kPartOther, kPartStatus, kPartPartition, kPartMaps };

std::optional<PlainEntries> plain_entries_of(const AvroSchema& schema) {
  auto plain = PlainEntries::of(schema);
  if (!plain) return std::nullopt;
  for (PlainEntries::Part& part : plain->parts) {
    if (!part.of_file && part.field_id == kStatusFieldId) part.role = kPartStatus;
    if (part.of_file && part.field_id == kPartitionFieldId) part.role = kPartPartition;
    for (const PackedMapRow& row : kPackedMaps) {
      if (!part.of_file || part.field_id != row.field_id) continue;
      const bool is_bound = row.map == PackedMap::kLower || row.map == PackedMap::kUpper;
      if (part.kind !=
          (is_bound ? PlainEntries::Kind::kBytesPairs : PlainEntries::Kind::kNumberPairs))
        return std::nullopt;
      part.role = static_cast<uint8_t>(kPartMaps + static_cast<uint8_t>(row.map));
    }
  }
  return plain;
}

template <typename SlotOf>
bool read_plain_map(const PlainEntries::Part& part, PlainCursor& cursor, SlotOf slot_of) {
  const auto map = static_cast<PackedMap>(part.role - kPartMaps);
  return read_plain_pairs(
      part.kind, cursor,
      [&](int id, int64_t number) {
        if (const auto [column, bounds] = slot_of(id); bounds != nullptr)
          put_count(map, number, *bounds);
      },
      [&](int id, std::string_view bytes) {
        if (const auto [column, bounds] = slot_of(id); bounds != nullptr)
          put_bound(map, bytes, *column, *bounds);
      });
}

}  // namespace

// Partition tuples: one that is encoded like the one before is not decoded again. (Of two values
// of a schema neither encoding begins with the other, so to begin alike is to be equal.)
class PackedManifest::PartitionMemo {
 public:
  explicit PartitionMemo(PackedManifest& manifest)
      : manifest_(manifest), reader_(manifest.header_) {}

  // Reads the tuple that `decoder` or `cursor` stands at; the last one's number is its number.
  void read(AvroValue& value) {
    AvroDecoder& decoder = value.decoder();
    const std::string_view rest = decoder.rest();
    if (&value.node() == node_ && rest.starts_with(newest_)) {
      decoder.read_raw(newest_.size());
      return;
    }
    reader_.read(value, manifest_.partitions_.emplace_back());
    node_ = &value.node();
    newest_ = rest.substr(0, rest.size() - decoder.remaining());
  }
  bool read(const PlainEntries::Part& part, PlainCursor& cursor) {
    if (&manifest_.schema_.at(part.node) == node_ && cursor.starts_with(newest_))
      return cursor.skip(newest_.size());
    const char* const begin = cursor.at();
    if (!PlainEntries::skip(part, cursor)) return false;
    AvroDecoder decoder({begin, static_cast<size_t>(cursor.at() - begin)}, manifest_.name_);
    AvroValue value(decoder, manifest_.schema_, part.node, "partition");
    read(value);
    return true;
  }
  uint32_t newest() const { return static_cast<uint32_t>(manifest_.partitions_.size() - 1); }

 private:
  PackedManifest& manifest_;
  PartitionReader reader_;
  const AvroNode* node_ = nullptr;  // of the newest
  std::string newest_;              // as encoded
};

PackedManifest::PackedManifest(std::string_view bytes, std::string name,
                               std::span<const types::Field> columns, size_t expected)
    : name_(std::move(name)), bounds_(columns.size()) {
  AvroFile file(bytes, name_);
  schema_ = file.schema();
  plain_ = plain_entries_of(schema_);
  header_ = read_manifest_header(file, name_);
  PartitionMemo partitions(*this);
  if (header_.spec.fields.empty()) partitions_.emplace_back();  // v1 files may have no tuple then
  records_.reserve(bytes.size() * 2);  // most compress better: then it grows once or twice
  const size_t room =
      std::min(expected, bytes.size() / kFewBytesAnEntry);  // a damaged list says any number
  outlines_.reserve(room);
  for (Bounds& bounds : bounds_) bounds.reserve(room);
  std::string scratch;
  std::string_view block;
  for (int64_t count = 0; file.next_block(scratch, block, count); records_.append(block))
    read_block(block, count, columns, partitions);
}

void PackedManifest::read_block(std::string_view block, int64_t count,
                                std::span<const types::Field> columns, PartitionMemo& partitions) {
  AvroDecoder decoder(block, name_);
  for (int64_t i = 0; i < count; ++i) {
    check_record_count(outlines_.size(), name_);
    outlines_.emplace_back().offset = records_.size() + block.size() - decoder.remaining();
    for (Bounds& bounds : bounds_) bounds.emplace_back();
    PlainCursor cursor(decoder.rest());
    if (plain_ && read_plain_entry(cursor, columns, partitions)) {
      decoder.read_raw(static_cast<size_t>(cursor.at() - decoder.rest().data()));
      continue;
    }
    for (Bounds& bounds : bounds_) bounds.back() = {};
    read_entry(decoder, columns, partitions);
  }
  if (!decoder.at_end()) decoder.fail("a block has bytes after its last object");
}

bool PackedManifest::read_plain_entry(PlainCursor& cursor, std::span<const types::Field> columns,
                                      PartitionMemo& partitions) {
  Outline& outline = outlines_.back();
  bool has_partition = false;
  const auto slot_of = [&](int id) { return newest_slot(columns, id); };
  const auto take = [&](const PlainEntries::Part& part, PlainCursor& at) {
    int64_t status = 0;
    switch (part.role) {
      case kPartOther:
        return 0;
      case kPartStatus:
        if (!at.read(status) || status < 0 || status > 2) return -1;
        outline.status = static_cast<EntryStatus>(status);
        return 1;
      case kPartPartition:
        if (!partitions.read(part, at)) return -1;
        outline.partition = partitions.newest();
        has_partition = true;
        return 1;
      default:
        if (columns.empty()) return 0;
        return read_plain_map(part, at, slot_of) ? 1 : -1;
    }
  };
  return plain_->walk(cursor, take) && has_partition;
}

void PackedManifest::read_entry(AvroDecoder& decoder, std::span<const types::Field> columns,
                                PartitionMemo& partitions) {
  Outline& outline = outlines_.back();
  const auto slot_of = [&](int id) { return newest_slot(columns, id); };
  bool has_file = false;
  bool has_partition = header_.spec.fields.empty();
  walk_entry(
      decoder, schema_,
      [&](const AvroField& field, AvroValue& value) {
        if (field.field_id != kStatusFieldId) return false;
        outline.status = static_cast<EntryStatus>(read_in_range(value, 2));
        return true;
      },
      [&](const AvroField& field, AvroValue& value) {
        has_file = true;
        if (field.field_id == kPartitionFieldId && !value.is_null()) {
          partitions.read(value);
          outline.partition = partitions.newest();
          has_partition = true;
          return true;
        }
        return !columns.empty() && read_if_packed_map(field, value, slot_of);
      });
  if (!has_file) decoder.fail("a manifest entry has no data_file (2)");
  if (!has_partition) decoder.fail("a data file has no partition (102)");
}

PackedManifest::Slot PackedManifest::newest_slot(std::span<const types::Field> columns, int id) {
  for (size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].id == id) return {&columns[i], &bounds_[i].back()};
  }
  return {nullptr, nullptr};
}

PackedManifest::Bounds PackedManifest::bounds_of(const types::Field& column) const {
  Bounds all(outlines_.size());
  for (size_t i = 0; i < outlines_.size(); ++i) {
    const std::string_view record = std::string_view(records_).substr(outlines_[i].offset);
    const auto slot_of = [&](int id) {
      return id == column.id ? Slot(&column, &all[i]) : Slot(nullptr, nullptr);
    };
    PlainCursor cursor(record);
    const auto take = [&](const PlainEntries::Part& part, PlainCursor& at) {
      return part.role < kPartMaps ? 0 : read_plain_map(part, at, slot_of) ? 1 : -1;
    };
    if (plain_ && plain_->walk(cursor, take)) continue;
    all[i] = {};
    AvroDecoder decoder(record, name_);
    walk_entry(
        decoder, schema_, [](const AvroField&, AvroValue&) { return false; },
        [&](const AvroField& field, AvroValue& value) {
          return read_if_packed_map(field, value, slot_of);
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
  return sizeof *this + records_.size() + outlines_.size() * sizeof(Outline) +
         partitions_.size() *
             (sizeof(partitions_[0]) + header_.spec.fields.size() * sizeof(types::Value));
}

}  // namespace firn::iceberg
