// See catalogs.h.
#include "catalog/catalogs.h"

#include "base/error.h"

namespace firn::catalog {
namespace {

Namespace prefixed(const std::string& key, const Namespace& space) {
  if (key.empty()) return space;
  Namespace all = {key};
  all.insert(all.end(), space.begin(), space.end());
  return all;
}

std::vector<TableName> prefixed(const std::string& key, std::vector<TableName> names) {
  for (TableName& name : names) name.space = prefixed(key, name.space);
  return names;
}

}  // namespace

Catalogs::Catalogs(std::unique_ptr<Catalog> first) : first_(std::move(first)) {}

std::string Catalogs::attach(const SqlCatalogOptions& options) {
  return attach(options.name, "jdbc\n" + options.database + "\n" + options.warehouse,
                [&](files::FileStore& store) { return open_sqlite_catalog(options, store); });
}

std::string Catalogs::attach(const std::string& name, const std::string& description,
                             const Open& open) {
  const std::lock_guard lock(mutex_);
  std::string key = name;
  for (int n = 2;; ++n) {
    const auto found = attached_.find(key);
    if (found == attached_.end()) break;
    if (found->second.description == description) return key;
    key = name + "#" + std::to_string(n);
  }
  attached_[key] = {description, open(first_->store())};
  return key;
}

bool Catalogs::is_attached(const std::string& key) const {
  const std::lock_guard lock(mutex_);
  return attached_.contains(key);
}

bool Catalogs::first_mention(const std::string& name) {
  const std::lock_guard lock(mutex_);
  return mentioned_.insert(name).second;
}

Catalogs::Route Catalogs::route(const Namespace& space) const {
  const std::lock_guard lock(mutex_);
  if (!space.empty()) {
    const auto found = attached_.find(space.front());
    if (found != attached_.end())
      return {*found->second.catalog, space.front(), Namespace(space.begin() + 1, space.end())};
  }
  return {*first_, "", space};
}

std::vector<Namespace> Catalogs::list_namespaces(const Namespace& parent) {
  const Route to = route(parent);
  std::vector<Namespace> spaces = to.catalog.list_namespaces(to.space);
  for (Namespace& space : spaces) space = prefixed(to.key, space);
  return spaces;
}

bool Catalogs::namespace_exists(const Namespace& space) {
  const Route to = route(space);
  return to.catalog.namespace_exists(to.space);
}

void Catalogs::create_namespace(const Namespace& space, const iceberg::Properties& properties) {
  const Route to = route(space);
  to.catalog.create_namespace(to.space, properties);
}

void Catalogs::drop_namespace(const Namespace& space) {
  const Route to = route(space);
  to.catalog.drop_namespace(to.space);
}

iceberg::Properties Catalogs::namespace_properties(const Namespace& space) {
  const Route to = route(space);
  return to.catalog.namespace_properties(to.space);
}

void Catalogs::alter_namespace(const Namespace& space, const iceberg::Properties& set,
                               const std::vector<std::string>& unset) {
  const Route to = route(space);
  to.catalog.alter_namespace(to.space, set, unset);
}

std::vector<TableName> Catalogs::list_tables(const Namespace& space) {
  const Route to = route(space);
  return prefixed(to.key, to.catalog.list_tables(to.space));
}

std::optional<table::State> Catalogs::load(const TableName& name) {
  const Route to = route(name.space);
  return to.catalog.load({to.space, name.name});
}

std::string Catalogs::default_location(const TableName& name) {
  const Route to = route(name.space);
  return to.catalog.default_location({to.space, name.name});
}

table::Reply Catalogs::commit(const TableName& name, const iceberg::TableChange& change) {
  const Route to = route(name.space);
  return to.catalog.commit({to.space, name.name}, change);
}

void Catalogs::drop_table(const TableName& name, bool purge) {
  const Route to = route(name.space);
  to.catalog.drop_table({to.space, name.name}, purge);
}

void Catalogs::rename_table(const TableName& from, const TableName& to) {
  const Route source = route(from.space), target = route(to.space);
  if (&source.catalog != &target.catalog)
    throw_invalid("a table cannot be renamed into another catalog (" + from.to_string() + " to " +
                  to.to_string() + ")");
  source.catalog.rename_table({source.space, from.name}, {target.space, to.name});
}

void Catalogs::register_table(const TableName& name, const std::string& metadata_file) {
  const Route to = route(name.space);
  to.catalog.register_table({to.space, name.name}, metadata_file);
}

std::vector<TableName> Catalogs::list_views(const Namespace& space) {
  const Route to = route(space);
  return prefixed(to.key, to.catalog.list_views(to.space));
}

std::optional<View> Catalogs::load_view(const TableName& name) {
  const Route to = route(name.space);
  return to.catalog.load_view({to.space, name.name});
}

void Catalogs::put_view(const TableName& name, const std::optional<View>& before,
                        const iceberg::ViewMetadata& metadata) {
  const Route to = route(name.space);
  to.catalog.put_view({to.space, name.name}, before, metadata);
}

void Catalogs::drop_view(const TableName& name) {
  const Route to = route(name.space);
  to.catalog.drop_view({to.space, name.name});
}

void Catalogs::rename_view(const TableName& from, const TableName& to) {
  const Route source = route(from.space), target = route(to.space);
  if (&source.catalog != &target.catalog)
    throw_invalid("a view cannot be renamed into another catalog (" + from.to_string() + " to " +
                  to.to_string() + ")");
  source.catalog.rename_view({source.space, from.name}, {target.space, to.name});
}

std::vector<TableName> Catalogs::list_file_tables(const Namespace& space) {
  const Route to = route(space);
  return prefixed(to.key, to.catalog.list_file_tables(to.space));
}

std::optional<FileTable> Catalogs::load_file_table(const TableName& name) {
  const Route to = route(name.space);
  return to.catalog.load_file_table({to.space, name.name});
}

void Catalogs::create_file_table(const TableName& name, const FileTable& table) {
  const Route to = route(name.space);
  to.catalog.create_file_table({to.space, name.name}, table);
}

void Catalogs::drop_file_table(const TableName& name) {
  const Route to = route(name.space);
  to.catalog.drop_file_table({to.space, name.name});
}

}  // namespace firn::catalog
