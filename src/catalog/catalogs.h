// Several catalogs as one: names whose namespace begins with an attached catalog's key go to that
// catalog, all others to the first.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "catalog/catalog.h"

namespace firn::catalog {

// Safe for concurrent use. Catalogs stay attached as long as it lives: tables refer to them.
class Catalogs final : public Catalog {
 public:
  explicit Catalogs(std::unique_ptr<Catalog> first);

  // The key that names of this catalog begin with: its name, or a name made from it where another
  // catalog of that name is attached already (sessions name catalogs for themselves).
  // `description` says what it is and all its options: equal ones share one catalog.
  using Open = std::function<std::unique_ptr<Catalog>(files::FileStore&)>;
  std::string attach(const std::string& name, const std::string& description, const Open& open);
  std::string attach(const SqlCatalogOptions& options);
  bool is_attached(const std::string& key) const;
  // True at the first call for `name`: what is to be said of a catalog is said once.
  bool first_mention(const std::string& name);

  std::string name() const override { return first_->name(); }
  std::string warehouse() const override { return first_->warehouse(); }
  files::FileStore& store() override { return first_->store(); }
  std::vector<Namespace> list_namespaces(const Namespace& parent) override;
  bool namespace_exists(const Namespace&) override;
  void create_namespace(const Namespace&, const iceberg::Properties&) override;
  void drop_namespace(const Namespace&) override;
  iceberg::Properties namespace_properties(const Namespace&) override;
  void alter_namespace(const Namespace&, const iceberg::Properties& set,
                       const std::vector<std::string>& unset) override;
  std::vector<TableName> list_tables(const Namespace&) override;
  std::optional<table::State> load(const TableName&) override;
  std::string default_location(const TableName&) override;
  table::Reply commit(const TableName&, const iceberg::TableChange&) override;
  void drop_table(const TableName&, bool purge) override;
  void rename_table(const TableName& from, const TableName& to) override;
  void register_table(const TableName&, const std::string& metadata_file) override;
  std::vector<TableName> list_views(const Namespace&) override;
  std::optional<View> load_view(const TableName&) override;
  void put_view(const TableName&, const std::optional<View>& before,
                const iceberg::ViewMetadata&) override;
  void drop_view(const TableName&) override;
  void rename_view(const TableName& from, const TableName& to) override;
  std::vector<TableName> list_file_tables(const Namespace&) override;
  std::optional<FileTable> load_file_table(const TableName&) override;
  void create_file_table(const TableName&, const FileTable&) override;
  void drop_file_table(const TableName&) override;

 private:
  struct Attached {
    std::string description;
    std::unique_ptr<Catalog> catalog;
  };
  struct Route {
    Catalog& catalog;
    std::string key;  // "": the first
    Namespace space;  // without the key
  };
  Route route(const Namespace& space) const;

  const std::unique_ptr<Catalog> first_;
  mutable std::mutex mutex_;
  std::map<std::string, Attached> attached_;  // GUARDED_BY(mutex_)
  std::set<std::string> mentioned_;           // GUARDED_BY(mutex_)
};

}  // namespace firn::catalog
