// What Glue's Data Catalog says and is told, as values and JSON. No I/O.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/catalog.h"
#include "catalog/service_json.h"

namespace firn::catalog {

struct GlueDatabase {
  std::string name;
  std::optional<std::string> location, description;
  iceberg::Properties parameters;
  bool operator==(const GlueDatabase&) const = default;
};

struct GlueTable {
  std::string name;
  std::string version_id;
  std::string table_type, owner, description;  // "" where there is none
  iceberg::Properties parameters;
  std::string storage_descriptor;  // JSON, "" where there is none
  // parameters.table_type is "ICEBERG", in any case.
  bool is_iceberg() const;
  std::optional<std::string> metadata_location() const;
};

template <typename Row>
struct GluePage {
  std::vector<Row> rows;
  std::string next_token;  // "": the last page
};

// Answers. Error{kCorrupt} names the field that is not as AWS documents it.
GlueDatabase parse_glue_database(std::string_view json);  // of GetDatabase
GlueTable parse_glue_table(std::string_view json);        // of GetTable
GluePage<GlueDatabase> parse_glue_databases(std::string_view json);
GluePage<GlueTable> parse_glue_tables(std::string_view json);
// Never throws: what answers 500 may be a proxy. `header`: x-amzn-errortype, or "".
ServiceFailure parse_glue_failure(std::string_view json, std::string_view header);

// Requests. catalog_id: "" for the account's own.
struct GlueTableRequest {
  std::string catalog_id;
  std::string database;
  GlueTable table;
};
std::string glue_page_request(const std::string& catalog_id, const std::string& database,
                              const std::string& next_token);
// {"CatalogId": …, "Name": …}: GetDatabase, DeleteDatabase.
std::string glue_database_name(const std::string& catalog_id, const std::string& name);
std::string glue_create_database(const std::string& catalog_id, const GlueDatabase&);
std::string glue_update_database(const std::string& catalog_id, const GlueDatabase&);
// {"CatalogId": …, "DatabaseName": …, "Name": …}: GetTable, DeleteTable.
std::string glue_table_name(const std::string& catalog_id, const std::string& database,
                            const std::string& name);
std::string glue_create_table(const GlueTableRequest&);
// Applies only where the table's version is still table.version_id ("": whatever it is).
std::string glue_update_table(const GlueTableRequest&, bool skip_archive);

// Table properties ⇄ what Glue shows people: location and columns, the current schema's first, then
// those of earlier schemas whose names are gone. Engines read the metadata file instead.
std::string glue_storage_descriptor(const iceberg::TableMetadata&);
// "struct<a:int,b:array<string>>"
std::string glue_type(const types::Type&);

}  // namespace firn::catalog
