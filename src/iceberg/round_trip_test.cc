// Seeded random metadata, manifests and manifest lists: what is written is read back equal.
#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "iceberg/manifest_avro.h"
#include "iceberg/metadata_json.h"
#include "iceberg/update.h"

namespace firn::iceberg {
namespace {

using types::Bytes;
using types::Decimal;
using types::Null;
using types::Type;
using types::TypeId;
using types::Value;

class Dice {
 public:
  explicit Dice(uint64_t seed) : engine_(seed) {}
  int64_t below(int64_t limit) {
    return static_cast<int64_t>(engine_() % static_cast<uint64_t>(limit));
  }
  bool one_in(int64_t n) { return below(n) == 0; }
  // Small and large numbers, both signs, the ends of the range.
  int64_t number() {
    static constexpr int64_t kEnds[] = {0,
                                        1,
                                        -1,
                                        std::numeric_limits<int64_t>::max(),
                                        std::numeric_limits<int64_t>::min(),
                                        std::numeric_limits<int32_t>::max()};
    if (one_in(4)) return kEnds[below(std::size(kEnds))];
    return static_cast<int64_t>(engine_()) >> below(64);
  }
  int64_t count() { return number() & std::numeric_limits<int64_t>::max(); }
  std::string bytes(size_t length) {
    std::string result;
    for (size_t i = 0; i < length; ++i) result.push_back(static_cast<char>(below(256)));
    return result;
  }
  std::string text() {
    static constexpr const char* kParts[] = {"a",  "B",  "0", "_",  " ",          "/", "\"",
                                             "\\", "\n", "é", "日", "\U0001F600", "{", "null"};
    std::string result;
    for (int64_t i = below(12); i > 0; --i) result += kParts[below(std::size(kParts))];
    return result;
  }
  template <typename T>
  std::optional<T> maybe(T value) {
    return one_in(3) ? std::nullopt : std::optional<T>(std::move(value));
  }

