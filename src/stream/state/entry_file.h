// Files of keys and values that state lasts in: "firnwind1", then blocks: the payload's size (4
// bytes, little-endian), its MurmurHash3 with the block's number as seed (16 bytes), the payload:
// entries of key size, value size (4 bytes each), key, value. An empty block ends the file.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "files/file_store.h"

namespace firn::stream {

class EntryWriter {
 public:
  EntryWriter(files::FileStore& store, const std::string& uri);
  void add(std::string_view key, std::string_view value);
  // Durable when it returns; gives the file's size.
  int64_t finish();

 private:
  void end_block();
  std::unique_ptr<files::OutputFile> file_;
  std::string block_;
  uint64_t blocks_ = 0;
};

// Throws STREAM_CHECKPOINT_CORRUPT, naming the file.
void read_entries(files::FileStore& store, const std::string& uri,
                  const std::function<void(std::string_view key, std::string_view value)>& visit);

}  // namespace firn::stream
