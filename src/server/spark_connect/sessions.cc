// Opening, expiry and release of sessions.
#include "server/spark_connect/sessions.h"

#include <spark/connect/base.pb.h>

#include <algorithm>

#include "base/error.h"
#include "base/uuid.h"

namespace firn::server::spark_connect {
namespace {

constexpr size_t kMostClosed = 1000;
constexpr auto kTick = std::chrono::milliseconds(500);
constexpr auto kProgressInterval = std::chrono::seconds(2);

// One stage of one task: that is what a query in this process is.
void report_progress(Operation& operation) {
  ::spark::connect::ExecutePlanResponse response;
  auto* const progress = response.mutable_execution_progress();
  progress->set_num_inflight_tasks(1);
  auto* const stage = progress->add_stages();
  stage->set_num_tasks(1);
  operation.send_if_idle(response);
}

}  // namespace

Sessions::Sessions(const ServerOptions& options, session::Process process, conf::Conf conf)
    : options_(options), process_(process), conf_(std::move(conf)), watcher_([this] { watch(); }) {}

Sessions::~Sessions() { close(); }

std::shared_ptr<ClientSession> Sessions::open(const std::string& user, const std::string& id,
                                              const std::string& observed) {
  if (!is_uuid(id)) throw Error("INVALID_HANDLE.FORMAT", {{"handle", id}});
  const SessionKey key{user, id};
  const std::lock_guard<std::mutex> lock(mutex_);
  auto found = sessions_.find(key);
  if (found == sessions_.end()) {
    if (closing_ || std::find(closed_.begin(), closed_.end(), key) != closed_.end())
      throw Error("INVALID_HANDLE.SESSION_CLOSED", {{"handle", id}});
    if (!observed.empty()) throw Error("INVALID_HANDLE.SESSION_CHANGED", {{"handle", id}});
    found = sessions_.emplace(key, std::make_shared<ClientSession>(key, process_, conf_)).first;
    found->second->set_server_address(address_);
  }
  if (!observed.empty() && observed != found->second->server_side_id())
    throw Error("INVALID_HANDLE.SESSION_CHANGED", {{"handle", id}});
  found->second->touch();
  return found->second;
}

std::shared_ptr<ClientSession> Sessions::find(const std::string& user,
                                              const std::string& id) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = sessions_.find({user, id});
  return found == sessions_.end() ? nullptr : found->second;
}

void Sessions::remember_closed(const SessionKey& key) {
  closed_.push_back(key);
  if (closed_.size() > kMostClosed) closed_.pop_front();
}

void Sessions::release(const std::string& user, const std::string& id, bool may_return) {
  std::shared_ptr<ClientSession> released;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    const SessionKey key{user, id};
    const auto found = sessions_.find(key);
    if (!may_return && std::find(closed_.begin(), closed_.end(), key) == closed_.end())
      remember_closed(key);
    if (found == sessions_.end()) return;
    released = std::move(found->second);
    sessions_.erase(found);
  }
  released->close();
}

std::shared_ptr<ClientSession> Sessions::clone(ClientSession& from, const std::string& new_id) {
  if (!is_uuid(new_id)) {
    throw Error("INVALID_CLONE_SESSION_REQUEST.TARGET_SESSION_ID_FORMAT",
                {{"targetSessionId", new_id}});
  }
  const SessionKey key{from.key().user, new_id};
  std::shared_ptr<ClientSession> made;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (sessions_.contains(key)) {
      throw Error("INVALID_CLONE_SESSION_REQUEST.TARGET_SESSION_ID_ALREADY_EXISTS",
                  {{"targetSessionId", new_id}});
    }
    if (std::find(closed_.begin(), closed_.end(), key) != closed_.end()) {
      throw Error("INVALID_CLONE_SESSION_REQUEST.TARGET_SESSION_ID_ALREADY_CLOSED",
                  {{"targetSessionId", new_id}});
    }
    made = std::make_shared<ClientSession>(key, process_, conf_);
    made->set_server_address(address_);
  }
  {
    const std::lock_guard<std::mutex> planning(from.planning());
    made->session().conf() = from.session().conf();
    made->session().temporary_views() = from.session().temporary_views();
    made->session().use_namespace(from.session().current_namespace());
  }
  for (const std::string& name : from.artifact_names()) {
    if (const auto bytes = from.artifact(name)) made->keep_artifact(name, *bytes);
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  return sessions_.emplace(key, std::move(made)).first->second;
}

void Sessions::set_address(std::string address) {
  const std::lock_guard<std::mutex> lock(mutex_);
  address_ = std::move(address);
}

void Sessions::end_all() {
  std::map<SessionKey, std::shared_ptr<ClientSession>> open;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    closing_ = true;
    open.swap(sessions_);
  }
  changed_.notify_all();
  for (const auto& [key, session] : open) session->close();
}

void Sessions::close() {
  end_all();
  if (watcher_.joinable()) watcher_.join();
  workers_.close();
}

size_t Sessions::count() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return sessions_.size();
}

void Sessions::watch() {
  std::map<std::string, std::chrono::steady_clock::time_point> reported;
  while (true) {
    std::vector<std::shared_ptr<ClientSession>> all;
    {
      std::unique_lock<std::mutex> lock(mutex_);
      if (changed_.wait_for(lock, kTick, [&] { return closing_; })) return;
      for (const auto& [key, session] : sessions_) all.push_back(session);
    }
    const auto now = std::chrono::steady_clock::now();
    for (const auto& session : all) {
      const auto operations = session->operations();
      for (const auto& operation : operations) {
        const auto detached = operation->detached_since();
        if (detached && now - *detached > options_.detached_timeout) {
          session->remove_operation(operation->id(), true);
        } else if (!detached && !operation->finished() &&
                   now - operation->started() > kProgressInterval) {
          auto& last = reported[operation->id()];
          if (now - last > kProgressInterval) {
            last = now;
            report_progress(*operation);
          }
        }
      }
      if (operations.empty() && now - session->last_use() > options_.session_timeout)
        release(session->key().user, session->key().id, false);
    }
    std::erase_if(reported,
                  [&](const auto& row) { return now - row.second > std::chrono::minutes(5); });
  }
}

}  // namespace firn::server::spark_connect
