// Raw bytes, decompression stage by stage, charsets.
#include "formats/byte_stream.h"

#include <bzlib.h>
#include <lz4.h>
#include <snappy.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "base/error.h"
#include "formats/options.h"

namespace firn::formats {
namespace {

constexpr size_t kPiece = 1 << 20;

class FileBytes final : public ByteStream {
 public:
  FileBytes(std::unique_ptr<files::InputFile> file, int64_t start)
      : file_(std::move(file)), at_(start) {}
  size_t read(char* out, size_t size) override {
    const int64_t left = file_->size() - at_;
    const int64_t take = std::min<int64_t>(left, static_cast<int64_t>(size));
    if (take <= 0) return 0;
    file_->read_at(at_, take, out);
    at_ += take;
    return static_cast<size_t>(take);
  }

 private:
  std::unique_ptr<files::InputFile> file_;
  int64_t at_;
};

// A stage that keeps a piece of compressed input.
class Stage : public ByteStream {
 public:
  Stage(std::unique_ptr<ByteStream> from, std::string uri)
      : from_(std::move(from)), uri_(std::move(uri)), input_(kPiece, '\0') {}

 protected:
  bool refill() {
    at_ = 0;
    size_ = from_->read(input_.data(), input_.size());
    return size_ > 0;
  }
  // Exactly `size` bytes; false at a clean end before the first.
  bool take(char* out, size_t size) {
    size_t got = 0;
    while (got < size) {
      if (at_ == size_ && !refill()) {
        if (got > 0) fail("it is cut short");
        return false;
      }
      const size_t part = std::min(size - got, size_ - at_);
      std::memcpy(out + got, input_.data() + at_, part);
      at_ += part;
      got += part;
    }
    return true;
  }
  [[noreturn]] void fail(const char* why) const {
    throw_corrupt("Cannot decompress " + uri_ + ": " + why);
  }

  std::unique_ptr<ByteStream> from_;
  const std::string uri_;
  std::string input_;
  size_t at_ = 0, size_ = 0;
};

// gzip (several members) and zlib.
class Inflate final : public Stage {
 public:
  Inflate(std::unique_ptr<ByteStream> from, std::string uri)
      : Stage(std::move(from), std::move(uri)) {
    constexpr int kAnyHeader = 15 + 32;
    if (inflateInit2(&z_, kAnyHeader) != Z_OK) fail("there is no memory");
  }
  ~Inflate() override { inflateEnd(&z_); }
  size_t read(char* out, size_t size) override {
    if (done_) return 0;
    z_.next_out = reinterpret_cast<Bytef*>(out);
    z_.avail_out = static_cast<uInt>(size);
    while (z_.avail_out == size) {
      if (at_ == size_ && !refill()) {
        if (inside_) fail("it is cut short");
        done_ = true;
        return 0;
      }
      inside_ = true;
      z_.next_in = reinterpret_cast<Bytef*>(input_.data() + at_);
      z_.avail_in = static_cast<uInt>(size_ - at_);
      const int state = inflate(&z_, Z_NO_FLUSH);
      at_ = size_ - z_.avail_in;
      if (state == Z_STREAM_END) {
        inside_ = false;
        inflateReset(&z_);
      } else if (state != Z_OK && state != Z_BUF_ERROR) {
        fail("it is damaged");
      }
    }
    return size - z_.avail_out;
  }

