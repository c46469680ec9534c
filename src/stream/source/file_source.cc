// Offsets are {"logOffset":N}: the batches 0 … N of the source's log, which names each batch's
// files, have been read. A batch enters the log when it is planned; the offset log says later that
// it ran.
#include "stream/source/file_source.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "base/error.h"
#include "base/log.h"
#include "engine/file_paths.h"
#include "engine/file_scan.h"
#include "plan/build.h"
#include "stream/source/file_log.h"
#include "stream/source/options.h"
#include "stream/source/scan_reader.h"
#include "stream/whole_number.h"

namespace firn::stream {
namespace {

using OrderedJson = nlohmann::ordered_json;

const std::vector<std::string> kStreamOptions = {
    "path",           "maxFilesPerTrigger",     "maxBytesPerTrigger", "latestFirst",
    "maxFileAge",     "fileNameOnly",           "cleanSource",        "sourceArchiveDir",
    "maxCachedFiles", "discardCachedInputRatio"};

bool is_stream_option(const std::string& name) {
  return name.starts_with("__") ||
         std::any_of(kStreamOptions.begin(), kStreamOptions.end(),
                     [&](const auto& one) { return lower_case(one) == lower_case(name); });
}

struct SeenFile {
  std::string uri;
  int64_t modified_ms = 0, size = 0;
};

class FileSource final : public Source {
 public:
  FileSource(const plan::StreamSource& source, SourceSurroundings surroundings)
      : source_(source),
        surroundings_(std::move(surroundings)),
        log_(surroundings_.store, surroundings_.folder) {
    const FormatOptions options("files", source.options, {});
    path_ = options.text("path").value_or("");
    // A path of this working folder is written out: the log is read from others too.
    if (!path_.empty() && files::scheme_of(path_).empty())
      path_ = std::filesystem::absolute(path_).lexically_normal().string();
    max_files_ = options.number("maxFilesPerTrigger", 1);
    max_bytes_ = options.number("maxBytesPerTrigger", 1);
    latest_first_ = options.flag("latestFirst", false);
    name_only_ = options.flag("fileNameOnly", false);
    std::set<int64_t> batches;
    for (const FileLog::Entry& entry : log_.all()) {
      seen_.insert(key_of(entry.path));
      batches.insert(entry.batch);
    }
    for (int64_t batch = log_.latest().value_or(-1); batch >= 0; --batch) {
      if (!batches.contains(batch))
        throw Error("STREAM_CHECKPOINT_CORRUPT",
                    {{"location", log_.folder()},
                     {"reason", "batch " + std::to_string(batch) + " names no file"}});
    }
  }

  std::string description() const override { return "FileStreamSource[" + path_ + "]"; }
  bool keeps_its_start() const override { return true; }
  std::string initial_offsets(const StopToken&) override { return write(-1); }

  std::string next_end(const std::string& start, const ReadLimit&, const StopToken&) override {
    if (log_.latest().value_or(-1) > logged_start(start)) return write(*log_.latest());
    return plan_batch(start, unseen());
  }
  // The files of now; what comes later is for the next run.
  std::string latest(const std::string& start, const StopToken&) override {
    frozen_ = unseen();
    return write(std::max(log_.latest().value_or(-1), logged_start(start)) +
                 static_cast<int64_t>(frozen_.size()));
  }
  std::string bounded_end(const std::string& start, const std::string&, const ReadLimit&) override {
    if (log_.latest().value_or(-1) > parse(start)) return write(*log_.latest());
    std::erase_if(frozen_, [&](const SeenFile& file) { return seen_.count(key_of(file.uri)) > 0; });
    return plan_batch(start, frozen_);
  }

  std::unique_ptr<RangeReader> read(const std::string& start, const std::string& end) override {
    plan::FileScan scan;
    scan.format = source_.format;
    for (const auto& [name, value] : source_.options)
      if (!is_stream_option(name)) scan.options[name] = value;
    scan.columns = source_.columns;
    const int64_t last = parse(end);
    for (int64_t batch = logged_start(start) + 1; batch <= last; ++batch) {
      for (const FileLog::Entry& entry : log_.entries(batch))
        if (entry.batch == batch) scan.paths.push_back(plain(entry.path));
    }
    if (scan.paths.empty()) return std::make_unique<ScanReader>(surroundings_.engine, nullptr);
    place_columns(scan);
    const plan::RelationPtr files = plan::finish(std::move(scan));
    std::vector<plan::ExprPtr> wanted;
    for (const std::string& name : surroundings_.wanted)
      for (const plan::Attribute& column : source_.columns)
        if (column.name == name) wanted.push_back(plan::column(column));
    return std::make_unique<ScanReader>(surroundings_.engine,
                                        plan::project(std::move(wanted), files));
  }

  void wait(int milliseconds, const StopToken& stop) override {
    for (int left = milliseconds; left > 0 && !stop.stop_requested(); left -= 20)
      surroundings_.clock.sleep_for(std::chrono::milliseconds(std::min(left, 20)));
  }
  std::vector<PartitionLag> lag(const std::string&) override { return {}; }

