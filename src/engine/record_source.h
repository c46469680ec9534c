// Message spans → chunks: what a Kafka (or other) source hands over becomes vectors, JSON fields
// included, without a copy.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/chunk.h"
#include "types/data_type.h"

namespace firn::engine {

struct Record {                 // memory belongs to the batch that the record came in
  const char* value = nullptr;  // nullptr: NULL (a tombstone)
  uint32_t value_length = 0;
  const char* key = nullptr;
  uint32_t key_length = 0;
  int32_t topic = 0;  // index into RecordBatch::topics
  int32_t partition = 0;
  int64_t offset = 0;
  int64_t timestamp_ms = -1;
  int32_t timestamp_type = 0;  // Spark's: -1 none, 0 create, 1 log append
  int64_t first_header = -1;   // index into RecordBatch::headers; -1: the message has none
  int32_t header_count = 0;
};

struct RecordHeader {
  const char* key = nullptr;    // zero-terminated
  const char* value = nullptr;  // nullptr: NULL
  uint32_t value_length = 0;
};

// Owns messages; records stay valid while it lives. At least 64 readable bytes follow every value
// where `padded` is set.
struct RecordBatch {
  std::vector<Record> records;
  std::vector<std::string> topics;
  std::vector<RecordHeader> headers;
  std::shared_ptr<void> owner;
  int64_t memory_bytes = 0;  // about, of all that it owns
  bool padded = false;
};

enum class JsonMode : uint8_t { kPermissive, kFailFast, kDropMalformed };

struct JsonColumns {  // from_json(cast(value as string), schema) pushed into the source
  types::DataType
      schema;  // struct: the wanted fields only, corrupt-record column included where asked for
  std::string corrupt_record_column;  // "" = none
  JsonMode mode = JsonMode::kPermissive;
  std::string time_zone = "UTC";
  std::string timestamp_format, date_format;
};

enum class RecordField : uint8_t {
  kKey,
  kValue,
  kTopic,
  kPartition,
  kOffset,
  kTimestamp,
  kTimestampType,
  kHeaders,
  kJson
};

struct RecordDecoderOptions {
  std::vector<RecordField> columns;  // output columns in order; kJson: one STRUCT column (its
                                     // children are the schema's fields)
  JsonColumns json;
};

class RecordDecoder {
 public:
  virtual ~RecordDecoder() = default;
  // Decodes records[from …) into `out` (at most kChunkRows); returns how many records were
  // consumed.
  virtual uint64_t decode(const std::shared_ptr<const RecordBatch>& batch, uint64_t from,
                          Chunk& out) = 0;
  virtual int64_t malformed()
      const = 0;  // records whose JSON was broken or did not fit, since the decoder was made
};

std::unique_ptr<RecordDecoder> make_record_decoder(const RecordDecoderOptions&);

}  // namespace firn::engine
