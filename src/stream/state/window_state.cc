// RocksDB with two column families: the groups, and what changed in the running epoch (behind the
// epoch's number in this process), from which the delta is written.
#include "stream/state/window_state.h"

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "base/error.h"
#include "stream/state/entry_file.h"
#include "stream/state/value_codec.h"
#include "stream/whole_number.h"

namespace firn::stream {
namespace {

using Json = nlohmann::json;

constexpr size_t kRestoreBatch = 4096;

void check(const rocksdb::Status& status, const std::string& folder) {
  if (status.ok()) return;
  throw Error("FIRN_IO", {{"what", "The working database of the aggregation in " + folder +
                                       " failed: " + status.ToString() +
                                       ". Check the disk's space and start the query again."}});
}

// Keys of windows that end at or before `micros` are below it.
std::string bound_after(int64_t micros) {
  std::string bound;
  append_window_end(micros + 1, bound);
  return bound;
}

// Of "base-12-…" or "delta-12-…"; nullopt for other files.
std::optional<int64_t> epoch_of_state_file(const std::string& name) {
  if (!name.starts_with("base-") && !name.starts_with("delta-")) return std::nullopt;
  return std::strtoll(name.c_str() + name.find('-') + 1, nullptr, 10);
}

// What processes that are gone left behind; RocksDB's lock tells them from those that run.
void remove_abandoned(const std::string& scratch) {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(scratch, ignored)) {
    if (rocksdb::DestroyDB(entry.path().string(), rocksdb::Options()).ok())
      std::filesystem::remove_all(entry.path(), ignored);
  }
}

}  // namespace

class WindowState::Database {
 public:
  Database(const std::string& scratch, const std::string& name, size_t memory_bytes)
      : folder_((std::filesystem::path(scratch) / name).string()) {
    remove_abandoned(scratch);
    std::error_code failed;
    std::filesystem::create_directories(folder_, failed);
    if (failed)
      throw Error("FIRN_IO", {{"what", "The folder " + folder_ +
                                           " for aggregation state can't be "
                                           "made: " +
                                           failed.message() + "."}});
    rocksdb::Options options;
    options.create_if_missing = true;
    options.create_missing_column_families = true;
    options.write_buffer_size = memory_bytes / 4;
    options.db_write_buffer_size = memory_bytes / 2;
    options.memtable_whole_key_filtering = true;  // most keys of a slice are new or were just here
    options.memtable_prefix_bloom_size_ratio = 0.1;
    options.max_open_files = 256;
    options.keep_log_file_num = 1;
    options.info_log_level = rocksdb::InfoLogLevel::ERROR_LEVEL;
    options.avoid_flush_during_shutdown = true;
    rocksdb::BlockBasedTableOptions table;
    table.block_cache = cache_ = rocksdb::NewLRUCache(memory_bytes / 2);
    table.cache_index_and_filter_blocks = true;
    table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
    options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
    rocksdb::DB* opened = nullptr;
    check(rocksdb::DB::Open(options, folder_, {{"default", options}, {"changed", options}},
                            &families_, &opened),
          folder_);
    db_.reset(opened);
    writing_.disableWAL = true;
    writing_.memtable_insert_hint_per_batch = true;
  }
  ~Database() {
    for (rocksdb::ColumnFamilyHandle* family : families_) db_->DestroyColumnFamilyHandle(family);
    db_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  void read(std::span<const std::string> keys, std::vector<std::optional<std::string>>& values) {
    const std::vector<rocksdb::Slice> slices(keys.begin(), keys.end());
    std::vector<rocksdb::PinnableSlice> found(keys.size());
    std::vector<rocksdb::Status> statuses(keys.size());
    db_->MultiGet({}, groups(), slices.size(), slices.data(), found.data(), statuses.data());
    values.assign(keys.size(), std::nullopt);
    for (size_t i = 0; i < keys.size(); ++i) {
      if (statuses[i].IsNotFound()) continue;
      check(statuses[i], folder_);
      values[i] = found[i].ToString();
    }
  }

  // `changed`: the running epoch's delta gets them too.
  void put(std::span<const Entry> entries, bool changed) {
    rocksdb::WriteBatch batch;
    for (const Entry& entry : entries) {
      check(batch.Put(groups(), entry.key, entry.value), folder_);
      if (changed) check(batch.Put(families_[1], epoch_prefix() + entry.key, entry.value), folder_);
    }
    check(db_->Write(writing_, &batch), folder_);
  }

  template <class Visit>
  void each(const std::string& from, const std::string& to, Visit visit) {
    scan(groups(), from, to, visit);
  }
  template <class Visit>
  void each_changed(const std::string& from, Visit visit) {
    const std::string prefix = epoch_prefix();
    scan(families_[1], prefix + from, prefix_of(epoch_ + 1),
         [&](std::string_view key, std::string_view value) {
           visit(key.substr(prefix.size()), value);
         });
  }

  void remove(const std::string& from, const std::string& to) {
    check(db_->DeleteRange(writing_, groups(), from, to), folder_);
  }
  void next_epoch() {
    check(db_->DeleteRange(writing_, families_[1], prefix_of(epoch_), prefix_of(epoch_ + 1)),
          folder_);
    ++epoch_;
  }

  int64_t memory_bytes() const {
    int64_t bytes = static_cast<int64_t>(cache_->GetUsage());
    for (rocksdb::ColumnFamilyHandle* family : families_) {
      uint64_t part = 0;
      if (db_->GetIntProperty(family, "rocksdb.cur-size-all-mem-tables", &part))
        bytes += static_cast<int64_t>(part);
    }
    return bytes;
  }

 private:
  rocksdb::ColumnFamilyHandle* groups() const { return families_[0]; }
  static std::string prefix_of(uint64_t epoch) {
    const uint64_t ordered = __builtin_bswap64(epoch);
    return {reinterpret_cast<const char*>(&ordered), sizeof ordered};
  }
  std::string epoch_prefix() const { return prefix_of(epoch_); }

  // `to` may be empty: up to the end.
  template <class Visit>
  void scan(rocksdb::ColumnFamilyHandle* family, const std::string& from, const std::string& to,
            Visit visit) {
    const rocksdb::Slice bound(to);
    rocksdb::ReadOptions reading;
    if (!to.empty()) reading.iterate_upper_bound = &bound;
    const std::unique_ptr<rocksdb::Iterator> at(db_->NewIterator(reading, family));
    for (at->Seek(from); at->Valid(); at->Next())
      visit(at->key().ToStringView(), at->value().ToStringView());
    check(at->status(), folder_);
  }

  std::string folder_;
  std::shared_ptr<rocksdb::Cache> cache_;
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> families_;
  rocksdb::WriteOptions writing_;
  uint64_t epoch_ = 0;
};

struct WindowState::Version {
  std::optional<File> base;
  std::vector<File> deltas;
  std::optional<int64_t> closed_us;
  int64_t keys = 0;

