// DataFrameWriter.save and INSERT OVERWRITE DIRECTORY: a query's rows into a folder of files. All
// files are written under <path>/_temporary first; then what gives way is removed, the new files
// are moved into place, and _SUCCESS says that all is there.
#include <algorithm>
#include <cstdio>
#include <list>
#include <map>
#include <set>

#include "base/error.h"
#include "engine/parquet_rows.h"
#include "formats/postgres.h"
#include "formats/reader.h"
#include "kernels/value_text.h"
#include "session/session.h"
#include "session/writing.h"

namespace firn::session {
namespace {

using types::DataType;
using types::StructField;

constexpr size_t kMostOpenFiles = 64;
constexpr const char* kNullPartition = "__HIVE_DEFAULT_PARTITION__";

// Hive's escaping of partition values in folder names.
std::string escaped_path(const std::string& text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool special = byte < 0x20 || byte == 0x7f ||
                         std::string_view("\"#%'*/:=?\\{[]^").find(c) != std::string_view::npos;
    if (special)
      out += {'%', kHex[byte >> 4], kHex[byte & 15]};
    else
      out += c;
  }
  return out;
}

// One file on its way, whatever its format.
class OpenFile {
 public:
  virtual ~OpenFile() = default;
  virtual void write(engine::Chunk& rows) = 0;
  virtual void finish() = 0;
};

class ParquetFile final : public OpenFile {
 public:
  explicit ParquetFile(std::unique_ptr<engine::ParquetRows> rows) : rows_(std::move(rows)) {}
  void write(engine::Chunk& chunk) override { rows_->write(chunk); }
  void finish() override { rows_->finish(); }

 private:
  std::unique_ptr<engine::ParquetRows> rows_;
};

class FormatFile final : public OpenFile {
 public:
  explicit FormatFile(std::unique_ptr<formats::RowWriter> writer) : writer_(std::move(writer)) {}
  void write(engine::Chunk& chunk) override {
    std::vector<kernels::ColumnView> columns;
    for (uint64_t i = 0; i < chunk.column_count(); ++i) columns.push_back(chunk.column(i));
    writer_->write(columns, chunk.size());
  }
  void finish() override { writer_->finish(); }

 private:
  std::unique_ptr<formats::RowWriter> writer_;
};

// What is written, checked before anything runs.
struct Job {
  std::string format;
  std::string path;
  formats::Options options;
  DataType data;                        // struct: the columns in the files
  std::vector<StructField> partitions;  // behind them in the rows
  std::string extension;
  int64_t max_records = 0;  // a file
};

class FolderWriter {
 public:
  FolderWriter(Session& session, const Job& job)
      : job_(job),
        store_(session.process().store),
        id_(random_uuid(session.process().random)),
        temporary_(files::join_uri(job.path, "_temporary/" + id_)),
        zone_(job.options.zone()) {
    if (job_.format == "parquet") instance_ = engine::make_writer_instance();
  }
  ~FolderWriter() {
    if (committed_) return;
    open_.clear();
    try {
      remove_temporary();
    } catch (const std::exception&) {  // hidden files harm nobody; a destructor must not throw
    }
  }

  void append(engine::Chunk& chunk) {
    if (job_.partitions.empty()) return append_rows("", chunk);
    std::map<std::string, std::vector<uint32_t>> rows;
    std::vector<kernels::ColumnView> columns;
    for (size_t i = 0; i < job_.partitions.size(); ++i)
      columns.push_back(chunk.column(job_.data.fields().size() + i));
    for (uint32_t row = 0; row < chunk.size(); ++row) rows[folder_of(columns, row)].push_back(row);
    for (const auto& [folder, of] : rows) {
      engine::Chunk part = chunk.share();
      part.keep_columns(job_.data.fields().size());
      if (of.size() < chunk.size()) part.select(of);
      append_rows(folder, part);
    }
  }

