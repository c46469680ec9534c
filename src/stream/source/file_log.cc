// Batches are numbered from 0 without gaps.
#include "stream/source/file_log.h"

#include <algorithm>
#include <charconv>

#include "base/error.h"

namespace firn::stream {

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

std::vector<std::string> FileLog::read(const std::string& uri) {
  const std::string text = store_.read_all(uri);
  std::vector<std::string> found;
  for (size_t at = 0; at <= text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    found.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  if (found.front() != "v1")
    throw Error("STREAM_CHECKPOINT_CORRUPT",
                {{"location", uri}, {"reason", "it must start with v1"}});
  found.erase(found.begin());
  std::erase(found, "");
  return found;
}

std::vector<std::string> FileLog::lines(int64_t batch) { return read(path(batch)); }

std::vector<std::string> FileLog::all() {
  std::vector<std::string> found;
  if (!latest_) return found;
  int64_t first = *latest_;
  while (first > 0 && !is_compact(first)) --first;
  for (int64_t batch = first; batch <= *latest_; ++batch) {
    const std::vector<std::string> some = lines(batch);
    found.insert(found.end(), some.begin(), some.end());
  }
  return found;
}

bool FileLog::add(int64_t batch, const std::vector<std::string>& fresh) {
  if (latest_ && *latest_ >= batch) return false;
  std::vector<std::string> written = is_compact(batch) ? all() : std::vector<std::string>{};
  written.insert(written.end(), fresh.begin(), fresh.end());
  std::string text = "v1";
  for (const std::string& line : written) text += "\n" + line;
  if (!store_.put_if_absent(path(batch), text))
    throw Error("CONCURRENT_STREAM_LOG_UPDATE", {{"batchId", std::to_string(batch)}});
  latest_ = batch;
  return true;
}

}  // namespace firn::stream