  std::string write() const {
    Json json{{"version", 1}, {"keys", keys}, {"deltas", Json::array()}};
    if (base) json["base"] = {base->name, base->bytes};
    for (const File& delta : deltas) json["deltas"].push_back({delta.name, delta.bytes});
    if (closed_us) json["closed_us"] = *closed_us;
    return json.dump();
  }
  static Version parse(const std::string& text, const std::string& folder) {
    const auto damaged = [&](const std::string& reason) {
      return Error("STREAM_CHECKPOINT_CORRUPT", {{"location", folder}, {"reason", reason}});
    };
    try {
      const Json json = Json::parse(text);
      if (required_whole_number<int64_t>(json.at("version")) != 1)
        throw damaged("its aggregation state has version " + json.at("version").dump() +
                      ", which a later firn wrote");
      const auto file = [](const Json& pair) {
        return File{pair.at(0).get<std::string>(), required_whole_number<int64_t>(pair.at(1))};
      };
      Version version;
      version.keys = required_whole_number<int64_t>(json.at("keys"));
      if (json.contains("base")) version.base = file(json["base"]);
      for (const Json& delta : json.at("deltas")) version.deltas.push_back(file(delta));
      if (json.contains("closed_us"))
        version.closed_us = required_whole_number<int64_t>(json["closed_us"]);
      return version;
    } catch (const Json::exception&) {
      throw damaged("the prepared record's state is no version of windows");
    }
  }
};

WindowState::WindowState(WindowStateOptions options, files::FileStore& store, Random& random)
    : options_(std::move(options)), store_(store), incarnation_(random_uuid(random)) {
  database_ = std::make_unique<Database>(options_.scratch, incarnation_, options_.memory_bytes);
}
WindowState::~WindowState() = default;

void WindowState::restore(const std::string& text) {
  if (text.empty()) return;
  const Version version = Version::parse(text, options_.folder);
  const std::string from = version.closed_us ? bound_after(*version.closed_us) : "";
  std::vector<Entry> batch;
  const auto load = [&](const File& file) {
    read_entries(store_, files::join_uri(options_.folder, file.name),
                 [&](std::string_view key, std::string_view value) {
                   if (key < from) return;  // closed since
                   batch.push_back({std::string(key), std::string(value)});
                   if (batch.size() < kRestoreBatch) return;
                   database_->put(batch, false);
                   batch.clear();
                 });
    database_->put(batch, false);
    batch.clear();
  };
  if (version.base) load(*version.base);
  for (const File& delta : version.deltas) load(delta);
  base_ = version.base;
  deltas_ = version.deltas;
  closed_us_ = version.closed_us;
  keys_ = version.keys;
}

void WindowState::read(std::span<const std::string> keys,
                       std::vector<std::optional<std::string>>& values) {
  database_->read(keys, values);
}

void WindowState::write(std::span<const Entry> entries) {
  const std::string open = closed_us_ ? bound_after(*closed_us_) : "";
  for (const Entry& entry : entries) {
    FIRN_CHECK(entry.key >= open, "a row of a closed window reached the state");
    keys_ += entry.is_new ? 1 : 0;
  }
  database_->put(entries, true);
}

void WindowState::close(int64_t watermark_us,
                        const std::function<void(std::string_view, std::string_view)>& visit) {
  if (closed_us_ && *closed_us_ >= watermark_us) return;
  const std::string from = closed_us_ ? bound_after(*closed_us_) : "",
                    to = bound_after(watermark_us);
  int64_t gone = 0;
  database_->each(from, to, [&](std::string_view key, std::string_view value) {
    visit(key, value);
    ++gone;
  });
  if (gone > 0) database_->remove(from, to);
  keys_ -= gone;
  closed_us_ = watermark_us;
}

void WindowState::visit(const std::string& from, const std::string& to,
                        const std::function<void(std::string_view, std::string_view)>& visit) {
  const std::string open = closed_us_ ? bound_after(*closed_us_) : "";
  database_->each(std::max(from, open), to, visit);
}

std::string WindowState::fresh_name(const char* kind, int64_t epoch) {
  return std::string(kind) + "-" + std::to_string(epoch) + "-" + incarnation_ + "-" +
         std::to_string(++files_);
}

int64_t WindowState::delta_bytes() const {
  int64_t bytes = 0;
  for (const File& delta : deltas_) bytes += delta.bytes;
  return bytes;
}

void WindowState::write_base(int64_t epoch) {
  File file{fresh_name("base", epoch)};
  EntryWriter writer(store_, files::join_uri(options_.folder, file.name));
  database_->each(closed_us_ ? bound_after(*closed_us_) : "", "",
                  [&](std::string_view key, std::string_view value) { writer.add(key, value); });
  file.bytes = writer.finish();
  base_ = std::move(file);
  deltas_.clear();
}

void WindowState::write_delta(int64_t epoch) {
  File file{fresh_name("delta", epoch)};
  std::optional<EntryWriter> writer;  // an epoch that changes nothing writes nothing
  database_->each_changed(closed_us_ ? bound_after(*closed_us_) : "",
                          [&](std::string_view key, std::string_view value) {
                            if (!writer)
                              writer.emplace(store_, files::join_uri(options_.folder, file.name));
                            writer->add(key, value);
                          });
  if (!writer) return;
  file.bytes = writer->finish();
  deltas_.push_back(std::move(file));
}

// Bounded: deltas larger than that are written as a base.
void WindowState::merge_deltas(int64_t epoch) {
  const std::string from = closed_us_ ? bound_after(*closed_us_) : "";
  std::map<std::string, std::string, std::less<>> newest;
  for (const File& delta : deltas_)
    read_entries(store_, files::join_uri(options_.folder, delta.name),
                 [&](std::string_view key, std::string_view value) {
                   if (key >= from) newest.insert_or_assign(std::string(key), value);
                 });
  deltas_.clear();
  if (newest.empty()) return;
  File file{fresh_name("delta", epoch)};
  EntryWriter writer(store_, files::join_uri(options_.folder, file.name));
  for (const auto& [key, value] : newest) writer.add(key, value);
  file.bytes = writer.finish();
  deltas_.push_back(std::move(file));
}

std::string WindowState::prepare(int64_t epoch) {
  const int64_t half = base_ ? base_->bytes / 2 : 0;
  if (keys_ == 0) {
    base_.reset();
    deltas_.clear();
  } else if (delta_bytes() > std::clamp(half, options_.base_bytes,
                                        std::max(options_.base_bytes, options_.most_delta_bytes))) {
    write_base(epoch);
  } else {
    write_delta(epoch);
    if (deltas_.size() > options_.max_deltas) merge_deltas(epoch);
  }
  database_->next_epoch();
  return Version{base_, deltas_, closed_us_, keys_}.write();
}

void WindowState::collect(const std::string& text, int64_t epoch) {
  if (text.empty()) return;
  const Version version = Version::parse(text, options_.folder);
  std::set<std::string> needed;
  if (version.base) needed.insert(version.base->name);
  for (const File& delta : version.deltas) needed.insert(delta.name);
  for (const files::FileInfo& file : store_.list(options_.folder)) {
    const std::string name = file.uri.substr(file.uri.find_last_of('/') + 1);
    const std::optional<int64_t> written = epoch_of_state_file(name);
    if (written && *written <= epoch && needed.count(name) == 0) store_.remove(file.uri);
  }
}

int64_t WindowState::memory_bytes() const { return database_->memory_bytes(); }

}  // namespace firn::stream
