// Partition specs: the type of their tuples, and the cosmetic path of one tuple.
#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "base/error.h"
#include "types/transform.h"

namespace firn::types {
namespace {

// As java.net.URLEncoder does, which Iceberg's paths are made with.
std::string url_encode(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '-' ||
                       c == '*' || c == '_';
    if (plain) {
      encoded += c;
    } else if (c == ' ') {
      encoded += '+';
    } else {
      encoded += fmt::format("%{:02X}", static_cast<uint8_t>(c));
    }
  }
  return encoded;
}

// A folder's name may have 255 bytes; what folders are called means nothing. An escape stays whole.
std::string folder_name(std::string name) {
  constexpr size_t kLongest = 255;
  if (name.size() <= kLongest) return name;
  name.resize(kLongest);
  const size_t escape = name.find('%', kLongest - 2);
  if (escape != std::string::npos) name.resize(escape);
  return name;
}

// A source column may have been dropped since; Iceberg reads such a field as of unknown type.
Type source_type(const Schema& schema, const PartitionField& field) {
  const Field* source = schema.find(field.source_id);
  return source != nullptr ? source->type : Type::primitive(TypeId::kUnknown);
}

}  // namespace

bool PartitionSpec::is_unpartitioned() const {
  return std::all_of(fields.begin(), fields.end(), [](const PartitionField& field) {
    return field.transform.id == TransformId::kVoid;
  });
}

Type PartitionSpec::partition_type(const Schema& schema) const {
  std::vector<Field> columns;
  for (const PartitionField& field : fields) {
    Field column;
    column.id = field.field_id;
    column.name = field.name;
    column.type = result_type(field.transform, source_type(schema, field));
    columns.push_back(std::move(column));
  }
  return Type::structure(std::move(columns));
}

std::string PartitionSpec::partition_path(const Schema& schema,
                                          const std::vector<Value>& partition) const {
  FIRN_CHECK(partition.size() == fields.size(), "a partition has one value for each field");
  if (is_unpartitioned()) return "";
  std::string path;
  for (size_t i = 0; i < fields.size(); ++i) {
    if (!path.empty()) path += '/';
    const Type source = source_type(schema, fields[i]);
    path += folder_name(url_encode(fields[i].name) + "=" +
                        url_encode(to_human(fields[i].transform, source, partition[i])));
  }
  return path;
}

}  // namespace firn::types
