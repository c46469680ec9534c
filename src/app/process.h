// What one run of the program shares: the file store, the engine, the default catalog; and the
// options that set them up.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "catalog/catalogs.h"
#include "conf/conf.h"
#include "engine/engine.h"
#include "files/file_store.h"
#include "session/session.h"

namespace firn::app {

// Options that sql, run and demo have in common.
struct ConfOptions {
  std::vector<std::string> pairs;  // --conf key=value
  std::string properties_file;
  bool aws = false;       // firn.aws
  std::string warehouse;  // "": firn.warehouse, spark.sql.warehouse.dir, ./warehouse
};

// The properties file first, then the pairs. Throws FIRN_INVALID_INPUT for a pair without '='.
// Always has spark.sql.session.timeZone (the machine's) and firn.warehouse (absolute).
conf::Conf make_conf(const ConfOptions& options);

// The catalog is a SQLite file: firn.catalog.database, else <warehouse>/catalog.db.
class LocalProcess {
 public:
  explicit LocalProcess(const conf::Conf& conf);

  session::Process shared() { return {*store_, *engine_, clock_, random_, *catalog_, manifests_}; }
  const std::string& catalog_file() const { return catalog_file_; }
  const std::string& warehouse() const { return warehouse_; }

 private:
  SystemClock clock_;
  SystemRandom random_;
  std::string warehouse_;
  std::string catalog_file_;
  std::unique_ptr<files::FileStore> store_;
  std::unique_ptr<engine::Engine> engine_;
  std::unique_ptr<catalog::Catalogs> catalog_;
  std::shared_ptr<table::ManifestCache> manifests_;
};

}  // namespace firn::app
