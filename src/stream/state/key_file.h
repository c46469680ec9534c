// Files of 128-bit keys, written and read in blocks. Format 2: "firnkeys2", the number of keys (8
// bytes, little-endian), the keys (16 bytes each; a run's in order), then for every block of 65,536
// keys their MurmurHash3 with the block's number as seed (16 bytes). Format 1, read only, has one
// hash of everything before it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/hash128.h"
#include "files/file_store.h"

namespace firn::stream {

inline constexpr uint64_t kKeyFileHeader = 9 + sizeof(uint64_t);

class KeyWriter {
 public:
  // `count` keys will follow.
  KeyWriter(files::FileStore&, const std::string& uri, uint64_t count);
  void add(const Hash128& key);
  // Durable when it returns.
  void finish();

 private:
  void end_block();
  std::unique_ptr<files::OutputFile> file_;
  const uint64_t count_;
  uint64_t added_ = 0;
  std::vector<Hash128> block_, checks_;
};

// Keys by their number. No key is given that its block's checksum does not vouch for: a block is
// checked when it is first touched. Throws STREAM_CHECKPOINT_CORRUPT, naming the file.
class KeyFile {
 public:
  KeyFile(files::FileStore&, const std::string& uri);
  const std::string& uri() const { return uri_; }
  uint64_t count() const { return count_; }
  Hash128 check() const { return hash_; }  // that no other content has
  uint64_t blocks() const;
  // All keys of a block.
  void read_block(uint64_t number, std::vector<Hash128>& keys);
  // Keys of one block.
  void read(uint64_t first, uint64_t size, Hash128* keys);

 private:
  [[noreturn]] void damaged(const char* reason) const;
  std::string uri_;
  std::unique_ptr<files::InputFile> file_;
  uint64_t count_ = 0;
  std::vector<Hash128> checks_;  // empty: format 1, checked as a whole
  Hash128 hash_;
  std::vector<bool> is_checked_;
  std::vector<Hash128> scratch_;
};

// The keys one after the other.
class KeyReader {
 public:
  explicit KeyReader(KeyFile& file) : file_(&file) {}
  KeyReader(files::FileStore& store, const std::string& uri)
      : own_(std::make_unique<KeyFile>(store, uri)), file_(own_.get()) {}
  uint64_t count() const { return file_->count(); }
  // Null at the end. Valid until the next call.
  const Hash128* next();

 private:
  std::unique_ptr<KeyFile> own_;
  KeyFile* file_;
  uint64_t loaded_ = 0;  // blocks
  std::vector<Hash128> block_;
  size_t at_ = 0;
};

}  // namespace firn::stream