  void commit(plan::SaveMode mode, bool dynamic) {
    if (files_ == 0 && job_.partitions.empty()) open("");  // a file that says the schema
    while (!open_.empty()) close(open_.begin());
    const std::string prefix = temporary_ + "/";
    std::vector<std::string> names;
    std::set<std::string> folders;
    for (const files::FileInfo& file : store_.list(temporary_)) {
      names.push_back(file.uri.substr(prefix.size()));
      const size_t slash = names.back().rfind('/');
      folders.insert(slash == std::string::npos ? "" : names.back().substr(0, slash));
    }
    if (mode == plan::SaveMode::kOverwrite) make_room(dynamic, folders);
    for (const std::string& name : names)
      store_.move(files::join_uri(temporary_, name), files::join_uri(job_.path, name));
    remove_temporary();
    const auto mark =
        store_.create(files::join_uri(job_.path, "_SUCCESS"), files::WriteMode::kOverwrite);
    mark->finish();
    committed_ = true;
  }

 private:
  struct Target {
    std::string folder;
    std::unique_ptr<OpenFile> file;
    int64_t records = 0;
  };
  using Targets = std::list<Target>;  // the least recently used first

  std::string folder_of(const std::vector<kernels::ColumnView>& columns, uint32_t row) const {
    std::string folder, text;
    for (size_t i = 0; i < columns.size(); ++i) {
      text.clear();
      if (columns[i].is_valid(row))
        kernels::append_text(text, columns[i], row, job_.partitions[i].type, {zone_.get(), true});
      folder += (i == 0 ? "" : "/") + escaped_path(job_.partitions[i].name) + "=" +
                (text.empty() ? kNullPartition : escaped_path(text));
    }
    return folder;
  }

  Targets::iterator open(const std::string& folder) {
    if (open_.size() >= kMostOpenFiles) close(open_.begin());
    char counter[24];
    std::snprintf(counter, sizeof(counter), "%cc%03d", job_.partitions.empty() ? '-' : '.',
                  counters_[folder]++);
    const std::string name = "part-00000-" + id_ + counter + job_.extension;
    const std::string uri =
        files::join_uri(temporary_, folder.empty() ? name : files::join_uri(folder, name));
    Target target{folder, nullptr, 0};
    if (job_.format == "parquet")
      target.file = std::make_unique<ParquetFile>(
          std::make_unique<engine::ParquetRows>(instance_, store_, uri, job_.options, job_.data));
    else
      target.file = std::make_unique<FormatFile>(
          formats::find_format(job_.format)->create(store_, uri, job_.options, job_.data));
    ++files_;
    open_.push_back(std::move(target));
    by_folder_[folder] = std::prev(open_.end());
    return std::prev(open_.end());
  }
  void close(Targets::iterator target) {
    target->file->finish();
    by_folder_.erase(target->folder);
    open_.erase(target);
  }

  void append_rows(const std::string& folder, engine::Chunk& chunk) {
    uint64_t done = 0;
    while (done < chunk.size()) {
      const auto found = by_folder_.find(folder);
      const auto target = found == by_folder_.end() ? open(folder) : found->second;
      open_.splice(open_.end(), open_, target);
      const uint64_t room = job_.max_records > 0
                                ? static_cast<uint64_t>(job_.max_records - target->records)
                                : chunk.size();
      const uint64_t take = std::min(chunk.size() - done, room);
      if (take == chunk.size()) {
        target->file->write(chunk);
      } else {
        std::vector<uint32_t> rows;
        for (uint64_t row = done; row < done + take; ++row)
          rows.push_back(static_cast<uint32_t>(row));
        engine::Chunk part = chunk.share();
        part.select(rows);
        target->file->write(part);
      }
      target->records += static_cast<int64_t>(take);
      done += take;
      if (job_.max_records > 0 && target->records >= job_.max_records) close(target);
    }
  }

  // Removes what gives way: the folder's files, or those of the partitions that got new ones.
  void make_room(bool dynamic, const std::set<std::string>& folders) {
    const std::string prefix = job_.path.ends_with('/') ? job_.path : job_.path + "/";
    for (const files::FileInfo& file : store_.list(prefix)) {
      const std::string name = file.uri.substr(std::min(prefix.size(), file.uri.size()));
      if (name.starts_with("_temporary/")) continue;
      const size_t slash = name.rfind('/');
      const std::string folder = slash == std::string::npos ? "" : name.substr(0, slash);
      if (dynamic && !folders.contains(folder)) continue;
      store_.remove(file.uri);
    }
  }
  void remove_temporary() {
    store_.remove_folder(temporary_);
    const std::string all = files::join_uri(job_.path, "_temporary");
    if (store_.list(all).empty()) store_.remove_folder(all);
  }

