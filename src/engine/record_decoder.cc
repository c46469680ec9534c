// Messages into vectors: binary columns point into the message buffers, JSON fields are decoded in
// the same pass.
#include "base/error.h"
#include "engine/chunk_body.h"
#include "engine/duck_types.h"
#include "engine/json_sink.h"
#include "engine/record_source.h"
#include "kernels/json_value.h"

namespace firn::engine {
namespace {

using kernels::StringRef;
using types::DataType;
using types::DataTypeId;

constexpr uint64_t kPadding = 64;

DataType headers_type() {
  return DataType::array(
      DataType::structure({{"key", DataTypeId::kString}, {"value", DataTypeId::kBinary}}));
}

DataType type_of(RecordField field, const JsonColumns& json) {
  switch (field) {
    case RecordField::kKey:
    case RecordField::kValue:
      return DataTypeId::kBinary;
    case RecordField::kTopic:
      return DataTypeId::kString;
    case RecordField::kPartition:
    case RecordField::kTimestampType:
      return DataTypeId::kInteger;
    case RecordField::kOffset:
      return DataTypeId::kLong;
    case RecordField::kTimestamp:
      return DataTypeId::kTimestamp;
    case RecordField::kHeaders:
      return headers_type();
    default:
      return json.schema;
  }
}

// -1: no such field; so where `name` is empty, whatever the type (no JSON is pushed).
int index_of(const DataType& structure, const std::string& name) {
  if (name.empty()) return -1;
  for (size_t i = 0; i < structure.fields().size(); ++i) {
    if (structure.fields()[i].name == name) return static_cast<int>(i);
  }
  return -1;
}

// What else a batch of vectors refers to: unescaped strings and padded copies.
using SharedArena = std::shared_ptr<kernels::Arena>;

class Decoder final : public RecordDecoder {
 public:
  explicit Decoder(const RecordDecoderOptions& options)
      : options_(options),
        corrupt_field_(index_of(options.json.schema, options.json.corrupt_record_column)) {
    for (RecordField field : options_.columns) {
      types_.push_back(to_duckdb(type_of(field, options_.json)));
      if (field == RecordField::kJson) {
        kernels::JsonOptions json;
        json.compact_texts = true;
        json.zone = kernels::find_time_zone(options_.json.time_zone);
        if (json.zone == nullptr)
          throw_invalid("'" + options_.json.time_zone + "' is no time zone");
        if (!options_.json.timestamp_format.empty() || !options_.json.date_format.empty())
          throw_unsupported("timestampFormat and dateFormat in a from_json over the source");
        json_.emplace(options_.json.schema, std::move(json), corrupt_field_);
      }
    }
  }

  uint64_t decode(const std::shared_ptr<const RecordBatch>& batch, uint64_t from,
                  Chunk& out) override {
    const uint64_t count = std::min<uint64_t>(kChunkRows, batch->records.size() - from);
    const std::span<const Record> records(batch->records.data() + from, count);
    prepare(out);
    auto& chunk = out.body().chunk;
    auto arena = std::make_shared<kernels::Arena>();
    for (size_t i = 0; i < options_.columns.size(); ++i)
      fill(options_.columns[i], chunk.data[i], *batch, records, *arena);
    chunk.SetCardinality(count);
    out.body().owners = {batch, std::move(arena)};
    return count;
  }

  int64_t malformed() const override { return malformed_; }

 private:
  void prepare(Chunk& out) const {
    if (out.column_count() == types_.size()) {
      out.body().chunk.Reset();
      out.body().owners.clear();
    } else {
      out = Chunk();
      initialize(out, types_);
    }
  }

  void fill(RecordField field, duckdb::Vector& vector, const RecordBatch& batch,
            std::span<const Record> records, kernels::Arena& arena) {
    switch (field) {
      case RecordField::kKey:
        return fill_bytes(vector, records,
                          [](const Record& r) { return std::pair(r.key, r.key_length); });
      case RecordField::kValue:
        return fill_bytes(vector, records,
                          [](const Record& r) { return std::pair(r.value, r.value_length); });
      case RecordField::kTopic:
        return fill_each<StringRef>(vector, records, [&](const Record& r) {
          const std::string& topic = batch.topics[static_cast<size_t>(r.topic)];
          return StringRef(topic.data(), static_cast<uint32_t>(topic.size()));
        });
      case RecordField::kPartition:
        return fill_each<int32_t>(vector, records, [](const Record& r) { return r.partition; });
      case RecordField::kOffset:
        return fill_each<int64_t>(vector, records, [](const Record& r) { return r.offset; });
      case RecordField::kTimestamp:
        return fill_each<int64_t>(vector, records,
                                  [](const Record& r) { return r.timestamp_ms * 1000; });
      case RecordField::kTimestampType:
        return fill_each<int32_t>(vector, records,
                                  [](const Record& r) { return r.timestamp_type; });
      case RecordField::kHeaders:
        return fill_headers(vector, batch, records);
      case RecordField::kJson:
        return fill_json(vector, records, arena);
    }
  }

  template <class T, class Get>
  static void fill_each(duckdb::Vector& vector, std::span<const Record> records, Get get) {
    auto* const data = reinterpret_cast<T*>(duckdb::FlatVector::GetData(vector));
    for (size_t row = 0; row < records.size(); ++row) data[row] = get(records[row]);
  }

