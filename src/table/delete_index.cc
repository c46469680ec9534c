// See delete_index.h.
#include "table/delete_index.h"

#include <optional>
#include <utility>

#include "base/error.h"
#include "table/partition_key.h"

namespace firn::table {

namespace {

using iceberg::Content;
using iceberg::DataFile;

constexpr int kDeletedPathFieldId =
    2147483546;  // reserved id of file_path in position delete files

// The one data file that a position delete file is about, where it says so.
std::optional<std::string> single_target(const DataFile& file) {
  if (file.referenced_data_file) return file.referenced_data_file;
  const auto lower = file.lower_bounds.find(kDeletedPathFieldId);
  const auto upper = file.upper_bounds.find(kDeletedPathFieldId);
  if (lower == file.lower_bounds.end() || upper == file.upper_bounds.end() ||
      lower->second != upper->second) {
    return std::nullopt;
  }
  return lower->second;
}

bool may_name(const DataFile& deletes, const std::string& path) {
  const auto lower = deletes.lower_bounds.find(kDeletedPathFieldId);
  if (lower != deletes.lower_bounds.end() && path < lower->second) return false;
  const auto upper = deletes.upper_bounds.find(kDeletedPathFieldId);
  return upper == deletes.upper_bounds.end() || path <= upper->second;
}

}  // namespace

void DeleteIndex::add(File file, iceberg::SequenceNumber sequence_number, bool is_global) {
  if (file->file_format == "PUFFIN" || file->content_offset) {
    throw_unsupported("deletion vector in " + file->file_path + " (format version 3)");
  }
  Delete entry{file, sequence_number};
  if (file->content == Content::kEqualityDeletes && is_global) {
    global_.push_back(std::move(entry));
    return;
  }
  if (file->content == Content::kPositionDeletes) {
    if (auto path = single_target(*file)) {
      by_path_[*path].push_back(std::move(entry));
      return;
    }
  }
  by_partition_[partition_key(file->spec_id, file->partition)].push_back(std::move(entry));
}

DeleteIndex::Matches DeleteIndex::find(const DataFile& data_file,
                                       iceberg::SequenceNumber sequence_number) const {
  Matches matches;
  const auto consider = [&](const Delete& entry) {
    if (entry.file->content == Content::kEqualityDeletes) {
      if (sequence_number < entry.sequence_number) matches.equality_deletes.push_back(entry.file);
    } else if (sequence_number <= entry.sequence_number &&
               may_name(*entry.file, data_file.file_path)) {
      matches.position_deletes.push_back(entry.file);
    }
  };
  for (const auto& entry : global_) consider(entry);
  if (!by_path_.empty()) {
    if (const auto found = by_path_.find(data_file.file_path); found != by_path_.end()) {
      for (const auto& entry : found->second) consider(entry);
    }
  }
  if (!by_partition_.empty()) {
    const auto found = by_partition_.find(partition_key(data_file.spec_id, data_file.partition));
    if (found != by_partition_.end()) {
      for (const auto& entry : found->second) consider(entry);
    }
  }
  return matches;
}

}  // namespace firn::table
