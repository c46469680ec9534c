// A server of Iceberg's REST catalog protocol: it applies the requirements and updates itself.
#include <algorithm>

#include "base/error.h"
#include "catalog/catalog.h"
#include "catalog/next_state.h"
#include "catalog/rest_client.h"
#include "catalog/rest_json.h"
#include "catalog/service_options.h"

namespace firn::catalog {
namespace {

constexpr const char* kViewEndpoint = "GET /v1/{prefix}/namespaces/{namespace}/views";

// What a server lends for a table, of that what the S3 store knows.
constexpr const char* kLentOptions[] = {
    "client.region",        "s3.access-key-id", "s3.endpoint", "s3.path-style-access",
    "s3.secret-access-key", "s3.session-token", "s3.region"};

Error no_such_schema(const Namespace& space) {
  return Error("SCHEMA_NOT_FOUND", {{"schemaName", backquoted(space)}});
}

class RestCatalog final : public Catalog {
 public:
  RestCatalog(const ServiceCatalogOptions& options, files::FileStore& store)
      : name_(options.name),
        warehouse_(option_of(options.properties, "warehouse")),
        views_unsaid_(flag_of(options.properties, "view-endpoints-supported", false)),
        client_(options),
        store_(store) {}

  std::string name() const override { return name_; }
  std::string warehouse() const override { return warehouse_; }
  files::FileStore& store() override { return store_; }

  std::vector<Namespace> list_namespaces(const Namespace& parent) override {
    std::vector<Namespace> spaces;
    RestClient::Query query;
    if (!parent.empty()) query["parent"] = levels(parent);
    each_page(query, "namespaces", "list the schemas of catalog " + name_,
              [&](const std::string& body) {
                RestNamespaces page = parse_rest_namespaces(body);
                for (Namespace& space : page.rows) spaces.push_back(std::move(space));
                return page.next_token;
              });
    std::ranges::sort(spaces);
    return spaces;
  }

  bool namespace_exists(const Namespace& space) override {
    if (space.empty()) return true;
    const RestAnswer answer = client_.call("GET", space_path(space));
    if (answer.status == 404) return false;
    if (!answer.done()) RestClient::fail("look up the schema " + backquoted(space), answer);
    return true;
  }

  void create_namespace(const Namespace& space, const iceberg::Properties& properties) override {
    const RestAnswer answer =
        client_.call("POST", "namespaces", {}, rest_create_namespace(space, properties));
    if (answer.done()) return;
    if (answer.status == 409)
      throw Error("SCHEMA_ALREADY_EXISTS", {{"schemaName", backquoted(space)}});
    RestClient::fail("create the schema " + backquoted(space), answer);
  }

  void drop_namespace(const Namespace& space) override {
    const RestAnswer answer = client_.call("DELETE", space_path(space));
    if (answer.done()) return;
    if (answer.status == 404) throw no_such_schema(space);
    if (answer.status == 409 || answer.failure.type == "NamespaceNotEmptyException")
      throw Error("SCHEMA_NOT_EMPTY", {{"schemaName", backquoted(space)}});
    RestClient::fail("drop the schema " + backquoted(space), answer);
  }

  iceberg::Properties namespace_properties(const Namespace& space) override {
    const RestAnswer answer = client_.call("GET", space_path(space));
    if (answer.status == 404) throw no_such_schema(space);
    if (!answer.done()) RestClient::fail("look up the schema " + backquoted(space), answer);
    return parse_rest_namespace(answer.body);
  }

  void alter_namespace(const Namespace& space, const iceberg::Properties& set,
                       const std::vector<std::string>& unset) override {
    const RestAnswer answer = client_.call("POST", space_path(space) + "/properties", {},
                                           rest_update_properties(set, unset));
    if (answer.status == 404) throw no_such_schema(space);
    if (!answer.done()) RestClient::fail("change the schema " + backquoted(space), answer);
  }

  std::vector<TableName> list_tables(const Namespace& space) override {
    return list(space, "/tables");
  }

  std::optional<table::State> load(const TableName& name) override {
    if (name.space.empty()) return std::nullopt;
    const RestAnswer answer = client_.call("GET", table_path(name));
    if (answer.status == 404) return std::nullopt;
    if (!answer.done()) RestClient::fail("load the table " + backquoted(name), answer);
    return reached(parse_rest_table(answer.body));
  }

  // The server says it with its answer to the creation.
  std::string default_location(const TableName&) override { return ""; }

