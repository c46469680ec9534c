// Text files (a row a line, or a file) and files as they are (binaryFile).
#include <optional>
#include <utility>

#include "base/error.h"
#include "formats/line_reader.h"
#include "formats/reader.h"

namespace firn::formats {
namespace {

using kernels::Output;
using types::DataType;
using types::DataTypeId;

class TextReader final : public RowReader {
 public:
  TextReader(const ReadRequest& request, const FilePart& part)
      : whole_(request.options.flag("wholetext", false)), wanted_(!request.wanted.empty()) {
    check_schema(request.schema);
    const std::string charset = request.options.text("encoding", "charset", "UTF-8");
    auto bytes = decode_charset(open_bytes(request.store, part.uri, part.start), charset);
    const std::string separator = line_separator(request.options, 0);
    if (!whole_)
      lines_.emplace(std::move(bytes), separator, part.start, part.end);
    else if (part.file_size > 0)  // an empty file is no row
      bytes_ = std::move(bytes);
  }
  uint64_t read(std::span<Output* const> columns, uint64_t capacity) override {
    if (whole_) {
      if (!bytes_) return 0;
      const std::string text = read_all(*std::exchange(bytes_, nullptr));
      if (wanted_) columns[0]->set_string(0, text);
      return 1;
    }
    uint64_t row = 0;
    for (std::string_view line; row < capacity && lines_->next(line); ++row) {
      if (wanted_) columns[0]->set_string(row, line);
    }
    return row;
  }

 private:
  static void check_schema(const DataType& schema) {
    check_column_types(schema, "Text",
                       [](const DataType& type) { return type.id() == DataTypeId::kString; });
    if (schema.fields().size() > 1)
      throw_invalid("Text data source supports only a single column, and you have " +
                    std::to_string(schema.fields().size()) + " columns.");
  }

  const bool whole_, wanted_;
  std::unique_ptr<ByteStream> bytes_;
  std::optional<LineReader> lines_;
};

class TextWriter final : public RowWriter {
 public:
  TextWriter(std::unique_ptr<ByteSink> sink, std::string separator)
      : sink_(std::move(sink)), separator_(std::move(separator)) {}
  void write(std::span<const kernels::ColumnView> columns, uint64_t rows) override {
    for (uint64_t row = 0; row < rows; ++row) {
      if (columns[0].is_valid(row)) text_ += columns[0].values<kernels::StringRef>()[row].view();
      text_ += separator_;
      if (text_.size() > (256 << 10)) flush();
    }
  }
  void finish() override {
    flush();
    sink_->finish();
  }

 private:
  void flush() {
    sink_->write(text_);
    text_.clear();
  }
  std::unique_ptr<ByteSink> sink_;
  const std::string separator_;
  std::string text_;
};

const CompressionRow& text_codec(const Options& options) {
  return find_compression(options.text("compression", "codec", "none"));
}

bool is_string(const DataType& type) { return type.id() == DataTypeId::kString; }

std::string text_extension(const Options& options, const DataType& schema) {
  check_column_types(schema, "Text", is_string);
  if (schema.fields().size() != 1)
    throw_invalid("Text data source supports only a single column, and you have " +
                  std::to_string(schema.fields().size()) + " columns.");
  return ".txt" + std::string(text_codec(options).extension);
}

DataType text_schema(files::FileStore&, const Options&, const std::vector<FilePart>&) {
  return DataType::structure({{"value", DataTypeId::kString, true, ""}});
}

// ---- binaryFile

class BinaryReader final : public RowReader {
 public:
  BinaryReader(const ReadRequest& request, FilePart part)
      : store_(request.store), wanted_(request.wanted), part_(std::move(part)) {}
  uint64_t read(std::span<Output* const> columns, uint64_t) override {
    if (std::exchange(done_, true)) return 0;
    for (size_t i = 0; i < wanted_.size(); ++i) {
      Output& out = *columns[i];
      if (wanted_[i] == 0) out.set_string(0, part_.uri);
      if (wanted_[i] == 1) out.values<int64_t>()[0] = part_.modified_ms * 1000;
      if (wanted_[i] == 2) out.values<int64_t>()[0] = part_.file_size;
      if (wanted_[i] == 3) out.set_string(0, store_.read_all(part_.uri));
    }
    return 1;
  }

 private:
  files::FileStore& store_;
  const std::vector<int> wanted_;
  const FilePart part_;
  bool done_ = false;
};

DataType binary_schema(files::FileStore&, const Options&, const std::vector<FilePart>&) {
  return DataType::structure({{"path", DataTypeId::kString, true, ""},
                              {"modificationTime", DataTypeId::kTimestamp, true, ""},
                              {"length", DataTypeId::kLong, true, ""},
                              {"content", DataTypeId::kBinary, true, ""}});
}

}  // namespace

const Format kText = {
    "text",
    [](const Options& options) { return !options.flag("wholetext", false); },
    text_schema,
    [](const ReadRequest& request, const FilePart& part) -> std::unique_ptr<RowReader> {
      return std::make_unique<TextReader>(request, part);
    },
    text_extension,
    [](files::FileStore& store, const std::string& uri, const Options& options,
       const DataType&) -> std::unique_ptr<RowWriter> {
      return std::make_unique<TextWriter>(
          make_sink(store.create(uri, files::WriteMode::kCreateNew), text_codec(options),
                    options.number("compressionLevel", -1)),
          options.text("lineSep", "\n"));
    }};

const Format kBinaryFile = {
    "binaryfile",
    nullptr,
    binary_schema,
    [](const ReadRequest& request, const FilePart& part) -> std::unique_ptr<RowReader> {
      return std::make_unique<BinaryReader>(request, part);
    },
    nullptr,
    nullptr};

}  // namespace firn::formats
