// A database of its own for looking into files before there is a plan: SQL in, rows out.
#pragma once

#include <string>

#include "base/error.h"
#include "engine/duck.h"
#include "engine/store_file_system.h"

namespace firn::engine {

class Inspector {
 public:
  explicit Inspector(files::FileStore& store) : database_(nullptr), connection_(database_) {
    duckdb::FileSystem::GetFileSystem(*database_.instance)
        .RegisterSubSystem(duckdb::make_uniq<StoreFileSystem>(store));
    connection_.Query("SET TimeZone = 'UTC'");
  }
  // Throws FAILED_READ_FILE.NO_HINT naming `of`.
  duckdb::unique_ptr<duckdb::MaterializedQueryResult> query(const std::string& sql,
                                                            const std::string& of) {
    auto result = connection_.Query(sql);
    if (!result->HasError()) return result;
    std::string why = result->GetErrorObject().RawMessage();
    for (size_t at = 0; (at = why.find(kStoreScheme)) != std::string::npos;)
      why.erase(at, kStoreScheme.size());
    throw Error("FAILED_READ_FILE.NO_HINT", {{"path", of + ": " + why.substr(0, why.find('\n'))}});
  }

 private:
  duckdb::DuckDB database_;
  duckdb::Connection connection_;
};

}  // namespace firn::engine
