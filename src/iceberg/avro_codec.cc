// Block codecs of Avro container files.
#include "iceberg/avro_codec.h"

#include <fmt/format.h>
#include <snappy.h>
#include <zlib.h>
#include <zstd.h>

#include <memory>

#include "base/error.h"

namespace firn::iceberg {

namespace {

constexpr size_t kMaxBlock =
    size_t{64} << 20;  // of decompressed bytes; writers cut blocks at 64 KiB to 16 MiB
constexpr size_t kCrcBytes = 4;
constexpr int kRawWindow = -15;  // deflate without a zlib header
constexpr int kDeflateLevel = 6;

[[noreturn]] void fail(const std::string& file, std::string_view what) {
  throw_corrupt(fmt::format("{}: {}", file, what));
}

size_t first_room(std::string_view block) { return std::max<size_t>(1 << 10, block.size() * 4); }

// `first`: of an empty `out`. Some writers make a block of each record: much room for each of them
// would be most of the work.
void grow(std::string& out, size_t used, size_t first, const std::string& file) {
  if (used >= kMaxBlock) fail(file, "a block is larger than 64 MiB");
  out.resize(std::min(kMaxBlock, std::max(used * 2, first)));
}

void inflate_raw(std::string_view block, std::string& out, const std::string& file) {
  struct Stream {
    z_stream z{};
    ~Stream() { inflateEnd(&z); }
  } stream;
  if (inflateInit2(&stream.z, kRawWindow) != Z_OK)
    throw Error("FIRN_RESOURCE", {{"what", "no memory to inflate"}});
  stream.z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(block.data()));
  stream.z.avail_in = static_cast<uInt>(block.size());
  size_t used = 0;
  int state = Z_OK;
  while (state != Z_STREAM_END) {
    if (used == out.size()) grow(out, used, first_room(block), file);
    stream.z.next_out = reinterpret_cast<Bytef*>(out.data() + used);
    stream.z.avail_out = static_cast<uInt>(out.size() - used);
    state = inflate(&stream.z, Z_NO_FLUSH);
    const size_t now = out.size() - stream.z.avail_out;
    if (state != Z_OK && state != Z_STREAM_END)
      fail(file, "a deflate block is damaged or cut short");
    if (state == Z_OK && now == used) fail(file, "a deflate block is cut short");
    used = now;
  }
  out.resize(used);
}

uint32_t big_endian_32(std::string_view bytes) {
  uint32_t value = 0;
  for (const unsigned char c : bytes.substr(0, 4)) value = value << 8 | c;
  return value;
}

uint32_t crc_of(std::string_view bytes) {
  return static_cast<uint32_t>(
      crc32(0, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size())));
}

// Avro's snappy blocks end with the big-endian CRC-32 of the uncompressed bytes.
void unsnap(std::string_view block, std::string& out, const std::string& file) {
  if (block.size() < kCrcBytes) fail(file, "a snappy block has no checksum");
  const std::string_view data = block.substr(0, block.size() - kCrcBytes);
  size_t length = 0;
  if (!snappy::GetUncompressedLength(data.data(), data.size(), &length))
    fail(file, "a snappy block is damaged");
  // Snappy cannot shrink by more than this, so a larger claim is a lie.
  if (length > kMaxBlock || length > data.size() * 64 + 64)
    fail(file, "a snappy block claims too large a size");
  out.resize(length);
  if (!snappy::RawUncompress(data.data(), data.size(), out.data()))
    fail(file, "a snappy block is damaged");
  if (crc_of(out) != big_endian_32(block.substr(data.size())))
    fail(file, "a snappy block fails its checksum");
}

void unzstd(std::string_view block, std::string& out, const std::string& file) {
  const std::unique_ptr<ZSTD_DStream, size_t (*)(ZSTD_DStream*)> stream(ZSTD_createDStream(),
                                                                        ZSTD_freeDStream);
  if (!stream) throw Error("FIRN_RESOURCE", {{"what", "no memory for zstandard"}});
  ZSTD_inBuffer in{block.data(), block.size(), 0};
  size_t used = 0;
  size_t state = 1;
  while (state != 0) {
    if (used == out.size()) grow(out, used, first_room(block), file);
    ZSTD_outBuffer to{out.data(), out.size(), used};
    state = ZSTD_decompressStream(stream.get(), &to, &in);
    if (ZSTD_isError(state)) fail(file, "a zstandard block is damaged");
    const bool stuck = to.pos == used && in.pos == in.size;
    used = to.pos;
    if (state != 0 && stuck) fail(file, "a zstandard block is cut short");
  }
  out.resize(used);
}

std::string deflate_raw(std::string_view block) {
  z_stream z{};
  const int opened = deflateInit2(&z, kDeflateLevel, Z_DEFLATED, kRawWindow, 8, Z_DEFAULT_STRATEGY);
  FIRN_CHECK(opened == Z_OK, "zlib starts");
  std::string out(deflateBound(&z, block.size()), '\0');
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(block.data()));
  z.avail_in = static_cast<uInt>(block.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  const int state = deflate(&z, Z_FINISH);
  out.resize(z.total_out);
  deflateEnd(&z);
  FIRN_CHECK(state == Z_STREAM_END, "deflateBound gives room for everything");
  return out;
}

std::string snap(std::string_view block) {
  std::string out;
  snappy::Compress(block.data(), block.size(), &out);
  const uint32_t crc = crc_of(block);
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<char>(crc >> shift));
  return out;
}

std::string zstd(std::string_view block) {
  std::string out(ZSTD_compressBound(block.size()), '\0');
  const size_t size =
      ZSTD_compress(out.data(), out.size(), block.data(), block.size(), ZSTD_CLEVEL_DEFAULT);
  FIRN_CHECK(!ZSTD_isError(size), "ZSTD_compressBound gives room for everything");
  out.resize(size);
  return out;
}

struct CodecRow {
  std::string_view name;
  void (*decompress)(std::string_view, std::string&, const std::string&);
  std::string (*compress)(std::string_view);
};
constexpr CodecRow kCodecs[] = {
    {"deflate", inflate_raw, deflate_raw},
    {"snappy", unsnap, snap},
    {"zstandard", unzstd, zstd},
};

}  // namespace

std::string_view avro_decompress(std::string_view codec, std::string_view block,
                                 std::string& scratch, const std::string& file) {
  if (codec == "null" || codec.empty()) return block;
  for (const CodecRow& row : kCodecs) {
    if (row.name != codec) continue;
    row.decompress(block, scratch, file);
    return scratch;
  }
  throw_unsupported(fmt::format("the Avro codec '{}' of {}", codec, file));
}

std::string avro_compress(std::string_view codec, std::string_view block) {
  if (codec == "null" || codec.empty()) return std::string(block);
  for (const CodecRow& row : kCodecs) {
    if (row.name == codec) return row.compress(block);
  }
  throw_unsupported(fmt::format("the Avro codec '{}'", codec));
}

}  // namespace firn::iceberg