  const Job& job_;
  files::FileStore& store_;
  const std::string id_, temporary_;
  const std::shared_ptr<const kernels::TimeZone> zone_;
  std::shared_ptr<engine::WriterInstance> instance_;
  Targets open_;
  std::map<std::string, Targets::iterator> by_folder_;
  std::map<std::string, int> counters_;
  int64_t files_ = 0;
  bool committed_ = false;
};

struct OptionConf {
  const char* format;
  const char* option;
  const char* key;
};
// Options that a session's conf stands for.
constexpr OptionConf kConfs[] = {
    {"parquet", "compression", "spark.sql.parquet.compression.codec"},
    {"orc", "compression", "spark.sql.orc.compression.codec"},
    {"avro", "compression", "spark.sql.avro.compression.codec"},
    {"", "timezone", "spark.sql.session.timeZone"},
    {"", "partitionoverwritemode", "spark.sql.sources.partitionOverwriteMode"},
    {"", "maxrecordsperfile", "spark.sql.files.maxRecordsPerFile"},
    {"json", "ignorenullfields", "spark.sql.jsonGenerator.ignoreNullFields"},
};

formats::Options write_options(const plan::WriteFiles& node, const std::string& format,
                               const conf::Conf& conf) {
  std::map<std::string, std::string> options;
  for (const auto& [key, value] : node.options) options[lower_case(key)] = value;
  for (const OptionConf& row : kConfs) {
    if (*row.format != '\0' && format != row.format) continue;
    if (const auto value = conf.get(row.key); value && !value->empty())
      options.emplace(row.option, *value);
  }
  return formats::Options(options);
}

size_t find_column(const std::vector<plan::Attribute>& columns, const std::string& name) {
  size_t at = 0;
  while (at < columns.size() && lower_case(columns[at].name) != lower_case(name)) ++at;
  return at;
}

// The query with the partition columns behind the others.
plan::RelationPtr arranged(const plan::RelationPtr& query, const plan::WriteFiles& node, Job& job) {
  const std::vector<plan::Attribute>& columns = query->output;
  std::vector<size_t> last;
  for (const std::string& name : node.partition_by) {
    const size_t at = find_column(columns, name);
    if (at == columns.size()) {
      std::string schema = "struct<";
      for (const plan::Attribute& column : columns)
        schema += (schema.size() > 7 ? "," : "") + column.name + ":" + column.type.simple_string();
      throw Error("PARTITION_COLUMN_NOT_FOUND_IN_SCHEMA",
                  {{"column", name}, {"schema", schema + ">"}});
    }
    if (columns[at].type.is_nested())
      throw Error("INVALID_PARTITION_COLUMN_DATA_TYPE",
                  {{"columnType", "\"" + columns[at].type.sql() + "\""}});
    last.push_back(at);
    job.partitions.push_back({columns[at].name, columns[at].type, true, ""});
  }
  if (!last.empty() && last.size() == columns.size())
    throw Error("ALL_PARTITION_COLUMNS_NOT_ALLOWED");
  std::vector<plan::Attribute> order;
  std::vector<StructField> data;
  std::set<std::string> seen;
  for (size_t i = 0; i < columns.size(); ++i) {
    if (!seen.insert(lower_case(columns[i].name)).second)
      throw Error("COLUMN_ALREADY_EXISTS",
                  {{"columnName", "`" + lower_case(columns[i].name) + "`"}});
    if (std::ranges::find(last, i) != last.end()) continue;
    order.push_back(columns[i]);
    data.push_back({columns[i].name, columns[i].type, true, ""});
  }
  for (const size_t at : last) order.push_back(columns[at]);
  job.data = DataType::structure(std::move(data));
  if (last.empty()) return query;
  plan::Project project{{}, query};
  for (const plan::Attribute& column : order) {
    plan::Expr reference{
        plan::ColumnRef{column}, column.type, column.nullable, true, false, false, {}};
    project.expressions.push_back(std::make_shared<const plan::Expr>(std::move(reference)));
  }
  return std::make_shared<const plan::Relation>(
      plan::Relation{std::move(project), std::move(order), true, false, {}});
}

void check_writer(const plan::WriteFiles& node, const std::string& format) {
  if (node.bucket_count > 0 || !node.bucket_by.empty())
    throw_invalid("'save' does not support bucketBy right now.");
  if (!node.sort_by.empty()) throw_invalid("sortBy must be used together with bucketBy");
  const formats::Format* row = formats::find_format(format);
  const bool writes = format == "parquet" || (row != nullptr && row->create != nullptr);
  if (!writes)
    throw_unsupported("writing files of format " + node.format +
                      "; there are parquet, csv, json, text, orc, avro, jdbc");
  if (node.path.empty())
    throw_invalid("writing " + format + " needs a path: save('…') or the option path");
}

formats::JdbcMode jdbc_mode(plan::SaveMode mode) {
  switch (mode) {
    case plan::SaveMode::kAppend:
      return formats::JdbcMode::kAppend;
    case plan::SaveMode::kOverwrite:
      return formats::JdbcMode::kOverwrite;
    case plan::SaveMode::kIgnore:
      return formats::JdbcMode::kIgnore;
    default:
      return formats::JdbcMode::kErrorIfExists;
  }
}

Result write_table_of_database(Session& session, const plan::WriteFiles& node,
                               const plan::RelationPtr& query, const StopToken& stop) {
  std::vector<StructField> fields;
  for (const plan::Attribute& column : query->output)
    fields.push_back({column.name, column.type, true, ""});
  const auto writer =
      formats::write_jdbc(write_options(node, "jdbc", session.conf()),
                          DataType::structure(std::move(fields)), jdbc_mode(node.mode));
  if (writer == nullptr) return {};
  const auto rows = session.process().engine.run(plan::rewrite(query), stop);
  for (engine::Chunk chunk; rows->next(chunk);) {
    std::vector<kernels::ColumnView> columns;
    for (uint64_t i = 0; i < chunk.column_count(); ++i) columns.push_back(chunk.column(i));
    writer->write(columns, chunk.size());
  }
  writer->finish();
  return {};
}

bool path_exists(files::FileStore& store, const std::string& path) {
  return store.folder_exists(path) || store.stat(path).has_value();
}

}  // namespace

