// One table as its readers and writers hold it: its state at one moment, and the way to a newer
// one.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "files/file_store.h"
#include "iceberg/metadata.h"
#include "iceberg/update.h"

namespace firn::table {

enum class ReplyKind { kCommitted, kConflict, kUnknown };
struct State {
  std::string metadata_file;
  std::shared_ptr<const iceberg::TableMetadata> metadata;
};
struct Reply {
  ReplyKind kind = ReplyKind::kUnknown;
  std::optional<State> state;  // where committed
  std::string reason;
};

// What the table module needs of a catalog (which stands above it): one table's pointer. Safe for
// concurrent use.
class Pointer {
 public:
  virtual ~Pointer() = default;
  virtual std::string table_name() const = 0;  // for messages: "silver.booking"
  virtual std::optional<State> load() = 0;     // nullopt: dropped
  virtual Reply commit(const iceberg::TableChange&) = 0;
};

class Table {
 public:
  Table(std::shared_ptr<Pointer> pointer, files::FileStore& store, State state);
  const std::string& name() const { return name_; }
  const iceberg::TableMetadata& metadata() const { return *state_.metadata; }
  std::shared_ptr<const iceberg::TableMetadata> shared_metadata() const { return state_.metadata; }
  const State& state() const { return state_; }
  files::FileStore& store() const { return store_; }
  Pointer& pointer() const { return *pointer_; }
  void refresh();  // Error TABLE_OR_VIEW_NOT_FOUND where it was dropped
  void adopt(State state) { state_ = std::move(state); }
  std::string data_location() const;      // write.data.path or <location>/data
  std::string metadata_location() const;  // write.metadata.path or <location>/metadata

 private:
  std::string name_;
  std::shared_ptr<Pointer> pointer_;
  files::FileStore& store_;
  State state_;
};

}  // namespace firn::table
