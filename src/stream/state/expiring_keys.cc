// Entry files: key = the hash (16 bytes), value = the time (8 bytes), both as in memory.
#include "stream/state/expiring_keys.h"

#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include "base/error.h"
#include "stream/state/entry_file.h"
#include "stream/whole_number.h"

namespace firn::stream {
namespace {

using KeysJson = nlohmann::json;

constexpr size_t kMostFiles = 64;
constexpr size_t kLeastForBase = 4096;

std::string_view raw_bytes(const auto& value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

struct Version {
  std::vector<std::string> files;
  int64_t watermark_us = 0;
};

Version parse(const std::string& text, const std::string& folder) {
  try {
    const KeysJson json = KeysJson::parse(text);
    return {json.at("files").get<std::vector<std::string>>(),
            required_whole_number<int64_t>(json.at("watermark_us"))};
  } catch (const KeysJson::exception&) {
    throw Error("STREAM_CHECKPOINT_CORRUPT",
                {{"location", folder},
                 {"reason", "the prepared record's state is no version of expiring keys"}});
  }
}

}  // namespace

ExpiringKeys::ExpiringKeys(std::string folder, files::FileStore& store, Random& random)
    : folder_(std::move(folder)),
      store_(store),
      incarnation_(random_uuid(random)),
      watermark_us_(std::numeric_limits<int64_t>::min()) {}

void ExpiringKeys::restore(const std::string& text) {
  if (text.empty()) return;
  const Version version = parse(text, folder_);
  watermark_us_ = version.watermark_us;
  files_ = version.files;
  for (const std::string& name : files_) load(name);
  fresh_.clear();
}

void ExpiringKeys::load(const std::string& name) {
  const std::string uri = files::join_uri(folder_, name);
  read_entries(store_, uri, [&](std::string_view key, std::string_view value) {
    Hash128 hash;
    int64_t time = 0;
    if (key.size() != sizeof hash || value.size() != sizeof time)
      throw Error("STREAM_CHECKPOINT_CORRUPT",
                  {{"location", uri}, {"reason", "an entry of it has another size"}});
    std::memcpy(&hash, key.data(), sizeof hash);
    std::memcpy(&time, value.data(), sizeof time);
    ++entries_;
    if (time > watermark_us_) insert(hash, time);
  });
}

bool ExpiringKeys::insert(const Hash128& key, int64_t expires_us) {
  if (!times_.emplace(key, expires_us).second) return false;
  by_time_.emplace(expires_us, key);
  fresh_.push_back(key);
  return true;
}

int64_t ExpiringKeys::expire(int64_t watermark_us) {
  watermark_us_ = std::max(watermark_us_, watermark_us);
  int64_t gone = 0;
  while (!by_time_.empty() && by_time_.begin()->first <= watermark_us_) {
    times_.erase(by_time_.begin()->second);
    by_time_.erase(by_time_.begin());
    ++gone;
  }
  return gone;
}

std::string ExpiringKeys::fresh_name(const char* kind, int64_t epoch) {
  return std::string(kind) + "-" + std::to_string(epoch) + "-" + incarnation_ + "-" +
         std::to_string(++written_);
}

std::string ExpiringKeys::prepare(int64_t epoch) {
  // Much of what the files hold has expired, or there are many: one file anew.
  const bool base = files_.size() >= kMostFiles ||
                    (entries_ + fresh_.size() > kLeastForBase && entries_ > 2 * times_.size());
  if (base) {
    files_.clear();
    entries_ = 0;
  }
  if (base ? !times_.empty() : !fresh_.empty()) {
    files_.push_back(fresh_name(base ? "base" : "delta", epoch));
    EntryWriter writer(store_, files::join_uri(folder_, files_.back()));
    const auto add = [&](const Hash128& key, int64_t time) {
      writer.add(raw_bytes(key), raw_bytes(time));
      ++entries_;
    };
    if (base) {
      for (const auto& [key, time] : times_) add(key, time);
    } else {
      for (const Hash128& key : fresh_) {
        const auto found = times_.find(key);  // it may have expired since
        if (found != times_.end()) add(key, found->second);
      }
    }
    writer.finish();
  }
  fresh_.clear();
  return KeysJson{{"files", files_}, {"watermark_us", watermark_us_}}.dump();
}

void ExpiringKeys::collect(const std::string& text, int64_t epoch) {
  if (text.empty()) return;
  const Version version = parse(text, folder_);
  const std::set<std::string> needed(version.files.begin(), version.files.end());
  for (const files::FileInfo& file : store_.list(folder_)) {
    const std::string name = file.uri.substr(file.uri.find_last_of('/') + 1);
    if (!name.starts_with("base-") && !name.starts_with("delta-")) continue;
    const int64_t written = std::strtoll(name.c_str() + name.find('-') + 1, nullptr, 10);
    if (written <= epoch && needed.count(name) == 0) store_.remove(file.uri);
  }
}

int64_t ExpiringKeys::memory_bytes() const {
  constexpr int64_t kBytesAKey = 128;  // both indexes
  return keys() * kBytesAKey;
}

}  // namespace firn::stream
