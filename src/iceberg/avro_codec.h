// The block codecs of Avro container files by their names in the header: null, deflate, snappy,
// zstandard.
#pragma once

#include <string>
#include <string_view>

namespace firn::iceberg {

// `scratch` holds the result unless the codec is null. Throws Error{kCorrupt} naming `file`,
// Error{kUnsupported} for an unknown codec. Output is bounded.
std::string_view avro_decompress(std::string_view codec, std::string_view block,
                                 std::string& scratch, const std::string& file);
std::string avro_compress(std::string_view codec, std::string_view block);

}  // namespace firn::iceberg
