// Encoding of Avro values and container files.
#include "iceberg/avro_writer.h"

#include <cstring>

#include "iceberg/avro_codec.h"

namespace firn::iceberg {

namespace {

constexpr size_t kBlockBytes = 64 << 10;

uint64_t fnv1a(std::string_view bytes, uint64_t hash) {
  for (const unsigned char c : bytes) hash = (hash ^ c) * 0x100000001b3;
  return hash;
}

}  // namespace

void AvroEncoder::put_long(int64_t value) {
  uint64_t rest = (static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63);
  while (rest >= 0x80) {
    bytes_.push_back(static_cast<char>(rest | 0x80));
    rest >>= 7;
  }
  bytes_.push_back(static_cast<char>(rest));
}

void AvroEncoder::put_float(float value) {
  char raw[sizeof value];
  std::memcpy(raw, &value, sizeof value);
  bytes_.append(raw, sizeof raw);
}

void AvroEncoder::put_double(double value) {
  char raw[sizeof value];
  std::memcpy(raw, &value, sizeof value);
  bytes_.append(raw, sizeof raw);
}

void AvroEncoder::put_bytes(std::string_view value) {
  put_long(static_cast<int64_t>(value.size()));
  bytes_ += value;
}

AvroFileWriter::AvroFileWriter(std::string schema_json, std::map<std::string, std::string> metadata,
                               std::string codec)
    : header_(std::move(metadata)), codec_(std::move(codec)) {
  header_["avro.schema"] = std::move(schema_json);
  header_["avro.codec"] = codec_;
}

void AvroFileWriter::end_object() {
  ++objects_in_block_;
  if (encoder_.size() >= kBlockBytes) end_block();
}

void AvroFileWriter::end_block() {
  if (objects_in_block_ == 0) return;
  blocks_.push_back({objects_in_block_, avro_compress(codec_, encoder_.bytes())});
  encoder_.clear();
  objects_in_block_ = 0;
}

std::string AvroFileWriter::finish() && {
  end_block();
  AvroEncoder file;
  file.put_raw({"Obj\x01", 4});
  file.put_long(static_cast<int64_t>(header_.size()));
  for (const auto& [key, value] : header_) {
    file.put_bytes(key);
    file.put_bytes(value);
  }
  file.put_long(0);
  // A marker from the content: unlikely inside it, and the same for the same content.
  uint64_t hashes[2] = {fnv1a(file.bytes(), 0xcbf29ce484222325),
                        fnv1a(file.bytes(), 0x9ae16a3b2f90404f)};
  for (const Block& block : blocks_) {
    for (uint64_t& hash : hashes) hash = fnv1a(block.bytes, hash);
  }
  char sync[sizeof hashes];
  std::memcpy(sync, hashes, sizeof hashes);
  file.put_raw({sync, sizeof sync});
  for (const Block& block : blocks_) {
    file.put_long(block.objects);
    file.put_bytes(block.bytes);
    file.put_raw({sync, sizeof sync});
  }
  return file.bytes();
}

}  // namespace firn::iceberg
