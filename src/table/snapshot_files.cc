// See snapshot_files.h.
#include "table/snapshot_files.h"

#include <spdlog/spdlog.h>

#include <map>
#include <utility>

#include "base/error.h"

namespace firn::table {

namespace {

// Bounds what a scan must decode at once; about commit.manifest.target-size-bytes for tables of
// some 20 columns.
constexpr size_t kFilesAManifest = 10'000;

void check_added(const iceberg::TableMetadata& metadata, const iceberg::DataFile& file) {
  if (file.content != iceberg::Content::kData) {
    throw_unsupported("delete file " + file.file_path + " among the data files of a commit");
  }
  const types::PartitionSpec& spec = metadata.spec_by_id(file.spec_id);
  FIRN_CHECK(file.partition.size() == spec.fields.size(),
             "a data file has one value a partition field");
}

void write_new(files::FileStore& store, const std::string& uri, const std::string& bytes) {
  auto file = store.create(uri, files::WriteMode::kCreateNew);
  file->write(bytes);
  file->finish();
}

}  // namespace

iceberg::ManifestFile SnapshotFiles::write(const iceberg::Manifest& manifest,
                                           iceberg::SequenceNumber sequence_number) {
  const std::string path =
      files::join_uri(folder_, uuid_ + "-m" + std::to_string(next_manifest_++) + ".avro");
  const std::string bytes = iceberg::write_manifest(manifest);
  manifests_.insert(path);
  write_new(store_, path, bytes);
  iceberg::ManifestFile row = iceberg::summarize(manifest, sequence_number);
  row.path = path;
  row.length = static_cast<int64_t>(bytes.size());
  row.partition_spec_id = manifest.header.spec.spec_id;
  row.is_deletes = manifest.header.is_deletes;
  row.added_snapshot_id = snapshot_id_;
  row.sequence_number = sequence_number;
  return row;
}

std::vector<iceberg::ManifestFile> SnapshotFiles::write_added(
    const iceberg::TableMetadata& base, const std::vector<iceberg::DataFile>& files,
    iceberg::SequenceNumber sequence_number) {
  std::map<int, std::vector<iceberg::Manifest>> by_spec;
  for (const auto& file : files) {
    check_added(base, file);
    std::vector<iceberg::Manifest>& manifests = by_spec[file.spec_id];
    if (manifests.empty() || manifests.back().entries.size() == kFilesAManifest) {
      manifests.push_back({.header = {.format_version = 2,
                                      .schema = base.schema(),
                                      .spec = base.spec_by_id(file.spec_id),
                                      .is_deletes = false},
                           .entries = {}});
    }
    manifests.back().entries.push_back({.status = iceberg::EntryStatus::kAdded,
                                        .snapshot_id = snapshot_id_,
                                        .sequence_number = {},
                                        .file_sequence_number = {},
                                        .data_file = file});
  }
  std::vector<iceberg::ManifestFile> rows;
  for (const auto& [spec_id, manifests] : by_spec) {
    for (const auto& manifest : manifests) rows.push_back(write(manifest, sequence_number));
  }
  return rows;
}

std::string SnapshotFiles::write_list(int attempt, const iceberg::ManifestListHeader& header,
                                      const std::vector<iceberg::ManifestFile>& rows) {
  const std::string path =
      files::join_uri(folder_, "snap-" + std::to_string(snapshot_id_) + "-" +
                                   std::to_string(attempt) + "-" + uuid_ + ".avro");
  lists_.insert(path);
  write_new(store_, path, iceberg::write_manifest_list(header, rows));
  return path;
}

void SnapshotFiles::remove_others(const std::string& list,
                                  const std::vector<iceberg::ManifestFile>& kept) {
  std::set<std::string> needed = {list};
  for (const auto& row : kept) needed.insert(row.path);
  std::vector<std::string> others;
  for (auto* written : {&lists_, &manifests_}) {
    for (const auto& path : *written) {
      if (!needed.contains(path)) others.push_back(path);
    }
    std::erase_if(*written, [&needed](const std::string& path) { return !needed.contains(path); });
  }
  remove_files(store_, others);
}

std::vector<iceberg::ManifestFile> manifests_of(files::FileStore& store,
                                                const iceberg::TableMetadata& metadata,
                                                const iceberg::Snapshot& snapshot) {
  if (!snapshot.manifest_list.empty()) {
    return iceberg::read_manifest_list(store.read_all(snapshot.manifest_list),
                                       snapshot.manifest_list);
  }
  // v1 before manifest lists: the rows are made from the manifests themselves.
  std::vector<iceberg::ManifestFile> rows;
  for (const std::string& path : snapshot.manifests) {
    const std::string bytes = store.read_all(path);
    const iceberg::Manifest manifest = iceberg::read_manifest(bytes, path);
    iceberg::ManifestFile row = iceberg::summarize(manifest, 0);
    row.path = path;
    row.length = static_cast<int64_t>(bytes.size());
    row.partition_spec_id = manifest.header.spec.spec_id;
    row.added_snapshot_id = snapshot.id;
    row.sequence_number = 0;
    row.min_sequence_number = 0;
    (void)metadata.spec_by_id(
        row.partition_spec_id);  // a manifest of an unknown spec is an error here, not later
    rows.push_back(std::move(row));
  }
  return rows;
}

iceberg::Manifest load_manifest(files::FileStore& store, const iceberg::ManifestFile& row) {
  iceberg::Manifest manifest = iceberg::read_manifest(store.read_all(row.path), row.path);
  iceberg::inherit(manifest, row);
  return manifest;
}

void restamp(iceberg::ManifestFile& row, iceberg::SequenceNumber before,
             iceberg::SequenceNumber now) {
  row.sequence_number = now;
  if (row.min_sequence_number == before) row.min_sequence_number = now;
}

void remove_files(files::FileStore& store, const std::vector<std::string>& uris) {
  for (const auto& uri : uris) {
    try {
      store.remove(uri);
    } catch (const Error& error) {
      spdlog::warn("{} is no longer needed but could not be removed: {}", uri, error.message());
    }
  }
}

iceberg::SnapshotId random_snapshot_id(Random& random, const iceberg::TableMetadata& metadata) {
  while (true) {
    const auto id = static_cast<iceberg::SnapshotId>(random.next() & 0x7fff'ffff'ffff'ffffULL);
    if (id != 0 && metadata.snapshot_by_id(id) == nullptr) return id;
  }
}

}  // namespace firn::table