  table::Reply commit(const TableName& name, const iceberg::TableChange& change) override {
    const bool creates = is_plain_creation(change);
    const auto base = !creates && adds_parts(change) ? load(name) : std::nullopt;
    const iceberg::TableChange sent = base ? without_known_parts(*base->metadata, change) : change;
    const RestAnswer answer =
        creates ? client_.call("POST", space_path(name.space) + "/tables", {},
                               rest_create_table(name.name, change))
                : client_.call("POST", table_path(name), {}, rest_commit(name, sent));
    if (answer.done())
      return {table::ReplyKind::kCommitted, reached(parse_rest_table(answer.body)), ""};
    if (answer.status == 409)
      return {table::ReplyKind::kConflict, std::nullopt, answer.failure.message};
    if (answer.status == 404 && creates) throw no_such_schema(name.space);
    if (answer.status == 404)
      return {table::ReplyKind::kConflict, std::nullopt,
              "table " + backquoted(name) + " was dropped meanwhile"};
    if (answer.in_doubt())
      return {
          table::ReplyKind::kUnknown, std::nullopt,
          std::to_string(answer.status) + " " + answer.failure.type + " " + answer.failure.message};
    RestClient::fail("commit to the table " + backquoted(name), answer);
  }

  void drop_table(const TableName& name, bool purge) override {
    const RestAnswer answer =
        client_.call("DELETE", table_path(name), {{"purgeRequested", purge ? "true" : "false"}});
    if (answer.done()) return;
    if (answer.status == 404)
      throw Error("TABLE_OR_VIEW_NOT_FOUND", {{"relationName", backquoted(name)}});
    RestClient::fail("drop the table " + backquoted(name), answer);
  }

  void rename_table(const TableName& from, const TableName& to) override {
    rename(from, to, "tables/rename");
  }

  void register_table(const TableName& name, const std::string& metadata_file) override {
    const RestAnswer answer = client_.call("POST", space_path(name.space) + "/register", {},
                                           rest_register(name.name, metadata_file));
    if (answer.done()) return;
    if (answer.status == 404) throw no_such_schema(name.space);
    if (answer.status == 409)
      throw Error("TABLE_OR_VIEW_ALREADY_EXISTS", {{"relationName", backquoted(name)}});
    RestClient::fail("register the table " + backquoted(name), answer);
  }

  std::vector<TableName> list_views(const Namespace& space) override {
    if (!has_views()) return {};
    return list(space, "/views");
  }

  std::optional<View> load_view(const TableName& name) override {
    if (name.space.empty() || !has_views()) return std::nullopt;
    const RestAnswer answer = client_.call("GET", view_path(name));
    if (answer.status == 404) return std::nullopt;
    if (!answer.done()) RestClient::fail("load the view " + backquoted(name), answer);
    return parse_rest_view(answer.body);
  }

  void put_view(const TableName& name, const std::optional<View>& before,
                const iceberg::ViewMetadata& view) override {
    if (!has_views())
      throw_unsupported("views in the REST catalog " + name_ +
                        ", whose server does not offer them; use CREATE TEMPORARY VIEW");
    const RestAnswer answer = before ? client_.call("POST", view_path(name), {},
                                                    rest_replace_view(before->metadata, view))
                                     : client_.call("POST", space_path(name.space) + "/views", {},
                                                    rest_create_view(name.name, view));
    if (answer.done()) return;
    if (answer.status == 409 && before)
      throw Error("COMMIT_CONFLICT",
                  {{"table", backquoted(name)}, {"reason", answer.failure.message}});
    if (answer.status == 409)
      throw Error("TABLE_OR_VIEW_ALREADY_EXISTS", {{"relationName", backquoted(name)}});
    if (answer.in_doubt())
      throw Error("COMMIT_UNKNOWN",
                  {{"table", backquoted(name)}, {"reason", answer.failure.message}});
    RestClient::fail("write the view " + backquoted(name), answer);
  }

  void drop_view(const TableName& name) override {
    const RestAnswer answer = client_.call("DELETE", view_path(name));
    if (answer.done()) return;
    if (answer.status == 404) throw Error("VIEW_NOT_FOUND", {{"relationName", backquoted(name)}});
    RestClient::fail("drop the view " + backquoted(name), answer);
  }

  void rename_view(const TableName& from, const TableName& to) override {
    rename(from, to, "views/rename");
  }

