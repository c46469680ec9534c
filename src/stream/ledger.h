// The ledger: a query's checkpoint folder. Offsets and commits in Spark's own file formats, firn's
// prepared records beside them.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "files/file_store.h"
#include "iceberg/manifest.h"

namespace firn::stream {

struct OffsetEntry {  // offsets/N
  int64_t epoch = 0;
  int64_t watermark_ms = 0;  // that lateness in this batch is judged with
  int64_t batch_timestamp_ms = 0;
  std::map<std::string, std::string> conf;
  std::vector<std::string>
      source_offsets;  // end of the range, one JSON a source; the start is the entry before
};

struct CommitEntry {
  int64_t epoch = 0;
  int64_t next_watermark_ms = 0;
};  // commits/N

struct PreparedTarget {  // one table of an epoch
  std::string table;     // qualified name
  std::string table_uuid;
  std::string branch = "main";
  int64_t snapshot_id = 0;                    // drawn at random, the same for every attempt
  std::optional<int64_t> last_written_epoch;  // L
  std::vector<iceberg::DataFile> files;       // empty: nothing to commit for this table
};

struct PreparedRecord {  // firn/prepared/N
  int64_t epoch = 0;
  std::string incarnation;  // UUID of the process start that wrote it
  std::vector<PreparedTarget> targets;
  std::string source_offsets;  // JSON list, as in the offset entry
  int64_t watermark_ms = 0, next_watermark_ms = 0;
  std::string state;  // JSON: the state versions that belong to this epoch
  std::map<std::string, int64_t>
      counters;  // rows in, rejected, late, duplicates …, cumulative since the query began
};

class Ledger {
 public:
  virtual ~Ledger() = default;
  virtual const std::string& query_id() const = 0;
  virtual const std::string& folder() const = 0;
  // sources/0/0: where the first batch starts. Written once, before offsets/0.
  virtual std::optional<std::string> initial_offsets() = 0;
  virtual void write_initial_offsets(const std::string& json) = 0;
  virtual std::optional<OffsetEntry> latest_offsets() = 0;
  virtual std::optional<OffsetEntry> offsets(int64_t epoch) = 0;
  virtual void write_offsets(const OffsetEntry&) = 0;  // Error STREAM_CHECKPOINT_IN_USE where N is
                                                       // there with other content
  virtual std::optional<CommitEntry> latest_commit() = 0;
  virtual void write_commit(const CommitEntry&) = 0;
  virtual std::optional<PreparedRecord> prepared(int64_t epoch) = 0;
  virtual std::optional<PreparedRecord> latest_prepared() = 0;
  virtual bool put_prepared(
      const PreparedRecord&) = 0;  // false: somebody else did; the caller is a zombie and must stop
  virtual void purge(int64_t newest_epoch) = 0;  // keeps ≥ 100 contiguous batches
};

// Opens or creates. `metadata` is written first. A second process on the same folder is refused by
// name (STREAM_CHECKPOINT_IN_USE) while the first lives. Offset log versions other than v1 are
// refused by name.
std::unique_ptr<Ledger> open_ledger(files::FileStore&, const std::string& folder, Random&);

}  // namespace firn::stream
