// The catalog in a SQLite file, in the tables of Iceberg's JdbcCatalog (schema V0 plus
// iceberg_type), so that Spark's JdbcCatalog and PyIceberg's SqlCatalog work on the same file at
// the same time.
//
// Rules that keep the three compatible: rows are found by catalog_name; 'TABLE' is written to
// iceberg_type, and a NULL is taken for it (PyIceberg writes none); property_value is never NULL; a
// namespace has a row `exists` = 'true'; no transaction is open while files are read or written,
// because Java's commit does not retry SQLITE_BUSY.
#include <spdlog/spdlog.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <set>

#include "base/clock.h"
#include "base/error.h"
#include "catalog/catalog.h"
#include "catalog/metadata_file.h"
#include "catalog/next_state.h"
#include "catalog/purge.h"
#include "catalog/sqlite.h"
#include "conf/conf.h"
#include "table/snapshot_files.h"

namespace firn::catalog {

namespace {

using Outcome = SqliteDatabase::Outcome;

constexpr const char* kCreateTables =
    "CREATE TABLE IF NOT EXISTS iceberg_tables("
    "catalog_name VARCHAR(255) NOT NULL,"
    "table_namespace VARCHAR(255) NOT NULL,"
    "table_name VARCHAR(255) NOT NULL,"
    "metadata_location VARCHAR(1000),"
    "previous_metadata_location VARCHAR(1000),"
    "iceberg_type VARCHAR(5),"
    "PRIMARY KEY (catalog_name, table_namespace, table_name))";
constexpr const char* kCreateNamespaceProperties =
    "CREATE TABLE IF NOT EXISTS iceberg_namespace_properties("
    "catalog_name VARCHAR(255) NOT NULL,"
    "namespace VARCHAR(255) NOT NULL,"
    "property_key VARCHAR(255),"
    "property_value VARCHAR(1000),"
    "PRIMARY KEY (catalog_name, namespace, property_key))";
// firn's own, which Iceberg's catalogs do not look at: tables of files, a property a row.
constexpr const char* kCreateFileTables =
    "CREATE TABLE IF NOT EXISTS firn_file_tables("
    "catalog_name VARCHAR(255) NOT NULL,"
    "table_namespace VARCHAR(255) NOT NULL,"
    "table_name VARCHAR(255) NOT NULL,"
    "property_key VARCHAR(255) NOT NULL,"
    "property_value TEXT NOT NULL,"
    "PRIMARY KEY (catalog_name, table_namespace, table_name, property_key))";
constexpr const char* kInsertFileTable =
    "INSERT INTO firn_file_tables (catalog_name, table_namespace, table_name, property_key, "
    "property_value) VALUES (?, ?, ?, ?, ?)";
#define FIRN_THIS_TABLE                                                                     \
  " WHERE catalog_name = ? AND table_namespace = ? AND table_name = ? AND (iceberg_type = " \
  "'TABLE' OR iceberg_type IS NULL)"
constexpr const char* kSelectTable = "SELECT metadata_location FROM iceberg_tables" FIRN_THIS_TABLE;
constexpr const char* kSwap =
    "UPDATE iceberg_tables SET metadata_location = ?, previous_metadata_location = "
    "?" FIRN_THIS_TABLE " AND metadata_location = ?";
constexpr const char* kInsertTable =
    "INSERT INTO iceberg_tables (catalog_name, table_namespace, table_name, metadata_location, "
    "previous_metadata_location, iceberg_type) VALUES (?, ?, ?, ?, NULL, 'TABLE')";
constexpr const char* kDeleteTable = "DELETE FROM iceberg_tables" FIRN_THIS_TABLE;
constexpr const char* kRenameTable =
    "UPDATE iceberg_tables SET table_namespace = ?, table_name = ?" FIRN_THIS_TABLE;
#undef FIRN_THIS_TABLE
#define FIRN_THIS_VIEW \
  " WHERE catalog_name = ? AND table_namespace = ? AND table_name = ? AND iceberg_type = 'VIEW'"
constexpr const char* kSelectView = "SELECT metadata_location FROM iceberg_tables" FIRN_THIS_VIEW;
constexpr const char* kSwapView =
    "UPDATE iceberg_tables SET metadata_location = ?, previous_metadata_location = "
    "?" FIRN_THIS_VIEW " AND metadata_location = ?";
constexpr const char* kInsertView =
    "INSERT INTO iceberg_tables (catalog_name, table_namespace, table_name, metadata_location, "
    "previous_metadata_location, iceberg_type) VALUES (?, ?, ?, ?, NULL, 'VIEW')";
constexpr const char* kDeleteView = "DELETE FROM iceberg_tables" FIRN_THIS_VIEW;
constexpr const char* kRenameView =
    "UPDATE iceberg_tables SET table_namespace = ?, table_name = ?" FIRN_THIS_VIEW;
#undef FIRN_THIS_VIEW
constexpr const char* kInsertProperty =
    "INSERT INTO iceberg_namespace_properties (catalog_name, namespace, property_key, "
    "property_value) VALUES (?, ?, ?, ?)";

constexpr const char* kUpsertProperty =
    "INSERT INTO iceberg_namespace_properties (catalog_name, namespace, property_key, "
    "property_value) VALUES (?, ?, ?, ?) ON CONFLICT (catalog_name, namespace, property_key) DO "
    "UPDATE SET property_value = excluded.property_value";
constexpr const char* kDeleteProperty =
    "DELETE FROM iceberg_namespace_properties WHERE catalog_name = ? AND namespace = ? AND "
    "property_key = ?";

constexpr size_t kCachedTables = 1000;

std::string joined(const Namespace& space) {
  std::string text;
  for (const auto& part : space) {
    if (part.empty())
      throw_invalid("a namespace has an empty part: \"" + TableName{space, ""}.to_string() + "\"");
    text += (text.empty() ? "" : ".") + part;
  }
  return text;
}

Namespace split(const std::string& text) {
  Namespace space;
  size_t begin = 0;
  while (begin <= text.size()) {
    const size_t dot = std::min(text.find('.', begin), text.size());
    space.push_back(text.substr(begin, dot - begin));
    begin = dot + 1;
  }
  return space;
}

std::string backquoted_name(const Namespace& space) {
  std::string text;
  for (const auto& part : space) text += (text.empty() ? "`" : ".`") + part + "`";
  return text;
}

std::string backquoted_name(const TableName& name) {
  return (name.space.empty() ? "" : backquoted_name(name.space) + ".") + "`" + name.name + "`";
}

std::string stripped(std::string uri) {
  while (uri.size() > 1 && uri.back() == '/') uri.pop_back();
  return uri;
}

class SqliteCatalog final : public Catalog {
 public:
  SqliteCatalog(const SqlCatalogOptions& options, files::FileStore& store)
      : name_(options.name),
        warehouse_(stripped(options.warehouse)),
        store_(store),
        database_(options.database) {
    database_.execute(kCreateTables);
    database_.execute(kCreateNamespaceProperties);
    database_.execute(kCreateFileTables);
    add_type_column();
  }

