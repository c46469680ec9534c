// Self-describing: a record is read without the table's schema.
#include "stream/prepared_json.h"

#include <bit>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "stream/whole_number.h"

namespace firn::stream {
namespace {

using Json = nlohmann::json;
using iceberg::DataFile;
using types::Value;

constexpr char kHexDigits[] = "0123456789abcdef";

std::string to_hex(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) {
    out += kHexDigits[static_cast<unsigned char>(c) >> 4];
    out += kHexDigits[static_cast<unsigned char>(c) & 15];
  }
  return out;
}

std::string from_hex(const std::string& text) {
  std::string out;
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  if (text.size() % 2 != 0 || text.find_first_not_of(kHexDigits) != std::string::npos)
    throw Json::other_error::create(501, "not hexadecimal", static_cast<const Json*>(nullptr));
  for (size_t i = 0; i < text.size(); i += 2)
    out += static_cast<char>(digit(text[i]) << 4 | digit(text[i + 1]));
  return out;
}

// A value with its alternative: ["int", 5]. Floats as their bits, so that NaN and -0.0 survive.
Json value_json(const Value& value) {
  struct Writer {
    Json operator()(types::Null) const { return nullptr; }
    Json operator()(bool v) const { return {"bool", v}; }
    Json operator()(int32_t v) const { return {"int", v}; }
    Json operator()(int64_t v) const { return {"long", v}; }
    Json operator()(float v) const { return {"float", std::bit_cast<uint32_t>(v)}; }
    Json operator()(double v) const { return {"double", std::bit_cast<uint64_t>(v)}; }
    Json operator()(const types::Decimal& v) const {
      return {"decimal", static_cast<int64_t>(v.unscaled >> 64), static_cast<uint64_t>(v.unscaled)};
    }
    Json operator()(const std::string& v) const { return {"string", to_hex(v)}; }
    Json operator()(const types::Bytes& v) const { return {"bytes", to_hex(v.data)}; }
  };
  return std::visit(Writer{}, value);
}

Value value_of(const Json& json) {
  if (json.is_null()) return types::Null{};
  const std::string kind = json.at(0).get<std::string>();
  const Json& v = json.at(1);
  if (kind == "bool") return v.get<bool>();
  if (kind == "int") return required_whole_number<int32_t>(v);
  if (kind == "long") return required_whole_number<int64_t>(v);
  if (kind == "float") return std::bit_cast<float>(required_whole_number<uint32_t>(v));
  if (kind == "double") return std::bit_cast<double>(required_whole_number<uint64_t>(v));
  if (kind == "decimal")
    return types::Decimal{static_cast<__int128>(
        static_cast<unsigned __int128>(required_whole_number<int64_t>(v)) << 64 |
        required_whole_number<uint64_t>(json.at(2)))};
  if (kind == "string") return from_hex(v.get<std::string>());
  return types::Bytes{from_hex(v.get<std::string>())};
}

template <class V>
Json map_json(const std::map<int, V>& map) {
  Json json = Json::object();
  for (const auto& [id, value] : map) {
    if constexpr (std::is_same_v<V, std::string>)
      json[std::to_string(id)] = to_hex(value);
    else
      json[std::to_string(id)] = value;
  }
  return json;
}

template <class V>
std::map<int, V> map_of(const Json& json) {
  std::map<int, V> map;
  for (const auto& [id, value] : json.items()) {
    if constexpr (std::is_same_v<V, std::string>)
      map[std::stoi(id)] = from_hex(value.template get<std::string>());
    else
      map[std::stoi(id)] = required_whole_number<V>(value);
  }
  return map;
}

Json file_json(const DataFile& file) {
  Json partition = Json::array();
  for (const Value& value : file.partition) partition.push_back(value_json(value));
  Json json = {{"path", file.file_path},
               {"format", file.file_format},
               {"partition", std::move(partition)},
               {"spec", file.spec_id},
               {"records", file.record_count},
               {"size", file.file_size_in_bytes},
               {"column_sizes", map_json(file.column_sizes)},
               {"value_counts", map_json(file.value_counts)},
               {"null_value_counts", map_json(file.null_value_counts)},
               {"nan_value_counts", map_json(file.nan_value_counts)},
               {"lower_bounds", map_json(file.lower_bounds)},
               {"upper_bounds", map_json(file.upper_bounds)},
               {"split_offsets", file.split_offsets}};
  if (file.sort_order_id) json["sort_order"] = *file.sort_order_id;
  if (file.empty_maps != 0) json["empty_maps"] = file.empty_maps;
  return json;
}

DataFile file_of(const Json& json) {
  DataFile file;
  file.file_path = json.at("path").get<std::string>();
  file.file_format = json.at("format").get<std::string>();
  for (const Json& value : json.at("partition")) file.partition.push_back(value_of(value));
  file.spec_id = required_whole_number<int>(json.at("spec"));
  file.record_count = required_whole_number<int64_t>(json.at("records"));
  file.file_size_in_bytes = required_whole_number<int64_t>(json.at("size"));
  file.column_sizes = map_of<int64_t>(json.at("column_sizes"));
  file.value_counts = map_of<int64_t>(json.at("value_counts"));
  file.null_value_counts = map_of<int64_t>(json.at("null_value_counts"));
  file.nan_value_counts = map_of<int64_t>(json.at("nan_value_counts"));
  file.lower_bounds = map_of<std::string>(json.at("lower_bounds"));
  file.upper_bounds = map_of<std::string>(json.at("upper_bounds"));
  for (const Json& offset : json.at("split_offsets"))
    file.split_offsets.push_back(required_whole_number<int64_t>(offset));
  if (json.contains("empty_maps"))
    file.empty_maps = required_whole_number<uint8_t>(json.at("empty_maps"));
  if (json.contains("sort_order"))
    file.sort_order_id = required_whole_number<int>(json.at("sort_order"));
  return file;
}

Json target_json(const PreparedTarget& target) {
  Json files = Json::array();
  for (const DataFile& file : target.files) files.push_back(file_json(file));
  Json json = {{"table", target.table},
               {"uuid", target.table_uuid},
               {"branch", target.branch},
               {"snapshot_id", target.snapshot_id},
               {"files", std::move(files)}};
  if (target.last_written_epoch) json["last_written_epoch"] = *target.last_written_epoch;
  return json;
}

PreparedTarget target_of(const Json& json) {
  PreparedTarget target;
  target.table = json.at("table").get<std::string>();
  target.table_uuid = json.at("uuid").get<std::string>();
  target.branch = json.at("branch").get<std::string>();
  target.snapshot_id = required_whole_number<int64_t>(json.at("snapshot_id"));
  if (json.contains("last_written_epoch"))
    target.last_written_epoch = required_whole_number<int64_t>(json.at("last_written_epoch"));
  for (const Json& file : json.at("files")) target.files.push_back(file_of(file));
  return target;
}

}  // namespace

