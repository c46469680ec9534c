// See conflict_check.h.
#include "table/conflict_check.h"

#include <unordered_set>

#include "base/error.h"
#include "iceberg/metrics.h"
#include "table/delete_index.h"
#include "table/partition_key.h"
#include "table/snapshot_files.h"

namespace firn::table {
namespace {

using iceberg::Content;
using iceberg::DataFile;
using iceberg::EntryStatus;

struct AddedFile {
  DataFile file;
  iceberg::SequenceNumber sequence_number = 0;
};
// Files of the snapshots in between.
struct Between {
  std::vector<DataFile> new_data;      // by append, overwrite
  std::vector<AddedFile> new_deletes;  // by overwrite, delete
  std::vector<DataFile> removed_data;  // by overwrite, replace, delete
  std::vector<DataFile> removed_not_by_delete;
};

class Check {
 public:
  Check(files::FileStore& store, const std::string& table, const iceberg::TableMetadata& base,
        const ChangeRequest& request)
      : store_(store), table_(table), base_(base), request_(request), rules_(*request.rules) {}

  void run(const iceberg::Snapshot* parent) {
    if (parent == nullptr) {
      if (rules_.since) lost_history("none");
      return;
    }
    if (rules_.since == parent->id) return;
    const Between between = collect(*parent);
    if (rules_.no_new_data) {
      for (const DataFile& file : between.new_data) {
        if (!may_match(file)) continue;
        fail("found conflicting files that can contain records matching " + filter_text() + ": [" +
             file.file_path + "]");
      }
    }
    check_new_deletes(between);
    if (rules_.no_deleted_data) {
      for (const DataFile& file : between.removed_data) {
        if (!may_match(file)) continue;
        fail("found conflicting deleted files that can contain records matching " + filter_text() +
             ": [" + file.file_path + "]");
      }
    }
    if (rules_.must_exist.empty()) return;
    for (const DataFile& file :
         rules_.deletes_may_remove ? between.removed_not_by_delete : between.removed_data) {
      if (rules_.must_exist.contains(file.file_path))
        fail("cannot commit, missing data files: [" + file.file_path + "]");
    }
  }

 private:
  [[noreturn]] void fail(const std::string& reason) const {
    throw Error("COMMIT_CONFLICT", {{"table", table_}, {"reason", reason}});
  }
  [[noreturn]] void lost_history(const std::string& last) const {
    fail("cannot determine history between starting snapshot " + std::to_string(*rules_.since) +
         " and the last known ancestor " + last);
  }
  std::string filter_text() const { return types::to_string(rules_.filter, base_.schema()); }

  Between collect(const iceberg::Snapshot& parent) {
    Between between;
    const iceberg::Snapshot* snapshot = &parent;
    while (snapshot != nullptr && rules_.since != snapshot->id) {
      add(*snapshot, between);
      if (!snapshot->parent) {
        if (rules_.since) lost_history(std::to_string(snapshot->id));
        return between;
      }
      const iceberg::Snapshot* older = base_.snapshot_by_id(*snapshot->parent);
      const bool reached = rules_.since == *snapshot->parent;
      if (older == nullptr && rules_.since && !reached) lost_history(std::to_string(snapshot->id));
      snapshot = older;
    }
    return between;
  }

  void add(const iceberg::Snapshot& snapshot, Between& between) {
    const std::string& operation = snapshot.operation;
    for (const auto& row : manifests_of(store_, base_, snapshot)) {
      if (row.added_snapshot_id != snapshot.id) continue;
      const iceberg::Manifest manifest = load_manifest(store_, row);
      for (const auto& entry : manifest.entries) {
        if (entry.snapshot_id != snapshot.id) continue;
        const bool added = entry.status == EntryStatus::kAdded;
        if (row.is_deletes) {
          if (added && (operation == "overwrite" || operation == "delete"))
            between.new_deletes.push_back({entry.data_file, entry.sequence_number.value_or(0)});
        } else if (added) {
          if (operation == "append" || operation == "overwrite")
            between.new_data.push_back(entry.data_file);
        } else if (entry.status == EntryStatus::kDeleted && operation != "append") {
          between.removed_data.push_back(entry.data_file);
          if (operation != "delete") between.removed_not_by_delete.push_back(entry.data_file);
        }
      }
    }
  }

