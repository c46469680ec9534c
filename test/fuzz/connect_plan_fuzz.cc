// uses: engine session server SparkConnect::protos
// Spark Connect plans from any bytes: parsed, translated, resolved; they give a plan or an error of
// ours.
#include <spark/connect/base.pb.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"
#include "catalog/catalog.h"
#include "catalog/catalogs.h"
#include "engine/engine.h"
#include "files/file_store.h"
#include "server/spark_connect/client_session.h"
#include "server/spark_connect/messages.h"
#include "server/spark_connect/translate.h"

namespace {

namespace connect = firn::server::spark_connect;

struct World {
  firn::SystemClock clock;
  firn::SeededRandom random{1};
  std::unique_ptr<firn::files::FileStore> store = firn::files::make_memory_store();
  std::unique_ptr<firn::engine::Engine> engine =
      firn::engine::make_engine({1, 256 << 20, ""}, *store);
  firn::catalog::Catalogs catalog{firn::catalog::open_sqlite_catalog(
      {"firn", (std::filesystem::temp_directory_path() / "firn-fuzz-catalog.db").string(),
       "mem://w"},
      *store)};
  connect::ClientSession session{{"user", "00112233-4455-6677-8899-aabbccddeeff"},
                                 {*store, *engine, clock, random, catalog, nullptr},
                                 [] {
                                   firn::conf::Conf conf;
                                   conf.set("spark.sql.session.timeZone", "UTC");
                                   return conf;
                                 }()};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static World world;
  try {
    const auto plan = connect::parsed<spark::connect::Plan>(
        std::string_view(reinterpret_cast<const char*>(data), size));
    if (plan.has_root())
      (void)world.session.session().resolve(connect::relation(plan.root(), world.session));
    if (plan.has_command()) (void)connect::command(plan.command(), world.session);
  } catch (const firn::Error& error) {
    if (error.condition() == "FIRN_INTERNAL") std::abort();
  }
  return 0;
}
