// See file_table.h.
#include "catalog/file_table.h"

#include <charconv>

namespace firn::catalog {
namespace {

constexpr const char* kOption = "option.";
constexpr const char* kProperty = "property.";
constexpr const char* kPartition = "partition.";

}  // namespace

iceberg::Properties to_rows(const FileTable& table) {
  iceberg::Properties rows = {
      {"provider", table.provider}, {"location", table.location},
      {"schema", table.schema},     {"managed", table.managed ? "true" : "false"},
      {"comment", table.comment},   {"created-ms", std::to_string(table.created_ms)}};
  for (size_t i = 0; i < table.partition_columns.size(); ++i)
    rows[kPartition + std::to_string(i)] = table.partition_columns[i];
  for (const auto& [key, value] : table.options) rows[kOption + key] = value;
  for (const auto& [key, value] : table.properties) rows[kProperty + key] = value;
  return rows;
}

FileTable to_file_table(const iceberg::Properties& rows) {
  const auto text = [&](const std::string& key) {
    const auto found = rows.find(key);
    return found == rows.end() ? std::string() : found->second;
  };
  FileTable table;
  table.provider = text("provider");
  table.location = text("location");
  table.schema = text("schema");
  table.managed = text("managed") == "true";
  table.comment = text("comment");
  const std::string created = text("created-ms");
  std::from_chars(created.data(), created.data() + created.size(), table.created_ms);
  for (size_t i = 0; rows.contains(kPartition + std::to_string(i)); ++i)
    table.partition_columns.push_back(text(kPartition + std::to_string(i)));
  for (const auto& [key, value] : rows) {
    if (key.starts_with(kOption)) table.options[key.substr(std::string(kOption).size())] = value;
    if (key.starts_with(kProperty))
      table.properties[key.substr(std::string(kProperty).size())] = value;
  }
  return table;
}

}  // namespace firn::catalog
