// Offsets are those of Iceberg's Spark source: {"version":1,"snapshot_id":…,"position":…,
// "scan_all_files":…}: the files of a snapshot before the position have been read. -1 and -1:
// nothing has, and where to begin is not known yet.
#include "stream/source/iceberg_source.h"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "engine/table_source.h"
#include "stream/source/options.h"
#include "stream/source/scan_reader.h"
#include "stream/whole_number.h"
#include "table/snapshot_files.h"

namespace firn::stream {
namespace {

using OrderedJson = nlohmann::ordered_json;
using iceberg::Snapshot;
using iceberg::SnapshotId;

constexpr SnapshotId kNoSnapshot = -1;
constexpr int64_t kAll = std::numeric_limits<int64_t>::max();

const std::vector<std::string> kIcebergOptions = {"stream-from-timestamp",
                                                  "streaming-skip-delete-snapshots",
                                                  "streaming-skip-overwrite-snapshots",
                                                  "streaming-max-files-per-micro-batch",
                                                  "streaming-max-rows-per-micro-batch",
                                                  "async-micro-batch-planning-enabled",
                                                  "split-size",
                                                  "lookback",
                                                  "file-open-cost",
                                                  "path"};

struct Offset {
  SnapshotId snapshot = kNoSnapshot;
  int64_t position = -1;
  bool scan_all = false;
};

std::string write(const Offset& offset) {
  return OrderedJson{{"version", 1},
                     {"snapshot_id", offset.snapshot},
                     {"position", offset.position},
                     {"scan_all_files", offset.scan_all}}
      .dump();
}

Offset parse_offset(const std::string& text) {
  const OrderedJson json = OrderedJson::parse(text, nullptr, false);
  const auto is_number = [&](const char* name) {
    return json.contains(name) && whole_number<int64_t>(json[name]).has_value();
  };
  if (!json.is_object() || !is_number("version") || json["version"] != 1 ||
      !is_number("snapshot_id") || !is_number("position") ||
      (json.contains("scan_all_files") && !json["scan_all_files"].is_boolean()))
    throw_invalid("this is no offset of a stream from an Iceberg table: " + text);
  return {json["snapshot_id"].get<SnapshotId>(), json["position"].get<int64_t>(),
          json.value("scan_all_files", false)};
}

class IcebergSource final : public Source {
 public:
  IcebergSource(const plan::StreamSource& source, SourceSurroundings surroundings)
      : source_(source),
        surroundings_(std::move(surroundings)),
        name_(decode_table_name(source.options.at(kTableOption))) {
    const FormatOptions options("iceberg", source.options, kIcebergOptions);
    from_ms_ = options.number("stream-from-timestamp", std::numeric_limits<int64_t>::min());
    skip_deletes_ = options.flag("streaming-skip-delete-snapshots", false);
    skip_overwrites_ = options.flag("streaming-skip-overwrite-snapshots", false);
    max_files_ = options.number("streaming-max-files-per-micro-batch", 1).value_or(kAll);
    max_rows_ = options.number("streaming-max-rows-per-micro-batch", 1).value_or(kAll);
  }

  std::string description() const override {
    std::string text = "org.apache.iceberg.spark.source.SparkMicroBatchStream[";
    for (size_t i = 0; i < name_.size(); ++i) text += (i > 0 ? "." : "") + name_[i];
    return text + "]";
  }

  // Where the first batch began is kept beside the log, as Iceberg's own source does.
  bool keeps_its_start() const override { return true; }
  std::string initial_offsets(const StopToken&) override {
    const std::string uri = files::join_uri(surroundings_.folder, "offsets/0");
    if (!surroundings_.store.stat(uri)) {
      refresh();
      surroundings_.store.put_if_absent(uri, write(beginning()));
    }
    return surroundings_.store.read_all(uri);
  }

  std::string next_end(const std::string& start, const ReadLimit&, const StopToken&) override {
    refresh();
    return end_of(start, metadata_->current_snapshot_id);
  }
  std::string latest(const std::string& start, const StopToken&) override {
    refresh();
    const Snapshot* const current = metadata_->current_snapshot();
    return current == nullptr ? start : write({current->id, 0, false});
  }
  std::string bounded_end(const std::string& start, const std::string& last,
                          const ReadLimit&) override {
    const Offset offset = parse_offset(last);
    if (offset.snapshot == kNoSnapshot) return start;
    return end_of(start, offset.snapshot);
  }

