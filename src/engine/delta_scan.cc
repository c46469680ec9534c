// Checkpoints and commits of a Delta table, then one Parquet scan joined with what the log says of
// each file.
#include "engine/delta_scan.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <map>
#include <utility>

#include "base/error.h"
#include "engine/duck_types.h"
#include "engine/file_format.h"
#include "engine/inspector.h"
#include "engine/parquet_scan.h"
#include "engine/query_state.h"
#include "engine/table_functions.h"
#include "formats/delta_log.h"
#include "formats/value_parser.h"
#include "kernels/timestamp_text.h"
#include "plan/file_columns.h"

namespace firn::engine {
namespace {

using formats::DeltaFile;
using formats::DeltaTable;
using types::DataType;
using types::DataTypeId;

constexpr const char* kIsDeleted = "firn_delta_deleted";

struct LogFiles {
  std::map<int64_t, files::FileInfo> commits;
  std::map<int64_t, std::vector<std::string>> checkpoints;  // whole ones only
};

// "00000000000000000010.json", "….checkpoint.parquet",
// "….checkpoint.0000000001.0000000003.parquet".
LogFiles list_log(files::FileStore& store, const std::string& path) {
  LogFiles log;
  std::map<int64_t, size_t> wanted;
  for (const files::FileInfo& info : store.list(files::join_uri(path, "_delta_log"))) {
    const std::string name = info.uri.substr(info.uri.rfind('/') + 1);
    constexpr size_t kDigits = 20;
    if (name.size() < kDigits || name.find_first_not_of("0123456789") != kDigits) continue;
    int64_t version = 0;
    std::from_chars(name.data(), name.data() + kDigits, version);
    const std::string rest = name.substr(kDigits);
    if (rest == ".json") log.commits[version] = info;
    if (!rest.starts_with(".checkpoint") || !rest.ends_with(".parquet")) continue;
    log.checkpoints[version].push_back(info.uri);
    // Parts say how many they are.
    const bool parts = std::count(rest.begin(), rest.end(), '.') == 4;
    const std::string count = parts ? rest.substr(rest.size() - 18, 10) : "1";
    wanted[version] = static_cast<size_t>(std::stoll(count));
  }
  std::erase_if(log.checkpoints,
                [&](const auto& entry) { return entry.second.size() < wanted[entry.first]; });
  return log;
}

int64_t chosen_version(const LogFiles& log, const std::string& path,
                       const formats::Options& options) {
  if (log.commits.empty() && log.checkpoints.empty())
    throw Error("PATH_NOT_FOUND", {{"path", files::join_uri(path, "_delta_log")}});
  const int64_t newest = std::max(log.commits.empty() ? -1 : log.commits.rbegin()->first,
                                  log.checkpoints.empty() ? -1 : log.checkpoints.rbegin()->first);
  if (const auto text = options.find("versionAsOf")) {
    const int64_t version = options.number("versionAsOf", 0);
    if (version < 0 || version > newest)
      throw_invalid("Cannot time travel Delta table to version " + *text +
                    ". Available versions: [0, " + std::to_string(newest) + "].");
    return version;
  }
  const auto text = options.find("timestampAsOf");
  if (!text) return newest;
  const auto instant = kernels::parse_timestamp(*text, *options.zone());
  if (!instant) throw_invalid("timestampAsOf '" + *text + "' is no timestamp");
  int64_t version = -1;
  for (const auto& [number, info] : log.commits) {
    if (info.modified_ms * 1000 <= *instant) version = number;
  }
  if (version < 0)
    throw_invalid("The provided timestamp (" + *text +
                  ") is before the earliest version available to this Delta table (" + path + ").");
  return version;
}

void apply_checkpoint(Inspector& inspector, const std::string& uri, DeltaTable& table) {
  const std::string from = " FROM parquet_scan(" + literal(to_store_path(uri)) + ") WHERE ";
  const auto columns = inspector.query(
      "SELECT * FROM parquet_scan(" + literal(to_store_path(uri)) + ") LIMIT 0", uri);
  for (const char* action : {"protocol", "metaData", "add", "sidecar"}) {
    const bool there = std::ranges::find(columns->names, action) != columns->names.end();
    if (!there) continue;
    const auto rows = inspector.query("SELECT to_json(" + quoted_identifier(action) + ")::VARCHAR" +
                                          from + quoted_identifier(action) + " IS NOT NULL",
                                      uri);
    for (duckdb::idx_t i = 0; i < rows->RowCount(); ++i) {
      if (std::string_view(action) == "sidecar")
        throw_unsupported("reading Delta checkpoints with sidecar files: " + uri);
      table.apply("{\"" + std::string(action) +
                  "\":" + rows->GetValue(0, i).GetValue<std::string>() + "}");
    }
  }
}

DeltaTable load(files::FileStore& store, const std::string& path, const LogFiles& log,
                int64_t version) {
  DeltaTable table;
  int64_t from = 0;
  const auto after = log.checkpoints.upper_bound(version);
  if (after != log.checkpoints.begin()) {
    Inspector inspector(store);
    const auto& [number, uris] = *std::prev(after);
    for (const std::string& uri : uris) apply_checkpoint(inspector, uri, table);
    from = number + 1;
  }
  for (int64_t number = from; number <= version; ++number) {
    const auto commit = log.commits.find(number);
    if (commit == log.commits.end())
      throw_corrupt("the Delta table " + path + " lacks version " + std::to_string(number) +
                    " in its log");
    const std::string text = store.read_all(commit->second.uri);
    for (size_t at = 0; at < text.size();) {
      const size_t end = std::min(text.find('\n', at), text.size());
      if (end > at) table.apply(std::string_view(text).substr(at, end - at));
      at = end + 1;
    }
  }
  if (!table.has_schema()) throw_corrupt("the log of the Delta table " + path + " has no metaData");
  return table;
}

// ---- The query

std::string blob_literal(std::string_view bytes) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out = "'";
  for (const char c : bytes) {
    out += "\\x";
    out += kHex[static_cast<unsigned char>(c) >> 4];
    out += kHex[c & 15];
  }
  return out + "'::BLOB";
}

// The deleted rows as 8 bytes each, which firn_delta_deleted searches.
std::string deleted_rows(files::FileStore& store, const std::string& table, const DeltaFile& file) {
  if (!file.deleted) return "NULL::BLOB";
  std::string bytes;
  if (file.deleted->storage == "i") {
    bytes = formats::decode_base85(file.deleted->place);
  } else {
    const auto input = store.open(file.deleted->uri(table));
    bytes.resize(static_cast<size_t>(
        std::min(file.deleted->size + 8, input->size() - file.deleted->offset)));
    input->read_at(file.deleted->offset, static_cast<int64_t>(bytes.size()), bytes.data());
  }
  const std::vector<uint64_t> rows = formats::read_deletion_vector(*file.deleted, bytes);
  return blob_literal({reinterpret_cast<const char*>(rows.data()), rows.size() * sizeof(uint64_t)});
}

std::string file_uri(const std::string& table, const std::string& path) {
  const bool whole = !files::scheme_of(path).empty() || path.starts_with('/');
  return whole ? path : files::join_uri(table, path);
}

std::string delta_partition_value(const std::string& column, const DataType& type,
                                  const formats::Options& options) {
  if (type.id() == DataTypeId::kString) return column;
  if (type.id() == DataTypeId::kBinary) return "encode(" + column + ")";
  if (type.id() == DataTypeId::kTimestamp)
    return "timezone(" + literal(options.text("timezone", "UTC")) + ", TRY_CAST(" + column +
           " AS TIMESTAMP))";
  return "TRY_CAST(" + column + " AS " + to_duckdb(type).ToString() + ")";
}

void is_deleted(duckdb::DataChunk& arguments, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::BinaryExecutor::Execute<duckdb::string_t, int64_t, bool>(
      arguments.data[0], arguments.data[1], result, arguments.size(),
      [](const duckdb::string_t& rows, int64_t row) {
        size_t low = 0, high = rows.GetSize() / sizeof(uint64_t);
        while (low < high) {
          const size_t middle = (low + high) / 2;
          uint64_t value = 0;
          std::memcpy(&value, rows.GetData() + middle * sizeof(uint64_t), sizeof(value));
          if (value == static_cast<uint64_t>(row)) return true;
          if (value < static_cast<uint64_t>(row))
            low = middle + 1;
          else
            high = middle;
        }
        return false;
      });
}

}  // namespace

