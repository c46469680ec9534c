// Avro object container files: schema as Spark's SchemaConverters map it, rows by field name.
#include <algorithm>
#include <utility>

#include "base/error.h"
#include "formats/avro_writer.h"
#include "formats/nested_output.h"
#include "formats/reader.h"
#include "iceberg/avro_reader.h"

namespace firn::formats {
namespace {

using iceberg::AvroDecoder;
using iceberg::AvroFile;
using iceberg::AvroKind;
using iceberg::AvroLogical;
using iceberg::AvroNode;
using iceberg::AvroSchema;
using kernels::Output;
using types::DataType;
using types::DataTypeId;
using types::StructField;

// ---- Schema

struct KindRow {
  AvroKind kind;
  AvroLogical logical;
  DataTypeId type;
};
constexpr KindRow kKinds[] = {
    {AvroKind::kInt, AvroLogical::kDate, DataTypeId::kDate},
    {AvroKind::kLong, AvroLogical::kTimestampMillis, DataTypeId::kTimestamp},
    {AvroKind::kLong, AvroLogical::kTimestampMicros, DataTypeId::kTimestamp},
    {AvroKind::kLong, AvroLogical::kLocalTimestampMillis, DataTypeId::kTimestampNtz},
    {AvroKind::kLong, AvroLogical::kLocalTimestampMicros, DataTypeId::kTimestampNtz},
};
struct PlainRow {
  AvroKind kind;
  DataTypeId type;
};
constexpr PlainRow kPlain[] = {
    {AvroKind::kNull, DataTypeId::kNull},     {AvroKind::kBoolean, DataTypeId::kBoolean},
    {AvroKind::kInt, DataTypeId::kInteger},   {AvroKind::kLong, DataTypeId::kLong},
    {AvroKind::kFloat, DataTypeId::kFloat},   {AvroKind::kDouble, DataTypeId::kDouble},
    {AvroKind::kString, DataTypeId::kString}, {AvroKind::kEnum, DataTypeId::kString},
    {AvroKind::kBytes, DataTypeId::kBinary},  {AvroKind::kFixed, DataTypeId::kBinary},
};

DataType spark_type(const AvroSchema& schema, int index, int depth);

// [null, T] is T; numbers widen; other unions are structs of their members, one of which is set.
DataType union_type(const AvroSchema& schema, const AvroNode& node, int depth) {
  std::vector<int> branches;
  for (const int branch : node.branches) {
    if (schema.at(branch).kind != AvroKind::kNull) branches.push_back(branch);
  }
  if (branches.empty()) return {};
  if (branches.size() == 1) return spark_type(schema, branches.front(), depth);
  const auto only = [&](AvroKind a, AvroKind b) {
    return std::ranges::all_of(branches, [&](int branch) {
      const AvroNode& one = schema.at(branch);
      return (one.kind == a || one.kind == b) && one.logical == AvroLogical::kNone;
    });
  };
  if (only(AvroKind::kInt, AvroKind::kLong)) return DataTypeId::kLong;
  if (only(AvroKind::kFloat, AvroKind::kDouble)) return DataTypeId::kDouble;
  std::vector<StructField> members;
  for (size_t i = 0; i < branches.size(); ++i)
    members.push_back(
        {"member" + std::to_string(i), spark_type(schema, branches[i], depth), true, ""});
  return DataType::structure(std::move(members));
}

DataType spark_type(const AvroSchema& schema, int index, int depth) {
  constexpr int kDeepest = 100;
  if (depth > kDeepest) throw_unsupported("reading Avro files whose records contain themselves");
  const AvroNode& node = schema.at(index);
  for (const KindRow& row : kKinds) {
    if (row.kind == node.kind && row.logical == node.logical) return row.type;
  }
  if (node.logical == AvroLogical::kDecimal) return DataType::decimal(node.precision, node.scale);
  for (const PlainRow& row : kPlain) {
    if (row.kind == node.kind) return row.type;
  }
  if (node.kind == AvroKind::kUnion) return union_type(schema, node, depth + 1);
  if (node.kind == AvroKind::kArray)
    return DataType::array(spark_type(schema, node.items, depth + 1));
  if (node.kind == AvroKind::kMap)
    return DataType::map(DataTypeId::kString, spark_type(schema, node.items, depth + 1));
  std::vector<StructField> fields;
  for (const iceberg::AvroField& field : node.fields)
    fields.push_back({field.name, spark_type(schema, field.node, depth + 1), true, ""});
  return DataType::structure(std::move(fields));
}

DataType infer_avro(files::FileStore& store, const Options& options,
                    const std::vector<FilePart>& files) {
  const bool ignore = options.flag("ignoreCorruptFiles", false);
  for (const FilePart& file : files) {
    if (!options.flag("ignoreExtension", true) && !file.uri.ends_with(".avro")) continue;
    try {
      const std::string bytes = store.read_all(file.uri);
      const AvroFile avro(bytes, file.uri);
      const DataType root = spark_type(avro.schema(), avro.schema().root, 0);
      if (root.id() != DataTypeId::kStruct)
        throw_unsupported("reading Avro files whose objects are no records: " + file.uri);
      return root;
    } catch (const Error& error) {
      if (!ignore || error.code() != Code::kCorrupt) throw;
    }
  }
  throw Error("UNABLE_TO_INFER_SCHEMA", {{"format", "Avro"}});
}

// ---- Rows

__int128 big_endian(std::string_view bytes) {
  unsigned __int128 value =
      !bytes.empty() && (bytes[0] & 0x80) != 0 ? ~static_cast<unsigned __int128>(0) : 0;
  for (const char byte : bytes) value = value << 8 | static_cast<unsigned char>(byte);
  return static_cast<__int128>(value);
}

class AvroRows final : public RowReader {
 public:
  AvroRows(const ReadRequest& request, const FilePart& part)
      : uri_(part.uri),
        bytes_(request.store.read_all(part.uri)),
        file_(bytes_, uri_),
        decoder_(std::string_view(), uri_) {
    const AvroNode& root = file_.schema().at(file_.schema().root);
    if (root.kind != AvroKind::kRecord)
      throw_unsupported("reading Avro files whose objects are no records: " + uri_);
    for (const int index : request.wanted)
      types_.push_back(request.schema.fields()[static_cast<size_t>(index)].type);
    for (const iceberg::AvroField& field : root.fields) {
      int target = -1;
      for (size_t i = 0; i < request.wanted.size(); ++i) {
        const StructField& wanted = request.schema.fields()[static_cast<size_t>(request.wanted[i])];
        if (lower_case(wanted.name) == lower_case(field.name)) target = static_cast<int>(i);
      }
      targets_.push_back(target);
    }
  }