 private:
  std::mt19937_64 engine_;
};

Type random_primitive(Dice& dice) {
  static constexpr TypeId kIds[] = {TypeId::kBoolean,     TypeId::kInt,       TypeId::kLong,
                                    TypeId::kFloat,       TypeId::kDouble,    TypeId::kDate,
                                    TypeId::kTime,        TypeId::kTimestamp, TypeId::kString,
                                    TypeId::kTimestamptz, TypeId::kUuid,      TypeId::kBinary};
  if (dice.one_in(6)) {
    const int precision = 1 + static_cast<int>(dice.below(38));
    return Type::decimal(precision, static_cast<int>(dice.below(precision + 1)));
  }
  if (dice.one_in(8)) return Type::fixed(1 + static_cast<int>(dice.below(20)));
  return Type::primitive(kIds[dice.below(std::size(kIds))]);
}

types::Field random_field(Dice& dice, int& last_id, int depth);

Type random_type(Dice& dice, int& last_id, int depth) {
  if (depth == 0 || !dice.one_in(4)) return random_primitive(dice);
  if (dice.one_in(3)) {
    const int id = ++last_id;
    return Type::list(id, dice.one_in(2), random_type(dice, last_id, depth - 1));
  }
  if (dice.one_in(2)) {
    const int key = ++last_id;
    const int value = ++last_id;
    Type key_type = random_primitive(dice);
    return Type::map(key, std::move(key_type), value, dice.one_in(2),
                     random_type(dice, last_id, depth - 1));
  }
  std::vector<types::Field> fields;
  for (int64_t i = dice.below(4); i >= 0; --i)
    fields.push_back(random_field(dice, last_id, depth - 1));
  return Type::structure(std::move(fields));
}

types::Field random_field(Dice& dice, int& last_id, int depth) {
  types::Field field;
  field.id = ++last_id;
  field.name = dice.text() + std::to_string(field.id);
  field.required = dice.one_in(2);
  field.type = random_type(dice, last_id, depth);
  if (dice.one_in(3)) field.doc = dice.text();
  return field;
}

types::Schema random_schema(Dice& dice) {
  types::Schema schema;
  int last_id = 0;
  for (int64_t i = dice.below(8); i >= 0; --i)
    schema.fields.push_back(random_field(dice, last_id, 3));
  schema.schema_id = static_cast<int>(dice.below(100));
  if (dice.one_in(2)) schema.identifier_field_ids = {schema.fields[0].id};
  return schema;
}

Value random_value(Dice& dice, const Type& type) {
  if (dice.one_in(5)) return Null{};
  switch (type.id()) {
    case TypeId::kBoolean:
      return dice.one_in(2);
    case TypeId::kInt:
    case TypeId::kDate:
      return static_cast<int32_t>(dice.number());
    case TypeId::kFloat:
      return static_cast<float>(dice.number()) / 3;
    case TypeId::kDouble:
      return static_cast<double>(dice.number()) / 3;
    case TypeId::kDecimal: {
      __int128 limit = 1;
      for (int i = 0; i < type.precision(); ++i) limit *= 10;
      const __int128 wide = (__int128{dice.number()} << 62) ^ dice.number();
      return Decimal{wide % limit};
    }
    case TypeId::kString:
      return dice.text();
    case TypeId::kUuid:
      return Bytes{dice.bytes(16)};
    case TypeId::kFixed:
      return Bytes{dice.bytes(static_cast<size_t>(type.length()))};
    case TypeId::kBinary:
      return Bytes{dice.bytes(static_cast<size_t>(dice.below(20)))};
    default:
      return dice.number();
  }
}

types::PartitionSpec random_spec(Dice& dice, const types::Schema& schema) {
  static constexpr const char* kTransforms[] = {"identity", "bucket[16]", "truncate[4]", "year",
                                                "month",    "day",        "hour",        "void"};
  types::PartitionSpec spec{static_cast<int>(dice.below(10)), {}};
  for (const types::Field& field : schema.fields) {
    const types::Transform transform =
        types::parse_transform(kTransforms[dice.below(std::size(kTransforms))]);
    if (field.type.is_nested() || !types::can_transform(transform, field.type) || dice.one_in(3))
      continue;
    const int id = 1000 + static_cast<int>(spec.fields.size());
    spec.fields.push_back({field.id, id, field.name + "_p", transform});
  }
  return spec;
}

std::map<int, int64_t> random_counts(Dice& dice) {
  std::map<int, int64_t> counts;
  for (int64_t i = dice.below(6); i > 0; --i)
    counts[static_cast<int>(dice.below(1000))] = dice.count();
  return counts;
}

std::map<int, std::string> random_bounds(Dice& dice) {
  std::map<int, std::string> bounds;
  for (int64_t i = dice.below(6); i > 0; --i) {
    bounds[static_cast<int>(dice.below(1000))] = dice.bytes(static_cast<size_t>(dice.below(40)));
  }
  return bounds;
}

DataFile random_file(Dice& dice, const Manifest& manifest) {
  DataFile file;
  file.content = !manifest.header.is_deletes ? Content::kData
                 : dice.one_in(2)            ? Content::kPositionDeletes
                                             : Content::kEqualityDeletes;
  file.file_path = "s3://b/" + dice.text();
  if (dice.one_in(5)) file.file_format = "ORC";
  const Type partition = manifest.header.spec.partition_type(manifest.header.schema);
  for (const types::Field& field : partition.fields())
    file.partition.push_back(random_value(dice, field.type));
  file.record_count = dice.count();
  file.file_size_in_bytes = dice.count();
  file.column_sizes = random_counts(dice);
  file.value_counts = random_counts(dice);
  file.null_value_counts = random_counts(dice);
  file.nan_value_counts = random_counts(dice);
  file.lower_bounds = random_bounds(dice);
  file.upper_bounds = random_bounds(dice);
  file.key_metadata = dice.maybe(dice.bytes(5));
  for (int64_t i = dice.below(4); i > 0; --i) file.split_offsets.push_back(dice.number());
  for (int64_t i = dice.below(4); i > 0; --i)
    file.equality_ids.push_back(static_cast<int>(dice.below(1000)));
  file.sort_order_id = dice.maybe(static_cast<int>(dice.below(5)));
  file.referenced_data_file = dice.maybe(dice.text());
  file.spec_id = manifest.header.spec.spec_id;
  return file;
}

Manifest random_manifest(Dice& dice) {
  Manifest manifest;
  manifest.header.schema = random_schema(dice);
  manifest.header.spec = random_spec(dice, manifest.header.schema);
  manifest.header.is_deletes = dice.one_in(4);
  for (int64_t i = dice.below(30); i > 0; --i) {
    ManifestEntry entry;
    entry.status = static_cast<EntryStatus>(dice.below(3));
    const bool all = entry.status != EntryStatus::kAdded;
    if (all || dice.one_in(2)) entry.snapshot_id = dice.number();
    if (all || dice.one_in(2)) entry.sequence_number = dice.number();
    if (all || dice.one_in(2)) entry.file_sequence_number = dice.number();
    entry.data_file = random_file(dice, manifest);
    manifest.entries.push_back(std::move(entry));
  }
  return manifest;
}

TEST(RoundTrip, Manifests) {
  for (uint64_t seed = 0; seed < 150; ++seed) {
    Dice dice(seed);
    const Manifest manifest = random_manifest(dice);
    const std::string bytes = write_manifest(manifest);
    const Manifest read = read_manifest(bytes, "m.avro");
    ASSERT_EQ(read.entries, manifest.entries) << "seed " << seed;
    ASSERT_TRUE(read.header.schema.same_fields(manifest.header.schema)) << "seed " << seed;
    ASSERT_EQ(read.header.spec, manifest.header.spec) << "seed " << seed;
    ASSERT_EQ(read.header.is_deletes, manifest.header.is_deletes) << "seed " << seed;
    ASSERT_EQ(write_manifest(read), bytes) << "seed " << seed;
  }
}

TEST(RoundTrip, ManifestLists) {
  for (uint64_t seed = 0; seed < 150; ++seed) {
    Dice dice(seed);
    std::vector<ManifestFile> files;
    for (int64_t i = dice.below(20); i > 0; --i) {
      ManifestFile file;
      file.path = "m" + dice.text();
      file.length = dice.count();
      file.partition_spec_id = static_cast<int>(dice.below(9));
      file.is_deletes = dice.one_in(3);
      file.sequence_number = dice.number();
      file.min_sequence_number = dice.number();
      file.added_snapshot_id = dice.number();
      file.added_files_count = static_cast<int>(dice.below(1 << 30));
      file.existing_files_count = static_cast<int>(dice.below(9));
      file.deleted_files_count = 0;
      file.added_rows_count = dice.count();
      file.existing_rows_count = dice.count();
      file.deleted_rows_count = dice.count();
      for (int64_t j = dice.below(3); j > 0; --j) {
        file.partitions.push_back({dice.one_in(2), dice.maybe(dice.one_in(2)),
                                   dice.maybe(dice.bytes(4)), dice.maybe(dice.bytes(9))});
      }
      file.key_metadata = dice.maybe(dice.bytes(3));
      files.push_back(std::move(file));
    }
    ASSERT_EQ(read_manifest_list(write_manifest_list({2, 1, 2, 3, std::nullopt}, files), "l.avro"),
              files)
        << "seed " << seed;
  }
}

// A table lives through random updates; whatever state it reaches is read back the same, and its
// invariants hold.
class RandomTable {
 public:
  explicit RandomTable(Dice& dice) : dice_(dice) {
    types::Schema schema = random_schema(dice);
    schema.identifier_field_ids.clear();
    const types::PartitionSpec spec = random_spec(dice, schema);
    table_ = apply(
        nullptr,
        {AssignUuid{"u"}, SetLocation{"mem://t"}, AddSchema{schema}, SetCurrentSchema{-1},
         AddPartitionSpec{spec}, SetDefaultSpec{-1}, AddSortOrder{{}}, SetDefaultSortOrder{-1}},
        now_, std::nullopt);
  }