 private:
  // Which of the stream's columns the files hold, and which the names of their folders.
  void place_columns(plan::FileScan& scan) const {
    std::vector<types::StructField> fields;
    for (const plan::Attribute& column : source_.columns)
      fields.push_back({column.name, column.type, true});
    const std::string base = plain(path_);
    if (scan.paths.front().starts_with(base)) scan.options.emplace("basepath", base);
    engine::remember_schema(
        engine::describe_files(surroundings_.store, scan.format, scan.paths, scan.options,
                               types::DataType::structure(std::move(fields))),
        scan.options);
  }
  static std::string write(int64_t batch) { return OrderedJson{{"logOffset", batch}}.dump(); }
  static int64_t parse(const std::string& text) {
    const OrderedJson json = OrderedJson::parse(text, nullptr, false);
    if (json.is_object() && json.contains("logOffset")) {
      if (const auto number = whole_number<int64_t>(json["logOffset"])) return *number;
    }
    throw_invalid("this is no offset of a stream of files: " + text);
  }
  // The log is written first: an offset behind its end is none that this stream wrote.
  int64_t logged_start(const std::string& text) const {
    const int64_t batch = parse(text);
    if (batch < -1 || batch > log_.latest().value_or(-1))
      throw_invalid("the offset " + text + " of a stream of files is not among the " +
                    std::to_string(log_.latest().value_or(-1) + 1) + " batches of its log " +
                    log_.folder());
    return batch;
  }
  // As the store names it; the log has URIs.
  static std::string plain(const std::string& uri) {
    return uri.starts_with("file:") ? files::local_path(uri) : uri;
  }
  static std::string logged(const std::string& uri) {
    return files::scheme_of(uri).empty() ? "file://" + uri : uri;
  }
  std::string key_of(const std::string& uri) const {
    const std::string name = plain(uri);
    return name_only_ ? name.substr(name.find_last_of('/') + 1) : name;
  }

  std::vector<SeenFile> unseen() {
    std::vector<SeenFile> found;
    std::vector<engine::PlacedFile> files;
    try {
      files = engine::expand_paths(surroundings_.store, {path_});
    } catch (const Error& error) {
      if (error.condition() != "PATH_NOT_FOUND") throw;  // a folder may be empty for a while
    }
    for (const engine::PlacedFile& file : files) {
      if (seen_.count(key_of(file.uri)) > 0) continue;
      const auto info = surroundings_.store.stat(file.uri);
      if (info) found.push_back({file.uri, info->modified_ms, info->size});
    }
    std::stable_sort(found.begin(), found.end(), [&](const SeenFile& a, const SeenFile& b) {
      return latest_first_ ? a.modified_ms > b.modified_ms : a.modified_ms < b.modified_ms;
    });
    return found;
  }

  std::string plan_batch(const std::string& start, const std::vector<SeenFile>& files) {
    if (files.empty()) return start;
    const int64_t batch = log_.latest().value_or(-1) + 1;
    std::vector<std::string> lines;
    int64_t bytes = 0;
    for (const SeenFile& file : files) {
      const auto count = static_cast<int64_t>(lines.size());
      if ((max_files_ && count >= *max_files_) || (max_bytes_ && count > 0 && bytes >= *max_bytes_))
        break;
      bytes += file.size;
      lines.push_back(OrderedJson{
          {"path", logged(file.uri)}, {"timestamp", file.modified_ms}, {"batchId", batch}}
                          .dump());
      seen_.insert(key_of(file.uri));
    }
    log_.add(batch, lines);
    return write(batch);
  }

  plan::StreamSource source_;
  SourceSurroundings surroundings_;
  FileLog log_;
  std::string path_;
  std::optional<int64_t> max_files_, max_bytes_;
  bool latest_first_ = false, name_only_ = false;
  std::set<std::string> seen_;
  std::vector<SeenFile> frozen_;
};

}  // namespace

void check_file_options(const std::map<std::string, std::string>& options) {
  const FormatOptions checked("files", options, {});
  if (checked.text("path").value_or("").empty())
    throw_invalid("a stream of files needs a path: load(path), or the option path");
  checked.number("maxFilesPerTrigger", 1);
  checked.number("maxBytesPerTrigger", 1);
  if (checked.text("maxFilesPerTrigger") && checked.text("maxBytesPerTrigger"))
    throw_invalid("the options maxFilesPerTrigger and maxBytesPerTrigger exclude each other");
  const std::string clean = lower_case(checked.text("cleanSource").value_or("off"));
  if (clean != "off")
    throw_unsupported("the option cleanSource=" + clean +
                      " of a stream of files; remove or move the files yourself");
}

std::unique_ptr<Source> make_file_source(const plan::StreamSource& source,
                                         SourceSurroundings surroundings) {
  return std::make_unique<FileSource>(source, std::move(surroundings));
}

}  // namespace firn::stream
