// The state of dropDuplicatesWithinWatermark: keys, as 128-bit hashes, each until its time. In
// memory (about 64 bytes a key); the checkpoint is a base file and a delta an epoch.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/hash128.h"
#include "files/file_store.h"

namespace firn::stream {

// Used by one thread, except collect().
class ExpiringKeys {
 public:
  // `folder`: state/<operator> of the checkpoint.
  ExpiringKeys(std::string folder, files::FileStore&, Random&);

  // Empty for a new query, else what prepare() returned for the epoch to go on from.
  void restore(const std::string& version);
  // False where the key is there; else it stays until the watermark reaches `expires_us`.
  bool insert(const Hash128& key, int64_t expires_us);
  // Forgets keys that expire at or before the watermark; gives how many.
  int64_t expire(int64_t watermark_us);
  // What has come since the last call belongs to this epoch: durable; returns the version (JSON).
  std::string prepare(int64_t epoch);
  // Epoch `epoch` with this version is committed: older files that it does not need are removed.
  // Safe beside the other calls.
  void collect(const std::string& version, int64_t epoch);

  int64_t keys() const { return static_cast<int64_t>(times_.size()); }
  int64_t memory_bytes() const;

 private:
  struct Hasher {
    size_t operator()(const Hash128& key) const { return key.first; }
  };
  std::string fresh_name(const char* kind, int64_t epoch);
  void load(const std::string& name);

  const std::string folder_;
  files::FileStore& store_;
  const std::string incarnation_;
  std::unordered_map<Hash128, int64_t, Hasher> times_;  // when they expire
  std::multimap<int64_t, Hash128> by_time_;
  std::vector<Hash128> fresh_;  // since the last prepare()
  std::vector<std::string> files_;
  size_t entries_ = 0;  // in files_
  int64_t watermark_us_;
  int64_t written_ = 0;
};

}  // namespace firn::stream
