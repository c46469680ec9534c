// A delta or a run is a key file. Runs are merged block by block and only up to a size, so that a
// merge needs no more memory the more keys there are.
#include "stream/state/key_set.h"

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "base/error.h"
#include "stream/state/key_file.h"
#include "stream/whole_number.h"

namespace firn::stream {
namespace {

using Json = nlohmann::json;

void write_keys(files::FileStore& store, const std::string& uri, std::span<const Hash128> keys) {
  KeyWriter writer(store, uri, keys.size());
  for (const Hash128& key : keys) writer.add(key);
  writer.finish();
}

// Of "run-12-…" or "delta-12-…"; nullopt for other files.
std::optional<int64_t> epoch_of(const std::string& name) {
  if (!name.starts_with("run-") && !name.starts_with("delta-")) return std::nullopt;
  return std::strtoll(name.c_str() + name.find('-') + 1, nullptr, 10);
}

}  // namespace

// Open addressing with linear probing; {0, 0} marks a free slot (a key of that value is kept
// apart). At most half full.
class KeySet::Table {
 public:
  Table() { grow(size_t{1} << 12); }

  size_t size() const { return size_ + (has_zero_ ? 1 : 0); }
  int64_t memory_bytes() const { return static_cast<int64_t>(slots_.size() * sizeof(Hash128)); }
  void prefetch(const Hash128& key) const { __builtin_prefetch(&slots_[key.first & mask_]); }
  bool contains(const Hash128& key) const {
    if (key == Hash128{}) return has_zero_;
    return slots_[find(key)] == key;
  }
  // False where it was there.
  bool insert(const Hash128& key) {
    if (key == Hash128{}) return !std::exchange(has_zero_, true);
    const size_t at = find(key);
    if (slots_[at] == key) return false;
    slots_[at] = key;
    if (++size_ * 2 > slots_.size()) grow(slots_.size() * 2);
    return true;
  }
  std::vector<Hash128> sorted() const {
    std::vector<Hash128> keys;
    keys.reserve(size());
    for (const Hash128& key : slots_) {
      if (key != Hash128{}) keys.push_back(key);
    }
    if (has_zero_) keys.emplace_back();
    std::sort(keys.begin(), keys.end());
    return keys;
  }

 private:
  size_t find(const Hash128& key) const {
    size_t at = key.first & mask_;
    while (slots_[at] != Hash128{} && slots_[at] != key) at = (at + 1) & mask_;
    return at;
  }
  void grow(size_t capacity) {
    std::vector<Hash128> old = std::exchange(slots_, std::vector<Hash128>(capacity));
    mask_ = capacity - 1;
    for (const Hash128& key : old) {
      if (key != Hash128{}) slots_[find(key)] = key;
    }
  }

  std::vector<Hash128> slots_;
  size_t mask_ = 0, size_ = 0;
  bool has_zero_ = false;
};

// A sorted file. Only the filter and every 256th key stay in memory; a hit of the filter costs one
// small read. Both lie in a file beside the run, so that a restart does not read the run; where
// that file is missing or damaged it is made anew.
class KeySet::Run {
 public:
  Run(files::FileStore& store, std::string uri) : keys_(store, uri) {
    if (!load_lookup(store)) build_lookup(store);
  }
  static std::string lookup_of(const std::string& run) { return run + kLookupSuffix; }

  const std::string& uri() const { return keys_.uri(); }
  uint64_t count() const { return keys_.count(); }
  int64_t memory_bytes() const {
    return filter_.memory_bytes() + static_cast<int64_t>(index_.size() * sizeof(Hash128));
  }

  // Takes the mark from the keys that are here. One run after the other: then look-ups of many
  // keys in a filter that no cache holds are under way at once.
  void unmark_known(std::span<const Hash128> keys, std::vector<uint8_t>& is_new) {
    for (size_t i = 0; i < keys.size(); ++i) {
      if (is_new[i] != 0 && contains(keys[i])) is_new[i] = 0;
    }
  }

 private:
  bool contains(const Hash128& key) {
    if (!filter_.may_contain(key.first)) return false;
    const auto above = std::upper_bound(index_.begin(), index_.end(), key);
    if (above == index_.begin()) return false;
    const auto first = static_cast<uint64_t>(above - index_.begin() - 1) * kStep;
    const uint64_t size = std::min<uint64_t>(kStep, count() - first);
    Hash128 block[kStep];
    keys_.read(first, size, block);
    return std::binary_search(block, block + size, key);
  }

  static constexpr uint64_t kStep = 256;
  static constexpr std::string_view kMagic = "firnlook1";
  static constexpr const char* kLookupSuffix = ".lookup";