  std::string name() const override { return name_; }
  std::string warehouse() const override { return warehouse_; }
  files::FileStore& store() override { return store_; }

  std::vector<Namespace> list_namespaces(const Namespace& parent) override {
    std::set<Namespace> found;
    const std::lock_guard lock(mutex_);
    for (const auto& space : all_namespaces()) {
      if (space.size() <= parent.size() || !std::equal(parent.begin(), parent.end(), space.begin()))
        continue;
      found.insert(
          Namespace(space.begin(), space.begin() + static_cast<std::ptrdiff_t>(parent.size()) + 1));
    }
    return {found.begin(), found.end()};
  }

  bool namespace_exists(const Namespace& wanted) override {
    if (wanted.empty()) return true;
    const std::lock_guard lock(mutex_);
    return exists(wanted);
  }

  void create_namespace(const Namespace& space, const iceberg::Properties& properties) override {
    iceberg::Properties rows = properties;
    rows["exists"] = "true";
    std::vector<SqliteDatabase::Write> writes;
    for (const auto& [key, value] : rows) {
      writes.push_back({kInsertProperty, {name_, joined(space), key, value}});
    }
    const std::lock_guard lock(mutex_);
    if (exists(space))
      throw Error("SCHEMA_ALREADY_EXISTS", {{"schemaName", backquoted_name(space)}});
    const auto written = database_.write(writes);
    if (written.outcome == Outcome::kDuplicate) {
      throw Error("SCHEMA_ALREADY_EXISTS", {{"schemaName", backquoted_name(space)}});
    }
    must_be_done(written, "schema " + backquoted_name(space) + " was not created");
  }

