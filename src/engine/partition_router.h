// Which partition each row of a chunk belongs to: the spec's transforms over whole columns, rows
// grouped by the result.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/duck.h"
#include "kernels/column.h"
#include "types/schema.h"
#include "types/transform.h"

namespace firn::engine {

// One partition field over many rows: a code a row, equal where the partition values are.
class PartitionColumn {
 public:
  PartitionColumn(const types::Schema& schema, const types::PartitionField& field);
  // Column of the source's root, flat.
  void evaluate(const kernels::ColumnView& root, std::vector<int64_t>& codes,
                std::vector<uint8_t>& nulls);
  types::Value value(int64_t code) const;
  int root() const { return path_.front(); }
  bool is_void() const { return transform_.id == types::TransformId::kVoid; }

 private:
  struct TextHash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  int64_t code_of(std::string_view bytes);
  int64_t code_of(const types::Value& value);
  void evaluate_integers(const kernels::ColumnView& column, std::vector<int64_t>& codes) const;
  void evaluate_times(const kernels::ColumnView& column, std::vector<int64_t>& codes) const;
  void evaluate_texts(const kernels::ColumnView& column, const std::vector<uint8_t>& nulls,
                      std::vector<int64_t>& codes);
  void evaluate_values(const kernels::ColumnView& column, const std::vector<uint8_t>& nulls,
                       std::vector<int64_t>& codes);
  types::Value source_value(const kernels::ColumnView& column, uint64_t row) const;

  types::Transform transform_;
  types::Type source_, result_;
  std::vector<int> path_;  // struct children from the root down
  bool coded_ = false;     // codes index values_
  std::vector<types::Value> values_;
  std::unordered_map<std::string, int64_t, TextHash, std::equal_to<>> codes_;
};

class PartitionRouter {
 public:
  PartitionRouter(const types::Schema& schema, const types::PartitionSpec& spec);

  struct Group {
    size_t partition = 0;
    std::vector<uint32_t> rows;  // empty: every row of the chunk
  };
  // Columns are of the schema's types. The groups are valid until the next call.
  std::span<const Group> route(duckdb::DataChunk& rows);
  // One value a field of the spec.
  const std::vector<types::Value>& values(size_t partition) const { return partitions_[partition]; }

 private:
  struct FieldCodes {
    std::vector<int64_t> codes;
    std::vector<uint8_t> nulls;
  };
  bool same_partition(uint64_t a, uint64_t b) const;
  bool all_same(uint64_t rows) const;
  size_t partition_of(uint64_t row);

  std::vector<PartitionColumn> fields_;
  std::vector<FieldCodes> codes_;
  std::unordered_map<std::string, size_t> partition_by_key_;
  std::vector<std::vector<types::Value>> partitions_;
  std::vector<Group> groups_;
  std::vector<size_t> group_of_partition_;
};

}  // namespace firn::engine
