// A session's temporary views, and those that all sessions of the process see.
#include "session/temporary_views.h"

#include "session/session.h"
#include "session/view_names.h"

namespace firn::session {

std::shared_ptr<GlobalViews> make_global_views() { return std::make_shared<GlobalViews>(); }

std::optional<TemporaryView> GlobalViews::find(const std::string& key) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = views_.find(key);
  return found == views_.end() ? std::nullopt : std::optional(found->second);
}

bool GlobalViews::put(const std::string& key, TemporaryView view, bool replace) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!replace) return views_.emplace(key, std::move(view)).second;
  views_[key] = std::move(view);
  return true;
}

bool GlobalViews::erase(const std::string& key) {
  const std::lock_guard<std::mutex> lock(mutex_);
  return views_.erase(key) > 0;
}

std::vector<std::string> GlobalViews::keys() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::vector<std::string> keys;
  for (const auto& [key, view] : views_) keys.push_back(key);
  return keys;
}

std::optional<TemporaryView> Session::find_view(const std::string& key) const {
  if (is_global_view(key)) return process_.global_views->find(key);
  const auto found = views_.find(key);
  return found == views_.end() ? std::nullopt : std::optional(found->second);
}

bool Session::put_view(const std::string& key, TemporaryView view, bool replace) {
  if (is_global_view(key)) return process_.global_views->put(key, std::move(view), replace);
  if (!replace) return views_.emplace(key, std::move(view)).second;
  views_[key] = std::move(view);
  return true;
}

bool Session::drop_view(const std::string& key) {
  cached_.erase(key);
  return is_global_view(key) ? process_.global_views->erase(key) : views_.erase(key) > 0;
}

std::vector<std::string> Session::view_keys() const {
  std::vector<std::string> keys = process_.global_views->keys();
  for (const auto& [key, view] : views_) keys.push_back(key);
  return keys;
}

std::string Session::cache_key(const plan::NameParts& name) const {
  if (const auto key = temporary_view_key(name); key && find_view(*key)) return *key;
  return table_name(name).to_string();
}

}  // namespace firn::session
