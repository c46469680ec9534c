// firn's own configuration keys.
#include "conf/registry.h"

namespace firn::conf {
namespace {

using enum KeyType;
using enum Effect;

// clang-format off: one row a key
constexpr Key kKeys[] = {
  {"firn.memory.limit", kBytesOrPercent, "75%", kHonoured, "Memory of the process; what does not fit spills or is refused."},
  {"firn.threads", kInt, "0", kHonoured, "Threads that run queries and streams; 0 is one a core."},
  {"firn.temp.folder", kString, "", kHonoured, "Folder for what spills; the system's temporary folder where not set."},
  {"firn.warehouse", kString, "warehouse", kHonoured, "Folder of the default catalog's tables."},
  {"firn.catalog.name", kString, "firn", kHonoured, "Name of the default catalog; every engine that shares its database uses the same."},
  {"firn.catalog.database", kString, "", kHonoured, "SQLite file of the default catalog; catalog.db in the warehouse where not set."},
  {"firn.s3.root", kString, ".firn/s3", kHonoured, "Folder whose sub-folders are the buckets of s3:// URIs where neither AWS credentials nor an endpoint are set."},
  {"firn.aws", kBoolean, "false", kHonoured, "Whether s3:// means S3 itself even where the environment names no credentials."},
  {"firn.log.level", kChoice, "info", kHonoured, "Least level that is logged.", "trace|debug|info|warn|error|off"},
  {"firn.log.format", kChoice, "text", kHonoured, "Form of log and progress lines.", "text|json"},
  {"firn.python", kString, "", kHonoured, "Interpreter of scripts and Python functions; FIRN_PYTHON, PYSPARK_PYTHON, VIRTUAL_ENV's or python3 where not set."},
  {"firn.python.path", kString, "", kHonoured, "More folders for the functions' sys.path, ':' between them."},
  {"firn.python.timeout", kMillis, "1h", kHonoured, "A Python function that takes longer for one batch is killed; 0 is no bound."},
  {"firn.kafka.map", kString, "", kHonoured, "Kafka brokers to use in place of those named: broker:port=host:port, comma separated."},
  {"firn.glue.version", kString, "", kKept, "Version of AWS Glue whose defaults a script runs with."},
  {"firn.stream.*", kString, "", kKept, "Written by streams into the properties of their tables."},
  {"firn.server.session-timeout", kMillis, "60min", kHonoured, "A client's session without requests ends after it."},
  {"firn.server.detached-timeout", kMillis, "5min", kHonoured, "A query that no client listens to ends after it."},
  {"firn.test.crash", kString, "", kHonoured, "For crash tests: STEP:BATCH of a streaming query at which the process kills itself."},
  {"firn.metrics.port", kInt, "0", kHonoured, "Port of the Prometheus endpoint; 0 is none."},
};
// clang-format on

}  // namespace

std::span<const Key> firn_keys() { return kKeys; }

}  // namespace firn::conf
