// Block codecs of Avro container files.
#include "iceberg/avro_codec.h"

#include <fmt/format.h>
#include <snappy.h>
#include <zlib.h>
#include <zstd.h>

#include <memory>
#include <variant>

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

// `out` only grows, for it is the room of all blocks.
void make_room(std::string& out, size_t bytes) {
  if (out.size() < bytes) out.resize(bytes);
}

void grow(std::string& out, size_t used, const std::string& file) {
  if (used >= kMaxBlock) fail(file, "a block is larger than 64 MiB");
  make_room(out, std::min(kMaxBlock, used * 2));
}

class Inflater {
 public:
  Inflater() {
    if (inflateInit2(&z_, kRawWindow) != Z_OK)
      throw Error("FIRN_RESOURCE", {{"what", "no memory to inflate"}});
  }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  ~Inflater() { inflateEnd(&z_); }

  size_t run(std::string_view block, std::string& out, const std::string& file) {
    FIRN_CHECK(inflateReset(&z_) == Z_OK, "zlib starts again");
    z_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(block.data()));
    z_.avail_in = static_cast<uInt>(block.size());
    make_room(out, std::min(first_room(block), kMaxBlock));
    size_t used = 0;
    int state = Z_OK;
    while (state != Z_STREAM_END) {
      if (used == out.size()) grow(out, used, file);
      z_.next_out = reinterpret_cast<Bytef*>(out.data() + used);
      z_.avail_out = static_cast<uInt>(out.size() - used);
      // Told that this is all, zlib keeps no window beside `out`.
      state = inflate(&z_, Z_FINISH);
      used = out.size() - z_.avail_out;
      if (state == Z_STREAM_END) break;
      if (state != Z_OK && state != Z_BUF_ERROR)
        fail(file, "a deflate block is damaged or cut short");
      if (z_.avail_out != 0) fail(file, "a deflate block is cut short");
    }
    return used;
  }

 private:
  z_stream z_{};
};

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
size_t unsnap(std::string_view block, std::string& out, const std::string& file) {
  if (block.size() < kCrcBytes) fail(file, "a snappy block has no checksum");
  const std::string_view data = block.substr(0, block.size() - kCrcBytes);
  size_t length = 0;
  if (!snappy::GetUncompressedLength(data.data(), data.size(), &length))
    fail(file, "a snappy block is damaged");
  // Snappy cannot shrink by more than this, so a larger claim is a lie.
  if (length > kMaxBlock || length > data.size() * 64 + 64)
    fail(file, "a snappy block claims too large a size");
  make_room(out, length);
  if (!snappy::RawUncompress(data.data(), data.size(), out.data()))
    fail(file, "a snappy block is damaged");
  if (crc_of(std::string_view(out).substr(0, length)) != big_endian_32(block.substr(data.size())))
    fail(file, "a snappy block fails its checksum");
  return length;
}

class Unzstd {
 public:
  Unzstd() : stream_(ZSTD_createDStream(), ZSTD_freeDStream) {
    if (!stream_) throw Error("FIRN_RESOURCE", {{"what", "no memory for zstandard"}});
  }

  size_t run(std::string_view block, std::string& out, const std::string& file) {
    ZSTD_initDStream(stream_.get());
    ZSTD_inBuffer in{block.data(), block.size(), 0};
    make_room(out, std::min(first_room(block), kMaxBlock));
    size_t used = 0;
    size_t state = 1;
    while (state != 0) {
      if (used == out.size()) grow(out, used, file);
      ZSTD_outBuffer to{out.data(), out.size(), used};
      state = ZSTD_decompressStream(stream_.get(), &to, &in);
      if (ZSTD_isError(state)) fail(file, "a zstandard block is damaged");
      const bool stuck = to.pos == used && in.pos == in.size;
      used = to.pos;
      if (state != 0 && stuck) fail(file, "a zstandard block is cut short");
    }
    return used;
  }

 private:
  std::unique_ptr<ZSTD_DStream, size_t (*)(ZSTD_DStream*)> stream_;
};

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
  std::string (*compress)(std::string_view);
};
constexpr CodecRow kCodecs[] = {
    {"deflate", deflate_raw},
    {"snappy", snap},
    {"zstandard", zstd},
};

struct Unsnap {
  size_t run(std::string_view block, std::string& out, const std::string& file) {
    return unsnap(block, out, file);
  }
};

}  // namespace

struct AvroDecompressor::Codec {
  const std::string* file;
  std::variant<Unsnap, Inflater, Unzstd> library;
};

AvroDecompressor::AvroDecompressor(std::string_view codec, const std::string& file) {
  if (codec == "null" || codec.empty()) return;
  codec_ = std::make_unique<Codec>();
  codec_->file = &file;
  if (codec == "deflate")
    codec_->library.emplace<Inflater>();
  else if (codec == "zstandard")
    codec_->library.emplace<Unzstd>();
  else if (codec != "snappy")
    throw_unsupported(fmt::format("the Avro codec '{}' of {}", codec, file));
}

AvroDecompressor::~AvroDecompressor() = default;

std::string_view AvroDecompressor::decompress(std::string_view block, std::string& scratch) {
  if (!codec_) return block;
  const size_t size = std::visit(
      [&](auto& library) { return library.run(block, scratch, *codec_->file); }, codec_->library);
  return std::string_view(scratch).substr(0, size);
}

std::string avro_compress(std::string_view codec, std::string_view block) {
  if (codec == "null" || codec.empty()) return std::string(block);
  for (const CodecRow& row : kCodecs) {
    if (row.name == codec) return row.compress(block);
  }
  throw_unsupported(fmt::format("the Avro codec '{}'", codec));
}

}  // namespace firn::iceberg