  bool may_match(const DataFile& file) {
    const types::PartitionSpec& spec = base_.spec_by_id(file.spec_id);
    if (request_.replace_partitions) return spec.is_unpartitioned() || replaces(file);
    return types::may_match(rules_.filter, base_.schema(),
                            exact_bounds(file, base_.schema(), spec));
  }

  bool replaces(const DataFile& file) {
    if (partitions_.empty()) {
      for (const DataFile& added : request_.added_files)
        partitions_.insert(partition_key(added.spec_id, added.partition));
    }
    return partitions_.contains(partition_key(file.spec_id, file.partition));
  }

  // Delete files carry bounds of file_path and pos, not of the table's columns: the partition
  // alone says whether they may apply.
  bool delete_may_match(const DataFile& file) {
    const types::PartitionSpec& spec = base_.spec_by_id(file.spec_id);
    if (request_.replace_partitions) return spec.is_unpartitioned() || replaces(file);
    if (rules_.filter.op == types::PredicateOp::kFalse) return false;
    return types::matches_partition(types::project_inclusive(rules_.filter, base_.schema(), spec),
                                    spec, file.partition);
  }

  void check_new_deletes(const Between& between) {
    if (between.new_deletes.empty()) return;
    if (!request_.removed_files.empty()) {
      DeleteIndex index;
      for (const AddedFile& added : between.new_deletes) {
        index.add(std::make_shared<const DataFile>(added.file), added.sequence_number,
                  base_.spec_by_id(added.file.spec_id).is_unpartitioned());
      }
      for (const auto& file : request_.removed_files) {
        const auto matches = index.find(*file, 0);
        if (!matches.position_deletes.empty() || !matches.equality_deletes.empty())
          fail("cannot commit, found new delete for replaced data file: " + file->file_path);
      }
    }
    if (!rules_.no_new_deletes) return;
    for (const AddedFile& added : between.new_deletes) {
      if (!delete_may_match(added.file)) continue;
      fail("found new conflicting delete files that can apply to records matching " +
           filter_text() + ": [" + added.file.file_path + "]");
    }
  }

  files::FileStore& store_;
  const std::string& table_;
  const iceberg::TableMetadata& base_;
  const ChangeRequest& request_;
  const ConflictRules& rules_;
  std::unordered_set<std::string> partitions_;
};

}  // namespace

void check_conflicts(files::FileStore& store, const std::string& table_name,
                     const iceberg::TableMetadata& base, const iceberg::Snapshot* parent,
                     const ChangeRequest& request) {
  if (!request.rules) return;
  Check(store, table_name, base, request).run(parent);
}

types::BoundsById exact_bounds(const DataFile& file, const types::Schema& schema,
                               const types::PartitionSpec& spec) {
  types::BoundsById bounds = iceberg::bounds_of(file, schema);
  for (size_t i = 0; i < spec.fields.size() && i < file.partition.size(); ++i) {
    const types::PartitionField& field = spec.fields[i];
    if (field.transform.id != types::TransformId::kIdentity) continue;
    if (schema.find(field.source_id) == nullptr) continue;
    const bool plain = !std::holds_alternative<float>(file.partition[i]) &&
                       !std::holds_alternative<double>(file.partition[i]);
    if (!plain) continue;  // NaN has rules of its own
    const types::TypeId type = schema.find(field.source_id)->type.id();
    types::Value value = file.partition[i];
    if (const auto* narrow = std::get_if<int32_t>(&value);
        narrow != nullptr && type == types::TypeId::kLong)
      value = int64_t{*narrow};  // written before the column was widened
    types::ColumnBounds& column = bounds[field.source_id];
    column.value_count = file.record_count;
    if (types::is_null(file.partition[i])) {
      column.null_count = file.record_count;
      column.lower = column.upper = std::nullopt;
    } else {
      column.null_count = 0;
      column.lower = column.upper = std::move(value);
    }
  }
  return bounds;
}

}  // namespace firn::table
