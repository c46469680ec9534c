// A catalog: names → the pointer to a table's newest metadata file, moved by compare-and-swap.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "catalog/file_table.h"
#include "files/file_store.h"
#include "iceberg/metadata.h"
#include "iceberg/update.h"
#include "iceberg/view.h"
#include "table/table.h"

namespace firn::catalog {

using Namespace = std::vector<std::string>;  // {"silver"} or {"a", "b"}

struct TableName {
  Namespace space;
  std::string name;
  std::string to_string() const;  // "silver.booking"
  bool operator==(const TableName&) const = default;
  auto operator<=>(const TableName&) const = default;
};

// A view and the metadata file that says so.
struct View {
  std::string metadata_file;
  iceberg::ViewMetadata metadata;
};

class Catalog {
 public:
  virtual ~Catalog() = default;
  virtual std::string name() const = 0;
  virtual std::string warehouse() const = 0;
  virtual files::FileStore& store() = 0;

  virtual std::vector<Namespace> list_namespaces(const Namespace& parent) = 0;
  virtual bool namespace_exists(const Namespace&) = 0;
  virtual void create_namespace(const Namespace&,
                                const iceberg::Properties&) = 0;  // Error SCHEMA_ALREADY_EXISTS
  virtual void drop_namespace(const Namespace&) = 0;  // Error SCHEMA_NOT_EMPTY, SCHEMA_NOT_FOUND
  virtual iceberg::Properties namespace_properties(const Namespace&) = 0;
  virtual void alter_namespace(const Namespace&, const iceberg::Properties& set,
                               const std::vector<std::string>& unset) = 0;

  virtual std::vector<TableName> list_tables(const Namespace&) = 0;
  virtual std::optional<table::State> load(const TableName&) = 0;  // nullopt where there is none
  // Where a new table goes if its creator says nothing: <warehouse>/<namespace>/<table>; "": the
  // catalog says so only when it makes the table.
  virtual std::string default_location(const TableName&) = 0;
  // Applies requirements and updates atomically. With AssertCreate it creates the table.
  // kConflict: a requirement failed or the pointer moved. kUnknown: it may or may not have
  // happened.
  virtual table::Reply commit(const TableName&, const iceberg::TableChange&) = 0;
  virtual void drop_table(const TableName&, bool purge) = 0;  // Error TABLE_OR_VIEW_NOT_FOUND
  virtual void rename_table(const TableName& from, const TableName& to) = 0;
  // A table by a metadata file that is there. Error TABLE_OR_VIEW_ALREADY_EXISTS.
  virtual void register_table(const TableName&, const std::string& metadata_file) = 0;

  virtual std::vector<TableName> list_views(const Namespace&) = 0;
  virtual std::optional<View> load_view(const TableName&) = 0;  // nullopt where there is none
  // A new view, or the next state of `before`. Error TABLE_OR_VIEW_ALREADY_EXISTS where the name is
  // taken, COMMIT_CONFLICT where somebody changed the view meanwhile.
  virtual void put_view(const TableName&, const std::optional<View>& before,
                        const iceberg::ViewMetadata&) = 0;
  virtual void drop_view(const TableName&) = 0;  // Error VIEW_NOT_FOUND
  virtual void rename_view(const TableName& from, const TableName& to) = 0;

  // Tables of files. Catalogs that cannot keep them know none and refuse new ones.
  virtual std::vector<TableName> list_file_tables(const Namespace&) { return {}; }
  virtual std::optional<FileTable> load_file_table(const TableName&) { return std::nullopt; }
  virtual void create_file_table(const TableName&,
                                 const FileTable&);  // TABLE_OR_VIEW_ALREADY_EXISTS
  virtual void drop_file_table(const TableName&);    // the entry alone
};

// The table with a pointer into `catalog`, which outlives it. Error TABLE_OR_VIEW_NOT_FOUND.
table::Table open_table(Catalog& catalog, const TableName&);

// A new table: assigns ids, spec, sort order and properties (format-version 2 by default) and
// commits with AssertCreate.
struct CreateRequest {
  types::Schema
      schema;  // ids may be 0: fresh ones are assigned, partition sources are found by name
  struct PartitionColumn {
    std::string source;
    types::Transform transform;
    std::string name;
  };  // name "": as Iceberg names it (occurred_at_day)
  std::vector<PartitionColumn> partition_by;
  iceberg::Properties properties;
  std::optional<std::string> location;
};
// The partitioning that the request asks for; field ids from 1000 on.
types::PartitionSpec partition_spec(const types::Schema& schema, const CreateRequest& request);
// Error TABLE_OR_VIEW_ALREADY_EXISTS where it is there (also when somebody creates it meanwhile),
// SCHEMA_NOT_FOUND.
table::Table create_table(Catalog& catalog, const TableName&, const CreateRequest&);

struct SqlCatalogOptions {
  std::string name = "firn";  // the column catalog_name: all engines must use the same
  std::string database;       // path of the SQLite file
  std::string warehouse;      // URI or path
};
struct ServiceCatalogOptions {
  std::string name;
  iceberg::Properties properties;  // as Iceberg names them: warehouse, uri, glue.id, s3.endpoint, …
};
// Schema V0 of Iceberg's JdbcCatalog plus iceberg_type: shared with Spark's JdbcCatalog and
// PyIceberg's SqlCatalog. `store` outlives the catalog.
std::unique_ptr<Catalog> open_sqlite_catalog(const SqlCatalogOptions&, files::FileStore& store);
// AWS Glue's Data Catalog, with what Iceberg's GlueCatalog writes. Views are refused.
std::unique_ptr<Catalog> open_glue_catalog(const ServiceCatalogOptions&, files::FileStore& store);
// A server of Iceberg's REST catalog protocol. Reached at its first use.
std::unique_ptr<Catalog> open_rest_catalog(const ServiceCatalogOptions&, files::FileStore& store);

}  // namespace firn::catalog