 private:
  static std::string space_path(const Namespace& space) { return "namespaces/" + rest_path(space); }
  static std::string table_path(const TableName& name) {
    return space_path(name.space) + "/tables/" + rest_path(name.name);
  }
  static std::string view_path(const TableName& name) {
    return space_path(name.space) + "/views/" + rest_path(name.name);
  }
  // As a query's value: not encoded yet.
  static std::string levels(const Namespace& space) {
    std::string joined;
    for (const std::string& level : space) joined += (joined.empty() ? "" : "\x1f") + level;
    return joined;
  }

  bool has_views() { return client_.offers(kViewEndpoint, views_unsaid_); }

  // Asks for page after page: an empty token asks for the first one.
  template <typename Take>
  void each_page(RestClient::Query query, const std::string& path, const std::string& action,
                 Take take) {
    query["pageToken"] = "";
    if (const std::string size = option_of(client_.properties(), "rest-page-size"); !size.empty())
      query["pageSize"] = size;
    std::string token;
    do {
      query["pageToken"] = token;
      const RestAnswer answer = client_.call("GET", path, query);
      if (answer.status == 404) throw Error("SCHEMA_NOT_FOUND", {{"schemaName", path}});
      if (!answer.done()) RestClient::fail(action, answer);
      std::string next = take(answer.body);
      if (next == token) break;
      token = std::move(next);
    } while (!token.empty());
  }

  std::vector<TableName> list(const Namespace& space, const char* what) {
    std::vector<TableName> names;
    if (space.empty()) return names;
    each_page({}, space_path(space) + what, "list what is in the schema " + backquoted(space),
              [&](const std::string& body) {
                RestIdentifiers page = parse_rest_identifiers(body);
                for (TableName& name : page.rows) names.push_back(std::move(name));
                return page.next_token;
              });
    std::ranges::sort(names);
    return names;
  }

  void rename(const TableName& from, const TableName& to, const char* path) {
    const RestAnswer answer = client_.call("POST", path, {}, rest_rename(from, to));
    if (answer.done()) return;
    if (answer.status == 409)
      throw Error("TABLE_OR_VIEW_ALREADY_EXISTS", {{"relationName", backquoted(to)}});
    if (answer.status == 404 && answer.failure.type == "NoSuchNamespaceException")
      throw no_such_schema(to.space);
    if (answer.status == 404)
      throw Error("TABLE_OR_VIEW_NOT_FOUND", {{"relationName", backquoted(from)}});
    RestClient::fail("rename " + backquoted(from), answer);
  }

  // The table's files are reached with the catalog's options, under those that the server lends.
  table::State reached(RestTable table) {
    const files::StoreOptions own = store_options_of(client_.properties());
    const auto with = [&](const iceberg::Properties& lent) {
      files::StoreOptions options = own;
      for (const char* name : kLentOptions) {
        const auto found = lent.find(name);
        if (found != lent.end()) options[name] = found->second;
      }
      return options;
    };
    const files::StoreOptions options = with(table.config);
    if (option_of(table.config, "s3.remote-signing-enabled") == "true" &&
        !options.contains("s3.access-key-id") && table.credentials.empty())
      throw_unsupported("signing of S3 requests by the server of the REST catalog " + name_ +
                        "; let it lend credentials, or set s3.access-key-id and "
                        "s3.secret-access-key");
    const bool lends = options.contains("s3.access-key-id") || table.credentials.empty();
    if (lends) {
      store_.use_options(table.state.metadata->location, options);
      const std::string bucket = bucket_of(table.state.metadata_file);
      if (!bucket.empty() && bucket != bucket_of(table.state.metadata->location))
        store_.use_options(bucket, options);
    }
    for (const RestCredential& credential : table.credentials) {
      // "s3" as a prefix: everything there.
      const bool is_place = credential.prefix.find("://") != std::string::npos;
      iceberg::Properties all = table.config;
      for (const auto& [key, value] : credential.config) all[key] = value;
      store_.use_options(is_place ? credential.prefix : table.state.metadata->location, with(all));
    }
    return std::move(table.state);
  }

  const std::string name_, warehouse_;
  const bool views_unsaid_;
  RestClient client_;
  files::FileStore& store_;
};

}  // namespace

std::unique_ptr<Catalog> open_rest_catalog(const ServiceCatalogOptions& options,
                                           files::FileStore& store) {
  return std::make_unique<RestCatalog>(options, store);
}

}  // namespace firn::catalog
