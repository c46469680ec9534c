// Bodies of Iceberg's REST catalog protocol (rest-catalog-open-api.yaml) as values. No I/O.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/catalog.h"
#include "catalog/service_json.h"

namespace firn::catalog {

struct RestConfig {
  iceberg::Properties defaults, overrides;
  std::optional<std::set<std::string>> endpoints;  // "GET /v1/{prefix}/namespaces", …
};
struct RestToken {
  std::string token;
  std::optional<int64_t> expires_in_s;
};
struct RestNamespaces {
  std::vector<Namespace> rows;
  std::string next_token;  // "": the last page
};
struct RestIdentifiers {
  std::vector<TableName> rows;
  std::string next_token;
};
// Options of object stores for files below `prefix`.
struct RestCredential {
  std::string prefix;
  iceberg::Properties config;
};
struct RestTable {
  table::State state;
  iceberg::Properties config;
  std::vector<RestCredential> credentials;
};

// Answers. Error{kCorrupt} names the field that is not as the protocol has it.
RestConfig parse_rest_config(std::string_view json);
RestToken parse_rest_token(std::string_view json);
RestNamespaces parse_rest_namespaces(std::string_view json);
RestIdentifiers parse_rest_identifiers(std::string_view json);
iceberg::Properties parse_rest_namespace(std::string_view json);  // its properties
RestTable parse_rest_table(std::string_view json);  // LoadTableResult and CommitTableResponse
View parse_rest_view(std::string_view json);
ServiceFailure parse_rest_failure(std::string_view json);  // never throws

// Requests.
std::string rest_create_namespace(const Namespace&, const iceberg::Properties&);
std::string rest_update_properties(const iceberg::Properties& set,
                                   const std::vector<std::string>& unset);
// True where a change says no more than createTable can.
bool is_plain_creation(const iceberg::TableChange&);
std::string rest_create_table(const std::string& name, const iceberg::TableChange&);
// The same change, in which a schema, spec or sort order that `base` has already is set by its id
// instead of added: a server need not take one that is not new for the last one added (-1).
iceberg::TableChange without_known_parts(const iceberg::TableMetadata& base, iceberg::TableChange);
// Whether there is anything to look at in this way.
bool adds_parts(const iceberg::TableChange&);
std::string rest_commit(const TableName&, const iceberg::TableChange&);
std::string rest_rename(const TableName& from, const TableName& to);
std::string rest_register(const std::string& name, const std::string& metadata_file);
std::string rest_create_view(const std::string& name, const iceberg::ViewMetadata&);
// The newest version of `after` as the next one of `before`.
std::string rest_replace_view(const iceberg::ViewMetadata& before,
                              const iceberg::ViewMetadata& after);

}  // namespace firn::catalog