  uint64_t steps() const { return (count() + kStep - 1) / kStep; }

  // "firnlook1", the run's check, every 256th key, the filter, and the MurmurHash3 of all that.
  bool load_lookup(files::FileStore& store) {
    if (!store.stat(lookup_of(uri()))) return false;
    const std::string bytes = store.read_all(lookup_of(uri()));
    const size_t index_at = kMagic.size() + sizeof(Hash128);
    const size_t index_bytes = steps() * sizeof(Hash128);
    if (bytes.size() < index_at + index_bytes + sizeof(Hash128)) return false;
    const std::string_view content =
        std::string_view(bytes).substr(0, bytes.size() - sizeof(Hash128));
    Hash128 of_run, of_content;
    std::memcpy(&of_run, bytes.data() + kMagic.size(), sizeof of_run);
    std::memcpy(&of_content, bytes.data() + content.size(), sizeof of_content);
    if (!content.starts_with(kMagic) || of_run != keys_.check() || of_content != hash128(content))
      return false;
    auto filter = FuseFilter::parse(content.substr(index_at + index_bytes));
    if (!filter) return false;
    filter_ = std::move(*filter);
    index_.resize(steps());
    std::memcpy(index_.data(), bytes.data() + index_at, index_bytes);
    return true;
  }

  // Reads the run; fills the index beside it.
  std::vector<uint64_t> read_hashes() {
    std::vector<uint64_t> hashes;
    hashes.reserve(count());
    index_.clear();
    index_.reserve(steps());
    KeyReader keys(keys_);
    for (uint64_t i = 0; const Hash128* const key = keys.next(); ++i) {
      if (i % kStep == 0) index_.push_back(*key);
      hashes.push_back(key->first);  // of a sorted file: sorted too
    }
    hashes.erase(std::unique(hashes.begin(), hashes.end()), hashes.end());
    return hashes;
  }

  void build_lookup(files::FileStore& store) {
    filter_ = FuseFilter([this] { return read_hashes(); });
    std::string bytes(kMagic);
    const Hash128 of_run = keys_.check();
    bytes.append(reinterpret_cast<const char*>(&of_run), sizeof of_run);
    bytes.append(reinterpret_cast<const char*>(index_.data()), index_.size() * sizeof(Hash128));
    filter_.append_to(bytes);
    const Hash128 of_content = hash128(bytes);
    bytes.append(reinterpret_cast<const char*>(&of_content), sizeof of_content);
    const auto file = store.create(lookup_of(uri()), files::WriteMode::kOverwrite);
    file->write(bytes);
    file->finish();
  }

  KeyFile keys_;
  FuseFilter filter_;
  std::vector<Hash128> index_;
};

struct KeySet::Version {
  std::vector<std::string> runs, deltas;
  int64_t keys = 0;

