// Position delete files (specification, "Position Delete Files").
#include "engine/position_deletes.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/error.h"
#include "engine/equality_deletes.h"
#include "engine/store_file_system.h"

namespace firn::engine {
namespace {

// What a position delete file must have; it may have the deleted rows besides.
struct DeleteColumn {
  const char* name;
  duckdb::LogicalTypeId type;
};
constexpr DeleteColumn kDeleteColumns[] = {{"file_path", duckdb::LogicalTypeId::VARCHAR},
                                           {"pos", duckdb::LogicalTypeId::BIGINT}};

class PositionFilter final : public duckdb::DeleteFilter {
 public:
  explicit PositionFilter(std::vector<int64_t> positions) : positions_(std::move(positions)) {}

  duckdb::idx_t Filter(duckdb::row_t first, duckdb::idx_t count,
                       duckdb::SelectionVector& kept) override {
    if (count == 0) return 0;
    kept.Initialize(STANDARD_VECTOR_SIZE);
    auto next = std::ranges::lower_bound(positions_, first);
    duckdb::idx_t size = 0;
    for (duckdb::idx_t row = 0; row < count; ++row) {
      if (next != positions_.end() && *next == first + static_cast<int64_t>(row)) {
        ++next;
        continue;
      }
      kept.set_index(size++, row);
    }
    return size;
  }

 private:
  const std::vector<int64_t> positions_;  // ascending, without repetition
};

}  // namespace

std::shared_ptr<const PositionDeletes::ByPath> PositionDeletes::load(
    duckdb::ClientContext& context, const iceberg::DataFile& file) {
  const std::lock_guard lock(mutex_);
  std::shared_ptr<const ByPath>& slot = loaded_[file.file_path];
  if (slot != nullptr) return slot;
  if (file.file_format != "PARQUET") {
    throw_unsupported("reading the delete file '" + file.file_path + "' of format " +
                      file.file_format);
  }
  duckdb::Connection connection(*context.db);
  const auto result =
      connection.Query("SELECT file_path, pos FROM parquet_scan(" +
                       duckdb::Value(to_store_path(file.file_path)).ToSQLString() + ")");
  const auto damaged = [&file](const std::string& why) {
    throw_corrupt("position delete file '" + file.file_path + "': " + why);
  };
  if (result->HasError()) damaged(result->GetError());
  for (size_t i = 0; i < std::size(kDeleteColumns); ++i) {
    if (result->types[i].id() != kDeleteColumns[i].type)
      damaged(std::string(kDeleteColumns[i].name) + " is of type " + result->types[i].ToString());
  }
  auto positions = std::make_shared<ByPath>();
  for (auto chunk = result->Fetch(); chunk != nullptr && chunk->size() > 0;
       chunk = result->Fetch()) {
    chunk->Flatten();
    const auto* paths = duckdb::FlatVector::GetData<duckdb::string_t>(chunk->data[0]);
    const auto* rows = duckdb::FlatVector::GetData<int64_t>(chunk->data[1]);
    for (duckdb::idx_t row = 0; row < chunk->size(); ++row) {
      for (size_t i = 0; i < std::size(kDeleteColumns); ++i) {
        if (duckdb::FlatVector::IsNull(chunk->data[i], row))
          damaged(std::string(kDeleteColumns[i].name) + " is NULL");
      }
      if (rows[row] < 0) damaged("pos is " + std::to_string(rows[row]));
      (*positions)[paths[row].GetString()].push_back(rows[row]);
    }
  }
  for (auto& [path, rows] : *positions) {
    if (!std::ranges::is_sorted(rows)) std::ranges::sort(rows);
  }
  slot = std::move(positions);
  return slot;
}

duckdb::unique_ptr<duckdb::DeleteFilter> PositionDeletes::filter_for(
    duckdb::ClientContext& context, const types::Schema& schema, const table::ScanTask& task,
    const table::PositionSet* hidden) {
  std::vector<int64_t> positions = equality_deletes_.rows_of(context, schema, task);
  if (const table::Positions* more =
          hidden != nullptr ? hidden->find(task.file->file_path) : nullptr) {
    positions.reserve(positions.size() + static_cast<size_t>(more->count()));
    more->for_each([&positions](int64_t position) { positions.push_back(position); });
  }
  for (const auto& file : task.position_deletes) {
    const auto by_path = load(context, *file);
    const auto found = by_path->find(task.file->file_path);
    if (found != by_path->end())
      positions.insert(positions.end(), found->second.begin(), found->second.end());
  }
  if (positions.empty()) return nullptr;
  std::ranges::sort(positions);
  positions.erase(std::ranges::unique(positions).begin(), positions.end());
  return duckdb::make_uniq<PositionFilter>(std::move(positions));
}

}  // namespace firn::engine
