// AWS Glue's Data Catalog as Iceberg's GlueCatalog uses it: a table is an EXTERNAL_TABLE whose
// parameters say table_type = ICEBERG and metadata_location. The pointer moves by UpdateTable with
// the version that was read: Glue refuses it where somebody was quicker.
#include <spdlog/spdlog.h>

#include <algorithm>
#include <mutex>

#include "base/error.h"
#include "catalog/catalog.h"
#include "catalog/glue_client.h"
#include "catalog/glue_json.h"
#include "catalog/metadata_file.h"
#include "catalog/next_state.h"
#include "catalog/purge.h"
#include "catalog/service_options.h"
#include "conf/conf.h"
#include "table/snapshot_files.h"

namespace firn::catalog {
namespace {

constexpr const char* kMetadataLocation = "metadata_location";
constexpr size_t kDatabaseNameLength = 252;
constexpr size_t kTableNameLength = 255;

// Options of GlueCatalog and of AWS's clients that would change what is done.
const std::vector<RefusedOption> kRefused = {
    {"client.assume-role.", {}},
    {"client.credentials-provider.", {}},
    {"client.credentials-provider",
     {"software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider",
      "software.amazon.awssdk.auth.credentials.EnvironmentVariableCredentialsProvider",
      "software.amazon.awssdk.auth.credentials.ProfileCredentialsProvider"}},
    {"client.factory", {}},
    {"glue.lakeformation-enabled", {"false"}},
    {"glue.lf-tag", {}},
    {"lock-impl", {}},
};

bool is_glue_name(const std::string& name, size_t longest) {
  return !name.empty() && name.size() <= longest && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

Error no_schema(const Namespace& space) {
  return Error("SCHEMA_NOT_FOUND", {{"schemaName", backquoted(space)}});
}

class GlueCatalog final : public Catalog {
 public:
  GlueCatalog(const ServiceCatalogOptions& options, files::FileStore& store)
      : name_(options.name),
        warehouse_(without_slash(option_of(options.properties, "warehouse"))),
        catalog_id_(option_of(options.properties, "glue.id")),
        skip_archive_(flag_of(options.properties, "glue.skip-archive", true)),
        any_name_(flag_of(options.properties, "glue.skip-name-validation", false)),
        store_options_(store_options_of(options.properties)),
        client_(files::aws_service("glue", options.properties, files::process_environment())),
        store_(store) {
    refuse_options(options, kRefused);
    reach(warehouse_);
  }

  std::string name() const override { return name_; }
  std::string warehouse() const override { return warehouse_; }
  files::FileStore& store() override { return store_; }

  std::vector<Namespace> list_namespaces(const Namespace& parent) override {
    std::vector<Namespace> spaces;
    if (!parent.empty()) return spaces;
    std::string token;
    do {
      const GlueAnswer answer =
          client_.call("GetDatabases", glue_page_request(catalog_id_, "", token));
      if (!answer.done) GlueClient::fail("list the databases of catalog " + name_, answer);
      GluePage<GlueDatabase> page = parse_glue_databases(answer.body);
      for (GlueDatabase& database : page.rows) spaces.push_back({std::move(database.name)});
      token = std::move(page.next_token);
    } while (!token.empty());
    std::ranges::sort(spaces);
    return spaces;
  }

  bool namespace_exists(const Namespace& space) override {
    return find_database(space).has_value();
  }

  void create_namespace(const Namespace& space, const iceberg::Properties& properties) override {
    const GlueAnswer answer = client_.call(
        "CreateDatabase",
        glue_create_database(catalog_id_, database_with(database_name(space), properties)));
    if (answer.done) return;
    if (answer.failure.type == "AlreadyExistsException" && !answer.in_doubt)
      throw Error("SCHEMA_ALREADY_EXISTS", {{"schemaName", backquoted(space)}});
    if (answer.failure.type == "AlreadyExistsException") return;  // an attempt before did it
    GlueClient::fail("create the schema " + backquoted(space), answer);
  }

  void drop_namespace(const Namespace& space) override {
    if (!find_database(space)) throw no_schema(space);
    const std::string database = database_name(space);
    const GlueAnswer tables =
        client_.call("GetTables", glue_page_request(catalog_id_, database, ""));
    if (!tables.done) GlueClient::fail("list the tables of " + backquoted(space), tables);
    if (!parse_glue_tables(tables.body).rows.empty())
      throw Error("SCHEMA_NOT_EMPTY", {{"schemaName", backquoted(space)}});
    const GlueAnswer answer =
        client_.call("DeleteDatabase", glue_database_name(catalog_id_, database));
    if (!answer.done && answer.failure.type != "EntityNotFoundException")
      GlueClient::fail("drop the schema " + backquoted(space), answer);
  }

  iceberg::Properties namespace_properties(const Namespace& space) override {
    const std::optional<GlueDatabase> database = find_database(space);
    if (!database) throw no_schema(space);
    iceberg::Properties properties = database->parameters;
    if (database->location) properties["location"] = *database->location;
    if (database->description) properties["comment"] = *database->description;
    return properties;
  }

  void alter_namespace(const Namespace& space, const iceberg::Properties& set,
                       const std::vector<std::string>& unset) override {
    iceberg::Properties properties = namespace_properties(space);
    for (const auto& [key, value] : set) properties[key] = value;
    for (const std::string& key : unset) properties.erase(key);
    const GlueAnswer answer = client_.call(
        "UpdateDatabase",
        glue_update_database(catalog_id_, database_with(database_name(space), properties)));
    if (!answer.done) GlueClient::fail("change the schema " + backquoted(space), answer);
  }

  std::vector<TableName> list_tables(const Namespace& space) override {
    std::vector<TableName> names;
    if (!is_database(space)) return names;
    std::string token;
    do {
      const GlueAnswer answer =
          client_.call("GetTables", glue_page_request(catalog_id_, space.front(), token));
      if (answer.failure.type == "EntityNotFoundException") throw no_schema(space);
      if (!answer.done) GlueClient::fail("list the tables of " + backquoted(space), answer);
      GluePage<GlueTable> page = parse_glue_tables(answer.body);
      for (GlueTable& table : page.rows) {
        if (table.is_iceberg()) names.push_back({space, std::move(table.name)});
      }
      token = std::move(page.next_token);
    } while (!token.empty());
    std::ranges::sort(names);
    return names;
  }

  std::optional<table::State> load(const TableName& name) override {
    const std::optional<GlueTable> table = find_table(name);
    if (!table) return std::nullopt;
    return state_of(name, *table);
  }

  // As Hive does: below the database's location where it has one.
  std::string default_location(const TableName& name) override {
    const std::optional<GlueDatabase> database = find_database(name.space);
    if (database && database->location && !database->location->empty())
      return files::join_uri(*database->location, name.name);
    if (warehouse_.empty())
      throw_invalid("there is no place for table " + backquoted(name) +
                    ": neither its Glue database has a location nor is spark.sql.catalog." + name_ +
                    ".warehouse set");
    return files::join_uri(files::join_uri(warehouse_, database_name(name.space) + ".db"),
                           name.name);
  }

  table::Reply commit(const TableName& name, const iceberg::TableChange& change) override {
    check_names(name);
    std::optional<GlueTable> row = find_table(name);
    std::optional<table::State> base;
    if (row) base = state_of(name, *row);
    Proposed proposed =
        next_state(base, change, clock_.now_ms(), [&](const iceberg::TableMetadata& metadata) {
          const std::lock_guard lock(mutex_);
          return next_metadata_file(metadata, file_of(base), random_);
        });
    if (auto* refused = std::get_if<table::Reply>(&proposed)) return std::move(*refused);
    auto& next = std::get<table::State>(proposed);
    reach(next.metadata_file);
    reach(next.metadata->location);
    write_metadata_file(store_, next.metadata_file, *next.metadata);
    return move_pointer(name, row, base, std::move(next));
  }

  void drop_table(const TableName& name, bool purge) override {
    const std::optional<table::State> state = purge ? load(name) : std::nullopt;
    if (state && !conf::bool_of(state->metadata->properties, "gc.enabled")) {
      throw_invalid("table " + backquoted(name) +
                    " cannot be purged: its property gc.enabled is false, because its files may "
                    "belong to other tables too. Drop it without PURGE");
    }
    delete_table(name);
    if (state) table::remove_files(store_, files_of(store_, *state));
  }

  // Glue cannot rename: the table is made under its new name, then the old one goes.
  void rename_table(const TableName& from, const TableName& to) override {
    check_names(to);
    const std::optional<GlueTable> row = find_table(from);
    if (!row) throw no_table(from);
    if (!find_database(to.space)) throw no_schema(to.space);
    GlueTable renamed = *row;
    renamed.name = to.name;
    create(to, renamed, "rename the table " + backquoted(from));
    try {
      delete_table(from);
    } catch (const Error& error) {
      spdlog::warn("table {} was not removed after it was made anew as {}: the new one goes",
                   backquoted(from), backquoted(to));
      delete_table(to);
      throw;
    }
  }

  void register_table(const TableName& name, const std::string& metadata_file) override {
    check_names(name);
    reach(metadata_file);
    const auto metadata = read_metadata_file(store_, metadata_file);
    create(name, table_with(name, std::nullopt, {metadata_file, metadata}, std::nullopt),
           "register the table " + backquoted(name));
  }

  std::vector<TableName> list_views(const Namespace&) override { return {}; }
  std::optional<View> load_view(const TableName&) override { return std::nullopt; }
  void put_view(const TableName&, const std::optional<View>&,
                const iceberg::ViewMetadata&) override {
    throw_unsupported("views in the Glue catalog " + name_ + "; use CREATE TEMPORARY VIEW");
  }
  void drop_view(const TableName& name) override {
    throw Error("VIEW_NOT_FOUND", {{"relationName", backquoted(name)}});
  }
  void rename_view(const TableName& from, const TableName&) override { drop_view(from); }

 private:
  static std::string without_slash(std::string uri) {
    while (uri.size() > 1 && uri.back() == '/') uri.pop_back();
    return uri;
  }

  static Error no_table(const TableName& name) {
    return Error("TABLE_OR_VIEW_NOT_FOUND", {{"relationName", backquoted(name)}});
  }

  // Files in that bucket are read and written with this catalog's options, on S3 itself.
  void reach(const std::string& uri) {
    if (const std::string bucket = bucket_of(uri); !bucket.empty())
      store_.use_options(bucket, store_options_);
  }

  bool is_database(const Namespace& space) const {
    return space.size() == 1 && (any_name_ || is_glue_name(space.front(), kDatabaseNameLength));
  }

  std::string database_name(const Namespace& space) const {
    if (is_database(space)) return space.front();
    throw_invalid("the schema " + backquoted(space) + " cannot be in the Glue catalog " + name_ +
                  ": a name there is one part of 1 to 252 lower-case letters, digits and '_'");
  }

  void check_names(const TableName& name) const {
    (void)database_name(name.space);
    if (any_name_ || is_glue_name(name.name, kTableNameLength)) return;
    throw_invalid("the table name `" + name.name + "` cannot be in the Glue catalog " + name_ +
                  ": it is 1 to 255 lower-case letters, digits and '_'");
  }

  static GlueDatabase database_with(std::string name, iceberg::Properties properties) {
    GlueDatabase database;
    database.name = std::move(name);
    const auto take = [&](const char* key, std::optional<std::string>& into) {
      if (auto taken = properties.extract(key)) into = std::move(taken.mapped());
    };
    take("location", database.location);
    take("comment", database.description);
    database.parameters = std::move(properties);
    return database;
  }

  // nullopt too for names that Glue cannot have.
  std::optional<GlueDatabase> find_database(const Namespace& space) {
    if (!is_database(space)) return std::nullopt;
    const GlueAnswer answer =
        client_.call("GetDatabase", glue_database_name(catalog_id_, space.front()));
    if (answer.done) return parse_glue_database(answer.body);
    if (answer.failure.type == "EntityNotFoundException") return std::nullopt;
    GlueClient::fail("look up the schema " + backquoted(space), answer);
  }

  std::optional<GlueTable> find_table(const TableName& name) {
    if (!is_database(name.space) || name.name.empty()) return std::nullopt;
    if (!any_name_ && !is_glue_name(name.name, kTableNameLength)) return std::nullopt;
    const GlueAnswer answer =
        client_.call("GetTable", glue_table_name(catalog_id_, name.space.front(), name.name));
    if (answer.done) return parse_glue_table(answer.body);
    if (answer.failure.type == "EntityNotFoundException") return std::nullopt;
    GlueClient::fail("look up the table " + backquoted(name), answer);
  }

  table::State state_of(const TableName& name, const GlueTable& table) {
    if (!table.is_iceberg())
      throw_unsupported("the table " + backquoted(name) + " of the Glue catalog " + name_ +
                        ", which is not an Iceberg table (its parameter table_type is not "
                        "ICEBERG); read its files by their path");
    const std::optional<std::string> file = table.metadata_location();
    if (!file) throw_corrupt("Glue has no metadata_location for table " + backquoted(name));
    if (auto known = cache_.find(name, *file)) return *known;
    reach(*file);
    table::State state{*file, read_metadata_file(store_, *file)};
    reach(state.metadata->location);
    cache_.put(name, state);
    return state;
  }

  static GlueTable table_with(const TableName& name, const std::optional<GlueTable>& row,
                              const table::State& next, const std::optional<std::string>& before) {
    GlueTable table;
    if (row) table = *row;
    table.name = name.name;
    table.table_type = "EXTERNAL_TABLE";
    table.parameters["table_type"] = "ICEBERG";
    table.parameters[kMetadataLocation] = next.metadata_file;
    if (before) table.parameters["previous_metadata_location"] = *before;
    const auto comment = next.metadata->properties.find("comment");
    if (comment != next.metadata->properties.end()) table.description = comment->second;
    table.storage_descriptor = glue_storage_descriptor(*next.metadata);
    return table;
  }

  void create(const TableName& name, const GlueTable& table, const std::string& action) {
    const GlueAnswer answer = client_.call(
        "CreateTable", glue_create_table({catalog_id_, database_name(name.space), table}));
    if (answer.done) return;
    if (answer.failure.type == "AlreadyExistsException") {
      const auto there = answer.in_doubt ? find_table(name) : std::nullopt;
      if (there && there->metadata_location() == table.metadata_location()) return;
      throw Error("TABLE_OR_VIEW_ALREADY_EXISTS", {{"relationName", backquoted(name)}});
    }
    if (answer.failure.type == "EntityNotFoundException") throw no_schema(name.space);
    GlueClient::fail(action, answer);
  }

  void delete_table(const TableName& name) {
    if (!is_database(name.space)) throw no_table(name);
    const GlueAnswer answer =
        client_.call("DeleteTable", glue_table_name(catalog_id_, name.space.front(), name.name));
    cache_.forget(name);
    if (answer.done) return;
    if (answer.failure.type != "EntityNotFoundException")
      GlueClient::fail("drop the table " + backquoted(name), answer);
    if (!answer.in_doubt) throw no_table(name);
  }

  table::Reply move_pointer(const TableName& name, const std::optional<GlueTable>& row,
                            const std::optional<table::State>& base, table::State next) {
    const GlueTableRequest request{catalog_id_, name.space.front(),
                                   table_with(name, row, next, file_of(base))};
    const GlueAnswer answer =
        base ? client_.call("UpdateTable", glue_update_table(request, skip_archive_))
             : client_.call("CreateTable", glue_create_table(request));
    if (answer.done) return committed(name, base, std::move(next));
    if (answer.in_doubt) return outcome_in_doubt(name, base, std::move(next), answer);
    table::remove_files(store_, {next.metadata_file});
    const std::string& type = answer.failure.type;
    if (type == "ConcurrentModificationException" || type == "AlreadyExistsException" ||
        (base && type == "EntityNotFoundException"))
      return {table::ReplyKind::kConflict, std::nullopt,
              "another writer has changed, made or dropped table " + backquoted(name) +
                  " meanwhile (" + type + ")"};
    if (type == "EntityNotFoundException") throw no_schema(name.space);
    GlueClient::fail("commit to the table " + backquoted(name), answer);
  }

  table::Reply committed(const TableName& name, const std::optional<table::State>& base,
                         table::State next) {
    cache_.put(name, next);
    if (base) table::remove_files(store_, superseded_files(*base, *next.metadata));
    return {table::ReplyKind::kCommitted, std::move(next), ""};
  }

  // An answer was lost. The table tells whether the pointer moved; where it stands as it stood, the
  // request may still be under way.
  table::Reply outcome_in_doubt(const TableName& name, const std::optional<table::State>& base,
                                table::State next, const GlueAnswer& answer) {
    const std::string reason = answer.failure.type + " " + answer.failure.message;
    try {
      const std::optional<table::State> now = load(name);
      if (now && now->metadata_file == next.metadata_file)
        return committed(name, base, std::move(next));
      const bool passed =
          now && std::ranges::any_of(now->metadata->metadata_log,
                                     [&](const auto& e) { return e.file == next.metadata_file; });
      if (passed) return {table::ReplyKind::kCommitted, now, ""};
      if (base && now && now->metadata_file != base->metadata_file)
        return {table::ReplyKind::kConflict, std::nullopt,
                "another writer has changed table " + backquoted(name) + " meanwhile"};
    } catch (const Error& error) {
      return {table::ReplyKind::kUnknown, std::nullopt, reason + "; " + error.message()};
    }
    return {table::ReplyKind::kUnknown, std::nullopt, reason};
  }

  const std::string name_, warehouse_, catalog_id_;
  const bool skip_archive_, any_name_;
  const files::StoreOptions store_options_;
  GlueClient client_;
  files::FileStore& store_;
  SystemClock clock_;
  StateCache cache_;
  std::mutex mutex_;
  SystemRandom random_;  // GUARDED_BY(mutex_)
};

}  // namespace

std::unique_ptr<Catalog> open_glue_catalog(const ServiceCatalogOptions& options,
                                           files::FileStore& store) {
  return std::make_unique<GlueCatalog>(options, store);
}

}  // namespace firn::catalog
