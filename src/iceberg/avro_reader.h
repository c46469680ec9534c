// Reading Avro object container files: blocks of any codec, values walked by the writer's schema.
// The input is hostile until proven otherwise: every length is checked against what is left, every
// recursion is bounded.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "iceberg/avro_codec.h"
#include "iceberg/avro_schema.h"

namespace firn::iceberg {

// Bytes being decoded. Every failure throws Error{kCorrupt} that names the file.
class AvroDecoder {
 public:
  AvroDecoder(std::string_view bytes, const std::string& file) : rest_(bytes), file_(&file) {}
  bool at_end() const { return rest_.empty(); }
  size_t remaining() const { return rest_.size(); }
  std::string_view rest() const { return rest_; }

  bool read_boolean();
  int64_t read_long() {
    // Most numbers are one byte.
    if (rest_.empty() || (rest_.front() & 0x80) != 0) return read_long_number();
    const auto byte = static_cast<unsigned char>(rest_.front());
    rest_.remove_prefix(1);
    return (byte >> 1) ^ -(byte & 1);
  }
  int32_t read_int();
  float read_float();
  double read_double();
  std::string_view read_bytes();             // bytes or string: length, then data
  std::string_view read_raw(size_t length);  // fixed
  // The number of items in an array's or map's next block, 0 at its end; the byte size of a
  // negative count is read over.
  size_t read_block_count();
  // Passes over a value of `node`.
  void skip(const AvroSchema& schema, int node, int depth = 0);
  [[noreturn]] void fail(std::string_view what) const;
  const std::string& file() const { return *file_; }

 private:
  int64_t read_long_number();
  void skip_items(const AvroSchema& schema, const AvroNode& node, int depth);
  std::string_view rest_;
  const std::string* file_;
};

// Array items that are a number and a number, or a number and bytes, neither of them a union: what
// the maps of metrics consist of. They are read without a look at the schema for each of them.
struct AvroNumberPairs {
  bool second_is_bytes = false;
  static std::optional<AvroNumberPairs> of(const AvroSchema& schema, const AvroNode& array);
};

// One value, its union resolved. A value that is not null must be read exactly once.
class AvroValue {
 public:
  AvroValue(AvroDecoder& decoder, const AvroSchema& schema, int node, std::string_view field);
  bool is_null() const { return node_->kind == AvroKind::kNull; }
  const AvroNode& node() const { return *node_; }
  std::string_view field() const { return field_; }

  bool as_boolean();
  int64_t as_long();  // int or long
  int32_t as_int();
  std::string as_string();  // string, bytes or enum
  std::string as_bytes();   // bytes, fixed or string
  double as_double();       // float or double
  float as_float();
  void for_each_element(const std::function<void(AvroValue)>& each);
  // Fields in the writer's order; each must be read or skipped.
  void for_each_field(const std::function<void(const AvroField&, AvroValue)>& each);
  void skip();
  [[noreturn]] void fail_kind(const char* wanted) const;

  AvroDecoder& decoder() { return *decoder_; }
  const AvroSchema& schema() const { return *schema_; }

 private:
  AvroDecoder* decoder_;
  const AvroSchema* schema_;
  int index_;
  const AvroNode* node_;
  std::string_view field_;
};

class AvroFile {
 public:
  // Reads the header. `bytes` and `file` (errors name it) outlive this.
  AvroFile(std::string_view bytes, const std::string& file);
  const AvroSchema& schema() const { return schema_; }
  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  // Calls `each` for every object of every block.
  void for_each(const std::function<void(AvroValue)>& each);
  // The next block's objects, one behind the other; `scratch` may hold them, and is best the same
  // for all blocks. False at the end.
  bool next_block(std::string& scratch, std::string_view& objects, int64_t& count);

 private:
  const std::string& file_;
  std::string_view blocks_;
  std::string_view sync_;
  AvroSchema schema_;
  std::map<std::string, std::string> metadata_;
  std::optional<AvroDecompressor> decompressor_;  // made with the first block
};

}  // namespace firn::iceberg
