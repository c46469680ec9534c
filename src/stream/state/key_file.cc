// Neither side holds more than a block of keys.
#include "stream/state/key_file.h"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "base/error.h"

namespace firn::stream {
namespace {

constexpr std::string_view kKeyFileMagic = "firnkeys2", kMagicOfFormat1 = "firnkeys1";
constexpr uint64_t kBlockKeys = 65536;

std::string_view key_bytes(const std::vector<Hash128>& keys) {
  return {reinterpret_cast<const char*>(keys.data()), keys.size() * sizeof(Hash128)};
}

}  // namespace

KeyWriter::KeyWriter(files::FileStore& store, const std::string& uri, uint64_t count)
    : file_(store.create(uri, files::WriteMode::kCreateNew)), count_(count) {
  file_->write(kKeyFileMagic);
  file_->write({reinterpret_cast<const char*>(&count), sizeof count});
}

void KeyWriter::add(const Hash128& key) {
  ++added_;
  block_.push_back(key);
  if (block_.size() == kBlockKeys) end_block();
}

void KeyWriter::end_block() {
  checks_.push_back(hash128(key_bytes(block_), checks_.size()));
  file_->write(key_bytes(block_));
  block_.clear();
}

void KeyWriter::finish() {
  FIRN_CHECK(added_ == count_, "a key file gets as many keys as it says");
  if (!block_.empty()) end_block();
  file_->write(key_bytes(checks_));
  file_->finish();
}

KeyFile::KeyFile(files::FileStore& store, const std::string& uri)
    : uri_(uri), file_(store.open(uri)) {
  const auto size = static_cast<uint64_t>(file_->size());
  if (size < kKeyFileHeader) damaged("it is no key file");
  char header[kKeyFileHeader];
  file_->read_at(0, kKeyFileHeader, header);
  std::memcpy(&count_, header + kKeyFileMagic.size(), sizeof count_);
  const uint64_t hashes = (size - kKeyFileHeader) / sizeof(Hash128);
  if ((size - kKeyFileHeader) % sizeof(Hash128) != 0 || count_ > hashes) damaged("it was cut off");
  const uint64_t end = kKeyFileHeader + count_ * sizeof(Hash128);
  is_checked_.resize(blocks());
  if (std::string_view(header, kKeyFileMagic.size()) == kMagicOfFormat1) {
    if (hashes != count_ + 1) damaged("it was cut off");
    std::string all = store.read_all(uri);
    std::memcpy(&hash_, all.data() + end, sizeof hash_);
    if (hash128(std::string_view(all).substr(0, end)) != hash_) damaged("its checksum is wrong");
    is_checked_.assign(blocks(), true);
    return;
  }
  if (std::string_view(header, kKeyFileMagic.size()) != kKeyFileMagic) damaged("it is no key file");
  checks_.resize(blocks());
  if (hashes != count_ + checks_.size()) damaged("it was cut off");
  file_->read_at(static_cast<int64_t>(end), static_cast<int64_t>(checks_.size() * sizeof(Hash128)),
                 reinterpret_cast<char*>(checks_.data()));
  hash_ = hash128(key_bytes(checks_), count_);
}

uint64_t KeyFile::blocks() const { return (count_ + kBlockKeys - 1) / kBlockKeys; }

void KeyFile::read_block(uint64_t number, std::vector<Hash128>& keys) {
  const uint64_t first = number * kBlockKeys;
  keys.resize(std::min(kBlockKeys, count_ - first));
  file_->read_at(static_cast<int64_t>(kKeyFileHeader + first * sizeof(Hash128)),
                 static_cast<int64_t>(keys.size() * sizeof(Hash128)),
                 reinterpret_cast<char*>(keys.data()));
  if (!checks_.empty() && hash128(key_bytes(keys), number) != checks_[number])
    damaged("its checksum is wrong");
  is_checked_[number] = true;
}

void KeyFile::read(uint64_t first, uint64_t size, Hash128* keys) {
  const uint64_t number = first / kBlockKeys;
  if (!is_checked_[number]) {
    read_block(number, scratch_);
    std::copy_n(scratch_.begin() + static_cast<std::ptrdiff_t>(first % kBlockKeys), size, keys);
    return;
  }
  file_->read_at(static_cast<int64_t>(kKeyFileHeader + first * sizeof(Hash128)),
                 static_cast<int64_t>(size * sizeof(Hash128)), reinterpret_cast<char*>(keys));
}

void KeyFile::damaged(const char* reason) const {
  throw Error("STREAM_CHECKPOINT_CORRUPT", {{"location", uri_}, {"reason", reason}});
}

const Hash128* KeyReader::next() {
  if (at_ == block_.size()) {
    if (loaded_ == file_->blocks()) return nullptr;
    file_->read_block(loaded_++, block_);
    at_ = 0;
  }
  return &block_[at_++];
}

}  // namespace firn::stream