std::string write_prepared(const PreparedRecord& record) {
  Json targets = Json::array();
  for (const PreparedTarget& target : record.targets) targets.push_back(target_json(target));
  const Json json = {{"version", 1},
                     {"epoch", record.epoch},
                     {"incarnation", record.incarnation},
                     {"targets", std::move(targets)},
                     {"source_offsets", record.source_offsets},
                     {"watermark_ms", record.watermark_ms},
                     {"next_watermark_ms", record.next_watermark_ms},
                     {"state", record.state},
                     {"counters", record.counters}};
  return json.dump();
}

PreparedRecord parse_prepared(std::string_view text, const std::string& location) {
  try {
    const Json json = Json::parse(text);
    PreparedRecord record;
    if (required_whole_number<int64_t>(json.at("version")) != 1)
      throw Error("CHECKPOINT_VERSION_UNSUPPORTED", {{"location", location},
                                                     {"version", json.at("version").dump()},
                                                     {"what", "a prepared record"},
                                                     {"supported", "1"}});
    record.epoch = required_whole_number<int64_t>(json.at("epoch"));
    record.incarnation = json.at("incarnation").get<std::string>();
    for (const Json& target : json.at("targets")) record.targets.push_back(target_of(target));
    record.source_offsets = json.at("source_offsets").get<std::string>();
    record.watermark_ms = required_whole_number<int64_t>(json.at("watermark_ms"));
    record.next_watermark_ms = required_whole_number<int64_t>(json.at("next_watermark_ms"));
    record.state = json.at("state").get<std::string>();
    for (const auto& [name, count] : json.at("counters").items())
      record.counters[name] = required_whole_number<int64_t>(count);
    return record;
  } catch (const Json::exception& problem) {
    throw Error("STREAM_CHECKPOINT_CORRUPT", {{"location", location}, {"reason", problem.what()}});
  } catch (const std::logic_error& problem) {  // std::stoi
    throw Error("STREAM_CHECKPOINT_CORRUPT", {{"location", location}, {"reason", problem.what()}});
  }
}

}  // namespace firn::stream