 private:
  z_stream z_{};
  bool inside_ = false, done_ = false;
};

class Bunzip final : public Stage {
 public:
  Bunzip(std::unique_ptr<ByteStream> from, std::string uri)
      : Stage(std::move(from), std::move(uri)) {
    BZ2_bzDecompressInit(&z_, 0, 0);
  }
  ~Bunzip() override { BZ2_bzDecompressEnd(&z_); }
  size_t read(char* out, size_t size) override {
    z_.next_out = out;
    z_.avail_out = static_cast<unsigned>(size);
    while (z_.avail_out == size) {
      if (at_ == size_ && !refill()) {
        if (inside_) fail("it is cut short");
        return 0;
      }
      inside_ = true;
      z_.next_in = input_.data() + at_;
      z_.avail_in = static_cast<unsigned>(size_ - at_);
      const int state = BZ2_bzDecompress(&z_);
      at_ = size_ - z_.avail_in;
      if (state == BZ_STREAM_END) {  // another stream may follow
        const size_t made = size - z_.avail_out;
        BZ2_bzDecompressEnd(&z_);
        z_ = {};
        BZ2_bzDecompressInit(&z_, 0, 0);
        inside_ = false;
        if (made > 0) return made;
        z_.next_out = out;
        z_.avail_out = static_cast<unsigned>(size);
      } else if (state != BZ_OK) {
        fail("it is damaged");
      }
    }
    return size - z_.avail_out;
  }

 private:
  bz_stream z_{};
  bool inside_ = false;
};

class Unzstd final : public Stage {
 public:
  Unzstd(std::unique_ptr<ByteStream> from, std::string uri)
      : Stage(std::move(from), std::move(uri)), z_(ZSTD_createDStream(), ZSTD_freeDStream) {}
  size_t read(char* out, size_t size) override {
    ZSTD_outBuffer to{out, size, 0};
    while (to.pos == 0) {
      if (at_ == size_ && !refill()) {
        if (inside_) fail("it is cut short");
        return 0;
      }
      ZSTD_inBuffer in{input_.data(), size_, at_};
      const size_t state = ZSTD_decompressStream(z_.get(), &to, &in);
      if (ZSTD_isError(state)) fail("it is damaged");
      at_ = in.pos;
      inside_ = state != 0;
    }
    return to.pos;
  }

 private:
  std::unique_ptr<ZSTD_DStream, size_t (*)(ZSTD_DStream*)> z_;
  bool inside_ = false;
};

// Hadoop's block form of snappy and lz4: the length of a block's bytes, then pieces, each behind
// its own compressed length; lengths are big-endian.
class HadoopBlocks final : public Stage {
 public:
  using Decompress = bool (*)(const std::string& piece, char* out, size_t room, size_t& made);
  HadoopBlocks(std::unique_ptr<ByteStream> from, std::string uri, Decompress decompress)
      : Stage(std::move(from), std::move(uri)), decompress_(decompress) {}
  size_t read(char* out, size_t size) override {
    while (given_ == block_.size()) {
      if (!next_block()) return 0;
    }
    const size_t part = std::min(size, block_.size() - given_);
    std::memcpy(out, block_.data() + given_, part);
    given_ += part;
    return part;
  }

 private:
  bool length(uint32_t& value) {
    unsigned char bytes[4];
    if (!take(reinterpret_cast<char*>(bytes), 4)) return false;
    value =
        uint32_t{bytes[0]} << 24 | uint32_t{bytes[1]} << 16 | uint32_t{bytes[2]} << 8 | bytes[3];
    return true;
  }
  bool next_block() {
    constexpr uint32_t kMost = 256u << 20;
    uint32_t whole = 0, piece = 0;
    given_ = 0;
    block_.clear();
    if (!length(whole)) return false;
    if (whole > kMost) fail("a block claims too large a size");
    block_.resize(whole);
    std::string bytes;
    for (size_t made = 0; made < whole;) {
      if (!length(piece) || piece > kMost) fail("it is damaged");
      bytes.resize(piece);
      size_t got = 0;
      if (!take(bytes.data(), piece) ||
          !decompress_(bytes, block_.data() + made, whole - made, got))
        fail("it is damaged");
      made += got;
    }
    return true;
  }