  void drop_namespace(const Namespace& space) override {
    const std::string text = joined(space);
    const std::lock_guard lock(mutex_);
    if (!exists(space)) throw Error("SCHEMA_NOT_FOUND", {{"schemaName", backquoted_name(space)}});
    for (const auto& other : all_namespaces()) {
      const bool inside =
          other.size() > space.size() && std::equal(space.begin(), space.end(), other.begin());
      if (inside) throw Error("SCHEMA_NOT_EMPTY", {{"schemaName", backquoted_name(space)}});
    }
    const auto tables = database_.query(
        "SELECT 1 FROM iceberg_tables WHERE catalog_name = ? AND table_namespace = ? LIMIT 1",
        {name_, text});
    const auto of_files = database_.query(
        "SELECT 1 FROM firn_file_tables WHERE catalog_name = ? AND table_namespace = ? LIMIT 1",
        {name_, text});
    if (!tables.empty() || !of_files.empty())
      throw Error("SCHEMA_NOT_EMPTY", {{"schemaName", backquoted_name(space)}});
    must_be_done(
        database_.write(
            {{"DELETE FROM iceberg_namespace_properties WHERE catalog_name = ? AND namespace = ?",
              {name_, text}}}),
        "schema " + backquoted_name(space) + " was not dropped");
  }

  iceberg::Properties namespace_properties(const Namespace& space) override {
    const std::lock_guard lock(mutex_);
    if (!exists(space)) throw Error("SCHEMA_NOT_FOUND", {{"schemaName", backquoted_name(space)}});
    iceberg::Properties properties;
    for (const auto& row :
         database_.query("SELECT property_key, property_value FROM iceberg_namespace_properties "
                         "WHERE catalog_name = ? AND namespace = ?",
                         {name_, joined(space)})) {
      if (row[0] && *row[0] != "exists") properties[*row[0]] = row[1].value_or("");
    }
    return properties;
  }

  void alter_namespace(const Namespace& space, const iceberg::Properties& set,
                       const std::vector<std::string>& unset) override {
    std::vector<SqliteDatabase::Write> writes;
    const std::string text = joined(space);
    writes.push_back({kUpsertProperty, {name_, text, "exists", "true"}});
    for (const auto& [key, value] : set)
      writes.push_back({kUpsertProperty, {name_, text, key, value}});
    for (const std::string& key : unset)
      writes.push_back({kDeleteProperty, {name_, text, key}, false});
    const std::lock_guard lock(mutex_);
    if (!exists(space)) throw Error("SCHEMA_NOT_FOUND", {{"schemaName", backquoted_name(space)}});
    must_be_done(database_.write(writes), "schema " + backquoted_name(space) + " was not changed");
  }

  std::vector<TableName> list_views(const Namespace& space) override {
    const std::lock_guard lock(mutex_);
    std::vector<TableName> names;
    for (const auto& row :
         database_.query("SELECT table_name FROM iceberg_tables WHERE catalog_name = ? AND "
                         "table_namespace = ? AND iceberg_type = 'VIEW' ORDER BY table_name",
                         {name_, joined(space)})) {
      names.push_back({space, row[0].value_or("")});
    }
    return names;
  }

  std::optional<View> load_view(const TableName& name) override {
    std::optional<std::string> file;
    {
      const std::lock_guard lock(mutex_);
      const auto rows = database_.query(kSelectView, {name_, joined(name.space), name.name});
      if (rows.empty()) return std::nullopt;
      file = rows.front().front();
    }
    if (!file) throw_corrupt("the catalog has no metadata file for view " + backquoted_name(name));
    return View{*file, read_view_file(store_, *file)};
  }

