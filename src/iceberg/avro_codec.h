// The block codecs of Avro container files by their names in the header: null, deflate, snappy,
// zstandard.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace firn::iceberg {

// The blocks of one file. Some writers make a block of each record, so what a library needs to
// begin is made once and not a block.
class AvroDecompressor {
 public:
  // Throws Error{kUnsupported} for an unknown codec. `file` (errors name it) outlives this.
  AvroDecompressor(std::string_view codec, const std::string& file);
  ~AvroDecompressor();

  // `scratch` holds the result unless the codec is null; what it held before is lost. Throws
  // Error{kCorrupt}. Output is bounded.
  std::string_view decompress(std::string_view block, std::string& scratch);

 private:
  struct Codec;
  std::unique_ptr<Codec> codec_;  // null: blocks are as they are
};

std::string avro_compress(std::string_view codec, std::string_view block);

}  // namespace firn::iceberg