  std::string write() const {
    return Json{{"runs", runs}, {"deltas", deltas}, {"keys", keys}}.dump();
  }
  static Version parse(const std::string& text, const std::string& folder) {
    try {
      const Json json = Json::parse(text);
      return {json.at("runs").get<std::vector<std::string>>(),
              json.at("deltas").get<std::vector<std::string>>(),
              json.contains("keys") ? required_whole_number<int64_t>(json["keys"]) : 0};
    } catch (const Json::exception&) {
      throw Error("STREAM_CHECKPOINT_CORRUPT",
                  {{"location", folder},
                   {"reason", "the prepared record's state is no version of a key set"}});
    }
  }
};

KeySet::KeySet(KeySetOptions options, files::FileStore& store, Random& random)
    : options_(std::move(options)),
      store_(store),
      incarnation_(random_uuid(random)),
      table_(std::make_unique<Table>()) {}
KeySet::~KeySet() = default;

void KeySet::restore(const std::string& text) {
  if (text.empty()) return;
  const Version version = Version::parse(text, options_.folder);
  for (const std::string& name : version.runs) {
    const std::string uri = files::join_uri(options_.folder, name);
    runs_.push_back(std::make_unique<Run>(store_, uri));
    keys_ += static_cast<int64_t>(runs_.back()->count());
  }
  for (const std::string& name : version.deltas) {
    KeyReader keys(store_, files::join_uri(options_.folder, name));
    while (const Hash128* const key = keys.next()) keys_ += table_->insert(*key) ? 1 : 0;
  }
  deltas_ = version.deltas;
}

void KeySet::insert(std::span<const Hash128> keys, std::vector<uint8_t>& is_new) {
  is_new.assign(keys.size(), 1);
  for (const auto& run : runs_) run->unmark_known(keys, is_new);
  constexpr size_t kAhead = 16;
  for (size_t i = 0; i < keys.size(); ++i) {
    if (i + kAhead < keys.size()) table_->prefetch(keys[i + kAhead]);
    if (is_new[i] == 0) continue;
    const bool added = table_->insert(keys[i]);
    is_new[i] = added ? 1 : 0;
    if (added) fresh_.push_back(keys[i]);
  }
}

std::string KeySet::fresh_name(const char* kind, int64_t epoch) {
  return std::string(kind) + "-" + std::to_string(epoch) + "-" + incarnation_ + "-" +
         std::to_string(++files_);
}

// The table's keys become a run. Table, sorted keys and the run's filter are never there at once.
void KeySet::write_run(int64_t epoch) {
  const std::string uri = files::join_uri(options_.folder, fresh_name("run", epoch));
  {
    const std::vector<Hash128> sorted = table_->sorted();
    table_ = std::make_unique<Table>();
    write_keys(store_, uri, sorted);
  }
  runs_.push_back(std::make_unique<Run>(store_, uri));
}

// Merges the smallest runs, as many as fit one run of the largest size; no key is in two of them.
void KeySet::merge_runs(int64_t epoch) {
  std::sort(runs_.begin(), runs_.end(),
            [](const auto& a, const auto& b) { return a->count() < b->count(); });
  uint64_t total = 0;
  size_t taken = 0;
  while (taken < runs_.size() && total + runs_[taken]->count() <= options_.max_run_keys)
    total += runs_[taken++]->count();
  if (taken < 2) return;  // all are large: one more is kept
  struct Cursor {
    std::unique_ptr<KeyReader> reader;
    const Hash128* key;
  };
  std::vector<Cursor> cursors;
  for (size_t i = 0; i < taken; ++i) {
    auto reader = std::make_unique<KeyReader>(store_, runs_[i]->uri());
    const Hash128* const first = reader->next();
    if (first != nullptr) cursors.push_back({std::move(reader), first});
  }
  const auto above = [](const Cursor& a, const Cursor& b) { return *b.key < *a.key; };
  std::make_heap(cursors.begin(), cursors.end(), above);
  const std::string uri = files::join_uri(options_.folder, fresh_name("run", epoch));
  KeyWriter writer(store_, uri, total);
  while (!cursors.empty()) {
    std::pop_heap(cursors.begin(), cursors.end(), above);
    writer.add(*cursors.back().key);
    cursors.back().key = cursors.back().reader->next();
    if (cursors.back().key == nullptr)
      cursors.pop_back();
    else
      std::push_heap(cursors.begin(), cursors.end(), above);
  }
  writer.finish();
  runs_.erase(runs_.begin(), runs_.begin() + static_cast<std::ptrdiff_t>(taken));
  runs_.push_back(std::make_unique<Run>(store_, uri));
}

std::string KeySet::prepare(int64_t epoch) {
  keys_ += static_cast<int64_t>(fresh_.size());
  // Another epoch like this one would fill the table beyond its bound, and double it.
  if (table_->size() + fresh_.size() > options_.memory_keys) {
    write_run(epoch);
    deltas_.clear();
    if (runs_.size() > options_.max_runs) merge_runs(epoch);
  } else if (!fresh_.empty()) {
    deltas_.push_back(fresh_name("delta", epoch));
    write_keys(store_, files::join_uri(options_.folder, deltas_.back()), fresh_);
  }
  fresh_.clear();
  if (deltas_.size() > options_.max_deltas) {
    deltas_ = {fresh_name("delta", epoch)};
    write_keys(store_, files::join_uri(options_.folder, deltas_.back()), table_->sorted());
  }
  Version version{{}, deltas_, keys_};
  for (const auto& run : runs_)
    version.runs.push_back(run->uri().substr(run->uri().find_last_of('/') + 1));
  return version.write();
}

void KeySet::collect(const std::string& text, int64_t epoch) {
  if (text.empty()) return;
  const Version version = Version::parse(text, options_.folder);
  std::set<std::string> needed(version.deltas.begin(), version.deltas.end());
  for (const std::string& run : version.runs) needed.insert({run, Run::lookup_of(run)});
  for (const files::FileInfo& file : store_.list(options_.folder)) {
    const std::string name = file.uri.substr(file.uri.find_last_of('/') + 1);
    const std::optional<int64_t> written = epoch_of(name);
    if (written && *written <= epoch && needed.count(name) == 0) store_.remove(file.uri);
  }
}

int64_t KeySet::memory_bytes() const {
  int64_t bytes =
      table_->memory_bytes() + static_cast<int64_t>(fresh_.capacity() * sizeof(Hash128));
  for (const auto& run : runs_) bytes += run->memory_bytes();
  return bytes;
}

}  // namespace firn::stream