  void put_view(const TableName& name, const std::optional<View>& before,
                const iceberg::ViewMetadata& metadata) override {
    std::string file;
    {
      const std::lock_guard lock(mutex_);
      file = next_view_file(metadata, before ? std::optional(before->metadata_file) : std::nullopt,
                            random_);
    }
    write_view_file(store_, file, metadata);
    const std::string space = joined(name.space);
    SqliteDatabase::Write write = {kInsertView, {name_, space, name.name, file}};
    if (before)
      write = {kSwapView,
               {file, before->metadata_file, name_, space, name.name, before->metadata_file}};
    SqliteDatabase::Written written;
    {
      const std::lock_guard lock(mutex_);
      written = database_.write({std::move(write)});
    }
    if (written.outcome == Outcome::kDone) return;
    if (written.outcome == Outcome::kUnknown)
      throw Error("COMMIT_UNKNOWN", {{"table", backquoted_name(name)}, {"reason", written.reason}});
    table::remove_files(store_, {file});
    if (written.outcome == Outcome::kDuplicate)
      throw Error("TABLE_OR_VIEW_ALREADY_EXISTS", {{"relationName", backquoted_name(name)}});
    throw Error("COMMIT_CONFLICT", {{"table", backquoted_name(name)},
                                    {"reason", written.outcome == Outcome::kBusy
                                                   ? "the catalog file was locked all the time"
                                                   : "another writer has changed the view"}});
  }

  void drop_view(const TableName& name) override {
    const std::lock_guard lock(mutex_);
    const auto written = database_.write({{kDeleteView, {name_, joined(name.space), name.name}}});
    if (written.outcome == Outcome::kNoRow)
      throw Error("VIEW_NOT_FOUND", {{"relationName", backquoted_name(name)}});
    must_be_done(written, "view " + backquoted_name(name) + " was not dropped");
  }

  void rename_view(const TableName& from, const TableName& to) override {
    rename(from, to, kRenameView);
  }

  void register_table(const TableName& name, const std::string& metadata_file) override {
    (void)read_metadata_file(store_, metadata_file);  // an error comes now, not at the first use
    const std::lock_guard lock(mutex_);
    const auto written =
        database_.write({{kInsertTable, {name_, joined(name.space), name.name, metadata_file}}});
    if (written.outcome == Outcome::kDuplicate)
      throw Error("TABLE_OR_VIEW_ALREADY_EXISTS", {{"relationName", backquoted_name(name)}});
    must_be_done(written, "table " + backquoted_name(name) + " was not registered");
  }

  std::vector<TableName> list_tables(const Namespace& space) override {
    const std::lock_guard lock(mutex_);
    std::vector<TableName> names;
    for (const auto& row :
         database_.query("SELECT table_name FROM iceberg_tables WHERE catalog_name = ? AND "
                         "table_namespace = ? AND (iceberg_type = 'TABLE' OR iceberg_type IS NULL) "
                         "ORDER BY table_name",
                         {name_, joined(space)})) {
      names.push_back({space, row[0].value_or("")});
    }
    return names;
  }

  std::optional<table::State> load(const TableName& name) override {
    std::string failed;
    while (true) {
      const std::optional<std::string> location = location_of(name);
      if (!location) return std::nullopt;
      if (auto state = cached(name, *location)) return state;
      try {
        table::State state{*location, read_metadata_file(store_, *location)};
        remember(name, state);
        return state;
      } catch (const Error& error) {
        // A writer that removes old metadata may have been quicker; then the pointer has moved.
        if (error.code() != Code::kNotFound || failed == *location) throw;
        failed = *location;
      }
    }
  }

  std::string default_location(const TableName& name) override {
    std::string location = warehouse_;
    for (const auto& part : name.space) location = files::join_uri(location, part);
    return files::join_uri(location, name.name);
  }

  table::Reply commit(const TableName& name, const iceberg::TableChange& change) override {
    const std::optional<table::State> base = load(name);
    Proposed proposed =
        next_state(base, change, clock_.now_ms(), [&](const iceberg::TableMetadata& metadata) {
          return new_metadata_file(metadata, file_of(base));
        });
    if (auto* refused = std::get_if<table::Reply>(&proposed)) return std::move(*refused);
    auto& next = std::get<table::State>(proposed);
    write_metadata_file(store_, next.metadata_file, *next.metadata);
    return move_pointer(name, base, std::move(next));
  }

  void drop_table(const TableName& name, bool purge) override {
    const std::optional<table::State> state = purge ? load(name) : std::nullopt;
    if (state && !conf::bool_of(state->metadata->properties, "gc.enabled")) {
      throw_invalid("table " + backquoted_name(name) +
                    " cannot be purged: its property gc.enabled is false, because its files may "
                    "belong to other tables too. Drop it without PURGE");
    }
    {
      const std::lock_guard lock(mutex_);
      const auto written =
          database_.write({{kDeleteTable, {name_, joined(name.space), name.name}}});
      if (written.outcome == Outcome::kNoRow) throw not_found(name);
      must_be_done(written, "table " + backquoted_name(name) + " was not dropped");
      cache_.erase(name);
    }
    if (state) table::remove_files(store_, files_of(store_, *state));
  }

