// Partition transforms over columns, and the grouping of rows by partition.
#include "engine/partition_router.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/error.h"
#include "engine/chunk_body.h"
#include "types/calendar.h"

namespace firn::engine {
namespace {

using kernels::ColumnView;
using kernels::Physical;
using types::TransformId;
using types::TypeId;

std::vector<int> path_to(const types::Schema& schema, int source_id) {
  std::vector<int> ids = schema.parents_of(source_id);
  ids.push_back(source_id);
  std::vector<int> path;
  const std::vector<types::Field>* level = &schema.fields;
  for (const int id : ids) {
    const auto found = std::ranges::find(*level, id, &types::Field::id);
    FIRN_CHECK(found != level->end(), "the source column of a partition field is in the schema");
    path.push_back(static_cast<int>(found - level->begin()));
    if (found->type.is_nested()) level = &found->type.fields();
  }
  return path;
}

// Types whose values are whole numbers of at most 64 bits, each its own code.
bool is_whole(TypeId id) {
  switch (id) {
    case TypeId::kBoolean:
    case TypeId::kInt:
    case TypeId::kLong:
    case TypeId::kDate:
    case TypeId::kTime:
    case TypeId::kTimestamp:
    case TypeId::kTimestamptz:
      return true;
    default:
      return false;
  }
}

bool is_text_type(TypeId id) {
  return id == TypeId::kString || id == TypeId::kBinary || id == TypeId::kFixed;
}

bool is_time(TransformId id) {
  return id == TransformId::kYear || id == TransformId::kMonth || id == TransformId::kDay ||
         id == TransformId::kHour;
}

template <class Function>
void for_each_whole(const ColumnView& column, Function&& function) {
  const auto loop = [&](const auto* values) {
    for (uint64_t row = 0; row < column.size; ++row)
      function(row, static_cast<int64_t>(values[row]));
  };
  switch (column.physical) {
    case Physical::kBool:
      return loop(column.values<uint8_t>());
    case Physical::kInt8:
      return loop(column.values<int8_t>());
    case Physical::kInt16:
      return loop(column.values<int16_t>());
    case Physical::kInt32:
      return loop(column.values<int32_t>());
    case Physical::kInt64:
      return loop(column.values<int64_t>());
    default:
      FIRN_CHECK(false, "a column of whole numbers");
  }
}

// A width of W: the greatest multiple of W that is not above the value; wraps as Java's arithmetic
// does.
int64_t truncate_whole(int64_t value, int64_t width) {
  const int64_t remainder = ((value % width) + width) % width;
  return static_cast<int64_t>(static_cast<uint64_t>(value) - static_cast<uint64_t>(remainder));
}

std::string_view first_code_points(std::string_view utf8, int count) {
  size_t end = 0;
  for (; end < utf8.size(); ++end) {
    const bool starts = (static_cast<uint8_t>(utf8[end]) & 0xC0) != 0x80;
    if (starts && count-- == 0) break;
  }
  return utf8.substr(0, end);
}

std::string uuid_bytes(__int128 stored) {
  auto bits = static_cast<unsigned __int128>(stored);
  bits ^= static_cast<unsigned __int128>(1) << 127;  // the engine flips the sign to sort
  std::string bytes(16, '\0');
  for (int i = 15; i >= 0; --i, bits >>= 8)
    bytes[static_cast<size_t>(i)] = static_cast<char>(bits & 0xFF);
  return bytes;
}

__int128 whole_128(const ColumnView& column, uint64_t row) {
  switch (column.physical) {
    case Physical::kInt16:
      return column.values<int16_t>()[row];
    case Physical::kInt32:
      return column.values<int32_t>()[row];
    case Physical::kInt64:
      return column.values<int64_t>()[row];
    default:
      break;
  }
  return column.values<kernels::Int128Cell>()[row];
}

}  // namespace

PartitionColumn::PartitionColumn(const types::Schema& schema, const types::PartitionField& field)
    : transform_(field.transform), path_(path_to(schema, field.source_id)) {
  const types::Field* source = schema.find(field.source_id);
  source_ = source->type;
  if (!types::can_transform(transform_, source_)) {
    throw_unsupported("writing to a table that is partitioned by " + transform_.to_string() +
                      " of column '" + source->name + "' (" + source_.to_string() + ")");
  }
  result_ = types::result_type(transform_, source_);
  coded_ = !is_whole(result_.id());
}

int64_t PartitionColumn::code_of(std::string_view bytes) {
  const auto found = codes_.find(bytes);
  if (found != codes_.end()) return found->second;
  const auto code = static_cast<int64_t>(values_.size());
  codes_.emplace(bytes, code);
  if (result_.id() == TypeId::kString)
    values_.emplace_back(std::string(bytes));
  else
    values_.emplace_back(types::Bytes{std::string(bytes)});
  return code;
}

int64_t PartitionColumn::code_of(const types::Value& value) {
  std::string key = types::to_single_value_bytes(value, result_);
  const auto [entry, is_new] = codes_.emplace(std::move(key), static_cast<int64_t>(values_.size()));
  if (is_new) values_.push_back(value);
  return entry->second;
}

types::Value PartitionColumn::value(int64_t code) const {
  if (coded_) return values_[static_cast<size_t>(code)];
  switch (result_.id()) {
    case TypeId::kBoolean:
      return code != 0;
    case TypeId::kInt:
    case TypeId::kDate:
      return static_cast<int32_t>(code);
    default:
      return code;
  }
}

void PartitionColumn::evaluate_integers(const ColumnView& column,
                                        std::vector<int64_t>& codes) const {
  const int64_t parameter = transform_.parameter;
  switch (transform_.id) {
    case TransformId::kIdentity:
      return for_each_whole(column, [&](uint64_t row, int64_t value) { codes[row] = value; });
    case TransformId::kTruncate:
      return for_each_whole(column, [&](uint64_t row, int64_t value) {
        codes[row] = source_.id() == TypeId::kInt
                         ? static_cast<int32_t>(truncate_whole(value, parameter))
                         : truncate_whole(value, parameter);
      });
    default:
      return for_each_whole(column, [&](uint64_t row, int64_t value) {
        codes[row] = (types::bucket_hash_of_long(value) & 0x7FFFFFFF) % parameter;
      });
  }
}

void PartitionColumn::evaluate_times(const ColumnView& column, std::vector<int64_t>& codes) const {
  const bool is_date = source_.id() == TypeId::kDate;
  const auto days = [&](int64_t value) {
    return is_date ? value : types::floor_div<int64_t>(value, types::kMicrosPerDay);
  };
  switch (transform_.id) {
    case TransformId::kHour:
      return for_each_whole(column, [&](uint64_t row, int64_t value) {
        codes[row] = types::floor_div<int64_t>(value, types::kMicrosPerHour);
      });
    case TransformId::kDay:
      return for_each_whole(column, [&](uint64_t row, int64_t value) { codes[row] = days(value); });
    case TransformId::kMonth:
      return for_each_whole(column, [&](uint64_t row, int64_t value) {
        codes[row] = types::months_since_1970(days(value));
      });
    default:
      return for_each_whole(column, [&](uint64_t row, int64_t value) {
        codes[row] = types::years_since_1970(days(value));
      });
  }
}

void PartitionColumn::evaluate_texts(const ColumnView& column, const std::vector<uint8_t>& nulls,
                                     std::vector<int64_t>& codes) {
  const auto* texts = column.values<kernels::StringRef>();
  const int parameter = transform_.parameter;
  std::string_view previous;
  int64_t previous_code = -1;
  for (uint64_t row = 0; row < column.size; ++row) {
    if (nulls[row] != 0) continue;
    std::string_view text = texts[row].view();
    if (transform_.id == TransformId::kBucket) {
      codes[row] = (types::bucket_hash_of_bytes(text) & 0x7FFFFFFF) % parameter;
      continue;
    }
    if (transform_.id == TransformId::kTruncate) {
      text = source_.id() == TypeId::kString ? first_code_points(text, parameter)
                                             : text.substr(0, static_cast<size_t>(parameter));
    }
    if (previous_code < 0 || text != previous) {
      previous_code = code_of(text);
      previous = text;
    }
    codes[row] = previous_code;
  }
}

types::Value PartitionColumn::source_value(const ColumnView& column, uint64_t row) const {
  switch (source_.id()) {
    case TypeId::kFloat:
      return column.values<float>()[row];
    case TypeId::kDouble:
      return column.values<double>()[row];
    case TypeId::kDecimal:
      return types::Decimal{whole_128(column, row)};
    case TypeId::kUuid:
      return types::Bytes{uuid_bytes(whole_128(column, row))};
    default:
      FIRN_CHECK(false, "a type whose partition values are made one by one");
  }
}

// Rare source types, row by row.
void PartitionColumn::evaluate_values(const ColumnView& column, const std::vector<uint8_t>& nulls,
                                      std::vector<int64_t>& codes) {
  for (uint64_t row = 0; row < column.size; ++row) {
    if (nulls[row] != 0) continue;
    const types::Value result = types::apply(transform_, source_, source_value(column, row));
    codes[row] = coded_ ? code_of(result) : std::get<int32_t>(result);
  }
}

void PartitionColumn::evaluate(const ColumnView& root, std::vector<int64_t>& codes,
                               std::vector<uint8_t>& nulls) {
  codes.assign(root.size, 0);
  nulls.assign(root.size, 0);
  if (is_void()) {
    nulls.assign(root.size, 1);
    return;
  }
  const ColumnView* column = &root;
  for (size_t depth = 0;; ++depth) {
    for (uint64_t row = 0; column->validity != nullptr && row < root.size; ++row) {
      if (!column->is_valid(row)) nulls[row] = 1;
    }
    if (depth + 1 == path_.size()) break;
    column = &column->children[static_cast<size_t>(path_[depth + 1])];
  }
  if (is_time(transform_.id))
    evaluate_times(*column, codes);
  else if (is_whole(source_.id()))
    evaluate_integers(*column, codes);
  else if (is_text_type(source_.id()))
    evaluate_texts(*column, nulls, codes);
  else
    evaluate_values(*column, nulls, codes);
  for (uint64_t row = 0; row < root.size; ++row) {
    if (nulls[row] != 0) codes[row] = 0;
  }
}

PartitionRouter::PartitionRouter(const types::Schema& schema, const types::PartitionSpec& spec) {
  for (const types::PartitionField& field : spec.fields) fields_.emplace_back(schema, field);
  codes_.resize(fields_.size());
}

bool PartitionRouter::same_partition(uint64_t a, uint64_t b) const {
  return std::ranges::all_of(codes_, [&](const FieldCodes& field) {
    return field.codes[a] == field.codes[b] && field.nulls[a] == field.nulls[b];
  });
}

bool PartitionRouter::all_same(uint64_t rows) const {
  return std::ranges::all_of(codes_, [&](const FieldCodes& field) {
    int64_t differences = 0;
    for (uint64_t row = 0; row < rows; ++row) {
      differences |= (field.codes[row] ^ field.codes[0]) | (field.nulls[row] ^ field.nulls[0]);
    }
    return differences == 0;
  });
}

size_t PartitionRouter::partition_of(uint64_t row) {
  std::string key;
  for (const FieldCodes& field : codes_) {
    key.append(reinterpret_cast<const char*>(&field.codes[row]), sizeof(int64_t));
    key.push_back(static_cast<char>(field.nulls[row]));
  }
  const auto [entry, is_new] = partition_by_key_.emplace(std::move(key), partitions_.size());
  if (is_new) {
    std::vector<types::Value> values;
    for (size_t i = 0; i < fields_.size(); ++i) {
      if (codes_[i].nulls[row] != 0)
        values.emplace_back(types::Null{});
      else
        values.push_back(fields_[i].value(codes_[i].codes[row]));
    }
    partitions_.push_back(std::move(values));
  }
  return entry->second;
}

std::span<const PartitionRouter::Group> PartitionRouter::route(duckdb::DataChunk& rows) {
  const uint64_t size = rows.size();
  groups_.clear();
  if (size == 0) return groups_;
  for (size_t i = 0; i < fields_.size(); ++i) {
    const ColumnView view = view_of(rows.data[static_cast<size_t>(fields_[i].root())], size);
    fields_[i].evaluate(view, codes_[i].codes, codes_[i].nulls);
  }
  if (all_same(size)) {
    groups_.push_back({partition_of(0), {}});
    return groups_;
  }
  group_of_partition_.clear();
  size_t group = 0;
  for (uint64_t row = 0; row < size; ++row) {
    if (row == 0 || !same_partition(row, row - 1)) {
      const size_t partition = partition_of(row);
      if (partition >= group_of_partition_.size())
        group_of_partition_.resize(partition + 1, SIZE_MAX);
      if (group_of_partition_[partition] == SIZE_MAX) {
        group_of_partition_[partition] = groups_.size();
        groups_.push_back({partition, {}});
      }
      group = group_of_partition_[partition];
    }
    groups_[group].rows.push_back(static_cast<uint32_t>(row));
  }
  return groups_;
}

}  // namespace firn::engine
