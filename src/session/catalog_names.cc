// Names of catalogs, namespaces and tables as a session understands them. A session's catalogs are
// what its conf says (spark.sql.catalog.<name> = class, and options below it), at any time.
//
// A JdbcCatalog on SQLite is opened, and a REST catalog by its uri. GlueCatalog is AWS's where
// firn.aws, credentials or endpoints of AWS are set. Without them it stands for the default
// catalog, as Hive's, Hadoop's and others do: its tables are firn's own, its namespaces are shared.
// That is said once. Where they are set, a catalog of a kind that is not there is refused.
#include <spdlog/spdlog.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "base/ascii.h"
#include "base/error.h"
#include "base/names.h"
#include "files/file_store.h"
#include "files/s3_options.h"
#include "session/session.h"

namespace firn::session {
namespace {

const std::string kPrefix = "spark.sql.catalog.";
// Names of the default catalog in every session: Spark's own, and what Glue jobs call theirs.
constexpr const char* kSparkName = "spark_catalog";
constexpr const char* kGlueName = "glue_catalog";
constexpr const char* kDefaultNames[] = {kSparkName, kGlueName};

std::string catalog_option(const conf::Values& options, const char* key) {
  const auto found = options.find(key);
  return found == options.end() ? "" : found->second;
}

// Where a catalog's tables are; kNone: nowhere that firn can reach.
enum class CatalogPlace { kOwn, kSqlite, kGlue, kRest, kNone };
struct CatalogKindRow {
  const char* type;
  const char* class_name;
  CatalogPlace place;
};
constexpr CatalogKindRow kCatalogKinds[] = {
    {"jdbc", ".JdbcCatalog", CatalogPlace::kSqlite},
    {"glue", ".GlueCatalog", CatalogPlace::kGlue},
    {"rest", ".RESTCatalog", CatalogPlace::kRest},
};

// catalog-impl comes first, as in Iceberg. A class that stands where SparkCatalog should is meant.
CatalogPlace place_by_kind(const std::string& class_name, const conf::Values& options) {
  std::string implementation = catalog_option(options, "catalog-impl");
  if (implementation.empty() && !class_name.ends_with(".SparkCatalog") &&
      !class_name.ends_with(".SparkSessionCatalog"))
    implementation = class_name;
  const std::string type = lower_case(catalog_option(options, "type"));
  for (const CatalogKindRow& row : kCatalogKinds) {
    if (implementation.empty() ? type == row.type : implementation.ends_with(row.class_name))
      return row.place;
  }
  return CatalogPlace::kNone;
}

// A uri is an endpoint by itself, unless it is a service of AWS.
bool is_rest_server(const conf::Values& options) {
  const std::string uri = catalog_option(options, "uri");
  return !uri.empty() && uri.find(".amazonaws.com") == std::string::npos;
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

struct ConfiguredCatalog {
  CatalogPlace place = CatalogPlace::kOwn;
  std::string kind;  // as the conf has it
  conf::Values options;
  // Equal texts: one catalog.
  std::string description() const {
    std::string text = kind;
    for (const auto& [key, value] : options) text += "\n" + key + "=" + value;
    return text;
  }
};

ConfiguredCatalog configured_catalog(const conf::Conf& conf, const std::string& name) {
  const std::string key = kPrefix + name;
  ConfiguredCatalog found;
  if (!conf.is_set(key)) {
    found.place = name == kGlueName ? CatalogPlace::kGlue : CatalogPlace::kOwn;
    found.kind = "GlueCatalog";
    if (found.place == CatalogPlace::kOwn) return found;
  } else {
    found.options = conf.with_prefix(key + ".");
    found.place = place_by_kind(conf.get_string(key), found.options);
    found.kind = kind_of(conf.get_string(key), found.options);
  }
  if (found.place == CatalogPlace::kSqlite) return found;
  files::add_hadoop_options(conf.with_prefix("spark.hadoop."), found.options);
  const bool aws =
      conf.get_bool("firn.aws") || files::names_aws(found.options, files::process_environment());
  const bool server = found.place == CatalogPlace::kRest && is_rest_server(found.options);
  if (!aws && !server) found.place = CatalogPlace::kOwn;
  return found;
}

catalog::SqlCatalogOptions sqlite_options(const std::string& name, const conf::Values& options) {
  catalog::SqlCatalogOptions sqlite;
  sqlite.name = name;
  sqlite.database = sqlite_file(name, catalog_option(options, "uri"));
  sqlite.warehouse = catalog_option(options, "warehouse");
  if (sqlite.warehouse.empty())
    throw_invalid("the catalog " + name + " needs a warehouse: set " + kPrefix + name +
                  ".warehouse");
  return sqlite;
}

}  // namespace

std::optional<std::string> Session::find_catalog(const std::string& name) const {
  if (name == process_.catalog.name()) return "";
  const bool is_default_name = std::ranges::find(kDefaultNames, name) != std::end(kDefaultNames);
  if (!conf_.is_set(kPrefix + name) && !is_default_name) return std::nullopt;
  const ConfiguredCatalog found = configured_catalog(conf_, name);
  switch (found.place) {
    case CatalogPlace::kSqlite:
      return process_.catalog.attach(sqlite_options(name, found.options));
    case CatalogPlace::kGlue:
      return process_.catalog.attach(name, found.description(), [&](auto& store) {
        return catalog::open_glue_catalog({name, found.options}, store);
      });
    case CatalogPlace::kRest:
      return process_.catalog.attach(name, found.description(), [&](auto& store) {
        return catalog::open_rest_catalog({name, found.options}, store);
      });
    case CatalogPlace::kNone:
      throw_unsupported("the catalog " + name + " (" + found.kind +
                        ") where AWS is in use: catalogs are GlueCatalog, RESTCatalog, and "
                        "JdbcCatalog on SQLite. Without --aws, credentials and endpoints of AWS it "
                        "stands for firn's own catalog");
    case CatalogPlace::kOwn:
      break;
  }
  if (conf_.is_set(kPrefix + name) && process_.catalog.first_mention(name))
    spdlog::info("catalog {} ({}): its tables are in firn's own catalog", name, found.kind);
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
  // Spark's own catalog, where it is set to be another one. It is opened (or refused) when a name
  // needs it.
  const std::string spark = kPrefix + kSparkName;
  if (conf_.is_set(spark) && configured_catalog(conf_, kSparkName).place != CatalogPlace::kOwn)
    return kSparkName;
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
