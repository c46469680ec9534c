// Offsets ⇄ JSON.
#include "stream/source/offsets.h"

#include <charconv>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "stream/whole_number.h"

namespace firn::stream {
namespace {

using Json = nlohmann::json;

Json parse_object(std::string_view text, const std::string& what) {
  Json json = Json::parse(text, nullptr, false);
  if (!json.is_object())
    throw_invalid(what + " must be a JSON object like {\"topic\":{\"0\":12}}, not: " +
                  std::string(text.substr(0, 200)));
  return json;
}

int32_t parse_partition(const std::string& text, const std::string& what) {
  int32_t partition = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), partition);
  if (error != std::errc() || end != text.data() + text.size() || partition < 0)
    throw_invalid(what + ": '" + text + "' is no partition number");
  return partition;
}

}  // namespace

PartitionOffsets parse_offsets(std::string_view text, const std::string& what) {
  PartitionOffsets offsets;
  const Json json = parse_object(text, what);
  for (const auto& [topic, partitions] : json.items()) {
    if (!partitions.is_object())
      throw_invalid(what + ": topic '" + topic + "' must have an object of partitions and offsets");
    for (const auto& [partition, offset] : partitions.items()) {
      const auto number = whole_number<int64_t>(offset);
      if (!number || *number < kEarliestOffset) {
        throw_invalid(what + ": the offset of topic '" + topic + "', partition " + partition +
                      " must be a whole number ≥ 0, or -2 (earliest) or -1 (latest)");
      }
      offsets[{topic, parse_partition(partition, what)}] = *number;
    }
  }
  return offsets;
}

std::map<std::string, std::vector<int32_t>> parse_assignment(std::string_view text) {
  std::map<std::string, std::vector<int32_t>> assignment;
  const Json json = Json::parse(text, nullptr, false);
  const std::string what = "option assign";
  if (!json.is_object() || json.empty())
    throw_invalid(what + " must be a JSON object like {\"topicA\":[0,1],\"topicB\":[2,4]}, not: " +
                  std::string(text.substr(0, 200)));
  for (const auto& [topic, partitions] : json.items()) {
    if (!partitions.is_array())
      throw_invalid(what + ": topic '" + topic + "' must have a list of partition numbers");
    for (const Json& partition : partitions) {
      const auto number = whole_number<int32_t>(partition);
      if (!number || *number < 0)
        throw_invalid(what + ": topic '" + topic + "' has a partition that is no number");
      assignment[topic].push_back(*number);
    }
  }
  return assignment;
}

std::string write_offsets(const PartitionOffsets& offsets) {
  // By hand: the order must be by topic and number, and this stands in every batch.
  std::string out = "{";
  const std::string* topic = nullptr;
  for (const auto& [key, offset] : offsets) {
    if (topic == nullptr || *topic != key.topic) {
      out += topic == nullptr ? "" : "},";
      out += Json(key.topic).dump() + ":{";
      topic = &key.topic;
    } else {
      out += ",";
    }
    out += "\"" + std::to_string(key.partition) + "\":" + std::to_string(offset);
  }
  return out + (topic == nullptr ? "}" : "}}");
}

}  // namespace firn::stream
