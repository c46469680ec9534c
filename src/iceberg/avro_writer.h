// Writing Avro object container files. Deterministic: equal objects and metadata give equal bytes.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace firn::iceberg {

// Appends Avro's binary encoding to a string.
class AvroEncoder {
 public:
  void put_boolean(bool value) { bytes_.push_back(value ? '\1' : '\0'); }
  void put_long(int64_t value);
  void put_float(float value);
  void put_double(double value);
  void put_bytes(std::string_view value);                    // bytes or string
  void put_raw(std::string_view value) { bytes_ += value; }  // fixed
  void put_null() { put_long(0); }                           // in ["null", T]
  void put_some() { put_long(1); }
  const std::string& bytes() const { return bytes_; }
  size_t size() const { return bytes_.size(); }
  void clear() { bytes_.clear(); }

 private:
  std::string bytes_;
};

// Objects are encoded into encoder(), each followed by end_object().
class AvroFileWriter {
 public:
  // `metadata` goes into the header beside avro.schema and avro.codec.
  AvroFileWriter(std::string schema_json, std::map<std::string, std::string> metadata,
                 std::string codec = "deflate");
  AvroEncoder& encoder() { return encoder_; }
  void end_object();
  std::string finish() &&;

 private:
  void end_block();
  std::map<std::string, std::string> header_;
  std::string codec_;
  AvroEncoder encoder_;
  int64_t objects_in_block_ = 0;
  struct Block {
    int64_t objects;
    std::string bytes;
  };
  std::vector<Block> blocks_;
};

}  // namespace firn::iceberg
