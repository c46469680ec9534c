// See oracle.h. A batch covers what stands between two entries of the offset log, and lateness goes
// by the batches' boundaries: so the log is replayed, with a model of its own of watermark and
// deduplication.
#include "oracle.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "base/error.h"
#include "iceberg/manifest_avro.h"
#include "iceberg/metadata_json.h"
#include "stream/ledger.h"
#include "table/scan.h"
#include "table/snapshot_files.h"

namespace firn::simulation {
namespace {

using Json = nlohmann::json;

struct Expected {
  std::map<std::string, std::vector<int64_t>> rows;  // by table
  int64_t keys = 0;
};

const std::string* content(const World& world, const std::string& uri) {
  const auto found = world.files.find(uri);
  return found == world.files.end() ? nullptr : found->second.get();
}

struct LogEntry {
  std::string offsets;
  int64_t watermark_ms = 0;
};

std::string after_line(const std::string& text, int lines) {
  size_t at = 0;
  for (; lines > 0; --lines) at = text.find('\n', at) + 1;
  return text.substr(at, text.find('\n', at) - at);
}

// offsets/0 … offsets/N of the checkpoint as it lies there.
std::vector<LogEntry> offset_log(const World& world) {
  std::vector<LogEntry> log;
  for (;;) {
    const std::string* const text =
        content(world, world.checkpoint + "/offsets/" + std::to_string(log.size()));
    if (text == nullptr) return log;
    log.push_back({after_line(*text, 2),
                   Json::parse(after_line(*text, 1)).value("batchWatermarkMs", int64_t{0})});
  }
}

// {"t":{"0":12,"1":3}} by partition, read without firn's own code.
std::map<int, int64_t> ends_of(const std::string& offsets) {
  std::map<int, int64_t> ends;
  const Json json = Json::parse(offsets);
  for (const auto& [partition, offset] : json.at("t").items()) ends[std::stoi(partition)] = offset;
  return ends;
}

// The records that epoch's winner got; all of the range where the topic still has them.
std::vector<Record> delivered(const World& world, int process, const std::string& start,
                              const std::string& end, std::string& problem) {
  std::vector<Record> records;
  if (start == end) return records;
  const std::map<int, int64_t> from = ends_of(start), to = ends_of(end);
  const auto delivery =
      std::find_if(world.deliveries.begin(), world.deliveries.end(), [&](const Delivery& one) {
        return one.process == process && one.start == start && one.end == end;
      });
  if (delivery == world.deliveries.end()) {
    problem = "nobody read the range " + start + " to " + end;
    return records;
  }
  for (const auto& [partition, last] : to) {
    const auto found = from.find(partition);
    const auto number = static_cast<size_t>(partition);
    if (found == from.end()) {
      problem = "the range after " + start + " has another partition";
      return records;
    }
    for (int64_t offset = found->second; offset < last; ++offset) {
      const bool came = std::find(delivery->records.begin(), delivery->records.end(),
                                  std::pair(partition, offset)) != delivery->records.end();
      if (came)
        records.push_back(world.topic.partitions[number][static_cast<size_t>(offset)]);
      else if (offset >= world.topic.first[number])
        problem = "record " + std::to_string(offset) + " of the topic was left out";
    }
  }
  return records;
}

std::string replay(const World& world, const Plan& plan, Expected& expected) {
  const std::vector<LogEntry> log = offset_log(world);
  const std::string* const initial = content(world, world.checkpoint + "/sources/0/0");
  if (initial == nullptr) return "the checkpoint has no start";
  std::string start = initial->substr(4);
  std::set<int64_t> keys;
  int64_t watermark = 0, late = 0;
  std::optional<int64_t> newest;
  for (size_t epoch = 0; epoch < log.size(); ++epoch) {
    const std::string number = std::to_string(epoch);
    const std::string* const prepared =
        content(world, world.checkpoint + "/firn/prepared/" + number);
    if (prepared == nullptr) return "epoch " + number + " has no prepared record";
    if (content(world, world.checkpoint + "/commits/" + number) == nullptr)
      return "epoch " + number + " is not committed";
    if (plan.is_deduplicated && log[epoch].watermark_ms != watermark)
      return "the watermark of epoch " + number + " is " + std::to_string(log[epoch].watermark_ms) +
             ", it must be " + std::to_string(watermark);
    std::string problem;
    const auto putter = world.putters.find(*prepared);
    const auto records = delivered(world, putter == world.putters.end() ? -1 : putter->second,
                                   start, log[epoch].offsets, problem);
    if (!problem.empty()) return problem;
    for (const Record& record : records) {
      if (record.is_poison) {
        expected.rows[kQuarantine].push_back(record.id);
        continue;
      }
      if (plan.is_deduplicated) {
        newest = std::max(newest.value_or(record.time_ms), record.time_ms);
        if (record.time_ms <= late || !keys.insert(record.key).second) continue;
      }
      expected.rows[kSilver].push_back(record.id);
    }
    late = watermark;
    // An evaluator that has started anew knows the newest time of its own epochs only.
    if (newest) watermark = std::max(watermark, *newest - plan.delay_ms);
    start = log[epoch].offsets;
  }
  const std::map<int, int64_t> ends = ends_of(start);
  for (size_t i = 0; i < world.topic.partitions.size(); ++i) {
    const auto end = ends.find(static_cast<int>(i));
    if (end == ends.end() || end->second != static_cast<int64_t>(world.topic.partitions[i].size()))
      return "the log ends at " + start + ", partition " + std::to_string(i) + " has " +
             std::to_string(world.topic.partitions[i].size()) + " records";
  }
  expected.keys = static_cast<int64_t>(keys.size());
  return "";
}

std::string difference(std::vector<int64_t> expected, std::vector<int64_t> found) {
  std::sort(expected.begin(), expected.end());
  std::sort(found.begin(), found.end());
  std::vector<int64_t> lost, extra;
  std::set_difference(expected.begin(), expected.end(), found.begin(), found.end(),
                      std::back_inserter(lost));
  std::set_difference(found.begin(), found.end(), expected.begin(), expected.end(),
                      std::back_inserter(extra));
  std::string text;
  for (const int64_t id : lost) text += " lost " + std::to_string(id);
  for (const int64_t id : extra) text += " too many " + std::to_string(id);
  return text;
}

}  // namespace

std::vector<int64_t> rows_of(World& world, const iceberg::TableMetadata& metadata,
                             iceberg::SnapshotId snapshot) {
  const auto store = make_store(world, world.others);
  std::vector<int64_t> rows;
  try {
    for (const auto& task :
         table::plan_scan(metadata, *store, {.snapshot_id = snapshot}, nullptr).tasks) {
      const std::string* const bytes = content(world, task.file->file_path);
      if (bytes == nullptr) {
        world.broken = "live file " + task.file->file_path + " is missing";
        continue;
      }
      std::vector<int64_t>& ids = world.rows_read[task.file->file_path];
      if (ids.empty()) ids = read_rows(task.file->file_path, *bytes);
      if (static_cast<int64_t>(ids.size()) != task.file->record_count)
        world.broken = "file " + task.file->file_path + " has another count than its entry";
      rows.insert(rows.end(), ids.begin(), ids.end());
    }
  } catch (const Error& error) {
    world.broken = std::string("a snapshot cannot be read: ") + error.what();
  }
  std::sort(rows.begin(), rows.end());
  return rows;
}

std::string verify(World& world, const Plan& plan, std::vector<std::string>& orphans) {
  Expected expected;
  std::string problem = replay(world, plan, expected);
  if (!problem.empty()) return problem;
  const auto store = make_store(world, world.others);
  std::set<std::string> stray;
  for (const auto& [uri, bytes] : world.files) {
    if (uri.starts_with(kWarehouse)) stray.insert(uri);
  }
  for (auto& [name, entry] : world.tables) {
    const std::string* const text = content(world, entry.state.metadata_file);
    if (text == nullptr) return name + ": the metadata file is missing";
    const iceberg::TableMetadata metadata = iceberg::parse_table_metadata(*text);
    stray.erase(entry.state.metadata_file);
    for (const auto& older : metadata.metadata_log) stray.erase(older.file);
    for (const iceberg::Snapshot& snapshot : metadata.snapshots) {
      const std::vector<int64_t> rows = rows_of(world, metadata, snapshot.id);
      if (!world.broken.empty())
        return name + ", snapshot " + std::to_string(snapshot.id) + ": " + world.broken;
      stray.erase(snapshot.manifest_list);
      for (const auto& row : table::manifests_of(*store, metadata, snapshot)) {
        stray.erase(row.path);
        for (const auto& file : table::load_manifest(*store, row).entries)
          stray.erase(file.data_file.file_path);
      }
      if (metadata.current_snapshot_id != snapshot.id) continue;
      std::vector<int64_t> wanted = expected.rows[name];
      for (const auto& [id, table] : world.foreign_rows) {
        if (table == name) wanted.push_back(id);
      }
      std::erase_if(wanted, [&entry](int64_t id) { return entry.rolled_back.contains(id); });
      problem = difference(wanted, rows);
      if (!problem.empty()) return name + ":" + problem;
    }
    if (!metadata.current_snapshot_id && !expected.rows[name].empty()) return name + " is empty";
  }
  orphans.assign(stray.begin(), stray.end());
  return world.broken;
}

}  // namespace firn::simulation
