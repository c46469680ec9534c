// Spark's `_spark_metadata`: a file a batch, a line a data file. A batch that the log has is not
// written again; files that no batch names are those of an attempt that did not end.
#include "session/stream_file_sink.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/json_string.h"
#include "session/streams.h"
#include "stream/source/file_log.h"

namespace firn::session {
namespace {

class FileSink final : public stream::BatchSink {
 public:
  FileSink(Session& session, plan::WriteFiles write)
      : session_(session.process(), session.conf()),
        write_(std::move(write)),
        log_(session.process().store, files::join_uri(write_.path, "_spark_metadata")) {}

  std::string description() const override { return "FileSink[" + write_.path + "]"; }

  void add_batch(stream::SinkBatch batch, const StopToken& stop) override {
    if (log_.latest().value_or(-1) >= batch.id) return;
    std::set<std::string> before;
    for (const files::FileInfo& file : data_files()) before.insert(file.uri);
    if (!batch.chunks.empty()) {
      plan::WriteFiles write = write_;
      write.query = rows_relation(batch.columns, std::move(batch.chunks), session_.ids());
      session_.execute({std::move(write), "", {}}, stop);
    }
    std::vector<std::string> lines;
    for (const files::FileInfo& file : data_files()) {
      if (before.count(file.uri) > 0) continue;
      const std::string uri = files::scheme_of(file.uri).empty() ? "file://" + file.uri : file.uri;
      lines.push_back("{\"path\":" + json_quoted(uri) + ",\"size\":" + std::to_string(file.size) +
                      ",\"isDir\":false,\"modificationTime\":" + std::to_string(file.modified_ms) +
                      ",\"blockReplication\":1,\"blockSize\":33554432,\"action\":\"add\"}");
    }
    log_.add(batch.id, lines);
  }

 private:
  std::vector<files::FileInfo> data_files() {
    std::vector<files::FileInfo> found = session_.process().store.list(write_.path);
    std::erase_if(found, [&](const files::FileInfo& file) {
      const std::string name = file.uri.substr(std::min(write_.path.size(), file.uri.size()));
      return name.find("/_") != std::string::npos || name.find("/.") != std::string::npos;
    });
    return found;
  }

  Session session_;  // of its own: the user's is not for the query's threads
  plan::WriteFiles write_;
  stream::FileLog log_;
};

}  // namespace

std::shared_ptr<stream::BatchSink> make_file_sink(Session& session, const StreamWrite& write,
                                                  const std::string& format) {
  plan::WriteFiles made;
  made.format = format;
  made.path = write.path;
  made.mode = plan::SaveMode::kAppend;
  made.partition_by = write.partition_by;
  for (const auto& [key, value] : write.options) {
    std::string name = key;
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (name == "path" && made.path.empty())
      made.path = value;
    else if (name != "path" && name != "checkpointlocation")
      made.options.emplace_back(key, value);
  }
  if (made.path.empty())
    throw_invalid("a streaming write of " + format +
                  " files needs a path: start(path), or the "
                  "option path");
  while (made.path.size() > 1 && made.path.ends_with('/')) made.path.pop_back();
  return std::make_shared<FileSink>(session, std::move(made));
}

}  // namespace firn::session
