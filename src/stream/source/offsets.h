// Kafka offsets per partition and their JSON in Spark's form: {"topic":{"0":12,"1":3}}.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace firn::stream {

struct TopicPartition {
  std::string topic;
  int32_t partition = 0;
  bool operator==(const TopicPartition&) const = default;
  auto operator<=>(const TopicPartition&) const = default;
};

inline constexpr int64_t kLatestOffset = -1;  // in starting offsets only
inline constexpr int64_t kEarliestOffset = -2;

using PartitionOffsets = std::map<TopicPartition, int64_t>;

// Throws Error FIRN_INVALID_INPUT that names `what` where the text is not of that form.
PartitionOffsets parse_offsets(std::string_view json, const std::string& what);
// {"topic":[0,1]}: option assign.
std::map<std::string, std::vector<int32_t>> parse_assignment(std::string_view json);
// Topics and partitions in order, no blanks.
std::string write_offsets(const PartitionOffsets&);

}  // namespace firn::stream
