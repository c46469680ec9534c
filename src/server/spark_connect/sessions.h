// All clients' sessions.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "server/spark_connect/client_session.h"
#include "server/spark_connect/server.h"
#include "server/spark_connect/workers.h"

namespace firn::server::spark_connect {

// Safe for concurrent use.
class Sessions {
 public:
  Sessions(const ServerOptions& options, session::Process process, conf::Conf conf);
  ~Sessions();  // close()

  // The session of this user and id, made where there is none. `observed` is the server side id
  // that the client saw ("": none yet). Throws INVALID_HANDLE.FORMAT, SESSION_CHANGED,
  // SESSION_CLOSED.
  std::shared_ptr<ClientSession> open(const std::string& user, const std::string& id,
                                      const std::string& observed);
  // nullptr where there is none.
  std::shared_ptr<ClientSession> find(const std::string& user, const std::string& id) const;
  // Interrupts what runs in it. `may_return`: the same id may be opened anew.
  void release(const std::string& user, const std::string& id, bool may_return);
  // A second session that begins with the confs, views and artifacts of the first.
  std::shared_ptr<ClientSession> clone(ClientSession& from, const std::string& new_id);
  // Ends all sessions; calls that come now are refused.
  void end_all();
  void close();  // end_all(), and waits for the threads
  size_t count() const;
  // Sessions that are opened from now on know it.
  void set_address(std::string address);

  Workers& workers() { return workers_; }

 private:
  void watch();
  void remember_closed(const SessionKey& key);

  const ServerOptions options_;
  const session::Process process_;
  const conf::Conf conf_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<SessionKey, std::shared_ptr<ClientSession>> sessions_;  // GUARDED_BY(mutex_)
  std::deque<SessionKey> closed_;                                  // GUARDED_BY(mutex_)
  std::string address_;                                            // GUARDED_BY(mutex_)
  bool closing_ = false;                                           // GUARDED_BY(mutex_)
  Workers workers_;
  std::thread watcher_;  // expiry and progress
};

}  // namespace firn::server::spark_connect
