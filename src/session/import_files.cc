// See import_files.h.
#include "session/import_files.h"

#include <algorithm>
#include <set>

#include "base/ascii.h"
#include "base/error.h"
#include "engine/imported_parquet.h"
#include "plan/build.h"
#include "session/constant.h"
#include "session/table_change.h"
#include "table/append.h"
#include "table/scan.h"

namespace firn::session {
namespace {

std::string listed(const std::set<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ",") + name;
  return "[" + text + "]";
}

// One file however its URI is written.
std::string same_path(const std::string& uri) {
  const std::string scheme = files::scheme_of(uri);
  return scheme.empty() || scheme == "file" ? files::local_path(uri) : uri;
}

// A constant as Iceberg holds it: integers of 32 bits, decimals by their digits.
types::Value in_partition(types::Value value, const types::Type& type) {
  const auto* number = std::get_if<int64_t>(&value);
  if (number != nullptr && type.id() == types::TypeId::kInt) return static_cast<int32_t>(*number);
  if (number != nullptr && type.id() == types::TypeId::kDecimal) return types::Decimal{*number};
  return value;
}

void ensure_name_mapping(Session& session, table::Table& table) {
  change_table(session, table, [](const iceberg::TableMetadata& base) {
    iceberg::TableChange change;
    if (base.properties.contains(iceberg::kNameMappingProperty)) return change;
    change.requirements = {iceberg::AssertTableUuid{base.table_uuid}};
    change.updates = {iceberg::SetProperties{
        {{iceberg::kNameMappingProperty, iceberg::to_json(iceberg::map_names(base.schema()))}}}};
    return change;
  });
}

class Import {
 public:
  Import(Session& session, const table::Table& table, const ImportSource& source)
      : session_(session), table_(table), source_(source), spec_(table.metadata().spec()) {}

  std::vector<iceberg::DataFile> files(const std::map<std::string, std::string>& filter) {
    std::vector<engine::PlacedFile> placed = source_.files;
    check_partitions(placed, filter);
    std::erase_if(placed, [&](const engine::PlacedFile& file) { return !fits(file, filter); });
    if (placed.empty() && !spec_.is_unpartitioned())
      throw_invalid("Cannot find any matching partitions in table " + table_.name());
    const iceberg::TableMetadata& metadata = table_.metadata();
    const auto mapping = metadata.properties.find(iceberg::kNameMappingProperty);
    std::vector<iceberg::DataFile> made = engine::describe_parquet(
        session_.process().store, placed, metadata.schema(),
        mapping == metadata.properties.end() ? iceberg::map_names(metadata.schema())
                                             : iceberg::parse_name_mapping(mapping->second),
        metadata.properties);
    for (size_t i = 0; i < made.size(); ++i) {
      made[i].spec_id = spec_.spec_id;
      made[i].partition = partition_of(placed[i]);
    }
    return made;
  }

 private:
  const std::string& source_name(const types::PartitionField& field) const {
    return table_.metadata().schema().find(field.source_id)->name;
  }

  // The folders' keys are the columns that the table is partitioned by.
  void check_partitions(const std::vector<engine::PlacedFile>& placed,
                        const std::map<std::string, std::string>& filter) const {
    std::set<std::string> wanted, found;
    bool identity = true;
    for (const types::PartitionField& field : spec_.fields) {
      identity &= field.transform.id == types::TransformId::kIdentity;
      wanted.insert(lower_case(source_name(field)));
    }
    for (const engine::PlacedFile& file : placed)
      for (const engine::PartitionValue& one : file.partition) found.insert(lower_case(one.key));
    for (const auto& [key, value] : filter) {
      if (!wanted.contains(lower_case(key)))
        throw_invalid("Cannot add files to target table " + table_.name() + ". " + table_.name() +
                      " is partitioned but the specified partition filter refers to columns that "
                      "are not partitioned: [" +
                      key + "] . Valid partition columns: " + listed(wanted));
    }
    if (!identity || wanted != found)
      throw_invalid("Cannot find a partition spec in Iceberg table " + table_.name() +
                    " that matches the partition columns (" + listed(found) + ") in input table");
  }

  static bool fits(const engine::PlacedFile& file,
                   const std::map<std::string, std::string>& filter) {
    return std::ranges::all_of(filter, [&](const auto& wanted) {
      return std::ranges::any_of(file.partition, [&](const engine::PartitionValue& one) {
        return lower_case(one.key) == lower_case(wanted.first) && one.value == wanted.second;
      });
    });
  }

  std::vector<types::Value> partition_of(const engine::PlacedFile& file) const {
    std::vector<types::Value> values;
    for (const types::PartitionField& field : spec_.fields) {
      const types::Field& source = *table_.metadata().schema().find(field.source_id);
      const auto found =
          std::ranges::find_if(file.partition, [&](const engine::PartitionValue& one) {
            return lower_case(one.key) == lower_case(source.name);
          });
      FIRN_CHECK(found != file.partition.end(), "the folders' keys were checked");
      if (found->value == engine::kNullPartition)
        values.emplace_back(types::Null{});
      else
        values.push_back(in_partition(constant_value(session_, plan::string_literal(found->value),
                                                     types::to_spark(source.type)),
                                      source.type));
    }
    return values;
  }

  Session& session_;
  const table::Table& table_;
  const ImportSource& source_;
  const types::PartitionSpec& spec_;
};

void check_duplicate_files(Session& session, const table::Table& table,
                           const std::vector<iceberg::DataFile>& files) {
  if (!table.metadata().current_snapshot_id) return;
  std::set<std::string> live;
  const table::ScanPlan plan = table::plan_scan(table.metadata(), session.process().store, {},
                                                session.process().manifests.get());
  for (const table::ScanTask& task : plan.tasks) live.insert(same_path(task.file->file_path));
  for (const iceberg::DataFile& file : files) {
    if (live.contains(same_path(file.file_path)))
      throw_invalid(
          "Cannot complete import because data files to be imported already exist within the "
          "target table: " +
          file.file_path +
          ". This is disabled by default as Iceberg is not designed for multiple references to "
          "the same file within the same table. If you are sure, you may set "
          "'check_duplicate_files' to false to force the import.");
  }
}

}  // namespace

int64_t import_files(Session& session, table::Table& table, const ImportSource& source,
                     const std::map<std::string, std::string>& filter, bool check_duplicates,
                     const StopToken& stop) {
  if (lower_case(source.format) != "parquet")
    throw_unsupported("adding files of format " + source.format +
                      " to an Iceberg table; Parquet files can be added");
  ensure_name_mapping(session, table);
  table::AppendRequest request;
  request.files = Import(session, table, source).files(filter);
  if (check_duplicates) check_duplicate_files(session, table, request.files);
  request.fast = false;
  const auto count = static_cast<int64_t>(request.files.size());
  if (count > 0)
    committed(table, table::append(table, request, session.process().clock,
                                   session.process().random, stop));
  return count;
}

}  // namespace firn::session
