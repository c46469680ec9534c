// See metadata_tables.h. One row a table: its name, its columns, and what fills it.
#include "session/metadata_tables.h"

#include <algorithm>
#include <functional>
#include <map>
#include <set>

#include "base/ascii.h"
#include "base/error.h"
#include "plan/file_columns.h"
#include "session/content_files.h"
#include "session/row_builder.h"
#include "table/manifest_cache.h"
#include "table/snapshot_files.h"
#include "table/token.h"

namespace firn::session {
namespace {

using iceberg::ManifestFile;
using iceberg::Snapshot;
using iceberg::TableMetadata;
using types::DataType;
using types::DataTypeId;
using types::Null;
using types::Value;

// What a metadata table is made from.
struct Source {
  files::FileStore& store;
  table::ManifestCache* cache;
  const table::State& table;  // the newest, for its logs
  const TableMetadata& metadata;
  const Snapshot* snapshot;  // that the query reads; nullptr: none
  bool lenient;              // with the columns that scripts in the wild ask for
};

// A column that a query may name and stars leave out. They come last.
BuiltColumn unlisted(const std::string& name, DataType type) {
  return {plan::kHiddenPrefix + name, std::move(type), false};
}

Cell maybe(const std::optional<int64_t>& value) { return value ? Cell(*value) : Cell(); }
Cell maybe(const std::optional<int>& value) {
  return value ? Cell(static_cast<int64_t>(*value)) : Cell();
}
Cell micros(int64_t ms) { return ms * 1000; }

DataType text_map() { return DataType::map(DataTypeId::kString, DataTypeId::kString, false); }

Cell map_cell(const iceberg::Properties& properties) {
  std::vector<Cell> entries;
  for (const auto& [key, value] : properties) entries.push_back(Cell::nested({key, value}));
  return Cell::nested(std::move(entries));
}

using Columns = std::vector<BuiltColumn>;

// ---- what the metadata file says

Columns history_columns(const Source&) {
  return {{"made_current_at", DataTypeId::kTimestamp, false},
          {"snapshot_id", DataTypeId::kLong, false},
          {"parent_id", DataTypeId::kLong},
          {"is_current_ancestor", DataTypeId::kBoolean, false}};
}

void fill_history(const Source& source, RowBuilder& rows) {
  std::set<iceberg::SnapshotId> ancestors;
  for (const Snapshot* one : table::ancestry(source.metadata, source.metadata.current_snapshot_id))
    ancestors.insert(one->id);
  for (const iceberg::SnapshotLogEntry& entry : source.metadata.snapshot_log) {
    const Snapshot* snapshot = source.metadata.snapshot_by_id(entry.snapshot_id);
    rows.add({micros(entry.timestamp_ms), entry.snapshot_id,
              snapshot != nullptr ? maybe(snapshot->parent) : Cell(),
              ancestors.contains(entry.snapshot_id)});
  }
}

Columns snapshots_columns(const Source& source) {
  Columns columns = {{"committed_at", DataTypeId::kTimestamp, false},
                     {"snapshot_id", DataTypeId::kLong, false},
                     {"parent_id", DataTypeId::kLong},
                     {"operation", DataTypeId::kString},
                     {"manifest_list", DataTypeId::kString},
                     {"summary", text_map()}};
  if (source.lenient) columns.push_back(unlisted("timestamp_ms", DataTypeId::kLong));
  return columns;
}

void fill_snapshots(const Source& source, RowBuilder& rows) {
  for (const Snapshot& one : source.metadata.snapshots) {
    std::vector<Cell> row = {micros(one.timestamp_ms),
                             one.id,
                             maybe(one.parent),
                             one.operation.empty() ? Cell() : Cell(one.operation),
                             one.manifest_list.empty() ? Cell() : Cell(one.manifest_list),
                             map_cell(one.summary)};
    if (source.lenient) row.emplace_back(one.timestamp_ms);
    rows.add(row);
  }
}

Columns refs_columns(const Source&) {
  return {{"name", DataTypeId::kString, false},
          {"type", DataTypeId::kString, false},
          {"snapshot_id", DataTypeId::kLong, false},
          {"max_reference_age_in_ms", DataTypeId::kLong},
          {"min_snapshots_to_keep", DataTypeId::kInteger},
          {"max_snapshot_age_in_ms", DataTypeId::kLong}};
}

void fill_refs(const Source& source, RowBuilder& rows) {
  for (const auto& [name, ref] : source.metadata.refs)
    rows.add({name, std::string(ref.is_branch ? "BRANCH" : "TAG"), ref.snapshot_id,
              maybe(ref.max_ref_age_ms), maybe(ref.min_snapshots_to_keep),
              maybe(ref.max_snapshot_age_ms)});
}

Columns log_columns(const Source&) {
  return {{"timestamp", DataTypeId::kTimestamp, false},
          {"file", DataTypeId::kString, false},
          {"latest_snapshot_id", DataTypeId::kLong},
          {"latest_schema_id", DataTypeId::kInteger},
          {"latest_sequence_number", DataTypeId::kLong}};
}

void fill_log(const Source& source, RowBuilder& rows) {
  const TableMetadata& metadata = *source.table.metadata;
  std::vector<iceberg::MetadataLogEntry> log = metadata.metadata_log;
  log.push_back({metadata.last_updated_ms, source.table.metadata_file});
  for (const iceberg::MetadataLogEntry& entry : log) {
    const auto id = snapshot_as_of(metadata, entry.timestamp_ms);
    const Snapshot* snapshot = id ? metadata.snapshot_by_id(*id) : nullptr;
    rows.add({micros(entry.timestamp_ms), entry.file, id ? Cell(*id) : Cell(),
              snapshot != nullptr ? maybe(snapshot->schema_id) : Cell(),
              snapshot != nullptr ? Cell(snapshot->sequence_number) : Cell()});
  }
}

// ---- what manifest lists say

Columns manifests_columns(const Source&) {
  const DataType summary = DataType::structure({{"contains_null", DataTypeId::kBoolean, false},
                                                {"contains_nan", DataTypeId::kBoolean},
                                                {"lower_bound", DataTypeId::kString},
                                                {"upper_bound", DataTypeId::kString}});
  return {{"content", DataTypeId::kInteger, false},
          {"path", DataTypeId::kString, false},
          {"length", DataTypeId::kLong, false},
          {"partition_spec_id", DataTypeId::kInteger, false},
          {"added_snapshot_id", DataTypeId::kLong, false},
          {"added_data_files_count", DataTypeId::kInteger, false},
          {"existing_data_files_count", DataTypeId::kInteger, false},
          {"deleted_data_files_count", DataTypeId::kInteger, false},
          {"added_delete_files_count", DataTypeId::kInteger, false},
          {"existing_delete_files_count", DataTypeId::kInteger, false},
          {"deleted_delete_files_count", DataTypeId::kInteger, false},
          {"partition_summaries", DataType::array(summary, false), false}};
}

Columns all_manifests_columns(const Source& source) {
  Columns columns = manifests_columns(source);
  columns.push_back({"reference_snapshot_id", DataTypeId::kLong, false});
  columns.push_back({"key_metadata", DataTypeId::kBinary});
  return columns;
}

Cell summaries_cell(const TableMetadata& metadata, const ManifestFile& manifest) {
  std::vector<Cell> summaries;
  const types::PartitionSpec& spec = metadata.spec_by_id(manifest.partition_spec_id);
  const types::Type partition = spec.partition_type(metadata.schema());
  for (size_t i = 0; i < manifest.partitions.size() && i < spec.fields.size(); ++i) {
    const iceberg::FieldSummary& summary = manifest.partitions[i];
    const types::Field* source = metadata.schema().find(spec.fields[i].source_id);
    const auto bound = [&](const std::optional<std::string>& bytes) -> Cell {
      if (!bytes || source == nullptr) return {};
      const Value value = types::from_single_value_bytes(*bytes, partition.fields()[i].type);
      return types::to_human(spec.fields[i].transform, source->type, value);
    };
    summaries.push_back(Cell::nested({summary.contains_null,
                                      summary.contains_nan ? Cell(*summary.contains_nan) : Cell(),
                                      bound(summary.lower_bound), bound(summary.upper_bound)}));
  }
  return Cell::nested(std::move(summaries));
}

std::vector<Cell> manifest_row(const TableMetadata& metadata, const ManifestFile& manifest) {
  const auto count = [&](const std::optional<int>& number, bool deletes) -> Cell {
    return static_cast<int64_t>(manifest.is_deletes == deletes ? number.value_or(0) : 0);
  };
  return {static_cast<int64_t>(manifest.is_deletes ? 1 : 0),
          manifest.path,
          manifest.length,
          static_cast<int64_t>(manifest.partition_spec_id),
          manifest.added_snapshot_id,
          count(manifest.added_files_count, false),
          count(manifest.existing_files_count, false),
          count(manifest.deleted_files_count, false),
          count(manifest.added_files_count, true),
          count(manifest.existing_files_count, true),
          count(manifest.deleted_files_count, true),
          summaries_cell(metadata, manifest)};
}

void fill_manifests(const Source& source, RowBuilder& rows) {
  if (source.snapshot == nullptr) return;
  for (const ManifestFile& manifest :
       table::manifests_of(source.store, source.metadata, *source.snapshot))
    rows.add(manifest_row(source.metadata, manifest));
}

void fill_all_manifests(const Source& source, RowBuilder& rows) {
  for (const Snapshot& snapshot : source.metadata.snapshots) {
    for (const ManifestFile& manifest :
         table::manifests_of(source.store, source.metadata, snapshot)) {
      std::vector<Cell> row = manifest_row(source.metadata, manifest);
      row.emplace_back(snapshot.id);
      row.push_back(manifest.key_metadata ? Cell(types::Bytes{*manifest.key_metadata}) : Cell());
      rows.add(row);
    }
  }
}

// ---- what manifests say

enum class Wanted : uint8_t { kAll, kData, kDeletes };

void for_each_manifest(
    const Source& source, bool all_snapshots, Wanted wanted,
    const std::function<void(const ManifestFile&, const iceberg::Manifest&)>& each) {
  std::set<std::string> seen;
  const auto visit = [&](const Snapshot& snapshot) {
    for (const ManifestFile& row : table::manifests_of(source.store, source.metadata, snapshot)) {
      if (wanted == Wanted::kData && row.is_deletes) continue;
      if (wanted == Wanted::kDeletes && !row.is_deletes) continue;
      if (!seen.insert(row.path).second) continue;
      each(row, *source.cache->get(source.store, row));
    }
  };
  if (all_snapshots) {
    for (const Snapshot& snapshot : source.metadata.snapshots) visit(snapshot);
  } else if (source.snapshot != nullptr) {
    visit(*source.snapshot);
  }
}

Columns files_columns(const Source& source) {
  const ContentFiles shape(source.metadata);
  Columns columns = shape.columns();
  columns.push_back({"readable_metrics", shape.readable_type()});
  return columns;
}

template <bool kAllSnapshots, Wanted kWanted>
void fill_files(const Source& source, RowBuilder& rows) {
  const ContentFiles shape(source.metadata);
  for_each_manifest(source, kAllSnapshots, kWanted,
                    [&](const ManifestFile&, const iceberg::Manifest& manifest) {
                      for (const iceberg::ManifestEntry& entry : manifest.entries) {
                        if (entry.status == iceberg::EntryStatus::kDeleted) continue;
                        std::vector<Cell> row = shape.row(entry.data_file);
                        row.push_back(shape.readable_metrics(entry.data_file));
                        rows.add(row);
                      }
                    });
}

Columns entries_columns(const Source& source) {
  const ContentFiles shape(source.metadata);
  std::vector<types::StructField> fields;
  for (const BuiltColumn& column : shape.columns())
    fields.push_back({column.name, column.type, column.nullable});
  return {{"status", DataTypeId::kInteger, false},
          {"snapshot_id", DataTypeId::kLong},
          {"sequence_number", DataTypeId::kLong},
          {"file_sequence_number", DataTypeId::kLong},
          {"data_file", DataType::structure(std::move(fields)), false},
          {"readable_metrics", shape.readable_type()}};
}

template <bool kAllSnapshots>
void fill_entries(const Source& source, RowBuilder& rows) {
  const ContentFiles shape(source.metadata);
  for_each_manifest(source, kAllSnapshots, Wanted::kAll,
                    [&](const ManifestFile&, const iceberg::Manifest& manifest) {
                      for (const iceberg::ManifestEntry& entry : manifest.entries) {
                        rows.add({static_cast<int64_t>(entry.status), maybe(entry.snapshot_id),
                                  maybe(entry.sequence_number), maybe(entry.file_sequence_number),
                                  Cell::nested(shape.row(entry.data_file)),
                                  shape.readable_metrics(entry.data_file)});
                      }
                    });
}

// ---- partitions

struct PartitionTotals {
  std::vector<Value> values;
  int spec_id = 0;
  int64_t records = 0, files = 0, bytes = 0;
  int64_t position_deletes = 0, position_files = 0, equality_deletes = 0, equality_files = 0;
  int64_t updated_ms = -1;
  iceberg::SnapshotId updated_by = 0;
};

Columns partitions_columns(const Source& source) {
  const ContentFiles shape(source.metadata);
  Columns columns;
  if (!shape.partition_type().fields().empty()) {
    if (source.lenient) {
      columns.push_back({"partition", DataTypeId::kString, false});
    } else {
      columns.push_back({"partition", shape.partition_type(), false});
    }
    columns.push_back({"spec_id", DataTypeId::kInteger, false});
  }
  for (BuiltColumn column : Columns{{"record_count", DataTypeId::kLong, false},
                                    {"file_count", DataTypeId::kInteger, false},
                                    {"total_data_file_size_in_bytes", DataTypeId::kLong, false},
                                    {"position_delete_record_count", DataTypeId::kLong, false},
                                    {"position_delete_file_count", DataTypeId::kInteger, false},
                                    {"equality_delete_record_count", DataTypeId::kLong, false},
                                    {"equality_delete_file_count", DataTypeId::kInteger, false},
                                    {"last_updated_at", DataTypeId::kTimestamp},
                                    {"last_updated_snapshot_id", DataTypeId::kLong}})
    columns.push_back(std::move(column));
  if (source.lenient) {
    columns.push_back(unlisted("total_size", DataTypeId::kLong));
    columns.push_back(unlisted("data_file_count", DataTypeId::kInteger));
    columns.push_back(unlisted("delete_file_count", DataTypeId::kInteger));
  }
  return columns;
}

std::map<std::string, PartitionTotals> totals_of(const Source& source, const ContentFiles& shape) {
  std::map<std::string, PartitionTotals> partitions;
  for_each_manifest(
      source, false, Wanted::kAll, [&](const ManifestFile&, const iceberg::Manifest& manifest) {
        for (const iceberg::ManifestEntry& entry : manifest.entries) {
          if (entry.status == iceberg::EntryStatus::kDeleted) continue;
          const iceberg::DataFile& file = entry.data_file;
          const std::vector<Value> values = shape.partition_values(file);
          PartitionTotals& totals = partitions[shape.partition_text(values)];
          totals.values = values;
          const Snapshot* snapshot =
              entry.snapshot_id ? source.metadata.snapshot_by_id(*entry.snapshot_id) : nullptr;
          if (snapshot != nullptr && snapshot->timestamp_ms > totals.updated_ms) {
            totals.updated_ms = snapshot->timestamp_ms;
            totals.updated_by = snapshot->id;
            totals.spec_id = file.spec_id;
          }
          if (totals.files + totals.position_files + totals.equality_files == 0)
            totals.spec_id = file.spec_id;
          switch (file.content) {
            case iceberg::Content::kData:
              totals.records += file.record_count;
              totals.bytes += file.file_size_in_bytes;
              ++totals.files;
              break;
            case iceberg::Content::kPositionDeletes:
              totals.position_deletes += file.record_count;
              ++totals.position_files;
              break;
            case iceberg::Content::kEqualityDeletes:
              totals.equality_deletes += file.record_count;
              ++totals.equality_files;
          }
        }
      });
  return partitions;
}

void fill_partitions(const Source& source, RowBuilder& rows) {
  const ContentFiles shape(source.metadata);
  for (const auto& [text, totals] : totals_of(source, shape)) {
    std::vector<Cell> row;
    if (!shape.partition_type().fields().empty()) {
      row.push_back(source.lenient ? Cell(text) : shape.partition_cell(totals.values));
      row.emplace_back(static_cast<int64_t>(totals.spec_id));
    }
    for (const int64_t number :
         {totals.records, totals.files, totals.bytes, totals.position_deletes,
          totals.position_files, totals.equality_deletes, totals.equality_files})
      row.emplace_back(number);
    row.push_back(totals.updated_ms < 0 ? Cell() : micros(totals.updated_ms));
    row.push_back(totals.updated_ms < 0 ? Cell() : Cell(totals.updated_by));
    if (source.lenient) {
      row.emplace_back(totals.bytes);
      row.emplace_back(totals.files);
      row.emplace_back(totals.position_files + totals.equality_files);
    }
    rows.add(row);
  }
}

struct MetadataTable {
  const char* name;
  Columns (*columns)(const Source&);
  void (*fill)(const Source&, RowBuilder&);
};
constexpr MetadataTable kTables[] = {
    {"history", history_columns, fill_history},
    {"snapshots", snapshots_columns, fill_snapshots},
    {"refs", refs_columns, fill_refs},
    {"metadata_log_entries", log_columns, fill_log},
    {"manifests", manifests_columns, fill_manifests},
    {"all_manifests", all_manifests_columns, fill_all_manifests},
    {"files", files_columns, fill_files<false, Wanted::kAll>},
    {"data_files", files_columns, fill_files<false, Wanted::kData>},
    {"delete_files", files_columns, fill_files<false, Wanted::kDeletes>},
    {"all_files", files_columns, fill_files<true, Wanted::kAll>},
    {"all_data_files", files_columns, fill_files<true, Wanted::kData>},
    {"all_delete_files", files_columns, fill_files<true, Wanted::kDeletes>},
    {"entries", entries_columns, fill_entries<false>},
    {"all_entries", entries_columns, fill_entries<true>},
    {"partitions", partitions_columns, fill_partitions},
};

}  // namespace

bool is_metadata_table(const std::string& name) {
  return lower_case(name) == "position_deletes" || lower_case(name) == "changes" ||
         std::ranges::find(kTables, lower_case(name), &MetadataTable::name) != std::end(kTables);
}

bool is_lenient_column(const std::string& name) {
  static constexpr const char* kLenient[] = {"timestamp_ms", "total_size", "data_file_count",
                                             "delete_file_count"};
  return std::ranges::any_of(kLenient, [&](const char* one) { return lower_case(name) == one; });
}

plan::RelationPtr metadata_table(Session& session, const std::string& name,
                                 const table::State& table, const TableState& state, bool lenient,
                                 std::vector<std::string> qualifier, plan::IdSource& fresh) {
  if (lower_case(name) == "position_deletes")
    return position_deletes_table(session, state, std::move(qualifier), fresh);
  const auto* found = std::ranges::find(kTables, lower_case(name), &MetadataTable::name);
  FIRN_CHECK(found != std::end(kTables), "is_metadata_table knows the name");
  const Source source{
      session.process().store,
      session.process().manifests.get(),
      table,
      *state.metadata,
      state.snapshot_id ? state.metadata->snapshot_by_id(*state.snapshot_id) : nullptr,
      lenient};
  RowBuilder rows(found->columns(source));
  found->fill(source, rows);
  return rows.finish(qualifier, fresh);
}

}  // namespace firn::session
