// The table that a statement changes: its state, the branch it goes to, and the options it is
// written with.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/table_writer.h"
#include "session/session.h"
#include "table/change.h"
#include "table/position_set.h"

namespace firn::session {

// Write options by Spark's names, table properties beneath them (an option beats a property).
struct WriteOptions {
  iceberg::Properties properties;  // overrides of the table's: write.target-file-size-bytes, …
  iceberg::Properties summary;     // snapshot-property.*
  std::string branch;              // "": as the table's name and the session say
  std::string overwrite_mode;      // "", static, dynamic
  std::string isolation;           // "", serializable, snapshot, none
  std::optional<iceberg::SnapshotId> validate_from;
  std::optional<int> output_spec_id;
  bool merge_schema = false;
};
// Keys without regard to case; spark.sql.iceberg.* of the session below them. What is not known is
// ignored, as Spark does.
WriteOptions write_options(Session&, const plan::Options&);

struct Target {
  table::Table table;
  catalog::TableName name;
  plan::NameParts shown;  // as the user calls it, with the catalog
  std::string branch = "main";
  std::optional<std::string> wap_id;        // the snapshot is staged under this id
  std::optional<iceberg::SnapshotId> head;  // what the branch reads
  WriteOptions options;
  int64_t now_us = 0;  // current_timestamp() all over the statement

  const iceberg::TableMetadata& metadata() const { return table.metadata(); }
  std::string property(const char* key, const char* otherwise) const;
};
// `t.branch_x` is branch x of t; spark.wap.branch and spark.wap.id count where the table has
// write.wap.enabled. Error TABLE_OR_VIEW_NOT_FOUND.
Target open_target(Session&, const plan::NameParts&, WriteOptions options = {});
void use_branch(Session&, Target&, const std::string& branch_of_name);
void refresh_head(Target&);
plan::ResolveOptions resolve_options(Session&, const Target&);

struct TargetScan {
  plan::RelationPtr relation;
  std::vector<plan::Attribute> columns;  // the table's, in order
  std::vector<plan::ScanColumn> scanned;
  plan::Attribute file, position;  // where `hidden`
};
// Reads the branch's head with the current schema. `alias` "": columns go by the table's name.
// `hidden`: with _file and _pos.
TargetScan scan_target(Session&, const Target&, const std::string& alias, bool hidden,
                       std::shared_ptr<const std::set<std::string>> only_files = nullptr,
                       std::shared_ptr<const table::PositionSet> hidden_rows = nullptr);

engine::TableWriterOptions writer_options(Session&, const Target&);

struct WrittenFiles {
  std::vector<iceberg::DataFile> files;
  int64_t rows = 0;
};
// Runs `query` (its columns are the table's, in order) into data files.
WrittenFiles write_rows(Session&, const Target&, const plan::RelationPtr& query, const StopToken&);

// An error of `query`, whose columns are stored with implicit casts, as Spark names it: an overflow
// of such a cast is CAST_OVERFLOW_IN_TABLE_INSERT.
Error as_stored(const plan::RelationPtr& query, const Error& error);

// Commits; removes the request's files where it is certain that nobody refers to them. Throws
// COMMIT_CONFLICT, COMMIT_UNKNOWN.
void commit_change(Session&, Target&, table::ChangeRequest, const StopToken&);
void commit_append(Session&, Target&, std::vector<iceberg::DataFile>, const StopToken&);

// The table's schema with what `incoming` has more: new columns and wider types. A commit of its
// own; does nothing where nothing is new.
// `strict`: types that do not meet are an error.
void evolve_schema(Session&, Target&, const types::DataType& incoming, bool strict);

}  // namespace firn::session