  void rename_table(const TableName& from, const TableName& to) override {
    rename(from, to, kRenameTable);
  }

  std::vector<TableName> list_file_tables(const Namespace& space) override {
    const std::lock_guard lock(mutex_);
    std::vector<TableName> names;
    for (const auto& row : database_.query(
             "SELECT DISTINCT table_name FROM firn_file_tables WHERE catalog_name = ? AND "
             "table_namespace = ? ORDER BY table_name",
             {name_, joined(space)}))
      names.push_back({space, row[0].value_or("")});
    return names;
  }

  std::optional<FileTable> load_file_table(const TableName& name) override {
    const std::lock_guard lock(mutex_);
    iceberg::Properties rows;
    for (const auto& row : database_.query(
             "SELECT property_key, property_value FROM firn_file_tables WHERE catalog_name = ? AND "
             "table_namespace = ? AND table_name = ?",
             {name_, joined(name.space), name.name}))
      rows[row[0].value_or("")] = row[1].value_or("");
    if (rows.empty()) return std::nullopt;
    return to_file_table(rows);
  }

  void create_file_table(const TableName& name, const FileTable& table) override {
    std::vector<SqliteDatabase::Write> writes;
    for (const auto& [key, value] : to_rows(table))
      writes.push_back({kInsertFileTable, {name_, joined(name.space), name.name, key, value}});
    const std::lock_guard lock(mutex_);
    const auto others = database_.query(
        "SELECT 1 FROM iceberg_tables WHERE catalog_name = ? AND table_namespace = ? AND "
        "table_name = ?",
        {name_, joined(name.space), name.name});
    const auto written =
        others.empty() ? database_.write(writes) : SqliteDatabase::Written{Outcome::kDuplicate, ""};
    if (written.outcome == Outcome::kDuplicate)
      throw Error("TABLE_OR_VIEW_ALREADY_EXISTS", {{"relationName", backquoted_name(name)}});
    must_be_done(written, "table " + backquoted_name(name) + " was not created");
  }

  void drop_file_table(const TableName& name) override {
    const std::lock_guard lock(mutex_);
    const auto written = database_.write(
        {{"DELETE FROM firn_file_tables WHERE catalog_name = ? AND table_namespace = ? AND "
          "table_name = ?",
          {name_, joined(name.space), name.name}}});
    if (written.outcome == Outcome::kNoRow) throw not_found(name);
    must_be_done(written, "table " + backquoted_name(name) + " was not dropped");
  }

 private:
  void rename(const TableName& from, const TableName& to, const char* statement) {
    const std::lock_guard lock(mutex_);
    if (!to.space.empty() && !exists(to.space))
      throw Error("SCHEMA_NOT_FOUND", {{"schemaName", backquoted_name(to.space)}});
    const auto written = database_.write(
        {{statement, {joined(to.space), to.name, name_, joined(from.space), from.name}}});
    if (written.outcome == Outcome::kNoRow) throw not_found(from);
    if (written.outcome == Outcome::kDuplicate) {
      throw Error("TABLE_OR_VIEW_ALREADY_EXISTS", {{"relationName", backquoted_name(to)}});
    }
    must_be_done(written, "table " + backquoted_name(from) + " was not renamed");
    cache_.erase(from);
  }

  static Error not_found(const TableName& name) {
    return Error("TABLE_OR_VIEW_NOT_FOUND", {{"relationName", backquoted_name(name)}});
  }

  static void must_be_done(const SqliteDatabase::Written& written, const std::string& what) {
    if (written.outcome == Outcome::kDone || written.outcome == Outcome::kNoRow) return;
    const char* condition = written.outcome == Outcome::kBusy ? "FIRN_UNAVAILABLE" : "FIRN_IO";
    throw Error(condition, {{"what", what + ": " + written.reason}});
  }