  std::unique_ptr<RangeReader> read(const std::string& start, const std::string& end) override;
  void wait(int milliseconds, const StopToken& stop) override {
    for (int left = milliseconds; left > 0 && !stop.stop_requested(); left -= 20)
      surroundings_.clock.sleep_for(std::chrono::milliseconds(std::min(left, 20)));
  }
  std::vector<PartitionLag> lag(const std::string&) override { return {}; }

 private:
  struct Added {
    std::vector<table::ScanTask> tasks;
  };

  void refresh() {
    table::Table table = surroundings_.open_table(name_);
    if (uuid_.empty()) uuid_ = table.metadata().table_uuid;
    if (table.metadata().table_uuid != uuid_)
      throw Error("STREAM_TABLE_RECREATED", {{"table", description()},
                                             {"found", table.metadata().table_uuid},
                                             {"query", "that reads it"},
                                             {"expected", uuid_}});
    if (metadata_ == table.shared_metadata()) return;  // nothing was committed since
    metadata_ = table.shared_metadata();
    store_ = &table.store();
    // Oldest first; as far back as snapshots are still there.
    line_.clear();
    for (const Snapshot* at = metadata_->current_snapshot(); at != nullptr;
         at = at->parent ? metadata_->snapshot_by_id(*at->parent) : nullptr)
      line_.push_back(at);
    std::reverse(line_.begin(), line_.end());
  }

  Offset beginning() const {
    if (line_.empty() || (from_ms_ && line_.back()->timestamp_ms < *from_ms_)) return {};
    for (const Snapshot* snapshot : line_)
      if (!from_ms_ || snapshot->timestamp_ms >= *from_ms_) return {snapshot->id, 0, false};
    return {};
  }

  size_t place_of(SnapshotId id) const {
    for (size_t i = 0; i < line_.size(); ++i)
      if (line_[i]->id == id) return i;
    throw Error("ICEBERG_STREAM_SNAPSHOT_GONE",
                {{"table", description()}, {"snapshot", std::to_string(id)}});
  }

  // Only appends hold new rows; what else a table may see is skipped, or the stream ends.
  bool is_read(const Snapshot& snapshot) const {
    if (snapshot.operation == "append") return true;
    if (snapshot.operation == "replace") return false;
    const bool is_delete = snapshot.operation == "delete";
    if (is_delete ? skip_deletes_ : skip_overwrites_) return false;
    throw Error("ICEBERG_STREAM_SNAPSHOT_NOT_APPEND",
                {{"table", description()},
                 {"snapshot", std::to_string(snapshot.id)},
                 {"operation", snapshot.operation},
                 {"option", is_delete ? "streaming-skip-delete-snapshots"
                                      : "streaming-skip-overwrite-snapshots"}});
  }

  // The files that a snapshot added (`all`: that it holds), in the order of its manifests.
  const std::vector<table::ScanTask>& files_of(const Snapshot& snapshot, bool all) {
    if (cached_ == snapshot.id && cached_all_ == all) return files_;
    files_.clear();
    for (const iceberg::ManifestFile& row : table::manifests_of(*store_, *metadata_, snapshot)) {
      if (row.is_deletes || (!all && row.added_snapshot_id != snapshot.id)) continue;
      const auto manifest =
          std::make_shared<const iceberg::Manifest>(table::load_manifest(*store_, row));
      for (const iceberg::ManifestEntry& entry : manifest->entries) {
        const bool wanted = all ? entry.status != iceberg::EntryStatus::kDeleted
                                : entry.status == iceberg::EntryStatus::kAdded &&
                                      entry.snapshot_id.value_or(snapshot.id) == snapshot.id;
        if (!wanted) continue;
        table::ScanTask task;
        task.file = {manifest, &entry.data_file};
        task.sequence_number = entry.sequence_number.value_or(0);
        files_.push_back(std::move(task));
      }
    }
    cached_ = snapshot.id;
    cached_all_ = all;
    return files_;
  }

  std::string end_of(const std::string& start, std::optional<SnapshotId> last);

  plan::StreamSource source_;
  SourceSurroundings surroundings_;
  std::vector<std::string> name_;
  std::optional<int64_t> from_ms_;
  bool skip_deletes_ = false, skip_overwrites_ = false;
  int64_t max_files_ = kAll, max_rows_ = kAll;

