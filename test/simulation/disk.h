// A disk that loses what was not synced: firn's local store writes into a folder in memory, its
// calls to the kernel are watched, and a power cut leaves what the calls have made durable, and of
// the rest what a seed draws.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "files/file_store.h"

namespace firn::simulation {

// Names are the world's ("sim://…"). What stands in the world's files and not here, or otherwise
// (others have written it, an operator has copied it), is given with each call, and is durable.
class Disk {
 public:
  using Bytes = std::shared_ptr<const std::string>;  // null: no such file

  explicit Disk(uint64_t seed);
  ~Disk();
  Disk(const Disk&) = delete;
  Disk& operator=(const Disk&) = delete;

  // As the local store does it. `before_sync` is called before each fsync; it may throw.
  void write(const std::string& uri, const Bytes& there, const std::string& bytes, files::WriteMode,
             const std::function<void()>& before_sync);
  bool put(const std::string& uri, const Bytes& there, const std::string& bytes,
           const std::function<void()>& before_sync);
  void remove(const std::string& uri, const Bytes& there);

  struct Change {
    Bytes before, after;  // as it was written or removed, as the power cut leaves it
  };
  // Power is gone and comes back.
  std::map<std::string, Change> cut_power();
  // Names and bytes that a power cut may take.
  int64_t not_synced() const;

  struct Body;

 private:
  std::unique_ptr<Body> body_;
};

}  // namespace firn::simulation
