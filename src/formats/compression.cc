// Compressed files that are written: whole pieces go through the codec to the file.
#include <bzlib.h>
#include <lz4.h>
#include <snappy.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "formats/byte_stream.h"
#include "formats/options.h"

namespace firn::formats {
namespace {

constexpr size_t kOutput = 256 << 10;

class Plain final : public ByteSink {
 public:
  explicit Plain(std::unique_ptr<files::OutputFile> file) : file_(std::move(file)) {}
  void write(std::string_view bytes) override { file_->write(bytes); }
  void finish() override { file_->finish(); }

 private:
  std::unique_ptr<files::OutputFile> file_;
};

class Deflate final : public ByteSink {
 public:
  Deflate(std::unique_ptr<files::OutputFile> file, bool gzip, int64_t level)
      : file_(std::move(file)), out_(kOutput, '\0') {
    deflateInit2(&z_, level < 0 ? Z_DEFAULT_COMPRESSION : static_cast<int>(level), Z_DEFLATED,
                 15 + (gzip ? 16 : 0), 8, Z_DEFAULT_STRATEGY);
  }
  ~Deflate() override { deflateEnd(&z_); }
  void write(std::string_view bytes) override { run(bytes, Z_NO_FLUSH); }
  void finish() override {
    run({}, Z_FINISH);
    file_->finish();
  }

 private:
  void run(std::string_view bytes, int flush) {
    z_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    z_.avail_in = static_cast<uInt>(bytes.size());
    int state = Z_OK;
    do {
      z_.next_out = reinterpret_cast<Bytef*>(out_.data());
      z_.avail_out = static_cast<uInt>(out_.size());
      state = deflate(&z_, flush);
      file_->write(std::string_view(out_).substr(0, out_.size() - z_.avail_out));
    } while (z_.avail_out == 0 || (flush == Z_FINISH && state != Z_STREAM_END));
  }

  std::unique_ptr<files::OutputFile> file_;
  std::string out_;
  z_stream z_{};
};

class Bzip final : public ByteSink {
 public:
  explicit Bzip(std::unique_ptr<files::OutputFile> file)
      : file_(std::move(file)), out_(kOutput, '\0') {
    BZ2_bzCompressInit(&z_, 9, 0, 0);
  }
  ~Bzip() override { BZ2_bzCompressEnd(&z_); }
  void write(std::string_view bytes) override {
    if (!bytes.empty()) run(bytes, BZ_RUN);
  }
  void finish() override {
    run({}, BZ_FINISH);
    file_->finish();
  }

 private:
  void run(std::string_view bytes, int action) {
    z_.next_in = const_cast<char*>(bytes.data());
    z_.avail_in = static_cast<unsigned>(bytes.size());
    int state = BZ_RUN_OK;
    do {
      z_.next_out = out_.data();
      z_.avail_out = static_cast<unsigned>(out_.size());
      state = BZ2_bzCompress(&z_, action);
      file_->write(std::string_view(out_).substr(0, out_.size() - z_.avail_out));
    } while (z_.avail_in > 0 || (action == BZ_FINISH && state != BZ_STREAM_END));
  }

  std::unique_ptr<files::OutputFile> file_;
  std::string out_;
  bz_stream z_{};
};

class Zstd final : public ByteSink {
 public:
  Zstd(std::unique_ptr<files::OutputFile> file, int64_t level)
      : file_(std::move(file)), z_(ZSTD_createCStream(), ZSTD_freeCStream), out_(kOutput, '\0') {
    ZSTD_initCStream(z_.get(), level < 0 ? ZSTD_CLEVEL_DEFAULT : static_cast<int>(level));
  }
  void write(std::string_view bytes) override { run(bytes, ZSTD_e_continue); }
  void finish() override {
    run({}, ZSTD_e_end);
    file_->finish();
  }

 private:
  void run(std::string_view bytes, ZSTD_EndDirective directive) {
    ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
    size_t left = 0;
    do {
      ZSTD_outBuffer to{out_.data(), out_.size(), 0};
      left = ZSTD_compressStream2(z_.get(), &to, &in, directive);
      if (ZSTD_isError(left)) throw_io("zstd cannot compress");
      file_->write(std::string_view(out_).substr(0, to.pos));
    } while (in.pos < in.size || (directive == ZSTD_e_end && left > 0));
  }