  std::string uuid_;
  std::shared_ptr<const iceberg::TableMetadata> metadata_;
  files::FileStore* store_ = nullptr;
  std::vector<const Snapshot*> line_;  // of metadata_
  SnapshotId cached_ = kNoSnapshot;    // whose files are in files_
  bool cached_all_ = false;
  std::vector<table::ScanTask> files_;
};

// As far as the limits let it go, up to all of snapshot `last`. A file goes beyond the limit of
// rows where it is the first one.
std::string IcebergSource::end_of(const std::string& start, std::optional<SnapshotId> last) {
  Offset from = parse_offset(start);
  if (from.snapshot == kNoSnapshot) from = beginning();
  if (from.snapshot == kNoSnapshot || !last) return start;
  Offset end = from;
  int64_t files = 0, rows = 0;
  const size_t to = place_of(*last);
  for (size_t at = place_of(from.snapshot); at <= to; ++at) {
    const Snapshot& snapshot = *line_[at];
    const bool is_first = snapshot.id == from.snapshot;
    if (!is_read(snapshot)) continue;
    const bool all = is_first && from.scan_all;
    const auto& added = files_of(snapshot, all);
    int64_t position = is_first ? from.position : 0;
    for (; position < static_cast<int64_t>(added.size()); ++position) {
      if (files >= max_files_ || rows >= max_rows_) break;
      ++files;
      rows += added[static_cast<size_t>(position)].file->record_count;
    }
    end = {snapshot.id, position, all};
    if (position < static_cast<int64_t>(added.size())) break;
  }
  if (end.snapshot == from.snapshot && end.position == from.position) return start;
  return write(end);
}

std::unique_ptr<RangeReader> IcebergSource::read(const std::string& start, const std::string& end) {
  const Offset to = parse_offset(end);
  if (metadata_ == nullptr || metadata_->snapshot_by_id(to.snapshot) == nullptr) refresh();
  Offset from = parse_offset(start);
  if (from.snapshot == kNoSnapshot) from = beginning();
  auto tasks = std::make_shared<std::vector<table::ScanTask>>();
  for (size_t at = place_of(from.snapshot), last = place_of(to.snapshot); at <= last; ++at) {
    const Snapshot& snapshot = *line_[at];
    if (!is_read(snapshot)) continue;
    const bool is_first = snapshot.id == from.snapshot, is_last = snapshot.id == to.snapshot;
    const auto& added = files_of(snapshot, is_first && from.scan_all);
    const auto count = static_cast<int64_t>(added.size());
    const int64_t first = is_first ? std::min(from.position, count) : 0,
                  behind = is_last ? std::min(to.position, count) : count;
    tasks->insert(tasks->end(), added.begin() + first, added.begin() + std::max(first, behind));
  }
  if (tasks->empty()) return std::make_unique<ScanReader>(surroundings_.engine, nullptr);
  auto source = std::make_shared<plan::TableSource>();
  source->metadata = metadata_;
  source->snapshot_id = metadata_->current_snapshot_id;
  source->store = store_;
  source->tasks = std::move(tasks);
  plan::TableScan scan;
  scan.name = name_;
  scan.source = std::move(source);
  std::vector<plan::Attribute> output;
  for (size_t i = 0; i < surroundings_.wanted.size(); ++i) {
    const std::string& wanted = surroundings_.wanted[i];
    const auto column =
        std::find_if(source_.columns.begin(), source_.columns.end(),
                     [&](const plan::Attribute& one) { return one.name == wanted; });
    const auto& fields = metadata_->schema().fields;
    const auto field = std::find_if(fields.begin(), fields.end(),
                                    [&](const types::Field& one) { return one.name == wanted; });
    if (column == source_.columns.end() || field == fields.end())
      throw_invalid("the table " + description() + " has no column " + wanted +
                    " any more; start the query again");
    scan.columns.push_back({*column, field->id});
    output.push_back(*column);
  }
  return std::make_unique<ScanReader>(surroundings_.engine,
                                      std::make_shared<const plan::Relation>(plan::Relation{
                                          std::move(scan), std::move(output), true, false, {}}));
}

}  // namespace

void check_iceberg_stream_options(const std::map<std::string, std::string>& options) {
  const FormatOptions checked("iceberg", options, kIcebergOptions);
  checked.number("streaming-max-files-per-micro-batch", 1);
  checked.number("streaming-max-rows-per-micro-batch", 1);
}

std::unique_ptr<Source> make_iceberg_source(const plan::StreamSource& source,
                                            SourceSurroundings surroundings) {
  return std::make_unique<IcebergSource>(source, std::move(surroundings));
}

}  // namespace firn::stream
