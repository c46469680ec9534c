// The state of deduplication: the set of keys seen, as 128-bit hashes. A bounded table in memory;
// sorted immutable runs on disk, each behind a fuse filter; the checkpoint is the list of runs plus
// the deltas since the newest one.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/hash128.h"
#include "files/file_store.h"
#include "stream/state/fuse_filter.h"

namespace firn::stream {

struct KeySetOptions {
  std::string folder;  // URI: state/<operator> of the checkpoint
  uint64_t memory_keys =
      uint64_t{1} << 21;   // table bound at which a run is written (64 bytes a key at the worst)
  size_t max_runs = 8;     // more are merged, where they fit …
  size_t max_deltas = 64;  // more are written as one
  uint64_t max_run_keys = uint64_t{1}
                          << 24;  // … one run of this size (a merge takes 8 bytes a key)
};

// Used by one thread, except collect().
class KeySet {
 public:
  KeySet(KeySetOptions, files::FileStore&, Random&);
  ~KeySet();

  // Empty for a new query, else what prepare() returned for the epoch to go on from.
  void restore(const std::string& version);

  // Adds keys; `is_new[i]` tells whether key i was not there (of equal keys in one call the first
  // is new).
  void insert(std::span<const Hash128> keys, std::vector<uint8_t>& is_new);

  // What has come since the last call belongs to this epoch: writes its delta, durably, and returns
  // the version (JSON) that holds everything up to and including it.
  std::string prepare(int64_t epoch);

  // Epoch `epoch` with this version is committed: older files that it does not need are removed.
  // Safe beside the other calls.
  void collect(const std::string& version, int64_t epoch);

  int64_t keys() const { return keys_; }
  int64_t memory_bytes() const;

 private:
  class Table;
  class Run;
  struct Version;

  std::string fresh_name(const char* kind, int64_t epoch);
  void write_run(int64_t epoch);
  void merge_runs(int64_t epoch);

  KeySetOptions options_;
  files::FileStore& store_;
  std::string
      incarnation_;  // names are fresh per process start: no attempt overwrites another's files
  std::unique_ptr<Table> table_;
  std::vector<std::unique_ptr<Run>> runs_;
  std::vector<std::string> deltas_;  // files that hold the table's keys
  std::vector<Hash128> fresh_;       // keys since the last prepare()
  int64_t keys_ = 0;
  int64_t files_ = 0;
};

}  // namespace firn::stream
