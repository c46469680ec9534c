// A file's bytes from front to back: decompressed by the name's ending as Hadoop's codecs do, and
// turned into UTF-8. And the reverse, for files that are written.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "files/file_store.h"

namespace firn::formats {

class ByteStream {
 public:
  virtual ~ByteStream() = default;
  // Up to `size` bytes; 0 at the end only. Throws FIRN_CORRUPT_FILE naming the file.
  virtual size_t read(char* out, size_t size) = 0;
};

// .gz, .deflate, .bz2, .zst, .snappy, .lz4 are decompressed, whatever else is read as it stands,
// from `start` on (of uncompressed files only).
std::unique_ptr<ByteStream> open_bytes(files::FileStore& store, const std::string& uri,
                                       int64_t start = 0);
bool is_compressed(std::string_view uri);
// UTF-8 of text in another charset: ISO-8859-1, US-ASCII, windows-1252, UTF-16 and UTF-32 with or
// without byte order. Throws INVALID_PARAMETER_VALUE.CHARSET.
std::unique_ptr<ByteStream> decode_charset(std::unique_ptr<ByteStream> bytes,
                                           const std::string& charset);
bool is_utf8(const std::string& charset);
std::string read_all(ByteStream& bytes);
// The bytes of `text`.
std::unique_ptr<ByteStream> bytes_of(std::string text);

class ByteSink {
 public:
  virtual ~ByteSink() = default;
  virtual void write(std::string_view bytes) = 0;
  virtual void finish() = 0;  // durable when it returns
};

// Codecs by Spark's names: none, uncompressed, gzip, deflate, bzip2, zstd, lz4, snappy, or Hadoop's
// class names. Throws CODEC_NOT_AVAILABLE.WITH_AVAILABLE_CODECS_SUGGESTION.
struct CompressionRow {
  std::string_view name;
  std::string_view extension;  // ".gz"
};
const CompressionRow& find_compression(const std::string& name);
std::unique_ptr<ByteSink> make_sink(std::unique_ptr<files::OutputFile> file,
                                    const CompressionRow& codec, int64_t level = -1);

}  // namespace firn::formats
