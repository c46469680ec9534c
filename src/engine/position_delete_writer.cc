// See position_delete_writer.h.
#include "engine/position_delete_writer.h"

#include <utility>

#include "base/error.h"
#include "engine/chunk_body.h"
#include "table/partition_key.h"

namespace firn::engine {
namespace {

constexpr int kFilePathField = 2147483546, kPosField = 2147483545;  // reserved ids

types::Schema delete_schema() {
  types::Schema schema;
  schema.fields.resize(2);
  schema.fields[0] = {.id = kFilePathField,
                      .name = "file_path",
                      .required = true,
                      .type = types::Type::primitive(types::TypeId::kString)};
  schema.fields[1] = {.id = kPosField,
                      .name = "pos",
                      .required = true,
                      .type = types::Type::primitive(types::TypeId::kLong)};
  return schema;
}

// Data files whose deletes go into one file.
struct Group {
  const DeleteTarget* target = nullptr;
  std::vector<const std::string*> files;  // ascending
};

void append_positions(TableWriter& writer, const std::string& file,
                      const table::Positions& positions) {
  Chunk chunk;
  duckdb::idx_t size = 0;
  const auto flush = [&] {
    if (size == 0) return;
    chunk.body().chunk.SetCardinality(size);
    writer.append(chunk);
    chunk = Chunk();
    size = 0;
  };
  positions.for_each([&](int64_t position) {
    if (size == 0) initialize(chunk, {duckdb::LogicalType::VARCHAR, duckdb::LogicalType::BIGINT});
    duckdb::DataChunk& rows = chunk.body().chunk;
    duckdb::FlatVector::GetData<duckdb::string_t>(rows.data[0])[size] =
        duckdb::StringVector::AddString(rows.data[0], file);
    duckdb::FlatVector::GetData<int64_t>(rows.data[1])[size] = position;
    if (++size == kChunkRows) flush();
  });
  flush();
}

}  // namespace

std::vector<iceberg::DataFile> write_position_deletes(
    const table::PositionSet& positions, const std::map<std::string, DeleteTarget>& targets,
    const TableWriterOptions& given, files::FileStore& store) {
  const auto granularity = given.properties.find("write.delete.granularity");
  const bool by_partition =
      granularity != given.properties.end() && granularity->second == "partition";
  std::map<std::string, Group> groups;
  for (const auto& [file, rows] : positions.files()) {
    const auto target = targets.find(file);
    FIRN_CHECK(target != targets.end(), "deleted rows are of data files that the scan has planned");
    const std::string key =
        by_partition ? table::partition_key(target->second.spec_id, target->second.partition)
                     : file;
    Group& group = groups[key];
    group.target = &target->second;
    group.files.push_back(&file);
  }
  TableWriterOptions options = given;
  options.schema = delete_schema();
  options.spec = {};
  // The bounds say which data files a delete file is about: they are never cut.
  std::erase_if(options.properties, [](const auto& property) {
    return property.first.starts_with("write.metadata.metrics.");
  });
  options.properties["write.metadata.metrics.default"] = "full";
  std::vector<iceberg::DataFile> files;
  int number = 0;
  for (const auto& [key, group] : groups) {
    options.data_location =
        group.target->partition_path.empty()
            ? given.data_location
            : files::join_uri(given.data_location, group.target->partition_path);
    options.file_prefix = given.file_prefix + "-deletes-" + std::to_string(++number);
    const auto writer = make_table_writer(options, store);
    for (const std::string* file : group.files)
      append_positions(*writer, *file, *positions.find(*file));
    for (iceberg::DataFile& made : writer->finish()) {
      made.content = iceberg::Content::kPositionDeletes;
      made.spec_id = group.target->spec_id;
      made.partition = group.target->partition;
      if (group.files.size() == 1) made.referenced_data_file = *group.files.front();
      files.push_back(std::move(made));
    }
  }
  return files;
}

}  // namespace firn::engine
