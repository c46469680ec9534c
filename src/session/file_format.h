// The format of files where a reader or a writer names none.
#pragma once

#include <string>

#include "base/ascii.h"
#include "conf/conf.h"

namespace firn::session {

// spark.sql.sources.default where it was set. Its default, iceberg, is for tables without USING:
// files that are loaded or saved by their path are Parquet then, as in Spark.
inline std::string default_file_format(const conf::Conf& conf) {
  const std::string given = conf.is_set("spark.sql.sources.default")
                                ? lower_case(conf.get_string("spark.sql.sources.default"))
                                : "";
  return given.empty() ? "parquet" : given;
}

}  // namespace firn::session