  template <class Get>
  static void fill_bytes(duckdb::Vector& vector, std::span<const Record> records, Get get) {
    auto* const data = reinterpret_cast<StringRef*>(duckdb::FlatVector::GetData(vector));
    for (size_t row = 0; row < records.size(); ++row) {
      const auto [bytes, length] = get(records[row]);
      if (bytes == nullptr)
        duckdb::FlatVector::SetNull(vector, row, true);
      else
        data[row] = StringRef(bytes, length);
    }
  }

  static void fill_headers(duckdb::Vector& vector, const RecordBatch& batch,
                           std::span<const Record> records) {
    uint64_t total = 0;
    for (const Record& record : records) total += static_cast<uint64_t>(record.header_count);
    duckdb::ListVector::Reserve(vector, total);
    auto& entries = duckdb::StructVector::GetEntries(duckdb::ListVector::GetEntry(vector));
    auto* const keys = reinterpret_cast<StringRef*>(duckdb::FlatVector::GetData(*entries[0]));
    auto* const values = reinterpret_cast<StringRef*>(duckdb::FlatVector::GetData(*entries[1]));
    auto* const lists = duckdb::FlatVector::GetData<duckdb::list_entry_t>(vector);
    uint64_t at = 0;
    for (size_t row = 0; row < records.size(); ++row) {
      const Record& record = records[row];
      lists[row] = {at, static_cast<uint64_t>(record.header_count)};
      if (record.first_header < 0) duckdb::FlatVector::SetNull(vector, row, true);
      for (int32_t i = 0; i < record.header_count; ++i, ++at) {
        const RecordHeader& header = batch.headers[static_cast<size_t>(record.first_header + i)];
        keys[at] = StringRef(header.key, static_cast<uint32_t>(std::strlen(header.key)));
        if (header.value == nullptr)
          duckdb::FlatVector::SetNull(*entries[1], at, true);
        else
          values[at] = StringRef(header.value, header.value_length);
      }
    }
    duckdb::ListVector::SetListSize(vector, at);
  }

  // Whether 64 bytes behind the value can be read. They can where the next message lies close
  // behind: both are in mapped memory, and no unmapped page fits between them.
  static bool is_padded(std::span<const Record> records, size_t row) {
    if (row + 1 >= records.size()) return false;
    const char* const end = records[row].value + records[row].value_length;
    const Record& next = records[row + 1];
    return next.value >= end && next.value - end < 4000 &&
           next.value + next.value_length >= end + kPadding;
  }

  static std::string_view padded_copy(const Record& record, kernels::Arena& arena) {
    char* const copy = arena.allocate(record.value_length + kPadding);
    std::memcpy(copy, record.value, record.value_length);
    std::memset(copy + record.value_length, 0, kPadding);
    return {copy, record.value_length};
  }

  void fill_json(duckdb::Vector& vector, std::span<const Record> records, kernels::Arena& arena) {
    kernels::JsonSink sink = make_json_sink(vector, options_.json.schema, kChunkRows);
    for (size_t row = 0; row < records.size(); ++row) {
      const Record& record = records[row];
      if (record.value == nullptr) {
        kernels::set_null(sink, row);
        continue;
      }
      const std::string_view text = is_padded(records, row)
                                        ? std::string_view(record.value, record.value_length)
                                        : padded_copy(record, arena);
      const kernels::JsonOutcome outcome = json_->decode(text, true, row, sink, arena);
      if (outcome == kernels::JsonOutcome::kNull) kernels::set_null(sink, row);
      if (outcome == kernels::JsonOutcome::kMalformed) note_malformed(record, row, sink);
    }
    close_json_sink(sink, vector, options_.json.schema, records.size());
  }

  void note_malformed(const Record& record, size_t row, kernels::JsonSink& sink) {
    ++malformed_;
    const std::string_view text(record.value, record.value_length);
    switch (options_.json.mode) {
      case JsonMode::kFailFast:
        throw Error(
            "MALFORMED_RECORD_IN_PARSING.WITHOUT_SUGGESTION",
            {{"badRecord", std::string(text.substr(0, 1000))}, {"failFastMode", "FAILFAST"}});
      case JsonMode::kDropMalformed:
        kernels::set_null(sink, row);
        return;
      case JsonMode::kPermissive:
        break;
    }
    if (corrupt_field_ < 0) return;
    kernels::JsonSink& column = sink.children[static_cast<size_t>(corrupt_field_)];
    column.validity[row >> 6] |= uint64_t{1} << (row & 63);
    static_cast<StringRef*>(column.data)[row] =
        StringRef(text.data(), static_cast<uint32_t>(text.size()));
  }

  RecordDecoderOptions options_;
  int corrupt_field_;
  int64_t malformed_ = 0;
  duckdb::vector<duckdb::LogicalType> types_;
  std::optional<kernels::JsonDecoder> json_;
};

}  // namespace

std::unique_ptr<RecordDecoder> make_record_decoder(const RecordDecoderOptions& options) {
  return std::make_unique<Decoder>(options);
}

}  // namespace firn::engine
