// Decoding of Avro values and container files.
#include "iceberg/avro_reader.h"

#include <fmt/format.h>

#include <cstring>
#include <limits>

#include "base/error.h"

namespace firn::iceberg {

namespace {

constexpr std::string_view kMagic{"Obj\x01", 4};
constexpr size_t kSyncBytes = 16;
constexpr int kMaxDepth = 64;
constexpr size_t kMaxEmptyItems = 1024;  // items that take no bytes at all

}  // namespace

void AvroDecoder::fail(std::string_view what) const {
  throw_corrupt(fmt::format("{}: {}", *file_, what));
}

std::string_view AvroDecoder::read_raw(size_t length) {
  if (length > rest_.size()) fail("the data ends inside a value");
  const std::string_view data = rest_.substr(0, length);
  rest_.remove_prefix(length);
  return data;
}

bool AvroDecoder::read_boolean() {
  const char byte = read_raw(1)[0];
  if (byte != 0 && byte != 1) fail("a boolean is neither 0 nor 1");
  return byte == 1;
}

int64_t AvroDecoder::read_long_number() {
  uint64_t value = 0;
  for (int shift = 0;; shift += 7) {
    if (rest_.empty()) fail("the data ends inside a number");
    const auto byte = static_cast<unsigned char>(rest_.front());
    rest_.remove_prefix(1);
    if (shift == 63 && byte > 1) fail("a number is longer than 64 bits");
    value |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if ((byte & 0x80) == 0) break;
  }
  return static_cast<int64_t>(value >> 1) ^ -static_cast<int64_t>(value & 1);
}

int32_t AvroDecoder::read_int() {
  const int64_t value = read_long();
  if (value < std::numeric_limits<int32_t>::min() || value > std::numeric_limits<int32_t>::max()) {
    fail("an int is longer than 32 bits");
  }
  return static_cast<int32_t>(value);
}

float AvroDecoder::read_float() {
  float value = 0;
  std::memcpy(&value, read_raw(sizeof value).data(), sizeof value);
  return value;
}

double AvroDecoder::read_double() {
  double value = 0;
  std::memcpy(&value, read_raw(sizeof value).data(), sizeof value);
  return value;
}

std::string_view AvroDecoder::read_bytes() {
  const int64_t length = read_long();
  if (length < 0) fail("a length is negative");
  return read_raw(static_cast<size_t>(length));
}

size_t AvroDecoder::read_block_count() {
  int64_t count = read_long();
  if (count < 0) {
    if (count == std::numeric_limits<int64_t>::min()) fail("a count is out of range");
    count = -count;
    if (read_long() < 0) fail("a block size is negative");
  }
  const auto items = static_cast<size_t>(count);
  if (items > rest_.size() && items > kMaxEmptyItems)
    fail("more items are announced than bytes are left");
  return items;
}

std::optional<AvroNumberPairs> AvroNumberPairs::of(const AvroSchema& schema,
                                                   const AvroNode& array) {
  if (array.kind != AvroKind::kArray) return std::nullopt;
  const AvroNode& item = schema.at(array.items);
  if (item.kind != AvroKind::kRecord || item.fields.size() != 2) return std::nullopt;
  const AvroKind first = schema.at(item.fields[0].node).kind;
  const AvroKind second = schema.at(item.fields[1].node).kind;
  if (first != AvroKind::kInt) return std::nullopt;
  if (second == AvroKind::kLong) return AvroNumberPairs{false};
  if (second == AvroKind::kBytes) return AvroNumberPairs{true};
  return std::nullopt;
}

void AvroDecoder::skip_items(const AvroSchema& schema, const AvroNode& node, int depth) {
  if (const auto pairs = AvroNumberPairs::of(schema, node)) {
    while (const size_t count = read_block_count()) {
      for (size_t i = 0; i < count; ++i) {
        read_long();
        if (pairs->second_is_bytes) {
          read_bytes();
        } else {
          read_long();
        }
      }
    }
    return;
  }
  while (const size_t count = read_block_count()) {
    for (size_t i = 0; i < count; ++i) {
      if (node.kind == AvroKind::kMap) read_bytes();
      skip(schema, node.items, depth + 1);
    }
  }
}

void AvroDecoder::skip(const AvroSchema& schema, int index, int depth) {
  if (depth > kMaxDepth) fail("values are nested too deeply");
  const AvroNode& node = schema.at(index);
  switch (node.kind) {
    case AvroKind::kNull:
      return;
    case AvroKind::kBoolean:
      read_raw(1);
      return;
    case AvroKind::kInt:
    case AvroKind::kLong:
    case AvroKind::kEnum:
      read_long();
      return;
    case AvroKind::kFloat:
      read_raw(4);
      return;
    case AvroKind::kDouble:
      read_raw(8);
      return;
    case AvroKind::kBytes:
    case AvroKind::kString:
      read_bytes();
      return;
    case AvroKind::kFixed:
      read_raw(node.size);
      return;
    case AvroKind::kRecord:
      for (const AvroField& field : node.fields) skip(schema, field.node, depth + 1);
      return;
    case AvroKind::kArray:
    case AvroKind::kMap:
      skip_items(schema, node, depth);
      return;
    case AvroKind::kUnion: {
      const int64_t branch = read_long();
      if (branch < 0 || static_cast<size_t>(branch) >= node.branches.size())
        fail("a union has no such branch");
      skip(schema, node.branches[static_cast<size_t>(branch)], depth + 1);
      return;
    }
  }
}

AvroValue::AvroValue(AvroDecoder& decoder, const AvroSchema& schema, int node,
                     std::string_view field)
    : decoder_(&decoder), schema_(&schema), index_(node), node_(&schema.at(node)), field_(field) {
  if (node_->kind != AvroKind::kUnion) return;
  const int64_t branch = decoder.read_long();
  if (branch < 0 || static_cast<size_t>(branch) >= node_->branches.size()) {
    decoder.fail(fmt::format("{}: the union has no branch {}", field, branch));
  }
  index_ = node_->branches[static_cast<size_t>(branch)];
  node_ = &schema.at(index_);
}

void AvroValue::fail_kind(const char* wanted) const {
  decoder_->fail(fmt::format("{} is {}, not {}", field_, to_string(node_->kind), wanted));
}

bool AvroValue::as_boolean() {
  if (node_->kind != AvroKind::kBoolean) fail_kind("boolean");
  return decoder_->read_boolean();
}

int64_t AvroValue::as_long() {
  if (node_->kind == AvroKind::kInt) return decoder_->read_int();
  if (node_->kind != AvroKind::kLong) fail_kind("int or long");
  return decoder_->read_long();
}

int32_t AvroValue::as_int() {
  const int64_t value = as_long();
  if (value < std::numeric_limits<int32_t>::min() || value > std::numeric_limits<int32_t>::max()) {
    decoder_->fail(fmt::format("{} is longer than 32 bits", field_));
  }
  return static_cast<int32_t>(value);
}

std::string AvroValue::as_string() {
  if (node_->kind == AvroKind::kEnum) {
    const int64_t symbol = decoder_->read_long();
    if (symbol < 0 || static_cast<size_t>(symbol) >= node_->symbols.size()) {
      decoder_->fail(fmt::format("{}: the enum has no symbol {}", field_, symbol));
    }
    return node_->symbols[static_cast<size_t>(symbol)];
  }
  if (node_->kind != AvroKind::kString && node_->kind != AvroKind::kBytes) fail_kind("string");
  return std::string(decoder_->read_bytes());
}

std::string AvroValue::as_bytes() {
  if (node_->kind == AvroKind::kFixed) return std::string(decoder_->read_raw(node_->size));
  if (node_->kind != AvroKind::kBytes && node_->kind != AvroKind::kString)
    fail_kind("bytes or fixed");
  return std::string(decoder_->read_bytes());
}

double AvroValue::as_double() {
  if (node_->kind == AvroKind::kFloat) return static_cast<double>(decoder_->read_float());
  if (node_->kind != AvroKind::kDouble) fail_kind("double");
  return decoder_->read_double();
}

float AvroValue::as_float() {
  if (node_->kind != AvroKind::kFloat) fail_kind("float");
  return decoder_->read_float();
}

void AvroValue::for_each_element(const std::function<void(AvroValue)>& each) {
  if (node_->kind != AvroKind::kArray) fail_kind("array");
  while (const size_t count = decoder_->read_block_count()) {
    for (size_t i = 0; i < count; ++i) each(AvroValue(*decoder_, *schema_, node_->items, field_));
  }
}

void AvroValue::for_each_field(const std::function<void(const AvroField&, AvroValue)>& each) {
  if (node_->kind != AvroKind::kRecord) fail_kind("record");
  for (const AvroField& field : node_->fields)
    each(field, AvroValue(*decoder_, *schema_, field.node, field.name));
}

void AvroValue::skip() { decoder_->skip(*schema_, index_); }

AvroFile::AvroFile(std::string_view bytes, const std::string& file) : file_(file) {
  if (!bytes.starts_with(kMagic))
    throw_corrupt(fmt::format("{}: not an Avro file (no Obj1 at its start)", file));
  AvroDecoder header(bytes.substr(kMagic.size()), file);
  while (const size_t count = header.read_block_count()) {
    for (size_t i = 0; i < count; ++i) {
      std::string key(header.read_bytes());
      metadata_[std::move(key)] = std::string(header.read_bytes());
    }
  }
  sync_ = header.read_raw(kSyncBytes);
  blocks_ = bytes.substr(bytes.size() - header.remaining());
  const auto schema = metadata_.find("avro.schema");
  if (schema == metadata_.end())
    throw_corrupt(fmt::format("{}: the header has no avro.schema", file));
  schema_ = parse_avro_schema(schema->second, file);
}

bool AvroFile::next_block(std::string& scratch, std::string_view& objects, int64_t& count) {
  if (blocks_.empty()) return false;
  AvroDecoder decoder(blocks_, file_);
  count = decoder.read_long();
  const std::string_view block = decoder.read_bytes();
  if (decoder.read_raw(kSyncBytes) != sync_)
    decoder.fail("a block does not end with the file's sync marker");
  if (!decompressor_) {
    const auto found = metadata_.find("avro.codec");
    decompressor_.emplace(found == metadata_.end() ? "null" : found->second, file_);
  }
  objects = decompressor_->decompress(block, scratch);
  if (count < 0 || (static_cast<uint64_t>(count) > objects.size() &&
                    static_cast<uint64_t>(count) > kMaxEmptyItems)) {
    decoder.fail("a block announces more objects than it has bytes");
  }
  blocks_ = blocks_.substr(blocks_.size() - decoder.remaining());
  return true;
}

void AvroFile::for_each(const std::function<void(AvroValue)>& each) {
  const std::string_view all = blocks_;
  std::string_view block;
  int64_t count = 0;
  for (std::string scratch; next_block(scratch, block, count);) {
    AvroDecoder objects(block, file_);
    for (int64_t i = 0; i < count; ++i) each(AvroValue(objects, schema_, schema_.root, "object"));
    if (!objects.at_end()) objects.fail("a block has bytes after its last object");
  }
  blocks_ = all;
}

}  // namespace firn::iceberg
