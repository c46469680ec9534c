// Setting up a process from its configuration.
#include "app/process.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/error.h"
#include "conf/properties_file.h"
#include "files/s3_options.h"
#include "kernels/time_zone.h"
#include "table/manifest_cache.h"

namespace firn::app {
namespace {

constexpr int64_t kManifestCacheBytes = 256 << 20;

// The machine's zone: TZ, /etc/timezone, where /etc/localtime points to; UTC where none says it.
std::string machine_time_zone() {
  std::vector<std::string> candidates;
  if (const char* tz = std::getenv("TZ"); tz != nullptr)
    candidates.emplace_back(*tz == ':' ? tz + 1 : tz);
  std::string line;
  if (std::ifstream file("/etc/timezone"); std::getline(file, line)) candidates.push_back(line);
  std::error_code failed;
  const std::string target = std::filesystem::read_symlink("/etc/localtime", failed).string();
  if (const size_t at = target.find("zoneinfo/"); !failed && at != std::string::npos)
    candidates.push_back(target.substr(at + 9));
  for (const std::string& candidate : candidates) {
    if (candidate.empty()) continue;
    if (const auto zone = kernels::find_time_zone(candidate)) return zone->id();
  }
  return "UTC";
}

std::string absolute_uri(const std::string& path) {
  const std::string scheme = files::scheme_of(path);
  if (!scheme.empty() && scheme != "file") return path;
  return std::filesystem::absolute(files::local_path(path)).lexically_normal().string();
}

std::string without_trailing_slash(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

std::string chosen_warehouse(const ConfOptions& options, const conf::Conf& conf) {
  if (!options.warehouse.empty()) return options.warehouse;
  for (const char* key : {"firn.warehouse", "spark.sql.warehouse.dir"}) {
    if (conf.is_set(key)) return conf.get_string(key);
  }
  return conf.get_string("firn.warehouse");
}

// The catalog's file and the warehouse must be writable before anything is made in them.
void make_folder(const std::string& folder, const char* option) {
  std::error_code failed;
  std::filesystem::create_directories(folder, failed);
  if (failed)
    throw_io("cannot make the folder " + folder + ": " + failed.message() +
             "; choose another with " + option);
}

// A folder of this process's own, made when something spills: files of spilled rows have the same
// names in each.
std::string spill_folder(const std::string& configured) {
  namespace fs = std::filesystem;
  if (!configured.empty()) make_folder(configured, "firn.temp.folder");
  std::error_code failed;
  const fs::path parent =
      configured.empty() ? fs::temp_directory_path(failed) : fs::path(configured);
  if (failed)
    throw_io("there is no folder for what spills: " + failed.message() + "; set firn.temp.folder");
  return parent / ("firn-spill-" + std::to_string(getpid()));
}

engine::EngineOptions engine_options(const conf::Conf& conf) {
  engine::EngineOptions options;
  options.threads = static_cast<int>(conf.get_long("firn.threads"));
  // Half of the limit: the rest is for streams' state, Kafka's queues and caches.
  options.memory_bytes = conf.get_bytes("firn.memory.limit") / 2;
  options.spill_folder = spill_folder(conf.get_string("firn.temp.folder"));
  return options;
}

// Of the catalog's own properties, then Hadoop's.
files::StoreOptions store_options(const conf::Conf& conf, const std::string& catalog) {
  files::StoreOptions options = conf.with_prefix("spark.sql.catalog." + catalog + ".");
  files::add_hadoop_options(conf.with_prefix("spark.hadoop."), options);
  options["firn.s3.root"] = absolute_uri(conf.get_string("firn.s3.root"));
  options["firn.aws"] = conf.get_bool("firn.aws") ? "true" : "false";
  return options;
}

}  // namespace

conf::Conf make_conf(const ConfOptions& options) {
  conf::Conf conf;
  if (!options.properties_file.empty()) {
    for (auto& [key, value] : conf::read_properties_file(options.properties_file))
      conf.set(key, std::move(value));
  }
  for (const std::string& pair : options.pairs) {
    const size_t at = pair.find('=');
    if (at == std::string::npos || at == 0)
      throw_invalid("--conf wants key=value, not '" + pair + "'");
    conf.set(pair.substr(0, at), pair.substr(at + 1));
  }
  if (options.aws) conf.set("firn.aws", "true");
  if (conf.get_string("spark.sql.session.timeZone").empty())
    conf.set("spark.sql.session.timeZone", machine_time_zone());
  conf.set("firn.warehouse", without_trailing_slash(absolute_uri(chosen_warehouse(options, conf))));
  return conf;
}

LocalProcess::LocalProcess(const conf::Conf& conf) : warehouse_(conf.get_string("firn.warehouse")) {
  const std::string name = conf.get_string("firn.catalog.name");
  catalog_file_ = conf.get_string("firn.catalog.database");
  if (catalog_file_.empty()) {
    if (const std::string scheme = files::scheme_of(warehouse_); !scheme.empty())
      throw_invalid("the warehouse " + warehouse_ +
                    " is no local folder: say where the catalog's SQLite file is with --conf "
                    "firn.catalog.database=/path/catalog.db");
    make_folder(warehouse_, "--warehouse");
    catalog_file_ = warehouse_ + "/catalog.db";
  }
  store_ = files::make_router_store(store_options(conf, name));
  engine_ = engine::make_engine(engine_options(conf), *store_);
  catalog_ = std::make_unique<catalog::Catalogs>(
      catalog::open_sqlite_catalog({name, catalog_file_, warehouse_}, *store_));
  manifests_ = std::make_shared<table::ManifestCache>(kManifestCacheBytes);
}

}  // namespace firn::app