DataType delta_schema(files::FileStore& store, const std::string& path,
                      const formats::Options& options, int64_t& version) {
  const LogFiles log = list_log(store, path);
  version = chosen_version(log, path, options);
  return load(store, path, log, version).schema();
}

std::string delta_query(files::FileStore& store, const plan::FileScan& scan) {
  const formats::Options options(scan.options);
  const std::string& path = scan.paths.front();
  const LogFiles log = list_log(store, path);
  const DeltaTable table = load(store, path, log, chosen_version(log, path, options));
  const std::vector<DeltaFile> files = table.files();
  if (files.empty()) return empty_query(scan);
  std::string list = "[", values, names = "store_path, uri, name, size, modified, deleted";
  const auto& logical = table.schema().fields();
  const auto& physical = table.physical_schema().fields();
  std::vector<size_t> partitions;  // of the schema's fields
  for (const std::string& column : table.partition_columns()) {
    for (size_t i = 0; i < logical.size(); ++i) {
      if (logical[i].name == column) partitions.push_back(i);
    }
  }
  for (const size_t i : partitions) names += ", p" + std::to_string(i);
  bool any_deleted = false;
  for (const DeltaFile& file : files) {
    const std::string uri = file_uri(path, file.path), stored = literal(to_store_path(uri));
    list += (list.size() > 1 ? ", " : "") + stored;
    any_deleted |= file.deleted.has_value();
    values += (values.empty() ? "(" : ", (") + stored + ", " + literal(shown_uri(uri)) + ", " +
              literal(uri.substr(uri.rfind('/') + 1)) + ", " + std::to_string(file.size) +
              "::BIGINT, make_timestamptz(" + std::to_string(file.modified_ms * 1000) + "), " +
              deleted_rows(store, path, file);
    for (const size_t i : partitions) {
      const auto found = file.partition.find(physical[i].name);
      const bool set = found != file.partition.end() && found->second && !found->second->empty();
      values += ", " + (set ? literal(*found->second) : std::string("NULL")) + "::VARCHAR";
    }
    values += ")";
  }
  const std::string call = "parquet_scan(" + list +
                           "], union_by_name = true, can_have_nan = true, filename = 'firn_file', "
                           "file_row_number = true, hive_partitioning = false)";
  Inspector inspector(store);
  const auto described = inspector.query("SELECT * FROM " + call + " LIMIT 0", shown_uri(path));
  std::string select;
  for (const plan::Attribute& column : scan.columns) {
    size_t at = 0;
    while (at < logical.size() && logical[at].name != column.name) ++at;
    std::string value = "NULL::" + to_duckdb(column.type).ToString();
    if (column.name == plan::kInputFileColumn) {
      value = "f.uri";
    } else if (column.name == plan::kFileMetadataColumn) {
      value =
          "struct_pack(f0 := f.uri, f1 := f.name, f2 := f.size, f3 := 0::BIGINT, f4 := f.size, "
          "f5 := f.modified)";
    } else if (std::ranges::find(partitions, at) != partitions.end()) {
      value = delta_partition_value("f.p" + std::to_string(at), column.type, options);
    } else if (at < logical.size()) {
      const auto in_file = std::ranges::find(described->names, physical[at].name);
      if (in_file != described->names.end()) {
        const auto index = static_cast<size_t>(in_file - described->names.begin());
        value = adapted_column("r." + quoted_identifier(*in_file), described->types[index],
                               physical[at].type, column.name, shown_uri(path));
      }
    }
    select += (select.empty() ? "SELECT " : ", ") + value + " AS " + column_name(column.id);
  }
  if (select.empty()) select = "SELECT true AS firn_row";
  std::string query = select + " FROM " + call + " r JOIN (VALUES " + values + ") f(" + names +
                      ") ON r.firn_file = f.store_path";
  if (any_deleted)
    query += " WHERE f.deleted IS NULL OR NOT " + std::string(kIsDeleted) +
             "(f.deleted, r.file_row_number)";
  return query;
}

void register_delta_functions(duckdb::DatabaseInstance& instance) {
  register_scalar_function(
      instance,
      duckdb::ScalarFunction(kIsDeleted, {duckdb::LogicalType::BLOB, duckdb::LogicalType::BIGINT},
                             duckdb::LogicalType::BOOLEAN, is_deleted));
}

}  // namespace firn::engine