  void step() {
    now_ += dice_.below(100'000) - 10'000;  // clocks go back too
    table_ =
        apply(&table_, through_json(change()), now_, dice_.maybe(std::string("mem://old.json")));
  }
  const TableMetadata& table() const { return table_; }

 private:
  static std::vector<Update> through_json(const std::vector<Update>& updates) {
    std::vector<Update> result;
    for (const Update& update : updates) {
      const std::string json = write_update(update);
      result.push_back(parse_update(json));
      EXPECT_EQ(write_update(result.back()), json);
    }
    return result;
  }

  std::vector<Update> change() {
    switch (dice_.below(7)) {
      case 0: {
        types::Schema schema = table_.schema();
        int last_id = table_.last_column_id;
        schema.fields.push_back(random_field(dice_, last_id, 2));
        return {AddSchema{schema}, SetCurrentSchema{-1}};
      }
      case 1: {
        if (table_.snapshots.empty()) return {SetProperties{{{"p", dice_.text()}}}};
        SnapshotRef ref;
        ref.snapshot_id = any_snapshot();
        ref.is_branch = dice_.one_in(2);
        ref.max_ref_age_ms = dice_.maybe(dice_.count());
        return {SetSnapshotRef{"r" + std::to_string(dice_.below(4)), ref}};
      }
      case 2: {
        if (table_.snapshots.empty()) return {};
        return {RemoveSnapshots{{any_snapshot()}}};
      }
      case 3:
        return {SetProperties{{{dice_.text(), dice_.text()}}}, RemoveProperties{{"p"}}};
      case 4:
        return {RemoveSnapshotRef{"r" + std::to_string(dice_.below(4))}};
      default:
        return commit();
    }
  }

  std::vector<Update> commit() {
    Snapshot snapshot;
    snapshot.id = static_cast<int64_t>(++last_id_);
    snapshot.parent = table_.current_snapshot_id;
    snapshot.sequence_number = table_.last_sequence_number + 1;
    snapshot.timestamp_ms = now_;
    snapshot.manifest_list = "mem://" + std::to_string(snapshot.id);
    snapshot.operation = "append";
    snapshot.summary = {{dice_.text() + "k", dice_.text()}};
    snapshot.schema_id = table_.current_schema_id;
    SnapshotRef main;
    main.snapshot_id = snapshot.id;
    if (dice_.one_in(5)) return {AddSnapshot{snapshot}};
    return {AddSnapshot{snapshot}, SetSnapshotRef{"main", main}};
  }

  SnapshotId any_snapshot() {
    return table_
        .snapshots[static_cast<size_t>(dice_.below(static_cast<int64_t>(table_.snapshots.size())))]
        .id;
  }

  Dice& dice_;
  TableMetadata table_;
  int64_t now_ = 1'700'000'000'000;
  int last_id_ = 0;
};

TEST(RoundTrip, MetadataThroughRandomUpdates) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    Dice dice(seed);
    RandomTable random(dice);
    for (int step = 0; step < 40; ++step) {
      random.step();
      const TableMetadata& table = random.table();
      const std::string json = write_table_metadata(table);
      ASSERT_EQ(write_table_metadata(parse_table_metadata(json)), json)
          << "seed " << seed << " step " << step;
      const auto main = table.refs.find("main");
      ASSERT_EQ(main == table.refs.end() ? std::nullopt : std::optional(main->second.snapshot_id),
                table.current_snapshot_id);
      for (const auto& [name, ref] : table.refs)
        ASSERT_NE(table.snapshot_by_id(ref.snapshot_id), nullptr) << name;
      for (const auto& entry : table.snapshot_log)
        ASSERT_NE(table.snapshot_by_id(entry.snapshot_id), nullptr);
      for (size_t i = 1; i < table.snapshot_log.size(); ++i) {
        ASSERT_GE(table.snapshot_log[i].timestamp_ms,
                  table.snapshot_log[i - 1].timestamp_ms - 60'000);
      }
      if (table.current_snapshot_id && !table.snapshot_log.empty()) {
        ASSERT_EQ(table.snapshot_log.back().snapshot_id, *table.current_snapshot_id)
            << "seed " << seed << " step " << step;
      }
    }
  }
}

}  // namespace
}  // namespace firn::iceberg