  Decompress decompress_;
  std::string block_;
  size_t given_ = 0;
};

bool unsnap(const std::string& piece, char* out, size_t room, size_t& made) {
  return snappy::GetUncompressedLength(piece.data(), piece.size(), &made) && made <= room &&
         made > 0 && snappy::RawUncompress(piece.data(), piece.size(), out);
}
bool unlz4(const std::string& piece, char* out, size_t room, size_t& made) {
  const int got = LZ4_decompress_safe(piece.data(), out, static_cast<int>(piece.size()),
                                      static_cast<int>(room));
  made = got > 0 ? static_cast<size_t>(got) : 0;
  return got > 0;
}

std::string_view extension_of(std::string_view uri) {
  const size_t slash = uri.rfind('/');
  const size_t dot = uri.rfind('.');
  const bool has =
      dot != std::string_view::npos && (slash == std::string_view::npos || dot > slash);
  return has ? uri.substr(dot) : std::string_view();
}

using Bytes = std::unique_ptr<ByteStream>;
struct StageRow {
  std::string_view extension;
  Bytes (*open)(Bytes, const std::string&);
};
template <class T>
Bytes stage(Bytes from, const std::string& uri) {
  return std::make_unique<T>(std::move(from), uri);
}
const StageRow kStages[] = {
    {".gz", stage<Inflate>},
    {".deflate", stage<Inflate>},
    {".bz2", stage<Bunzip>},
    {".zst", stage<Unzstd>},
    {".snappy",
     [](Bytes from, const std::string& uri) -> Bytes {
       return std::make_unique<HadoopBlocks>(std::move(from), uri, unsnap);
     }},
    {".lz4",
     [](Bytes from, const std::string& uri) -> Bytes {
       return std::make_unique<HadoopBlocks>(std::move(from), uri, unlz4);
     }},
};

// ---- Charsets

void append_code(std::string& out, uint32_t code) {
  if (code >= 0xd800 && code < 0xe000) code = 0xfffd;
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xc0 | code >> 6);
    out += static_cast<char>(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    out += static_cast<char>(0xe0 | code >> 12);
    out += static_cast<char>(0x80 | (code >> 6 & 0x3f));
    out += static_cast<char>(0x80 | (code & 0x3f));
  } else {
    out += static_cast<char>(0xf0 | code >> 18);
    out += static_cast<char>(0x80 | (code >> 12 & 0x3f));
    out += static_cast<char>(0x80 | (code >> 6 & 0x3f));
    out += static_cast<char>(0x80 | (code & 0x3f));
  }
}

struct CharsetRow {
  std::string_view name;
  int unit;                        // bytes
  int endian;                      // 0 by the byte order mark (else big), 1 big, 2 little
  const char16_t* high = nullptr;  // of the codes 0x80 … 0x9f
};
constexpr char16_t kWindows[] =
    u"\u20ac\u0081\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\u008d\u017d"
    u"\u008f\u0090\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\u009d"
    u"\u017e\u0178";
constexpr char16_t kNone[] = u"";  // there are none
constexpr CharsetRow kCharsets[] = {
    {"iso-8859-1", 1, 0},       {"latin1", 1, 0},
    {"us-ascii", 1, 0, kNone},  {"windows-1252", 1, 0, kWindows},
    {"cp1252", 1, 0, kWindows}, {"utf-16", 2, 0},
    {"utf-16be", 2, 1},         {"utf-16le", 2, 2},
    {"utf-32", 4, 0},           {"utf-32be", 4, 1},
    {"utf-32le", 4, 2},
};

class Decode final : public ByteStream {
 public:
  Decode(Bytes from, const CharsetRow& charset)
      : from_(std::move(from)), charset_(charset), endian_(charset.endian), input_(kPiece, '\0') {}
  size_t read(char* out, size_t size) override {
    while (given_ == text_.size()) {
      if (!more()) return 0;
    }
    const size_t part = std::min(size, text_.size() - given_);
    std::memcpy(out, text_.data() + given_, part);
    given_ += part;
    return part;
  }

