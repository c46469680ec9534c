// Blocks keep both sides at a bounded size in memory.
#include "stream/state/entry_file.h"

#include <cstring>

#include "base/error.h"
#include "base/hash128.h"

namespace firn::stream {
namespace {

constexpr std::string_view kEntryFileMagic = "firnwind1";
constexpr size_t kBlockBytes = size_t{1} << 20;
constexpr size_t kBlockHeader = sizeof(uint32_t) + sizeof(Hash128);

void append_size(size_t size, std::string& out) {
  const auto narrow = static_cast<uint32_t>(size);
  out.append(reinterpret_cast<const char*>(&narrow), sizeof narrow);
}

uint32_t size_at(const char* at) {
  uint32_t size = 0;
  std::memcpy(&size, at, sizeof size);
  return size;
}

}  // namespace

EntryWriter::EntryWriter(files::FileStore& store, const std::string& uri)
    : file_(store.create(uri, files::WriteMode::kCreateNew)) {
  file_->write(kEntryFileMagic);
}

void EntryWriter::add(std::string_view key, std::string_view value) {
  append_size(key.size(), block_);
  append_size(value.size(), block_);
  block_ += key;
  block_ += value;
  if (block_.size() >= kBlockBytes) end_block();
}

int64_t EntryWriter::finish() {
  if (!block_.empty()) end_block();
  end_block();  // the empty one
  const int64_t size = file_->position();
  file_->finish();
  return size;
}

void EntryWriter::end_block() {
  const Hash128 check = hash128(block_, blocks_++);
  std::string header;
  append_size(block_.size(), header);
  header.append(reinterpret_cast<const char*>(&check), sizeof check);
  file_->write(header);
  file_->write(block_);
  block_.clear();
}

void read_entries(files::FileStore& store, const std::string& uri,
                  const std::function<void(std::string_view, std::string_view)>& visit) {
  const auto need = [&](bool condition, const char* reason) {
    if (!condition)
      throw Error("STREAM_CHECKPOINT_CORRUPT", {{"location", uri}, {"reason", reason}});
  };
  const auto file = store.open(uri);
  int64_t at = 0;
  std::string bytes;
  const auto next = [&](size_t size) {
    need(file->size() - at >= static_cast<int64_t>(size), "it was cut off");
    bytes.resize(size);
    file->read_at(at, static_cast<int64_t>(size), bytes.data());
    at += static_cast<int64_t>(size);
  };
  next(kEntryFileMagic.size());
  need(bytes == kEntryFileMagic, "it is no file of aggregation state");
  for (uint64_t number = 0;; ++number) {
    next(kBlockHeader);
    const uint32_t size = size_at(bytes.data());
    Hash128 check;
    std::memcpy(&check, bytes.data() + sizeof size, sizeof check);
    next(size);
    need(hash128(bytes, number) == check, "its checksum is wrong");
    if (size == 0) return;
    std::string_view left = bytes;
    while (!left.empty()) {
      need(left.size() >= 2 * sizeof(uint32_t), "an entry of it is cut off");
      const size_t key = size_at(left.data()), value = size_at(left.data() + sizeof(uint32_t));
      left.remove_prefix(2 * sizeof(uint32_t));
      need(left.size() >= key + value, "an entry of it is cut off");
      visit(left.substr(0, key), left.substr(key, value));
      left.remove_prefix(key + value);
    }
  }
}

}  // namespace firn::stream
