// The metadata that a change leads to, for catalogs that keep a pointer to a file: what all of them
// do before they move it.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <variant>

#include "catalog/catalog.h"

namespace firn::catalog {

// A refusal (kConflict) where a requirement is broken or the change is too old for `base`.
using Proposed = std::variant<table::State, table::Reply>;
using NameFile = std::function<std::string(const iceberg::TableMetadata&)>;
Proposed next_state(const std::optional<table::State>& base, const iceberg::TableChange&,
                    int64_t now_ms, const NameFile& name_file);

std::optional<std::string> file_of(const std::optional<table::State>&);

// Newest states seen; valid while the pointer says the same file. Safe for concurrent use.
class StateCache {
 public:
  std::optional<table::State> find(const TableName&, const std::string& metadata_file);
  void put(const TableName&, const table::State&);
  void forget(const TableName&);

 private:
  std::mutex mutex_;
  std::map<TableName, table::State> states_;  // GUARDED_BY(mutex_)
};

// "`a`.`b`.`t`", for messages.
std::string backquoted(const Namespace&);
std::string backquoted(const TableName&);

}  // namespace firn::catalog