  uint64_t read(std::span<Output* const> columns, uint64_t capacity) override {
    std::vector<NestedOutput> outputs;
    for (size_t i = 0; i < columns.size(); ++i) outputs.emplace_back(types_[i], *columns[i]);
    uint64_t row = 0;
    for (; row < capacity && advance(); ++row) {
      std::vector<bool> filled(outputs.size());
      const AvroNode& root = file_.schema().at(file_.schema().root);
      for (size_t i = 0; i < root.fields.size(); ++i) {
        if (targets_[i] < 0) {
          decoder_.skip(file_.schema(), root.fields[i].node);
          continue;
        }
        const auto target = static_cast<size_t>(targets_[i]);
        filled[target] = true;
        store(root.fields[i].node, outputs[target], row, root.fields[i].name);
      }
      for (size_t i = 0; i < outputs.size(); ++i) {
        if (!filled[i]) outputs[i].set_null(row);
      }
    }
    for (NestedOutput& output : outputs) output.trim();
    return row;
  }

 private:
  bool advance() {
    while (left_ == 0) {
      std::string_view objects;
      if (!file_.next_block(scratch_, objects, left_)) return false;
      decoder_ = AvroDecoder(objects, uri_);
    }
    --left_;
    return true;
  }

  [[noreturn]] void misfit(const AvroNode& node, const DataType& type, const std::string& field) {
    throw Error("FAILED_READ_FILE.NO_HINT",
                {{"path", uri_ + ": the Avro field '" + field + "' is " +
                              iceberg::to_string(node.kind) + ", not " + type.simple_string()}});
  }

  void store(int index, NestedOutput& into, uint64_t row, const std::string& field) {
    const AvroSchema& schema = file_.schema();
    const AvroNode& node = schema.at(index);
    switch (node.kind) {
      case AvroKind::kNull:
        return into.set_null(row);
      case AvroKind::kUnion:
        return store_branch(node, into, row, field);
      case AvroKind::kRecord:
        return store_record(node, into, row, field);
      case AvroKind::kArray:
      case AvroKind::kMap:
        return store_list(node, into, row, field);
      case AvroKind::kBoolean:
        if (into.type.id() != DataTypeId::kBoolean) misfit(node, into.type, field);
        return into.put<bool>(row, decoder_.read_boolean());
      case AvroKind::kInt:
      case AvroKind::kLong:
        return store_integer(
            node, node.kind == AvroKind::kInt ? decoder_.read_int() : decoder_.read_long(), into,
            row, field);
      case AvroKind::kFloat:
      case AvroKind::kDouble: {
        const double value = node.kind == AvroKind::kFloat
                                 ? static_cast<double>(decoder_.read_float())
                                 : decoder_.read_double();
        if (into.type.id() == DataTypeId::kDouble) return into.put<double>(row, value);
        if (into.type.id() == DataTypeId::kFloat && node.kind == AvroKind::kFloat)
          return into.put<float>(row, static_cast<float>(value));
        misfit(node, into.type, field);
      }
      default:
        return store_bytes(node, into, row, field);
    }
  }