  // A file that Java (V0) or PyIceberg made has no such column.
  void add_type_column() {
    for (const auto& column : database_.query("PRAGMA table_info(iceberg_tables)")) {
      if (column[1] == "iceberg_type") return;
    }
    try {
      database_.execute("ALTER TABLE iceberg_tables ADD COLUMN iceberg_type VARCHAR(5)");
    } catch (const Error&) {
      // Another process may have added it meanwhile: then the catalog is usable.
      database_.query("SELECT iceberg_type FROM iceberg_tables LIMIT 1");
    }
  }

  // The lock is held by the callers of these two.
  std::set<Namespace> all_namespaces() {
    std::set<Namespace> spaces;
    for (const auto& row : database_.query(
             "SELECT DISTINCT table_namespace FROM iceberg_tables WHERE catalog_name = ? "
             "UNION SELECT DISTINCT namespace FROM iceberg_namespace_properties "
             "WHERE catalog_name = ?",
             {name_, name_})) {
      if (row[0] && !row[0]->empty()) spaces.insert(split(*row[0]));
    }
    return spaces;
  }

  bool exists(const Namespace& wanted) {
    return std::ranges::any_of(all_namespaces(), [&wanted](const Namespace& space) {
      return space.size() >= wanted.size() &&
             std::equal(wanted.begin(), wanted.end(), space.begin());
    });
  }

  std::optional<std::string> location_of(const TableName& name) {
    const std::lock_guard lock(mutex_);
    const auto rows = database_.query(kSelectTable, {name_, joined(name.space), name.name});
    if (rows.empty()) return std::nullopt;
    if (!rows.front().front())
      throw_corrupt("the catalog has no metadata file for table " + backquoted_name(name));
    return rows.front().front();
  }

  std::optional<table::State> cached(const TableName& name, const std::string& location) {
    const std::lock_guard lock(mutex_);
    const auto found = cache_.find(name);
    if (found == cache_.end() || found->second.metadata_file != location) return std::nullopt;
    return found->second;
  }

  void remember(const TableName& name, const table::State& state) {
    const std::lock_guard lock(mutex_);
    if (cache_.size() >= kCachedTables) cache_.clear();
    cache_[name] = state;
  }

  std::string new_metadata_file(const iceberg::TableMetadata& metadata,
                                const std::optional<std::string>& previous) {
    const std::lock_guard lock(mutex_);
    return next_metadata_file(metadata, previous, random_);
  }

  table::Reply move_pointer(const TableName& name, const std::optional<table::State>& base,
                            table::State next) {
    const std::string space = joined(name.space);
    SqliteDatabase::Write write = {kInsertTable, {name_, space, name.name, next.metadata_file}};
    if (base) {
      write = {
          kSwap,
          {next.metadata_file, base->metadata_file, name_, space, name.name, base->metadata_file}};
    }
    SqliteDatabase::Written written;
    {
      const std::lock_guard lock(mutex_);
      written = database_.write({std::move(write)});
    }
    switch (written.outcome) {
      case Outcome::kDone:
        break;
      case Outcome::kUnknown:
        return {table::ReplyKind::kUnknown, std::nullopt, written.reason};
      case Outcome::kBusy:
        table::remove_files(store_, {next.metadata_file});
        return {table::ReplyKind::kConflict, std::nullopt,
                "the catalog file was locked all the time"};
      case Outcome::kNoRow:
      case Outcome::kDuplicate:
        table::remove_files(store_, {next.metadata_file});
        return {table::ReplyKind::kConflict, std::nullopt,
                base ? "another writer has changed table " + backquoted_name(name) +
                           " or dropped it meanwhile"
                     : "another writer has created table " + backquoted_name(name) + " meanwhile"};
    }
    remember(name, next);
    if (base) table::remove_files(store_, superseded_files(*base, *next.metadata));
    return {table::ReplyKind::kCommitted, std::move(next), ""};
  }

  const std::string name_;
  const std::string warehouse_;
  files::FileStore& store_;
  SystemClock clock_;
  std::mutex mutex_;  // guards all below
  SqliteDatabase database_;
  SystemRandom random_;
  std::map<TableName, table::State>
      cache_;  // newest state seen; valid while the pointer says the same file
};

}  // namespace

std::unique_ptr<Catalog> open_sqlite_catalog(const SqlCatalogOptions& options,
                                             files::FileStore& store) {
  return std::make_unique<SqliteCatalog>(options, store);
}

}  // namespace firn::catalog
