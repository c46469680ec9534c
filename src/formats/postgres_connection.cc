// jdbc:postgresql://host:port/database?name=value&… → libpq.
#include "formats/postgres_connection.h"

#include <vector>

#include "base/error.h"

namespace firn::formats {
namespace {

struct Driver {
  const char* scheme;
  const char* name;
};
constexpr Driver kOthers[] = {
    {"jdbc:mysql:", "MySQL"},
    {"jdbc:mariadb:", "MariaDB"},
    {"jdbc:oracle:", "Oracle"},
    {"jdbc:sqlserver:", "SQL Server"},
    {"jdbc:db2:", "DB2"},
    {"jdbc:redshift:", "Redshift"},
    {"jdbc:sqlite:", "SQLite"},
    {"jdbc:h2:", "H2"},
    {"jdbc:snowflake:", "Snowflake"},
};

constexpr std::string_view kScheme = "jdbc:postgresql:";

// Parameters of the URL that libpq knows under another name; others of Java's driver are left out.
constexpr const char* kKept[] = {
    "user",   "password",        "sslmode",          "sslrootcert",         "sslcert",
    "sslkey", "connect_timeout", "application_name", "target_session_attrs"};

void refuse_others(const std::string& url) {
  for (const Driver& other : kOthers) {
    if (url.starts_with(other.scheme))
      throw_unsupported(std::string("JDBC to ") + other.name + "; there is PostgreSQL");
  }
  if (!url.starts_with(kScheme))
    throw_invalid("the JDBC URL '" + url +
                  "' is not of the form jdbc:postgresql://host:port/database");
}

}  // namespace

PostgresConnection::PostgresConnection(const Options& options) : connection_(nullptr, PQfinish) {
  const std::string url = options.text("url", "");
  if (url.empty()) throw_invalid("Option 'url' is required.");
  refuse_others(url);
  std::string rest = url.substr(kScheme.size());
  std::vector<std::pair<std::string, std::string>> parameters;
  if (const size_t query = rest.find('?'); query != std::string::npos) {
    std::string list = rest.substr(query + 1) + "&";
    rest = rest.substr(0, query);
    for (size_t at = 0, end = 0; (end = list.find('&', at)) != std::string::npos; at = end + 1) {
      const std::string pair = list.substr(at, end - at);
      const size_t equals = pair.find('=');
      if (equals == std::string::npos) continue;
      for (const char* name : kKept) {
        if (pair.substr(0, equals) == name) parameters.emplace_back(name, pair.substr(equals + 1));
      }
    }
  }
  std::string host = "localhost", port = "5432", database = rest;
  if (rest.starts_with("//")) {
    const size_t slash = rest.find('/', 2);
    const std::string place = rest.substr(2, slash == std::string::npos ? slash : slash - 2);
    database = slash == std::string::npos ? "" : rest.substr(slash + 1);
    const size_t colon = place.rfind(':');
    host = place.substr(0, colon);
    if (colon != std::string::npos) port = place.substr(colon + 1);
  }
  parameters.insert(parameters.begin(), {{"host", host}, {"port", port}, {"dbname", database}});
  if (const auto user = options.find("user")) parameters.emplace_back("user", *user);
  if (const auto password = options.find("password"))
    parameters.emplace_back("password", *password);
  std::vector<const char*> names, values;
  for (const auto& [name, value] : parameters) {
    names.push_back(name.c_str());
    values.push_back(value.c_str());
  }
  names.push_back(nullptr);
  values.push_back(nullptr);
  connection_.reset(PQconnectdbParams(names.data(), values.data(), 0));
  if (PQstatus(connection_.get()) != CONNECTION_OK) {
    std::string why = PQerrorMessage(connection_.get());
    while (why.ends_with('\n')) why.pop_back();
    throw Error("FIRN_UNAVAILABLE", {{"what", "Cannot connect to " + url + ": " + why}});
  }
  PQsetNoticeProcessor(connection_.get(), [](void*, const char*) {}, nullptr);
  run("SET client_encoding = 'UTF8'");
  run("SET extra_float_digits = 3");
  run("SET bytea_output = 'hex'");
  run("SET DateStyle = 'ISO, YMD'");
  const int64_t timeout = options.number("queryTimeout", 0);
  if (timeout > 0) run("SET statement_timeout = " + std::to_string(timeout * 1000));
  if (const auto first = options.find("sessionInitStatement")) run(*first);
}

void PostgresConnection::fail(const std::string& sql) const {
  std::string why = PQerrorMessage(connection_.get());
  while (why.ends_with('\n')) why.pop_back();
  throw_invalid("PostgreSQL: " + why + " (in: " + sql.substr(0, 500) + ")");
}

PostgresResult PostgresConnection::run(const std::string& sql) {
  PostgresResult result(PQexec(connection_.get(), sql.c_str()), PQclear);
  const ExecStatusType status = PQresultStatus(result.get());
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_COPY_IN) fail(sql);
  return result;
}

std::string PostgresConnection::quoted(const std::string& identifier) const {
  std::string out = "\"";
  for (const char c : identifier) out += c == '"' ? "\"\"" : std::string(1, c);
  return out + "\"";
}

}  // namespace firn::formats
