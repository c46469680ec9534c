// The bytes of metadata files: plain JSON or gzip, told apart by name and magic.
#include <fmt/format.h>
#include <zlib.h>

#include "base/error.h"
#include "iceberg/metadata_json.h"

namespace firn::iceberg {

namespace {

constexpr int kGzipWindow = 15 + 16;
constexpr size_t kMaxMetadataBytes = size_t{2} << 30;

bool is_gzip(std::string_view bytes) {
  return bytes.size() >= 2 && bytes[0] == '\x1f' && bytes[1] == '\x8b';
}

// Calls inflateEnd or deflateEnd on leaving.
template <int (*End)(z_streamp)>
struct Stream {
  z_stream z{};
  ~Stream() { End(&z); }
};

std::string gunzip(std::string_view uri, std::string_view bytes) {
  Stream<inflateEnd> stream;
  if (inflateInit2(&stream.z, kGzipWindow) != Z_OK)
    throw Error("FIRN_RESOURCE", {{"what", "no memory to inflate table metadata"}});
  stream.z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.z.avail_in = static_cast<uInt>(bytes.size());
  std::string text;
  char buffer[65536];
  int state = Z_OK;
  while (state != Z_STREAM_END) {
    stream.z.next_out = reinterpret_cast<Bytef*>(buffer);
    stream.z.avail_out = sizeof buffer;
    state = inflate(&stream.z, Z_NO_FLUSH);
    const size_t count = sizeof buffer - stream.z.avail_out;
    if ((state != Z_OK && state != Z_STREAM_END) || (count == 0 && state != Z_STREAM_END)) {
      throw_corrupt(fmt::format("{}: the gzip stream is damaged or cut short", uri));
    }
    if (text.size() + count > kMaxMetadataBytes)
      throw_corrupt(fmt::format("{}: more than 2 GiB of metadata", uri));
    text.append(buffer, count);
  }
  return text;
}

}  // namespace

std::string decode_metadata_bytes(std::string_view uri, std::string bytes) {
  const bool named_gzip = uri.ends_with(".gz.metadata.json") || uri.ends_with(".metadata.json.gz");
  if (is_gzip(bytes)) return gunzip(uri, bytes);
  if (named_gzip) throw_corrupt(fmt::format("{}: named as gzip but has no gzip header", uri));
  return bytes;
}

std::string encode_metadata_bytes(std::string json, bool gzip) {
  if (!gzip) return json;
  Stream<deflateEnd> stream;
  const int opened = deflateInit2(&stream.z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzipWindow, 8,
                                  Z_DEFAULT_STRATEGY);
  FIRN_CHECK(opened == Z_OK, "zlib starts");
  std::string bytes(deflateBound(&stream.z, json.size()), '\0');
  stream.z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(json.data()));
  stream.z.avail_in = static_cast<uInt>(json.size());
  stream.z.next_out = reinterpret_cast<Bytef*>(bytes.data());
  stream.z.avail_out = static_cast<uInt>(bytes.size());
  FIRN_CHECK(deflate(&stream.z, Z_FINISH) == Z_STREAM_END,
             "deflateBound gives room for everything");
  bytes.resize(stream.z.total_out);
  return bytes;
}

}  // namespace firn::iceberg
