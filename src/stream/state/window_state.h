// The state of windowed aggregation: groups in the order of their window's end, so that closed
// windows are a range. A local RocksDB holds them while the query runs and is worthless afterwards;
// what lasts is a base file and a delta a epoch, in the checkpoint.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "files/file_store.h"

namespace firn::stream {

struct WindowStateOptions {
  std::string folder;   // URI: state/<operator> of the checkpoint
  std::string scratch;  // local folder that other processes may use too
  size_t memory_bytes = size_t{64} << 20;
  size_t max_deltas = 64;                 // more are written as one
  int64_t base_bytes = int64_t{4} << 20;  // least size of deltas at which a base is written …
  int64_t most_delta_bytes = int64_t{64}
                             << 20;  // … which is half the base's size, but at most this
};

// Keys begin with append_window_end() of value_codec.h. Used by one thread, except collect().
class WindowState {
 public:
  struct Entry {
    std::string key, value;
    bool is_new = false;  // read() did not find it
  };

  WindowState(WindowStateOptions, files::FileStore&, Random&);
  ~WindowState();

  // Empty for a new query, else what prepare() returned for the epoch to go on from.
  void restore(const std::string& version);

  // nullopt where there is no such key.
  void read(std::span<const std::string> keys, std::vector<std::optional<std::string>>& values);
  // In one batch. No key may be of a window that is closed.
  void write(std::span<const Entry> entries);
  // Hands over, in the order of keys, what belongs to windows that end at or before the watermark,
  // and removes it.
  void close(int64_t watermark_us,
             const std::function<void(std::string_view key, std::string_view value)>& visit);

  // Hands over the entries of [from, to), in the order of keys; empty `to`: up to the end. They
  // stay.
  void visit(const std::string& from, const std::string& to,
             const std::function<void(std::string_view key, std::string_view value)>& visit);

  // What has come and gone since the last call belongs to this epoch: written durably; returns the
  // version (JSON) that holds everything up to and including it.
  std::string prepare(int64_t epoch);
  // Epoch `epoch` with this version is committed: older files that it does not need are removed.
  // Safe beside the other calls.
  void collect(const std::string& version, int64_t epoch);

  int64_t keys() const { return keys_; }
  int64_t memory_bytes() const;

 private:
  class Database;
  struct File {
    std::string name;
    int64_t bytes = 0;
  };
  struct Version;

  std::string fresh_name(const char* kind, int64_t epoch);
  int64_t delta_bytes() const;
  void write_base(int64_t epoch);
  void write_delta(int64_t epoch);
  void merge_deltas(int64_t epoch);

  WindowStateOptions options_;
  files::FileStore& store_;
  std::string
      incarnation_;  // names are fresh per process start: no attempt overwrites another's files
  std::unique_ptr<Database> database_;
  std::optional<File> base_;
  std::vector<File> deltas_;
  std::optional<int64_t> closed_us_;  // windows up to here are gone
  int64_t keys_ = 0;
  int64_t files_ = 0;
};

}  // namespace firn::stream
