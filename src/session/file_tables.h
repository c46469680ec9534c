// Tables of files in the catalog: CREATE TABLE … USING parquet (csv, json, orc, avro, text), and
// what statements do with them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "session/session.h"

namespace firn::session {

// Whether USING names files; "" and iceberg do not. Error where it is a source that firn cannot
// make tables of.
bool is_file_provider(const std::string& provider);

std::optional<catalog::FileTable> find_file_table(Session&, const plan::NameParts&);

// The table's rows; its columns are called by `name`. A folder without files has none.
plan::RelationPtr file_table_relation(Session&, SessionSurroundings&, const catalog::FileTable&,
                                      const plan::NameParts& name, plan::IdSource& fresh);

// CREATE TABLE [AS SELECT].
Result create_file_table(Session&, const plan::CreateTable&, const StopToken&);
// INSERT INTO and OVERWRITE; `partition`: as in plan::Insert.
Result insert_into_files(Session&, const catalog::FileTable&, const plan::Insert&,
                         const StopToken&);
// DataFrameWriter.saveAsTable and insertInto where the table is one of files.
Result write_file_table(Session&, const plan::WriteTable&, const StopToken&);
// DROP TABLE; nullopt: there is no such table of files.
std::optional<Result> drop_file_table(Session&, const plan::DropTable&);

std::vector<std::string> column_names(const catalog::FileTable&);

// ---- DESCRIBE, SHOW CREATE TABLE, SHOW TBLPROPERTIES
Result describe_file_table(Session&, const plan::NameParts& name, const catalog::FileTable&,
                           bool extended);
// SHOW PARTITIONS: those that have files.
Result show_file_partitions(Session&, const plan::NameParts& name, const catalog::FileTable&);
Result show_create_file_table(Session&, const plan::NameParts& name, const catalog::FileTable&);

}  // namespace firn::session
