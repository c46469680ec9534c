// See table.h.
#include "table/table.h"

#include "base/error.h"

namespace firn::table {

namespace {

// Folder of one kind of file: the property where it is set, else a folder under the table's
// location.
std::string folder_of(const iceberg::TableMetadata& metadata, const char* property,
                      const char* folder) {
  const auto found = metadata.properties.find(property);
  std::string path = found != metadata.properties.end()
                         ? found->second
                         : files::join_uri(metadata.location, folder);
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

}  // namespace

Table::Table(std::shared_ptr<Pointer> pointer, files::FileStore& store, State state)
    : name_(pointer->table_name()),
      pointer_(std::move(pointer)),
      store_(store),
      state_(std::move(state)) {
  FIRN_CHECK(state_.metadata != nullptr, "a table has metadata");
}

void Table::refresh() {
  std::optional<State> newest = pointer_->load();
  if (!newest) throw Error("TABLE_OR_VIEW_NOT_FOUND", {{"relationName", name_}});
  state_ = std::move(*newest);
}

std::string Table::data_location() const {
  return folder_of(metadata(), "write.data.path", "data");
}

std::string Table::metadata_location() const {
  return folder_of(metadata(), "write.metadata.path", "metadata");
}

}  // namespace firn::table
