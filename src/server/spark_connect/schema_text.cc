// Schemas and plans as text.
#include <map>
#include <set>

#include "plan/relation.h"
#include "server/spark_connect/analyze.h"

namespace firn::server::spark_connect {
namespace {

using types::DataType;
using types::DataTypeId;

// Spark's typeName: "long", "decimal(10,2)", "struct".
std::string type_name(const DataType& type) {
  switch (type.id()) {
    case DataTypeId::kArray:
      return "array";
    case DataTypeId::kMap:
      return "map";
    case DataTypeId::kStruct:
      return "struct";
    default: {
      const std::string quoted = type.json();
      return quoted.substr(1, quoted.size() - 2);
    }
  }
}

const char* word(bool flag) { return flag ? "true" : "false"; }

std::string escaped(const std::string& name) {
  std::string out;
  for (const char c : name) {
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else {
      out += c;
    }
  }
  return out;
}

void append_tree(std::string& out, const DataType& type, const std::string& prefix, int depth) {
  if (depth <= 0) return;
  const std::string inner = prefix + "    |";
  switch (type.id()) {
    case DataTypeId::kStruct:
      for (const types::StructField& field : type.fields()) {
        out += prefix + "-- " + escaped(field.name) + ": " + type_name(field.type) +
               " (nullable = " + word(field.nullable) + ")\n";
        append_tree(out, field.type, inner, depth - 1);
      }
      return;
    case DataTypeId::kArray:
      out += prefix + "-- element: " + type_name(type.element()) +
             " (containsNull = " + word(type.contains_null()) + ")\n";
      append_tree(out, type.element(), inner, depth - 1);
      return;
    case DataTypeId::kMap:
      out += prefix + "-- key: " + type_name(type.key()) + "\n";
      append_tree(out, type.key(), inner, depth - 1);
      out += prefix + "-- value: " + type_name(type.value()) +
             " (valueContainsNull = " + word(type.contains_null()) + ")\n";
      append_tree(out, type.value(), inner, depth - 1);
      return;
    default:
      return;
  }
}

}  // namespace

std::string tree_string(const DataType& structure, int level) {
  std::string out = "root\n";
  append_tree(out, structure, " |", level > 0 ? level : 1 << 20);
  return out;
}

std::string to_ddl(const DataType& structure) {
  std::string out;
  for (const types::StructField& field : structure.fields()) {
    if (!out.empty()) out += ',';
    out += types::quote_if_needed(field.name) + " " + field.type.sql();
    if (!field.nullable) out += " NOT NULL";
    if (field.comment.empty()) continue;
    out += " COMMENT '";
    for (const char c : field.comment) out += c == '\'' ? std::string("\\'") : std::string(1, c);
    out += "'";
  }
  return out;
}

namespace {

// Where a column's name begins that ends at `end`.
size_t name_before(const std::string& text, size_t end) {
  size_t begin = end;
  while (begin > 0 && std::string_view(" ,([)]").find(text[begin - 1]) == std::string_view::npos)
    --begin;
  return begin;
}
// Ids of columns that the plan itself names: "… AS name#17".
std::set<std::string> aliased_ids(const std::string& text) {
  std::set<std::string> ids;
  for (size_t at = text.find('#'); at != std::string::npos; at = text.find('#', at + 1)) {
    const size_t begin = name_before(text, at);
    if (begin < 4 || text.compare(begin - 4, 4, " AS ") != 0) continue;
    size_t end = at + 1;
    while (end < text.size() && text[end] >= '0' && text[end] <= '9') ++end;
    ids.insert(text.substr(at, end - at));
  }
  return ids;
}

}  // namespace

// Attribute ids are written "#17": they are numbered anew in the order they come. Names that the
// plan gives have no meaning.
std::string semantics_of(const plan::Relation& resolved) {
  const std::string text = to_string(resolved);
  const std::set<std::string> named_here = aliased_ids(text);
  std::string out;
  std::map<std::string, size_t> numbers;
  for (size_t i = 0; i < text.size();) {
    if (text[i] != '#') {
      out += text[i++];
      continue;
    }
    size_t end = i + 1;
    while (end < text.size() && text[end] >= '0' && text[end] <= '9') ++end;
    if (named_here.contains(text.substr(i, end - i))) out.resize(name_before(out, out.size()));
    const auto [row, fresh] = numbers.try_emplace(text.substr(i, end - i), numbers.size());
    out += "#" + std::to_string(row->second);
    i = end;
  }
  return out;
}

}  // namespace firn::server::spark_connect
