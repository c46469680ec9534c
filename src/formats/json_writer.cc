// Objects a line, as Spark's JacksonGenerator writes them.
#include "formats/json_writer.h"

#include "base/error.h"
#include "base/json_string.h"
#include "formats/byte_stream.h"
#include "kernels/json_text.h"

namespace firn::formats {
namespace {

using types::DataType;
using types::DataTypeId;

bool supports(const DataType& type) {
  switch (type.id()) {
    case DataTypeId::kArray:
      return supports(type.element());
    case DataTypeId::kMap:
      return supports(type.key()) && supports(type.value());
    case DataTypeId::kStruct:
      for (const types::StructField& field : type.fields()) {
        if (!supports(field.type)) return false;
      }
      return true;
    default:
      return true;
  }
}

class JsonWriter final : public RowWriter {
 public:
  JsonWriter(std::unique_ptr<ByteSink> sink, const Options& options, const DataType& schema)
      : sink_(std::move(sink)), schema_(schema), separator_(options.text("lineSep", "\n")) {
    style_.zone = options.zone();
    style_.keep_nulls = !options.flag("ignoreNullFields", true);
    const auto pattern = [&](const char* name, std::optional<kernels::DateTimePattern>& into) {
      if (const auto text = options.find(name)) into.emplace(*text);
    };
    pattern("timestampFormat", style_.timestamps);
    pattern("timestampNTZFormat", style_.local_timestamps);
    pattern("dateFormat", style_.dates);
  }

  void write(std::span<const kernels::ColumnView> columns, uint64_t rows) override {
    const auto& fields = schema_.fields();
    for (uint64_t row = 0; row < rows; ++row) {
      text_ += '{';
      bool first = true;
      for (size_t i = 0; i < fields.size(); ++i) {
        if (!columns[i].is_valid(row) && !style_.keep_nulls) continue;
        if (!first) text_ += ',';
        first = false;
        append_json_string(text_, fields[i].name);
        text_ += ':';
        kernels::append_json(text_, columns[i], row, fields[i].type, style_);
      }
      text_ += '}';
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
  const DataType schema_;
  const std::string separator_;
  kernels::JsonStyle style_;
  std::string text_;
};

const CompressionRow& codec(const Options& options) {
  return find_compression(options.text("compression", "codec", "none"));
}

}  // namespace

std::string json_extension(const Options& options, const DataType& schema) {
  check_column_types(schema, "JSON", supports);
  for (const char* name : {"writeNonAsciiCharacterAsCodePoint", "pretty"}) {
    if (options.flag(name, false))
      throw_unsupported(std::string("the option ") + name + " of writing JSON");
  }
  const std::string charset = options.text("encoding", "charset", "UTF-8");
  if (!is_utf8(charset)) throw_unsupported("writing JSON in the encoding " + charset);
  return ".json" + std::string(codec(options).extension);
}

std::unique_ptr<RowWriter> create_json(files::FileStore& store, const std::string& uri,
                                       const Options& options, const DataType& schema) {
  return std::make_unique<JsonWriter>(
      make_sink(store.create(uri, files::WriteMode::kCreateNew), codec(options),
                options.number("compressionLevel", -1)),
      options, schema);
}

}  // namespace firn::formats
