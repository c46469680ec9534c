// See metadata_file.h.
#include "catalog/metadata_file.h"

#include <fmt/format.h>

#include <charconv>
#include <set>

#include "iceberg/metadata_json.h"

namespace firn::catalog {

namespace {

constexpr const char* kGzipSuffix = ".gz.metadata.json";
constexpr const char* kPlainSuffix = ".metadata.json";

bool property_is(const iceberg::Properties& properties, const char* key, std::string_view value) {
  const auto found = properties.find(key);
  return found != properties.end() && found->second == value;
}

// The number that a file's name begins with; -1 where it has none (tables that were registered by
// hand).
int version_of(const std::string& uri) {
  const size_t slash = uri.rfind('/');
  const std::string_view name =
      std::string_view(uri).substr(slash == std::string::npos ? 0 : slash + 1);
  int version = -1;
  const auto [end, problem] = std::from_chars(name.data(), name.data() + name.size(), version);
  return problem == std::errc() && end != name.data() + name.size() && *end == '-' ? version : -1;
}

}  // namespace

std::string next_metadata_file(const iceberg::TableMetadata& metadata,
                               const std::optional<std::string>& previous_file, Random& random) {
  const int version = previous_file ? version_of(*previous_file) + 1 : 0;
  const bool gzip = property_is(metadata.properties, "write.metadata.compression-codec", "gzip");
  const auto folder = metadata.properties.find("write.metadata.path");
  return files::join_uri(
      folder != metadata.properties.end() ? folder->second
                                          : files::join_uri(metadata.location, "metadata"),
      fmt::format("{:05d}-{}{}", version, random_uuid(random), gzip ? kGzipSuffix : kPlainSuffix));
}

void write_metadata_file(files::FileStore& store, const std::string& uri,
                         const iceberg::TableMetadata& metadata) {
  auto file = store.create(uri, files::WriteMode::kCreateNew);
  file->write(iceberg::encode_metadata_bytes(iceberg::write_table_metadata(metadata),
                                             uri.ends_with(kGzipSuffix)));
  file->finish();
}

std::shared_ptr<const iceberg::TableMetadata> read_metadata_file(files::FileStore& store,
                                                                 const std::string& uri) {
  return std::make_shared<const iceberg::TableMetadata>(
      iceberg::parse_table_metadata(iceberg::decode_metadata_bytes(uri, store.read_all(uri)), uri));
}

std::string next_view_file(const iceberg::ViewMetadata& metadata,
                           const std::optional<std::string>& previous_file, Random& random) {
  const int version = previous_file ? version_of(*previous_file) + 1 : 0;
  return files::join_uri(files::join_uri(metadata.location, "metadata"),
                         fmt::format("{:05d}-{}{}", version, random_uuid(random), kPlainSuffix));
}

void write_view_file(files::FileStore& store, const std::string& uri,
                     const iceberg::ViewMetadata& metadata) {
  auto file = store.create(uri, files::WriteMode::kCreateNew);
  file->write(iceberg::write_view_metadata(metadata));
  file->finish();
}

iceberg::ViewMetadata read_view_file(files::FileStore& store, const std::string& uri) {
  return iceberg::parse_view_metadata(iceberg::decode_metadata_bytes(uri, store.read_all(uri)),
                                      uri);
}

std::vector<std::string> superseded_files(const table::State& before,
                                          const iceberg::TableMetadata& after) {
  if (!property_is(after.properties, "write.metadata.delete-after-commit.enabled", "true"))
    return {};
  std::set<std::string> kept;
  for (const auto& entry : after.metadata_log) kept.insert(entry.file);
  std::vector<std::string> gone;
  for (const auto& entry : before.metadata->metadata_log) {
    if (!kept.contains(entry.file)) gone.push_back(entry.file);
  }
  if (!kept.contains(before.metadata_file)) gone.push_back(before.metadata_file);
  return gone;
}

}  // namespace firn::catalog
