// ORC files: columns by name, or by position in old files of Hive whose columns are _col0, _col1 ….
#include <algorithm>
#include <utility>

#include "base/error.h"
#include "columnar/orc.h"
#include "formats/reader.h"

namespace firn::formats {
namespace {

using kernels::Output;
using types::DataType;
using types::DataTypeId;
using types::StructField;

columnar::OrcReader open_file(files::FileStore& store, const std::string& uri,
                              const Options& options) {
  std::shared_ptr<files::InputFile> file = store.open(uri);
  columnar::OrcInput input;
  input.name = uri;
  input.size = file->size();
  input.read = [file](int64_t offset, int64_t length, char* out) {
    file->read_at(offset, length, out);
  };
  return columnar::OrcReader(std::move(input), options.zone());
}

DataType merged(const DataType& a, const DataType& b) {
  std::vector<StructField> fields = a.fields();
  for (const StructField& field : b.fields()) {
    const auto found = std::ranges::find(fields, field.name, &StructField::name);
    if (found == fields.end())
      fields.push_back(field);
    else if (!found->type.same_ignoring_nullability(field.type))
      throw Error("CANNOT_MERGE_SCHEMAS",
                  {{"left", "\"" + a.sql() + "\""}, {"right", "\"" + b.sql() + "\""}});
  }
  return DataType::structure(std::move(fields));
}

DataType infer_orc(files::FileStore& store, const Options& options,
                   const std::vector<FilePart>& files) {
  const bool ignore = options.flag("ignoreCorruptFiles", false);
  const bool merge = options.flag("mergeSchema", false);
  std::optional<DataType> schema;
  for (const FilePart& file : files) {
    if (file.file_size == 0) continue;  // as a job that failed leaves them
    try {
      const DataType one = open_file(store, file.uri, options).schema();
      schema = schema ? merged(*schema, one) : one;
    } catch (const Error& error) {
      if (!ignore || error.code() != Code::kCorrupt) throw;
      continue;
    }
    if (!merge) break;
  }
  if (!schema) throw Error("UNABLE_TO_INFER_SCHEMA", {{"format", "ORC"}});
  return *schema;
}

class NoRows final : public RowReader {
 public:
  uint64_t read(std::span<Output* const>, uint64_t) override { return 0; }
};

class OrcRows final : public RowReader {
 public:
  OrcRows(const ReadRequest& request, const FilePart& part)
      : uri_(part.uri), reader_(open_file(request.store, part.uri, request.options)) {
    const auto& in_file = reader_.schema().fields();
    const bool by_position =
        request.options.flag("__byposition", false) ||
        (!in_file.empty() && std::ranges::all_of(in_file, [](const StructField& f) {
          return f.name.starts_with("_col");
        }));
    std::vector<int> selected;
    for (const int index : request.wanted) {
      const StructField& wanted = request.schema.fields()[static_cast<size_t>(index)];
      size_t at = 0;
      if (by_position) {
        at = static_cast<size_t>(index);
      } else {
        while (at < in_file.size() && lower_case(in_file[at].name) != lower_case(wanted.name)) ++at;
      }
      if (at >= in_file.size()) {
        targets_.push_back({-1, wanted.type});
        continue;
      }
      check(wanted, in_file[at].type);
      targets_.push_back({static_cast<int>(selected.size()), wanted.type});
      selected.push_back(static_cast<int>(at));
    }
    reader_.select(selected);
  }

  uint64_t read(std::span<Output* const> columns, uint64_t capacity) override {
    if (given_ == size_) {
      if (!reader_.next()) return 0;
      given_ = 0;
      size_ = reader_.batch_rows();
    }
    const uint64_t take = std::min(capacity, size_ - given_);
    for (size_t i = 0; i < targets_.size(); ++i) {
      if (targets_[i].selected >= 0) {
        reader_.write(static_cast<size_t>(targets_[i].selected), given_, take, targets_[i].type,
                      *columns[i]);
      } else {
        for (uint64_t row = 0; row < take; ++row) columns[i]->set_null(row);
      }
    }
    given_ += take;
    return take;
  }

 private:
  struct Target {
    int selected;
    DataType type;
  };
  void check(const StructField& wanted, const DataType& found) const {
    if (columnar::orc_can_read(found, wanted.type)) return;
    throw Error("FAILED_READ_FILE.NO_HINT",
                {{"path", uri_ + ": column " + wanted.name + " is " + found.simple_string() +
                              " in the file, not " + wanted.type.simple_string()}});
  }

  const std::string uri_;
  columnar::OrcReader reader_;
  std::vector<Target> targets_;
  uint64_t given_ = 0, size_ = 0;
};

// ---- Writing

constexpr CodecRow kOrcCodecs[] = {
    {"none", "none", ""},      {"uncompressed", "none", ""}, {"snappy", "snappy", ".snappy"},
    {"zlib", "zlib", ".zlib"}, {"zstd", "zstd", ".zstd"},    {"lz4", "lz4", ".lz4"},
};

const CodecRow& orc_codec(const Options& options) {
  return find_codec(kOrcCodecs, options.text("compression", "orc.compress", "zstd"));
}

class OrcRowWriter final : public RowWriter {
 public:
  OrcRowWriter(std::unique_ptr<files::OutputFile> file, const Options& options,
               const DataType& schema)
      : file_(std::move(file)),
        writer_([this](std::string_view bytes) { file_->write(bytes); }, schema,
                orc_codec(options).codec, options.zone()) {}
  void write(std::span<const kernels::ColumnView> columns, uint64_t rows) override {
    writer_.append(columns, rows);
  }
  void finish() override {
    writer_.finish();
    file_->finish();
  }

 private:
  std::unique_ptr<files::OutputFile> file_;
  columnar::OrcWriter writer_;
};

}  // namespace

const Format kOrc = {
    "orc",
    nullptr,
    infer_orc,
    [](const ReadRequest& request, const FilePart& part) -> std::unique_ptr<RowReader> {
      if (part.file_size == 0) return std::make_unique<NoRows>();
      return std::make_unique<OrcRows>(request, part);
    },
    [](const Options& options, const DataType& schema) {
      check_column_types(schema, "ORC", columnar_supports);
      return std::string(orc_codec(options).extension) + ".orc";
    },
    [](files::FileStore& store, const std::string& uri, const Options& options,
       const DataType& schema) -> std::unique_ptr<RowWriter> {
      return std::make_unique<OrcRowWriter>(store.create(uri, files::WriteMode::kCreateNew),
                                            options, schema);
    }};

}  // namespace firn::formats
