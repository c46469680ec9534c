// A Spark Connect endpoint: stock PySpark (3.5, 4.0, 4.1) over gRPC on a pool of firn sessions.
// Nothing of gRPC is touched before start().
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "conf/conf.h"
#include "session/session.h"

namespace firn::server::spark_connect {

struct ServerOptions {
  std::string bind = "127.0.0.1";
  int port = 15002;  // 0: a free one
  // Demanded as `authorization: Bearer <token>` where not empty. An address other than loopback
  // needs one.
  std::string token;
  std::string tls_certificate, tls_key;                                  // PEM files; both or none
  std::chrono::milliseconds session_timeout = std::chrono::minutes(60);  // without any request
  std::chrono::milliseconds detached_timeout = std::chrono::minutes(5);  // of an execution that no
                                                                         // client listens to
};

// `process` outlives the server; it gives each session its engine, store and catalog. `conf` is
// what each session begins with.
class Server {
 public:
  Server(ServerOptions options, session::Process process, conf::Conf conf);
  ~Server();  // stop()
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Listens and returns the port. Throws where the address is taken, open without a token, or a
  // TLS file cannot be read.
  int start();
  // Interrupts what runs, ends all sessions, closes the port. Waits for the threads.
  void stop();
  // "sc://127.0.0.1:15002", with ;use_ssl=true;token=… where they apply. After start().
  std::string address() const;

 private:
  struct Body;
  std::unique_ptr<Body> body_;
};

}  // namespace firn::server::spark_connect
