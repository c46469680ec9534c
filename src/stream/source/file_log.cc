// Batches are numbered from 0 without gaps.
#include "stream/source/file_log.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/error.h"
#include "stream/whole_number.h"

namespace firn::stream {
namespace {
using Json = nlohmann::json;
}

FileLog::FileLog(files::FileStore& store, std::string folder)
    : store_(store), folder_(std::move(folder)) {
  for (const files::FileInfo& file : store_.list(folder_)) {
    const std::string name = file.uri.substr(file.uri.find_last_of('/') + 1);
    int64_t batch = 0;
    const auto [end, problem] = std::from_chars(name.data(), name.data() + name.size(), batch);
    const std::string rest(end, name.data() + name.size());
    if (problem == std::errc() && (rest.empty() || rest == ".compact"))
      latest_ = std::max(latest_.value_or(batch), batch);
  }
}

std::string FileLog::path(int64_t batch) const {
  return files::join_uri(folder_, std::to_string(batch) + (is_compact(batch) ? ".compact" : ""));
}

std::vector<FileLog::Entry> FileLog::read(const std::string& uri) {
  const std::string text = store_.read_all(uri);
  const auto damaged = [&uri](const std::string& reason) {
    throw Error("STREAM_CHECKPOINT_CORRUPT", {{"location", uri}, {"reason", reason}});
  };
  std::vector<Entry> found;
  size_t number = 0;
  for (size_t at = 0; at <= text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    std::string line = text.substr(at, end - at);
    at = end + 1;
    if (++number == 1) {
      if (line != "v1") damaged("it must start with v1");
      continue;
    }
    if (line.empty()) continue;
    const Json json = Json::parse(line, nullptr, false);
    const bool has_batch = json.is_object() && json.contains("batchId");
    const auto batch =
        has_batch ? whole_number<int64_t>(json["batchId"]) : std::optional<int64_t>(-1);
    if (!json.is_object() || !batch || !json.contains("path") || !json["path"].is_string())
      damaged("line " + std::to_string(number) + " must be JSON with the path of a file");
    found.push_back({std::move(line), json["path"].get<std::string>(), *batch});
  }
  return found;
}

std::vector<FileLog::Entry> FileLog::entries(int64_t batch) { return read(path(batch)); }

std::vector<FileLog::Entry> FileLog::all() {
  std::vector<Entry> found;
  if (!latest_) return found;
  int64_t first = *latest_;
  while (first > 0 && !is_compact(first)) --first;
  for (int64_t batch = first;; ++batch) {
    for (Entry& entry : entries(batch)) found.push_back(std::move(entry));
    if (batch == *latest_) break;  // which may be the greatest number there is
  }
  return found;
}

bool FileLog::add(int64_t batch, const std::vector<std::string>& fresh) {
  if (latest_ && *latest_ >= batch) return false;
  std::string text = "v1";
  if (is_compact(batch))
    for (const Entry& entry : all()) text += "\n" + entry.line;
  for (const std::string& line : fresh) text += "\n" + line;
  if (!store_.put_if_absent(path(batch), text))
    throw Error("CONCURRENT_STREAM_LOG_UPDATE", {{"batchId", std::to_string(batch)}});
  latest_ = batch;
  return true;
}

}  // namespace firn::stream
