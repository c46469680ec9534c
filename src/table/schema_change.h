// Schema evolution: columns added, dropped, renamed, promoted, moved, by the rules of Iceberg's
// UpdateSchema. Values only: what comes out is a schema to commit.
#pragma once

#include <string>
#include <vector>

#include "iceberg/metadata.h"
#include "iceberg/update.h"

namespace firn::table {

struct ColumnPosition {
  bool first = false;
  std::string after;  // a sibling's name
  bool given() const { return first || !after.empty(); }
};

// Names ignore case. Paths go down through structs, "element" of lists, "key" and "value" of maps.
// Errors name the column: UNRESOLVED_COLUMN, FIELD_ALREADY_EXISTS, NOT_SUPPORTED_CHANGE_COLUMN,
// FIRN_INVALID_INPUT.
class SchemaChange {
 public:
  using Path = std::vector<std::string>;

  SchemaChange(const iceberg::TableMetadata&, std::string table_name);

  const types::Schema& schema() const { return schema_; }
  // Ids of `field` and below it are given here. A required column is refused, as in Iceberg: old
  // rows have none.
  void add(const Path& parent, types::Field field, const ColumnPosition&);
  void remove(const Path&);
  void rename(const Path&, const std::string& to);
  // No path twice, and none below another. Error NOT_SUPPORTED_CHANGE_SAME_COLUMN.
  void check_apart(const std::vector<Path>&) const;
  void promote(const Path&, const types::Type&);  // primitive types
  void set_required(const Path&, bool required);
  void set_doc(const Path&, const std::string& doc);
  void move(const Path&, const ColumnPosition&);
  // REPLACE COLUMNS: all columns out, these in, with new ids.
  void replace_all(const std::vector<types::Field>&);
  void set_identifier_fields(const std::vector<Path>&);
  void drop_identifier_fields(const std::vector<Path>&);
  bool has(const Path&) const;

  // With the requirement that nobody changed the schema meanwhile; also the partition sources and
  // sort columns must still be there. Empty updates where nothing changed.
  iceberg::TableChange commit() const;

 private:
  void check_not_used(int field_id, const std::string& name) const;
  int id_of(const Path&) const;

  const iceberg::TableMetadata& base_;
  const std::string table_;
  types::Schema schema_;
  int last_id_;
};

}  // namespace firn::table