  void store_integer(const AvroNode& node, int64_t value, NestedOutput& into, uint64_t row,
                     const std::string& field) {
    const bool millis = node.logical == AvroLogical::kTimestampMillis ||
                        node.logical == AvroLogical::kLocalTimestampMillis;
    switch (into.type.id()) {
      case DataTypeId::kInteger:
      case DataTypeId::kDate:
        if (node.kind != AvroKind::kInt) misfit(node, into.type, field);
        return into.put<int32_t>(row, static_cast<int32_t>(value));
      case DataTypeId::kByte:
        return into.put<int8_t>(row, static_cast<int8_t>(value));
      case DataTypeId::kShort:
        return into.put<int16_t>(row, static_cast<int16_t>(value));
      case DataTypeId::kLong:
        return into.put<int64_t>(row, value);
      case DataTypeId::kTimestamp:
      case DataTypeId::kTimestampNtz:
        return into.put<int64_t>(row, millis ? value * 1000 : value);
      case DataTypeId::kFloat:
        return into.put<float>(row, static_cast<float>(value));
      case DataTypeId::kDouble:
        return into.put<double>(row, static_cast<double>(value));
      default:
        misfit(node, into.type, field);
    }
  }

  void store_bytes(const AvroNode& node, NestedOutput& into, uint64_t row,
                   const std::string& field) {
    std::string_view text;
    if (node.kind == AvroKind::kEnum) {
      const int64_t symbol = decoder_.read_long();
      if (symbol < 0 || static_cast<size_t>(symbol) >= node.symbols.size())
        decoder_.fail("an enum has no such symbol");
      text = node.symbols[static_cast<size_t>(symbol)];
    } else {
      text = node.kind == AvroKind::kFixed ? decoder_.read_raw(node.size) : decoder_.read_bytes();
    }
    const DataTypeId id = into.type.id();
    if (id == DataTypeId::kDecimal && node.logical == AvroLogical::kDecimal && text.size() <= 16)
      return into.put_decimal(row, big_endian(text));
    if (id != DataTypeId::kString && id != DataTypeId::kBinary) misfit(node, into.type, field);
    into.out->set_string(row, text);
  }

  void store_branch(const AvroNode& node, NestedOutput& into, uint64_t row,
                    const std::string& field) {
    const int64_t branch = decoder_.read_long();
    if (branch < 0 || static_cast<size_t>(branch) >= node.branches.size())
      decoder_.fail("a union has no such branch");
    int values = 0, member = -1;
    for (size_t i = 0; i < node.branches.size(); ++i) {
      if (file_.schema().at(node.branches[i]).kind == AvroKind::kNull) continue;
      if (static_cast<int64_t>(i) == branch) member = values;
      ++values;
    }
    const int of = node.branches[static_cast<size_t>(branch)];
    const bool members = values > 1 && into.type.id() == DataTypeId::kStruct && member >= 0 &&
                         into.type.fields().front().name == "member0";
    if (!members) return store(of, into, row, field);
    for (size_t i = 0; i < into.children.size(); ++i) {
      if (static_cast<int>(i) == member)
        store(of, into.children[i], row, field);
      else
        into.children[i].set_null(row);
    }
  }

  void store_record(const AvroNode& node, NestedOutput& into, uint64_t row,
                    const std::string& field) {
    if (into.type.id() != DataTypeId::kStruct) misfit(node, into.type, field);
    std::vector<bool> filled(into.children.size());
    for (const iceberg::AvroField& child : node.fields) {
      const auto& wanted = into.type.fields();
      size_t at = 0;
      while (at < wanted.size() && lower_case(wanted[at].name) != lower_case(child.name)) ++at;
      if (at == wanted.size()) {
        decoder_.skip(file_.schema(), child.node);
        continue;
      }
      filled[at] = true;
      store(child.node, into.children[at], row, child.name);
    }
    for (size_t i = 0; i < into.children.size(); ++i) {
      if (!filled[i]) into.children[i].set_null(row);
    }
  }

  void store_list(const AvroNode& node, NestedOutput& into, uint64_t row,
                  const std::string& field) {
    const bool map = node.kind == AvroKind::kMap;
    if (into.type.id() != (map ? DataTypeId::kMap : DataTypeId::kArray))
      misfit(node, into.type, field);
    const uint64_t start = into.used;
    while (const size_t count = decoder_.read_block_count()) {
      for (size_t i = 0; i < count; ++i) {
        const uint64_t slot = into.add_element();
        if (map) into.children[0].out->set_string(slot, decoder_.read_bytes());
        store(node.items, into.children[map ? 1 : 0], slot, field);
      }
    }
    into.put<kernels::ListEntry>(row, {start, into.used - start});
  }

  const std::string uri_;
  const std::string bytes_;
  AvroFile file_;
  std::vector<DataType> types_;
  std::vector<int> targets_;  // of the file's fields: the output, -1 where nobody wants it
  std::string scratch_;
  AvroDecoder decoder_;
  int64_t left_ = 0;  // objects of the block
};

}  // namespace

const Format kAvro = {
    "avro",
    nullptr,
    infer_avro,
    [](const ReadRequest& request, const FilePart& part) -> std::unique_ptr<RowReader> {
      return std::make_unique<AvroRows>(request, part);
    },
    avro_extension,
    create_avro};

}  // namespace firn::formats