Result write_files(Session& session, const plan::WriteFiles& written, const StopToken& stop) {
  plan::WriteFiles node = written;
  const std::string format = lower_case(node.format);
  if (node.path.empty()) {
    for (const auto& [key, value] : node.options) {
      if (lower_case(key) == "path") node.path = value;
    }
  }
  const plan::RelationPtr query = session.resolve(node.query);
  if (query->streaming)
    throw_invalid("a stream is written by writeStream, not by write: " + format);
  if (format == "noop") {
    const auto rows = session.process().engine.run(plan::rewrite(query), stop);
    for (engine::Chunk chunk; rows->next(chunk);) {
    }
    return {};
  }
  if (format == "jdbc") return write_table_of_database(session, node, query, stop);
  check_writer(node, format);
  Job job;
  job.format = format;
  job.path = node.path;
  while (job.path.size() > 1 && job.path.ends_with('/') && !job.path.ends_with("//"))
    job.path.pop_back();
  job.options = write_options(node, format, session.conf());
  job.max_records = job.options.number("maxRecordsPerFile", 0);
  const plan::RelationPtr rows_in = arranged(query, node, job);
  job.extension = format == "parquet"
                      ? engine::parquet_extension(job.options, job.data)
                      : formats::find_format(format)->extension(job.options, job.data);
  const bool exists = path_exists(session.process().store, job.path);
  if (exists && node.mode == plan::SaveMode::kErrorIfExists)
    throw Error("PATH_ALREADY_EXISTS", {{"outputPath", job.path}});
  if (exists && node.mode == plan::SaveMode::kIgnore) return {};
  const bool dynamic =
      !job.partitions.empty() &&
      lower_case(job.options.text("partitionOverwriteMode", "static")) == "dynamic";
  FolderWriter writer(session, job);
  const auto rows = session.process().engine.run(plan::rewrite(rows_in), stop);
  for (engine::Chunk chunk; rows->next(chunk);) writer.append(chunk);
  writer.commit(node.mode, dynamic);
  return {};
}

}  // namespace firn::session
