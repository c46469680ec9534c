// Names of catalogs, namespaces and tables as a session understands them. A session's catalogs are
// what its conf says (spark.sql.catalog.<name> = class, and options below it), at any time.
//
// A JdbcCatalog on SQLite is opened. Every other one (Glue, Hive, Hadoop, REST) stands for the
// default catalog: its tables are firn's own, its namespaces are shared. That is said once.
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <set>

#include "base/ascii.h"
#include "base/error.h"
#include "base/names.h"
#include "files/file_store.h"
#include "session/session.h"

namespace firn::session {
namespace {

constexpr const char* kPrefix = "spark.sql.catalog.";
// Names of the default catalog in every session: Spark's own, and what Glue jobs call theirs.
constexpr const char* kDefaultNames[] = {"spark_catalog", "glue_catalog"};

std::string catalog_option(const conf::Values& options, const char* key) {
  const auto found = options.find(key);
  return found == options.end() ? "" : found->second;
}

bool is_jdbc(const conf::Values& options) {
  return lower_case(catalog_option(options, "type")) == "jdbc" ||
         catalog_option(options, "catalog-impl").ends_with(".JdbcCatalog");
}

// "jdbc:sqlite:/folder/catalog.db?x=y" → "/folder/catalog.db".
std::string sqlite_file(const std::string& catalog, const std::string& uri) {
  constexpr std::string_view kScheme = "jdbc:sqlite:";
  if (!uri.starts_with(kScheme))
    throw_unsupported("the catalog " + catalog + " on " + (uri.empty() ? "no uri" : uri) +
                      "; JDBC catalogs are: jdbc:sqlite:FILE");
  std::string file = uri.substr(kScheme.size());
  if (file.starts_with("file:")) file = file.substr(5);
  return std::filesystem::absolute(file.substr(0, file.find('?'))).lexically_normal().string();
}

// What the catalog says of itself, for the note.
std::string kind_of(const std::string& class_name, const conf::Values& options) {
  for (const std::string& text :
       {catalog_option(options, "catalog-impl"), catalog_option(options, "type")}) {
    if (!text.empty()) return text;
  }
  return class_name;
}

}  // namespace

std::optional<std::string> Session::find_catalog(const std::string& name) const {
  if (name == process_.catalog.name()) return "";
  const std::string key = kPrefix + name;
  const bool is_default_name = std::ranges::find(kDefaultNames, name) != std::end(kDefaultNames);
  if (!conf_.is_set(key)) return is_default_name ? std::optional<std::string>("") : std::nullopt;
  const conf::Values options = conf_.with_prefix(key + ".");
  if (is_jdbc(options)) {
    catalog::SqlCatalogOptions sqlite;
    sqlite.name = name;
    sqlite.database = sqlite_file(name, catalog_option(options, "uri"));
    sqlite.warehouse = catalog_option(options, "warehouse");
    if (sqlite.warehouse.empty())
      throw_invalid("the catalog " + name + " needs a warehouse: set " + key + ".warehouse");
    return process_.catalog.attach(sqlite);
  }
  if (process_.catalog.first_mention(name))
    spdlog::info("catalog {} ({}): its tables are in firn's own catalog", name,
                 kind_of(conf_.get_string(key), options));
  return "";
}

std::vector<std::string> Session::catalog_names() const {
  std::set<std::string> names = {process_.catalog.name(), kDefaultNames[0], current_catalog()};
  for (const auto& [key, value] : conf_.with_prefix(kPrefix)) {
    if (key.find('.') == std::string::npos) names.insert(key);
  }
  return {names.begin(), names.end()};
}

std::string Session::current_catalog() const {
  if (!catalog_.empty()) return catalog_;
  if (conf_.is_set("spark.sql.defaultCatalog")) {
    std::string name = conf_.get_string("spark.sql.defaultCatalog");
    if (find_catalog(name)) return name;
  }
  return process_.catalog.name();
}

void Session::use_catalog(const std::string& name) {
  if (!find_catalog(name))
    throw Error("CATALOG_NOT_FOUND", {{"catalogName", "`" + name + "`"},
                                      {"config", "\"spark.sql.catalog." + name + "\""}});
  catalog_ = name;
  namespace_ = "default";
}

plan::NameParts Session::full_name(const plan::NameParts& parts) const {
  plan::NameParts all = {current_catalog()};
  if (parts.size() == 1) {
    for (std::string& part : split_dots(namespace_)) all.push_back(std::move(part));
  } else if (parts.size() > 2 && find_catalog(parts.front())) {
    all.clear();
  } else if (parts.size() == 2) {
    const auto key = find_catalog(parts.front());
    if (key && !key->empty()) all.clear();
  }
  all.insert(all.end(), parts.begin(), parts.end());
  return all;
}

catalog::TableName Session::table_name(const plan::NameParts& parts) const {
  const plan::NameParts all = full_name(parts);
  catalog::Namespace space(all.begin() + 1, all.end() - 1);
  const std::optional<std::string> key = find_catalog(all.front());
  if (key && !key->empty()) space.insert(space.begin(), *key);
  return {std::move(space), all.back()};
}

catalog::Namespace Session::namespace_name(const plan::NameParts& parts) const {
  std::string catalog = current_catalog();
  plan::NameParts rest = parts;
  if (!parts.empty() && find_catalog(parts.front())) {
    catalog = parts.front();
    rest.erase(rest.begin());
  } else if (parts.empty()) {
    rest = split_dots(namespace_);
  }
  catalog::Namespace space = std::move(rest);
  const std::optional<std::string> key = find_catalog(catalog);
  if (key && !key->empty()) space.insert(space.begin(), *key);
  return space;
}

catalog::Namespace Session::without_catalog(const catalog::Namespace& space) const {
  if (space.empty() || !process_.catalog.is_attached(space.front())) return space;
  return {space.begin() + 1, space.end()};
}

std::string Session::qualified(const catalog::TableName& name) const {
  if (!name.space.empty() && process_.catalog.is_attached(name.space.front()))
    return name.to_string();
  return process_.catalog.name() + "." + name.to_string();
}

Result use(Session& session, const plan::Use& node) {
  if (!node.is_namespace && node.name.size() == 1 && session.find_catalog(node.name.front())) {
    session.use_catalog(node.name.front());
    return {};
  }
  plan::NameParts parts = node.name;
  std::string catalog = session.current_catalog();
  if (parts.size() > 1 && session.find_catalog(parts.front())) {
    catalog = parts.front();
    parts.erase(parts.begin());
  }
  // Sessions begin in `default`, whether anything was made in it or not; USE leads back to it.
  const bool first = parts.size() == 1 && parts.front() == "default" &&
                     session.find_catalog(catalog) == std::optional<std::string>("");
  if (!first && !session.process().catalog.namespace_exists(session.namespace_name(node.name)))
    throw Error("SCHEMA_NOT_FOUND", {{"schemaName", "`" + catalog + "`.`" + dotted(parts) + "`"}});
  session.use_catalog(catalog);
  session.use_namespace(dotted(parts));
  return {};
}

}  // namespace firn::session
