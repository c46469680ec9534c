// See plain_entries.h.
#include "iceberg/plain_entries.h"

#include "iceberg/avro_reader.h"
#include "iceberg/manifest_reader.h"

namespace firn::iceberg {

namespace {

using Kind = PlainEntries::Kind;
using Part = PlainEntries::Part;

bool is_number(AvroKind kind) { return kind == AvroKind::kInt || kind == AvroKind::kLong; }

// A value's own kind; false where it is none of these.
bool plain_value(const AvroSchema& schema, const AvroNode& node, Part& part) {
  switch (node.kind) {
    case AvroKind::kInt:
    case AvroKind::kLong:
      part.kind = Kind::kNumber;
      return true;
    case AvroKind::kBoolean:
      part.kind = Kind::kFixed;
      part.size = 1;
      return true;
    case AvroKind::kFloat:
      part.kind = Kind::kFixed;
      part.size = 4;
      return true;
    case AvroKind::kDouble:
      part.kind = Kind::kFixed;
      part.size = 8;
      return true;
    case AvroKind::kFixed:
      part.kind = Kind::kFixed;
      part.size = node.size;
      return true;
    case AvroKind::kBytes:
    case AvroKind::kString:
      part.kind = Kind::kBytes;
      return true;
    case AvroKind::kArray:
      if (const auto pairs = AvroNumberPairs::of(schema, node)) {
        part.kind = pairs->second_is_bytes ? Kind::kBytesPairs : Kind::kNumberPairs;
        return true;
      }
      part.kind = Kind::kNumbers;
      return is_number(schema.at(node.items).kind);
    default:
      return false;
  }
}

// Resolves a union of null and one other.
const AvroNode* plain_node(const AvroSchema& schema, int index, Part& part) {
  const AvroNode* node = &schema.at(index);
  if (node->kind != AvroKind::kUnion) return node;
  if (node->branches.size() != 2) return nullptr;
  for (int i = 0; i < 2; ++i) {
    if (schema.at(node->branches[static_cast<size_t>(i)]).kind != AvroKind::kNull) continue;
    part.null_branch = i;
    return &schema.at(node->branches[static_cast<size_t>(1 - i)]);
  }
  return nullptr;
}

bool plain_tuple(const AvroSchema& schema, const AvroNode& record, Part& part) {
  part.kind = Kind::kTuple;
  for (const AvroField& field : record.fields) {
    Part& item = part.parts.emplace_back();
    const AvroNode* const node = plain_node(schema, field.node, item);
    if (node == nullptr || !plain_value(schema, *node, item)) return false;
  }
  return true;
}

bool add_parts(const AvroSchema& schema, const AvroNode& record, bool of_file,
               std::vector<Part>& parts) {
  for (const AvroField& field : record.fields) {
    Part part;
    part.of_file = of_file;
    part.field_id = field.field_id.value_or(-1);
    const AvroNode* const node = plain_node(schema, field.node, part);
    if (node == nullptr) return false;
    part.node = static_cast<int>(node - schema.nodes.data());
    const bool is_record = node->kind == AvroKind::kRecord;
    if (is_record && !of_file && part.field_id == kEntryDataFileFieldId) {
      if (part.null_branch >= 0 || !add_parts(schema, *node, true, parts)) return false;
      continue;
    }
    const bool is_partition = is_record && of_file && part.field_id == kPartitionFieldId;
    if (!(is_partition ? plain_tuple(schema, *node, part) : plain_value(schema, *node, part)))
      return false;
    parts.push_back(std::move(part));
  }
  return true;
}

}  // namespace

std::optional<PlainEntries> PlainEntries::of(const AvroSchema& schema) {
  const AvroNode& root = schema.at(schema.root);
  PlainEntries entries;
  if (root.kind != AvroKind::kRecord || !add_parts(schema, root, false, entries.parts))
    return std::nullopt;
  return entries;
}

bool PlainEntries::skip(const Part& part, PlainCursor& cursor) {
  switch (part.kind) {
    case Kind::kNumber:
      return cursor.skip_numbers(1);
    case Kind::kFixed:
      return cursor.skip(part.size);
    case Kind::kBytes: {
      std::string_view bytes;
      return cursor.read_bytes(bytes);
    }
    case Kind::kTuple:
      for (const Part& item : part.parts) {
        bool is_null = false;
        if (!resolve(item, cursor, is_null)) return false;
        if (!is_null && !skip(item, cursor)) return false;
      }
      return true;
    case Kind::kNumbers:
    case Kind::kNumberPairs:
    case Kind::kBytesPairs:
      break;
  }
  int64_t count = 0;
  while (true) {
    if (!cursor.read_count(count)) return false;
    if (count == 0) return true;
    if (part.kind != Kind::kBytesPairs) {
      if (!cursor.skip_numbers(part.kind == Kind::kNumberPairs ? 2 * count : count)) return false;
      continue;
    }
    for (std::string_view bytes; count > 0; --count) {
      if (!cursor.skip_numbers(1) || !cursor.read_bytes(bytes)) return false;
    }
  }
}

}  // namespace firn::iceberg