 private:
  uint32_t unit_at(size_t at) const {
    uint32_t code = 0;
    for (int i = 0; i < charset_.unit; ++i) {
      const int place = endian_ == 2 ? charset_.unit - 1 - i : i;
      code = code << 8 | static_cast<unsigned char>(input_[at + static_cast<size_t>(place)]);
    }
    return code;
  }
  bool more() {
    const size_t got = from_->read(input_.data() + kept_, input_.size() - kept_);
    text_.clear();
    given_ = 0;
    const size_t have = kept_ + got;
    const auto unit = static_cast<size_t>(charset_.unit);
    if (got == 0) return false;
    size_t at = 0;
    if (endian_ == 0 && unit > 1) {
      endian_ = 1;
      if (have >= unit && unit_at(0) != 0xfeff) {
        endian_ = 2;
        if (unit_at(0) != 0xfeff) endian_ = 1;
      }
    }
    while (have - at >= unit) {
      uint32_t code = unit_at(at);
      size_t width = unit;
      if (unit == 2 && code >= 0xd800 && code < 0xdc00) {
        if (have - at < 4) break;
        const uint32_t low = unit_at(at + 2);
        if (low >= 0xdc00 && low < 0xe000) {
          code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
          width = 4;
        }
      }
      if (charset_.high == kNone) {
        if (code >= 0x80) code = 0xfffd;
      } else if (charset_.high != nullptr && code >= 0x80 && code < 0xa0)
        code = charset_.high[code - 0x80];
      if (!(first_ && code == 0xfeff && unit > 1)) append_code(text_, code);
      first_ = false;
      at += width;
    }
    kept_ = have - at;
    std::memmove(input_.data(), input_.data() + at, kept_);
    return true;
  }

  Bytes from_;
  const CharsetRow& charset_;
  int endian_;
  std::string input_, text_;
  size_t kept_ = 0, given_ = 0;
  bool first_ = true;
};

class TextBytes final : public ByteStream {
 public:
  explicit TextBytes(std::string text) : text_(std::move(text)) {}
  size_t read(char* out, size_t size) override {
    const size_t part = std::min(size, text_.size() - at_);
    std::memcpy(out, text_.data() + at_, part);
    at_ += part;
    return part;
  }

 private:
  const std::string text_;
  size_t at_ = 0;
};

}  // namespace

Bytes bytes_of(std::string text) { return std::make_unique<TextBytes>(std::move(text)); }

bool is_compressed(std::string_view uri) {
  const std::string_view extension = extension_of(uri);
  return std::ranges::any_of(kStages,
                             [&](const StageRow& row) { return row.extension == extension; });
}

Bytes open_bytes(files::FileStore& store, const std::string& uri, int64_t start) {
  Bytes bytes = std::make_unique<FileBytes>(store.open(uri), start);
  const std::string_view extension = extension_of(uri);
  for (const StageRow& row : kStages) {
    if (row.extension == extension) return row.open(std::move(bytes), uri);
  }
  return bytes;
}

bool is_utf8(const std::string& charset) {
  const std::string name = lower_case(charset);
  return name == "utf-8" || name == "utf8";
}

Bytes decode_charset(Bytes bytes, const std::string& charset) {
  if (is_utf8(charset)) return bytes;
  const std::string name = lower_case(charset);
  for (const CharsetRow& row : kCharsets) {
    if (row.name == name) return std::make_unique<Decode>(std::move(bytes), row);
  }
  std::string names = "UTF-8";
  for (const CharsetRow& row : kCharsets) names += ", " + std::string(row.name);
  throw Error("INVALID_PARAMETER_VALUE.CHARSET", {{"parameter", "`charset`"},
                                                  {"functionName", "`encoding`"},
                                                  {"charsets", names},
                                                  {"charset", charset}});
}

std::string read_all(ByteStream& bytes) {
  std::string text;
  for (size_t used = 0;;) {
    text.resize(std::max<size_t>(used * 2, 64 << 10));
    const size_t got = bytes.read(text.data() + used, text.size() - used);
    used += got;
    if (got == 0) {
      text.resize(used);
      return text;
    }
  }
}

}  // namespace firn::formats
