// Actions of Delta's log (protocol specification, "Actions", "Deletion Vectors", "Column Mapping").
#include "formats/delta_log.h"

#include <cstring>
#include <limits>
#include <type_traits>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "files/file_store.h"
#include "formats/schema_json.h"

namespace firn::formats {
namespace {

using nlohmann::json;

constexpr const char* kReaderFeatures[] = {
    "columnMapping",        "deletionVectors",     "timestampNtz", "typeWidening",
    "typeWidening-preview", "vacuumProtocolCheck", "v2Checkpoint"};

std::string percent_decoded(const std::string& text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() &&
        std::isxdigit(static_cast<unsigned char>(text[i + 1])) != 0 &&
        std::isxdigit(static_cast<unsigned char>(text[i + 2])) != 0) {
      out += static_cast<char>(std::stoi(text.substr(i + 1, 2), nullptr, 16));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

// The schema with physical names in the place of logical ones.
json physical(json node) {
  if (!node.is_object()) return node;
  for (const char* child : {"elementType", "keyType", "valueType"}) {
    if (node.contains(child)) node[child] = physical(node[child]);
  }
  if (!node.contains("fields")) return node;
  for (json& field : node["fields"]) {
    field["type"] = physical(field["type"]);
    const auto metadata = field.find("metadata");
    if (metadata != field.end() && metadata->contains("delta.columnMapping.physicalName"))
      field["name"] = (*metadata)["delta.columnMapping.physicalName"];
  }
  return node;
}

template <class T>
T value_of(const json& node, const char* name, T otherwise) {
  const auto found = node.find(name);
  if (found == node.end() || found->is_null()) return otherwise;
  if constexpr (std::is_same_v<T, int64_t>) {
    const bool fits = found->is_number_integer() &&
                      (!found->is_number_unsigned() ||
                       found->get<uint64_t>() <= uint64_t{std::numeric_limits<int64_t>::max()});
    if (!fits)
      throw_corrupt("Delta's log is damaged: " + std::string(name) +
                    " is not an integer of 64 bits");
  }
  return found->get<T>();
}

void check_protocol(const json& protocol) {
  const auto version = value_of<int64_t>(protocol, "minReaderVersion", 1);
  if (version > 3)
    throw_unsupported("reading Delta tables of reader version " + std::to_string(version));
  if (!protocol.contains("readerFeatures") || protocol["readerFeatures"].is_null()) return;
  for (const json& feature : protocol["readerFeatures"]) {
    const auto name = feature.get<std::string>();
    bool known = false;
    for (const char* one : kReaderFeatures) known |= name == one;
    if (!known) throw_unsupported("reading Delta tables with the reader feature " + name);
  }
}

std::optional<DeletionVector> deletion_vector(const json& action) {
  const auto found = action.find("deletionVector");
  if (found == action.end() || found->is_null()) return std::nullopt;
  if (value_of<std::string>(*found, "storageType", "").empty()) return std::nullopt;
  return DeletionVector{value_of<std::string>(*found, "storageType", ""),
                        value_of<std::string>(*found, "pathOrInlineDv", ""),
                        value_of<int64_t>(*found, "offset", 0),
                        value_of<int64_t>(*found, "sizeInBytes", 0)};
}

std::string key_of(const json& action) {
  const auto vector = deletion_vector(action);
  std::string key = action.at("path").get<std::string>();
  if (vector) key += "\n" + vector->storage + vector->place + "@" + std::to_string(vector->offset);
  return key;
}

template <class T>
T little_endian(std::string_view& bytes) {
  if (bytes.size() < sizeof(T)) throw_corrupt("a Delta deletion vector is cut short");
  T value;
  std::memcpy(&value, bytes.data(), sizeof(T));
  bytes.remove_prefix(sizeof(T));
  return value;
}

// A bitmap in Roaring's portable format.
void read_roaring(std::string_view& bytes, uint64_t high, std::vector<uint64_t>& rows) {
  constexpr uint32_t kNoRuns = 12346, kRuns = 12347, kNoOffsets = 4;
  const auto cookie = little_endian<uint32_t>(bytes);
  uint32_t count = 0;
  std::string_view flags;
  if ((cookie & 0xffff) == kRuns) {
    count = (cookie >> 16) + 1;
    if (bytes.size() < (count + 7) / 8) throw_corrupt("a Delta deletion vector is cut short");
    flags = bytes.substr(0, (count + 7) / 8);
    bytes.remove_prefix(flags.size());
  } else if (cookie == kNoRuns) {
    count = little_endian<uint32_t>(bytes);
  } else {
    throw_corrupt("a Delta deletion vector holds no Roaring bitmap");
  }
  if (count > 65536) throw_corrupt("a Delta deletion vector claims too many containers");
  std::vector<std::pair<uint16_t, uint32_t>> containers;
  for (uint32_t i = 0; i < count; ++i) {
    const auto key = little_endian<uint16_t>(bytes);
    containers.emplace_back(key, uint32_t{little_endian<uint16_t>(bytes)} + 1);
  }
  if (flags.empty() || count >= kNoOffsets) {
    for (uint32_t i = 0; i < count; ++i) little_endian<uint32_t>(bytes);
  }
  for (uint32_t i = 0; i < count; ++i) {
    const uint64_t base = high | uint64_t{containers[i].first} << 16;
    const bool run =
        !flags.empty() && (static_cast<unsigned char>(flags[i / 8]) >> (i % 8) & 1) != 0;
    if (run) {
      const auto runs = little_endian<uint16_t>(bytes);
      for (uint32_t r = 0; r < runs; ++r) {
        const uint64_t start = little_endian<uint16_t>(bytes);
        const uint64_t more = little_endian<uint16_t>(bytes);
        for (uint64_t at = start; at <= start + more; ++at) rows.push_back(base | at);
      }
    } else if (containers[i].second <= 4096) {
      for (uint32_t j = 0; j < containers[i].second; ++j)
        rows.push_back(base | little_endian<uint16_t>(bytes));
    } else {
      for (uint64_t word = 0; word < 1024; ++word) {
        uint64_t bits = little_endian<uint64_t>(bytes);
        for (; bits != 0; bits &= bits - 1)
          rows.push_back(base | (word * 64 + static_cast<uint64_t>(__builtin_ctzll(bits))));
      }
    }
  }
}

}  // namespace

std::string decode_base85(std::string_view text) {
  static constexpr std::string_view kAlphabet =
      "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";
  std::string out;
  for (size_t i = 0; i + 5 <= text.size(); i += 5) {
    uint64_t value = 0;
    for (size_t j = 0; j < 5; ++j) {
      const size_t digit = kAlphabet.find(text[i + j]);
      if (digit == std::string_view::npos)
        throw_corrupt("a Delta deletion vector is no Base85 text");
      value = value * 85 + digit;
    }
    for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift);
  }
  return out;
}

std::string DeletionVector::uri(const std::string& table) const {
  if (storage == "p") return percent_decoded(place);
  constexpr size_t kEncodedUuid = 20;
  if (place.size() < kEncodedUuid) throw_corrupt("a Delta deletion vector names no file");
  const std::string prefix = place.substr(0, place.size() - kEncodedUuid);
  const std::string uuid = decode_base85(std::string_view(place).substr(prefix.size()));
  std::string text;
  static constexpr char kHex[] = "0123456789abcdef";
  for (size_t i = 0; i < uuid.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += kHex[static_cast<unsigned char>(uuid[i]) >> 4];
    text += kHex[uuid[i] & 15];
  }
  const std::string name = "deletion_vector_" + text + ".bin";
  return files::join_uri(table, prefix.empty() ? name : files::join_uri(prefix, name));
}

std::vector<uint64_t> read_deletion_vector(const DeletionVector& vector, std::string_view bytes) {
  constexpr uint32_t kPortable = 1681511377;
  if (vector.storage != "i") {  // its size, big-endian, stands before it
    if (bytes.size() < 4) throw_corrupt("a Delta deletion vector is cut short");
    bytes.remove_prefix(4);
  }
  if (little_endian<uint32_t>(bytes) != kPortable)
    throw_unsupported("reading Delta deletion vectors in another format than portable Roaring");
  const auto bitmaps = little_endian<uint64_t>(bytes);
  std::vector<uint64_t> rows;
  for (uint64_t i = 0; i < bitmaps; ++i) {
    const auto key = little_endian<uint32_t>(bytes);
    read_roaring(bytes, uint64_t{key} << 32, rows);
  }
  return rows;
}

void DeltaTable::apply(std::string_view action) {
  try {
    const json root = json::parse(action);
    if (const auto add = root.find("add"); add != root.end() && !add->is_null()) {
      DeltaFile file;
      file.path = percent_decoded(add->at("path").get<std::string>());
      file.size = value_of<int64_t>(*add, "size", 0);
      file.modified_ms = value_of<int64_t>(*add, "modificationTime", 0);
      file.deleted = deletion_vector(*add);
      if (add->contains("partitionValues") && (*add)["partitionValues"].is_object()) {
        for (const auto& [name, value] : (*add)["partitionValues"].items())
          file.partition[name] =
              value.is_null() ? std::nullopt : std::optional(value.get<std::string>());
      }
      files_[key_of(*add)] = std::move(file);
    }
    if (const auto remove = root.find("remove"); remove != root.end() && !remove->is_null())
      files_.erase(key_of(*remove));
    if (const auto protocol = root.find("protocol"); protocol != root.end() && !protocol->is_null())
      check_protocol(*protocol);
    if (const auto metadata = root.find("metaData");
        metadata != root.end() && !metadata->is_null()) {
      const auto text = metadata->at("schemaString").get<std::string>();
      schema_ = parse_schema_json(text);  // which bounds its depth
      physical_ = parse_schema_json(physical(json::parse(text)).dump());
      partitions_ = value_of<std::vector<std::string>>(*metadata, "partitionColumns", {});
      has_schema_ = true;
    }
  } catch (const json::exception& broken) {
    throw_corrupt("Delta's log is damaged: " + std::string(broken.what()));
  }
}

std::vector<DeltaFile> DeltaTable::files() const {
  std::vector<DeltaFile> list;
  for (const auto& [key, file] : files_) list.push_back(file);
  return list;
}

}  // namespace firn::formats