  std::unique_ptr<files::OutputFile> file_;
  std::unique_ptr<ZSTD_CStream, size_t (*)(ZSTD_CStream*)> z_;
  std::string out_;
};

// Hadoop's block form, a piece a block.
class HadoopBlockWriter final : public ByteSink {
 public:
  HadoopBlockWriter(std::unique_ptr<files::OutputFile> file, bool lz4)
      : file_(std::move(file)), lz4_(lz4) {}
  void write(std::string_view bytes) override {
    constexpr size_t kBlock = 224 << 10;
    while (!bytes.empty()) {
      const size_t part = std::min(kBlock - pending_.size(), bytes.size());
      pending_ += bytes.substr(0, part);
      bytes.remove_prefix(part);
      if (pending_.size() == kBlock) flush();
    }
  }
  void finish() override {
    if (!pending_.empty()) flush();
    file_->finish();
  }

 private:
  void put_length(size_t value) {
    std::string bytes;
    for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift);
    file_->write(bytes);
  }
  void flush() {
    std::string packed;
    if (lz4_) {
      packed.resize(static_cast<size_t>(LZ4_compressBound(static_cast<int>(pending_.size()))));
      packed.resize(static_cast<size_t>(LZ4_compress_default(pending_.data(), packed.data(),
                                                             static_cast<int>(pending_.size()),
                                                             static_cast<int>(packed.size()))));
    } else {
      snappy::Compress(pending_.data(), pending_.size(), &packed);
    }
    put_length(pending_.size());
    put_length(packed.size());
    file_->write(packed);
    pending_.clear();
  }

  std::unique_ptr<files::OutputFile> file_;
  const bool lz4_;
  std::string pending_;
};

constexpr CompressionRow kCodecs[] = {
    {"none", ""},    {"uncompressed", ""}, {"bzip2", ".bz2"},     {"deflate", ".deflate"},
    {"gzip", ".gz"}, {"lz4", ".lz4"},      {"snappy", ".snappy"}, {"zstd", ".zst"},
};
struct ClassRow {
  std::string_view name;
  std::string_view codec;
};
constexpr ClassRow kClasses[] = {
    {"org.apache.hadoop.io.compress.gzipcodec", "gzip"},
    {"org.apache.hadoop.io.compress.bzip2codec", "bzip2"},
    {"org.apache.hadoop.io.compress.defaultcodec", "deflate"},
    {"org.apache.hadoop.io.compress.lz4codec", "lz4"},
    {"org.apache.hadoop.io.compress.snappycodec", "snappy"},
    {"org.apache.hadoop.io.compress.zstandardcodec", "zstd"},
    {"org.apache.hadoop.io.compress.deflatecodec", "deflate"},
};

}  // namespace

const CompressionRow& find_compression(const std::string& name) {
  std::string word = lower_case(name);
  for (const ClassRow& row : kClasses) {
    if (row.name == word) word = row.codec;
  }
  std::string names;
  for (const CompressionRow& row : kCodecs) {
    if (row.name == word) return row;
    names += (names.empty() ? "" : ", ") + std::string(row.name);
  }
  throw Error("CODEC_NOT_AVAILABLE.WITH_AVAILABLE_CODECS_SUGGESTION",
              {{"codecName", name}, {"availableCodecs", names}});
}

std::unique_ptr<ByteSink> make_sink(std::unique_ptr<files::OutputFile> file,
                                    const CompressionRow& codec, int64_t level) {
  if (codec.name == "gzip" || codec.name == "deflate")
    return std::make_unique<Deflate>(std::move(file), codec.name == "gzip", level);
  if (codec.name == "bzip2") return std::make_unique<Bzip>(std::move(file));
  if (codec.name == "zstd") return std::make_unique<Zstd>(std::move(file), level);
  if (codec.name == "lz4" || codec.name == "snappy")
    return std::make_unique<HadoopBlockWriter>(std::move(file), codec.name == "lz4");
  return std::make_unique<Plain>(std::move(file));
}

}  // namespace firn::formats
