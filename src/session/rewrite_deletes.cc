// rewrite_position_delete_files: small position delete files of one partition become few; deletes
// of rows whose data files are gone are left out.
#include "session/rewrite_deletes.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/error.h"
#include "engine/position_delete_writer.h"
#include "plan/build.h"
#include "session/rewrite_options.h"
#include "session/table_change.h"
#include "table/manifest_cache.h"
#include "table/partition_key.h"
#include "table/retry.h"
#include "table/rewrite_files.h"
#include "table/scan.h"
#include "table/snapshot_files.h"

namespace firn::session {
namespace {

using iceberg::DataFile;
using iceberg::SequenceNumber;
using types::DataTypeId;

constexpr int64_t kDeleteTarget = 64LL << 20;

struct LiveDelete {
  std::shared_ptr<const DataFile> file;
  SequenceNumber sequence_number = 0;
};

template <class Visit>
void for_each_live(Process& process, const table::Table& table, iceberg::SnapshotId snapshot_id,
                   Visit visit) {
  const iceberg::Snapshot* snapshot = table.metadata().snapshot_by_id(snapshot_id);
  for (const iceberg::ManifestFile& row :
       table::manifests_of(process.store, table.metadata(), *snapshot)) {
    const auto manifest = process.manifests->get(process.store, row);
    for (const iceberg::ManifestEntry& entry : manifest->entries) {
      if (entry.status == iceberg::EntryStatus::kDeleted) continue;
      visit(std::shared_ptr<const DataFile>{manifest, &entry.data_file},
            entry.sequence_number.value_or(0));
    }
  }
}

struct DeleteGroup {
  std::vector<LiveDelete> files;
  int64_t bytes = 0;
};

// Groups that are worth it, and what the live data files are.
struct DeletePlan {
  std::map<std::string, DeleteGroup> groups;  // by partition
  std::map<std::string, engine::DeleteTarget> data_files;
};

DeletePlan plan_deletes(const Call& call, const table::Table& table,
                        const RewriteOptions& options) {
  const iceberg::TableMetadata& metadata = table.metadata();
  const types::Predicate where = rewrite_filter(call, table);
  DeletePlan plan;
  for_each_live(
      call.session.process(), table, *metadata.current_snapshot_id,
      [&](const std::shared_ptr<const DataFile>& file, SequenceNumber sequence_number) {
        const types::PartitionSpec& spec = metadata.spec_by_id(file->spec_id);
        if (file->content == iceberg::Content::kData) {
          plan.data_files[file->file_path] = {
              file->spec_id, file->partition,
              spec.partition_path(metadata.schema(), file->partition)};
          return;
        }
        if (file->content != iceberg::Content::kPositionDeletes || file->content_offset) return;
        const types::Predicate projected = types::project_inclusive(where, metadata.schema(), spec);
        if (!types::matches_partition(projected, spec, file->partition)) return;
        const int64_t size = file->file_size_in_bytes;
        const bool fits = size >= options.min_size && size <= options.max_size;
        if (fits && !options.rewrite_all) return;
        if (file->file_format != "PARQUET")
          throw_unsupported("rewrite_position_delete_files of delete files in " +
                            file->file_format + " (" + file->file_path + ")");
        DeleteGroup& group = plan.groups[table::partition_key(file->spec_id, file->partition)];
        group.files.push_back({file, sequence_number});
        group.bytes += size;
      });
  std::erase_if(plan.groups, [&](const auto& entry) {
    const DeleteGroup& group = entry.second;
    return !is_worth_rewriting(options, static_cast<int64_t>(group.files.size()), group.bytes);
  });
  return plan;
}

// The rows that the group's files delete, of data files that are still there.
void read_positions(const Call& call, const DeleteGroup& group, const DeletePlan& plan,
                    table::PositionSet& positions) {
  plan::FileScan scan;
  scan.format = "parquet";
  for (const LiveDelete& one : group.files) scan.paths.push_back(one.file->file_path);
  scan.columns = {{call.session.ids().next(), "file_path", DataTypeId::kString, true, {}},
                  {call.session.ids().next(), "pos", DataTypeId::kLong, true, {}}};
  const auto rows =
      call.session.process().engine.run(plan::rewrite(plan::finish(std::move(scan))), call.stop);
  for (engine::Chunk chunk; rows->next(chunk);) {
    const kernels::ColumnView files = chunk.column(0), at = chunk.column(1);
    for (uint64_t row = 0; row < chunk.size(); ++row) {
      const std::string_view file = files.values<kernels::StringRef>()[row].view();
      if (plan.data_files.contains(std::string(file)))
        positions.add(file, at.values<int64_t>()[row]);
    }
  }
}

engine::TableWriterOptions delete_writer_options(const Call& call, const table::Table& table,
                                                 const RewriteOptions& options) {
  engine::TableWriterOptions made;
  made.properties = table.metadata().properties;
  made.properties["write.target-file-size-bytes"] = std::to_string(options.target);
  made.data_location = table.data_location();
  made.file_prefix = "00000-0-" + random_uuid(call.session.process().random);
  return made;
}

OutputRows rewrite_position_deletes(const Call& call) {
  table::Table table = call.table();
  Process& process = call.session.process();
  const iceberg::TableMetadata& metadata = table.metadata();
  const RewriteOptions options =
      rewrite_options(call, RewriteKind::kPositionDeletes,
                      table::number_property(metadata.properties,
                                             "write.delete.target-file-size-bytes", kDeleteTarget));
  int64_t rewritten = 0, added = 0, rewritten_bytes = 0, added_bytes = 0;
  const auto counts = [&] { return OutputRows{{rewritten, added, rewritten_bytes, added_bytes}}; };
  if (!metadata.current_snapshot_id) return counts();
  const DeletePlan plan = plan_deletes(call, table, options);
  table::RewriteRequest request;
  request.since = *metadata.current_snapshot_id;
  std::vector<std::string> written;
  try {
    for (const auto& [partition, group] : plan.groups) {
      table::PositionSet positions;
      read_positions(call, group, plan, positions);
      SequenceNumber newest = 0;
      for (const LiveDelete& one : group.files) {
        newest = std::max(newest, one.sequence_number);
        request.removed_deletes.push_back(one.file);
      }
      rewritten += static_cast<int64_t>(group.files.size());
      rewritten_bytes += group.bytes;
      if (positions.empty()) continue;
      for (DataFile& file : engine::write_position_deletes(
               positions, plan.data_files, delete_writer_options(call, table, options),
               process.store)) {
        written.push_back(file.file_path);
        ++added;
        added_bytes += file.file_size_in_bytes;
        request.added_deletes.push_back({std::move(file), newest});
      }
    }
  } catch (...) {
    table::remove_files(process.store, written);
    throw;
  }
  if (request.removed_deletes.empty()) return counts();
  const auto outcome =
      table::rewrite_files(table, request, process.clock, process.random, call.stop);
  if (std::holds_alternative<table::Conflict>(outcome)) table::remove_files(process.store, written);
  committed(table, outcome);
  return counts();
}

}  // namespace

int64_t remove_dangling_deletes(const Call& call, table::Table& table, const std::string& branch) {
  const iceberg::TableMetadata& metadata = table.metadata();
  const auto ref = metadata.refs.find(branch);
  const bool partitioned = std::ranges::any_of(
      metadata.specs, [](const types::PartitionSpec& spec) { return !spec.is_unpartitioned(); });
  if (ref == metadata.refs.end() || !partitioned) return 0;
  Process& process = call.session.process();
  std::map<std::string, SequenceNumber> oldest;  // data, by partition
  SequenceNumber oldest_of_all = metadata.last_sequence_number + 1;
  std::vector<LiveDelete> deletes;
  for_each_live(process, table, ref->second.snapshot_id,
                [&](const std::shared_ptr<const DataFile>& file, SequenceNumber sequence_number) {
                  if (file->content != iceberg::Content::kData) {
                    deletes.push_back({file, sequence_number});
                    return;
                  }
                  const std::string key = table::partition_key(file->spec_id, file->partition);
                  const auto [at, is_new] = oldest.emplace(key, sequence_number);
                  at->second = std::min(at->second, sequence_number);
                  oldest_of_all = std::min(oldest_of_all, sequence_number);
                });
  table::RewriteRequest request;
  request.branch = branch;
  request.since = ref->second.snapshot_id;
  for (const LiveDelete& one : deletes) {
    // Deletes of an unpartitioned spec may hold for the rows of any partition.
    const bool global = metadata.spec_by_id(one.file->spec_id).is_unpartitioned();
    const auto of_partition =
        oldest.find(table::partition_key(one.file->spec_id, one.file->partition));
    const SequenceNumber limit = global                         ? oldest_of_all
                                 : of_partition == oldest.end() ? metadata.last_sequence_number + 1
                                                                : of_partition->second;
    const bool equality = one.file->content == iceberg::Content::kEqualityDeletes;
    if (one.sequence_number < limit || (equality && one.sequence_number == limit))
      request.removed_deletes.push_back(one.file);
  }
  if (request.removed_deletes.empty()) return 0;
  committed(table, table::rewrite_files(table, request, process.clock, process.random, call.stop));
  return static_cast<int64_t>(request.removed_deletes.size());
}

std::vector<Procedure> delete_file_procedures() {
  using enum ParameterType;
  return {
      {"rewrite_position_delete_files",
       {{"table", kString, true}, {"options", kMap}, {"where", kString}},
       {{"rewritten_delete_files_count", DataTypeId::kInteger, false},
        {"added_delete_files_count", DataTypeId::kInteger, false},
        {"rewritten_bytes_count", DataTypeId::kLong, false},
        {"added_bytes_count", DataTypeId::kLong, false}},
       rewrite_position_deletes},
  };
}

}  // namespace firn::session
