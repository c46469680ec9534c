// Equality delete files (specification, "Equality Delete Files").
#include "engine/equality_deletes.h"

#include <map>
#include <string>

#include "base/error.h"
#include "engine/duck_types.h"
#include "engine/parquet_layout.h"
#include "engine/store_file_system.h"
#include "types/data_type.h"

namespace firn::engine {
namespace {

std::string key_name(size_t index) { return "k" + std::to_string(index); }

// Columns k0, k1, … by field id, whatever the file calls them.
std::string columns_by_id(const types::Schema& schema, const std::vector<int>& ids,
                          const std::string& path) {
  std::string map;
  for (size_t i = 0; i < ids.size(); ++i) {
    const types::Field* field = schema.find(ids[i]);
    if (field == nullptr)
      throw_unsupported("equality deletes by a column that was dropped (field id " +
                        std::to_string(ids[i]) + " in '" + path + "')");
    if (!schema.parents_of(ids[i]).empty() || field->type.is_nested()) {
      throw_unsupported("equality deletes by the nested column '" +
                        schema.name_of(ids[i]).value_or("?") + "' in '" + path + "'");
    }
    const duckdb::LogicalType type = to_duckdb_type(field->type, field->name);
    const duckdb::Value otherwise =
        field->initial_default && !types::is_null(*field->initial_default)
            ? to_duckdb(types::to_spark(*field->initial_default, field->type),
                        types::to_spark(field->type))
            : duckdb::Value();
    map += (map.empty() ? "" : ", ") + std::to_string(ids[i]) + ": {name: '" + key_name(i) +
           "', type: '" + type.ToString() + "', default_value: " + otherwise.ToSQLString() + "}";
  }
  return "schema = MAP {" + map + "}";
}

std::string path_list(const std::vector<std::string>& paths) {
  std::string list;
  for (const std::string& path : paths) {
    list += (list.empty() ? "[" : ", ") + duckdb::Value(to_store_path(path)).ToSQLString();
  }
  return list + "]";
}

}  // namespace

void EqualityDeletes::check_columns(duckdb::Connection& connection,
                                    const std::vector<std::string>& paths,
                                    const std::vector<int>& ids) {
  const std::lock_guard lock(mutex_);
  for (const std::string& path : paths) {
    if (checked_.contains(path)) continue;
    const auto result = connection.Query("SELECT DISTINCT field_id FROM parquet_schema(" +
                                         path_list({path}) + ") WHERE field_id IS NOT NULL");
    if (result->HasError())
      throw_corrupt("equality delete file '" + path + "': " + result->GetError());
    std::set<int64_t> found;
    for (duckdb::idx_t row = 0; row < result->RowCount(); ++row)
      found.insert(result->GetValue(0, row).GetValue<int64_t>());
    for (const int id : ids) {
      if (!found.contains(id))
        throw_corrupt("equality delete file '" + path + "' has no column with the field id " +
                      std::to_string(id) + ", which equality_ids names");
    }
    checked_.insert(path);
  }
}

std::vector<int64_t> EqualityDeletes::rows_of(duckdb::ClientContext& context,
                                              const types::Schema& schema,
                                              const table::ScanTask& task) {
  std::map<std::vector<int>, std::vector<std::string>> files_by_columns;
  for (const auto& file : task.equality_deletes)
    files_by_columns[file->equality_ids].push_back(file->file_path);
  std::vector<int64_t> rows;
  for (const auto& [ids, paths] : files_by_columns) {
    if (ids.empty())
      throw_corrupt("equality delete file '" + paths.front() + "' names no columns (equality_ids)");
    const std::string columns = columns_by_id(schema, ids, paths.front());
    std::string equal;
    for (size_t i = 0; i < ids.size(); ++i) {
      equal +=
          (i == 0 ? "" : " AND ") + ("d." + key_name(i) + " IS NOT DISTINCT FROM e." + key_name(i));
    }
    duckdb::Connection connection(*context.db);
    check_columns(connection, paths, ids);
    const auto result = connection.Query(
        "SELECT d.file_row_number FROM parquet_scan(" + path_list({task.file->file_path}) +
        ", file_row_number = true, " + columns + ") d SEMI JOIN parquet_scan(" + path_list(paths) +
        ", " + columns + ") e ON " + equal);
    if (result->HasError()) {
      throw_corrupt("equality deletes '" + paths.front() + "' of the data file '" +
                    task.file->file_path + "': " + result->GetError());
    }
    for (auto chunk = result->Fetch(); chunk != nullptr && chunk->size() > 0;
         chunk = result->Fetch()) {
      chunk->Flatten();
      const auto* positions = duckdb::FlatVector::GetData<int64_t>(chunk->data[0]);
      rows.insert(rows.end(), positions, positions + chunk->size());
    }
  }
  return rows;
}

}  // namespace firn::engine
