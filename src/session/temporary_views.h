// Views that all sessions of a process see: global_temp.v. Safe for concurrent use.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "session/session.h"

namespace firn::session {

class GlobalViews {
 public:
  std::optional<TemporaryView> find(const std::string& key) const;
  // False: one of that name is there, and stays.
  bool put(const std::string& key, TemporaryView view, bool replace);
  bool erase(const std::string& key);
  std::vector<std::string> keys() const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, TemporaryView> views_;  // GUARDED_BY(mutex_)
};

}  // namespace firn::session
