// A connection through libpq. Within the module only.
#pragma once

#include <libpq-fe.h>

#include <memory>
#include <string>

#include "formats/options.h"

namespace firn::formats {

using PostgresResult = std::unique_ptr<PGresult, void (*)(PGresult*)>;

// Not safe for concurrent use.
class PostgresConnection {
 public:
  // By the options url, user, password, driver, sessionInitStatement, queryTimeout. Throws
  // FIRN_UNAVAILABLE; databases other than PostgreSQL are refused by name.
  explicit PostgresConnection(const Options& options);
  PostgresResult run(const std::string& sql);  // throws FIRN_INVALID_INPUT with the server's words
  PGconn* get() const { return connection_.get(); }
  std::string quoted(const std::string& identifier) const;
  [[noreturn]] void fail(const std::string& sql) const;

 private:
  std::unique_ptr<PGconn, void (*)(PGconn*)> connection_;
};

}  // namespace firn::formats
