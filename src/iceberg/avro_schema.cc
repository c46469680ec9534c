// Avro schema JSON ⇄ nodes, and Iceberg types → Avro.
#include "iceberg/avro_schema.h"

#include <fmt/format.h>

#include <map>
#include <set>

#include "base/error.h"
#include "iceberg/json_cursor.h"

namespace firn::iceberg {

namespace {

using types::Field;
using types::Type;
using types::TypeId;

constexpr size_t kMaxNodes = 100'000;
constexpr int kMaxFixed = 1 << 20;

std::map<std::string_view, AvroKind> primitive_kinds() {
  return {{"null", AvroKind::kNull},   {"boolean", AvroKind::kBoolean},
          {"int", AvroKind::kInt},     {"long", AvroKind::kLong},
          {"float", AvroKind::kFloat}, {"double", AvroKind::kDouble},
          {"bytes", AvroKind::kBytes}, {"string", AvroKind::kString}};
}

struct LogicalRow {
  std::string_view name;
  AvroKind on;
  AvroLogical logical;
};
constexpr LogicalRow kLogicals[] = {
    {"decimal", AvroKind::kFixed, AvroLogical::kDecimal},
    {"decimal", AvroKind::kBytes, AvroLogical::kDecimal},
    {"uuid", AvroKind::kFixed, AvroLogical::kUuid},
    {"uuid", AvroKind::kString, AvroLogical::kUuid},
    {"date", AvroKind::kInt, AvroLogical::kDate},
    {"time-millis", AvroKind::kInt, AvroLogical::kTimeMillis},
    {"time-micros", AvroKind::kLong, AvroLogical::kTimeMicros},
    {"timestamp-millis", AvroKind::kLong, AvroLogical::kTimestampMillis},
    {"timestamp-micros", AvroKind::kLong, AvroLogical::kTimestampMicros},
    {"timestamp-nanos", AvroKind::kLong, AvroLogical::kTimestampNanos},
    {"local-timestamp-millis", AvroKind::kLong, AvroLogical::kLocalTimestampMillis},
    {"local-timestamp-micros", AvroKind::kLong, AvroLogical::kLocalTimestampMicros},
    {"map", AvroKind::kArray, AvroLogical::kMap},
};

class SchemaParser {
 public:
  explicit SchemaParser(const std::string& file) : file_(file), primitives_(primitive_kinds()) {}

  AvroSchema parse(std::string_view text) {
    const std::string document = file_ + ": avro.schema";
    const Json json = parse_json(text, document);
    schema_.root = node_from(JsonCursor(json, document), "");
    return std::move(schema_);
  }

 private:
  int add(AvroNode node) {
    if (schema_.nodes.size() >= kMaxNodes)
      throw_corrupt(file_ + ": avro.schema has too many types");
    schema_.nodes.push_back(std::move(node));
    return static_cast<int>(schema_.nodes.size()) - 1;
  }

  static std::string full_name(const std::string& name, const std::string& space) {
    return name.find('.') != std::string::npos || space.empty() ? name : space + "." + name;
  }

  int node_from(const JsonCursor& json, const std::string& space) {
    if (json.json().is_string()) return node_by_name(json, json.as_string(), space);
    if (json.json().is_array()) return union_from(json, space);
    json.expect_object();
    const JsonCursor type = json.at("type");
    if (!type.json().is_string()) return node_from(type, space);  // {"type": {…}}
    const std::string name = type.as_string();
    if (name == "record" || name == "error") return record_from(json, space);
    if (name == "array" || name == "map") return container_from(json, name == "map", space);
    if (name == "enum") return enum_from(json, space);
    if (name == "fixed") return fixed_from(json, space);
    const auto primitive = primitives_.find(name);
    if (primitive == primitives_.end()) return node_by_name(type, name, space);
    AvroNode node;
    node.kind = primitive->second;
    read_logical(json, node);
    return add(std::move(node));
  }

  int node_by_name(const JsonCursor& json, const std::string& name, const std::string& space) {
    if (const auto primitive = primitives_.find(name); primitive != primitives_.end()) {
      AvroNode node;
      node.kind = primitive->second;
      return add(std::move(node));
    }
    auto named = named_.find(full_name(name, space));
    if (named == named_.end()) named = named_.find(name);
    if (named == named_.end()) json.fail(fmt::format("names the unknown type '{}'", name));
    return named->second;
  }

  int union_from(const JsonCursor& json, const std::string& space) {
    AvroNode node;
    node.kind = AvroKind::kUnion;
    json.for_each([&](const JsonCursor& branch) {
      if (branch.json().is_array()) branch.fail("is a union in a union");
      node.branches.push_back(node_from(branch, space));
    });
    if (node.branches.empty()) json.fail("is an empty union");
    return add(std::move(node));
  }

  // Names the type before its parts are read, so that they can refer to it.
  int define(const JsonCursor& json, AvroNode node, std::string& space) {
    const std::string name = json.required_string("name");
    if (const auto own = json.optional_string("namespace")) space = *own;
    node.name = full_name(name, space);
    if (const size_t dot = node.name.rfind('.'); dot != std::string::npos)
      space = node.name.substr(0, dot);
    const std::string key = node.name;
    const int index = add(std::move(node));
    if (!named_.emplace(key, index).second)
      json.fail(fmt::format("defines the type '{}' again", key));
    return index;
  }

  int record_from(const JsonCursor& json, std::string space) {
    AvroNode node;
    node.kind = AvroKind::kRecord;
    const int index = define(json, std::move(node), space);
    std::vector<AvroField> fields;
    std::set<int> ids;
    json.at("fields").for_each([&](const JsonCursor& element) {
      AvroField field;
      field.name = element.required_string("name");
      field.node = node_from(element.at("type"), space);
      field.field_id = element.optional_int("field-id");
      if (field.field_id && !ids.insert(*field.field_id).second)
        element.fail_at("field-id", "is used twice");
      fields.push_back(std::move(field));
    });
    schema_.nodes[static_cast<size_t>(index)].fields = std::move(fields);
    return index;
  }

  int container_from(const JsonCursor& json, bool is_map, const std::string& space) {
    AvroNode node;
    node.kind = is_map ? AvroKind::kMap : AvroKind::kArray;
    node.items = node_from(json.at(is_map ? "values" : "items"), space);
    node.element_id = json.optional_int("element-id");
    node.key_id = json.optional_int("key-id");
    node.value_id = json.optional_int("value-id");
    read_logical(json, node);
    return add(std::move(node));
  }

  int enum_from(const JsonCursor& json, std::string space) {
    AvroNode node;
    node.kind = AvroKind::kEnum;
    json.at("symbols").for_each(
        [&](const JsonCursor& symbol) { node.symbols.push_back(symbol.as_string()); });
    return define(json, std::move(node), space);
  }

  int fixed_from(const JsonCursor& json, std::string space) {
    AvroNode node;
    node.kind = AvroKind::kFixed;
    const int size = json.required_int("size");
    if (size < 0 || size > kMaxFixed) json.fail_at("size", "is out of range");
    node.size = static_cast<size_t>(size);
    read_logical(json, node);
    return define(json, std::move(node), space);
  }

  // A logical type that is unknown or does not fit its type is ignored, as Avro's specification
  // asks.
  static void read_logical(const JsonCursor& json, AvroNode& node) {
    if (!json.json().contains("logicalType") || !json.json()["logicalType"].is_string()) return;
    const std::string name = json.required_string("logicalType");
    for (const LogicalRow& row : kLogicals) {
      if (row.name == name && row.on == node.kind) node.logical = row.logical;
    }
    if (node.logical == AvroLogical::kUuid && node.kind == AvroKind::kFixed && node.size != 16) {
      node.logical = AvroLogical::kNone;
    }
    if (node.logical == AvroLogical::kDecimal) {
      node.precision = json.required_int("precision");
      node.scale = json.optional_int("scale").value_or(0);
      if (node.precision < 1 || node.precision > 38 || node.scale < 0 ||
          node.scale > node.precision) {
        node.logical = AvroLogical::kNone;
      }
    }
    if (json.json().contains("adjust-to-utc"))
      node.adjust_to_utc = json.required_bool("adjust-to-utc");
  }

  const std::string& file_;
  std::map<std::string_view, AvroKind> primitives_;
  AvroSchema schema_;
  std::map<std::string, int> named_;
};

// ---- Iceberg → Avro

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Avro names are letters, digits and underscores; others become _x<hex>, a leading digit gets an
// underscore.
std::string sanitized(const std::string& name) {
  std::string result;
  for (size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    if (is_letter(c) || (i > 0 && is_digit(c))) {
      result += c;
    } else if (is_digit(c)) {
      result += fmt::format("_{}", c);
    } else {
      result += fmt::format("_x{:X}", static_cast<unsigned char>(c));
    }
  }
  return result;
}

class SchemaBuilder {
 public:
  OrderedJson record(const std::string& name, const std::vector<Field>& fields) {
    if (!named_.insert(name).second) return name;
    OrderedJson json;
    json["type"] = "record";
    json["name"] = name;
    OrderedJson array = OrderedJson::array();
    for (const Field& field : fields) array.push_back(field_json(field));
    json["fields"] = std::move(array);
    return json;
  }

 private:
  static OrderedJson optional_of(OrderedJson type) {
    if (type == "null") return type;
    return OrderedJson::array({"null", std::move(type)});
  }

  OrderedJson field_json(const Field& field) {
    OrderedJson json;
    const std::string name = sanitized(field.name);
    json["name"] = name;
    OrderedJson type = type_json(field.type, field.id);
    json["type"] = field.required ? std::move(type) : optional_of(std::move(type));
    if (!field.doc.empty()) json["doc"] = field.doc;
    if (!field.required) json["default"] = nullptr;
    if (name != field.name) json["iceberg-field-name"] = field.name;
    json["field-id"] = field.id;
    return json;
  }

  OrderedJson type_json(const Type& type, int id) {
    switch (type.id()) {
      case TypeId::kUnknown:
        return "null";
      case TypeId::kBoolean:
        return "boolean";
      case TypeId::kInt:
        return "int";
      case TypeId::kLong:
        return "long";
      case TypeId::kFloat:
        return "float";
      case TypeId::kDouble:
        return "double";
      case TypeId::kString:
        return "string";
      case TypeId::kBinary:
      case TypeId::kGeometry:
      case TypeId::kGeography:
        return "bytes";
      case TypeId::kDate:
        return logical("int", "date");
      case TypeId::kTime:
        return logical("long", "time-micros");
      case TypeId::kTimestamp:
        return timestamp("timestamp-micros", false);
      case TypeId::kTimestamptz:
        return timestamp("timestamp-micros", true);
      case TypeId::kTimestampNs:
        return timestamp("timestamp-nanos", false);
      case TypeId::kTimestamptzNs:
        return timestamp("timestamp-nanos", true);
      case TypeId::kUuid:
        return fixed("uuid_fixed", 16, [](OrderedJson& json) { json["logicalType"] = "uuid"; });
      case TypeId::kFixed:
        return fixed(fmt::format("fixed_{}", type.length()), type.length(), [](OrderedJson&) {});
      case TypeId::kDecimal:
        return decimal(type);
      case TypeId::kStruct:
        return record(fmt::format("r{}", id), type.fields());
      case TypeId::kList:
        return list(type);
      case TypeId::kMap:
        return map(type);
      case TypeId::kVariant:
        return variant(id);
    }
    throw_unsupported(fmt::format("type {} in Avro", type.to_string()));
  }

  static OrderedJson logical(const char* type, const char* name) {
    OrderedJson json;
    json["type"] = type;
    json["logicalType"] = name;
    return json;
  }

  static OrderedJson timestamp(const char* name, bool utc) {
    OrderedJson json = logical("long", name);
    json["adjust-to-utc"] = utc;
    return json;
  }

  template <typename Put>
  OrderedJson fixed(const std::string& name, int size, Put put) {
    if (!named_.insert(name).second) return name;
    OrderedJson json;
    json["type"] = "fixed";
    json["name"] = name;
    json["size"] = size;
    put(json);
    return json;
  }

  OrderedJson decimal(const Type& type) {
    return fixed(fmt::format("decimal_{}_{}", type.precision(), type.scale()),
                 decimal_bytes(type.precision()), [&](OrderedJson& json) {
                   json["logicalType"] = "decimal";
                   json["precision"] = type.precision();
                   json["scale"] = type.scale();
                 });
  }

  // The fewest bytes whose two's complement holds 10^precision - 1.
  static int decimal_bytes(int precision) {
    __int128 limit = 1;
    for (int i = 0; i < precision; ++i) limit *= 10;
    int bytes = 1;
    while (bytes < 16 && (__int128{1} << (8 * bytes - 1)) < limit) ++bytes;
    return bytes;
  }

  OrderedJson list(const Type& type) {
    OrderedJson json;
    json["type"] = "array";
    OrderedJson items = type_json(type.element().type, type.element().id);
    json["items"] = type.element().required ? std::move(items) : optional_of(std::move(items));
    json["element-id"] = type.element().id;
    return json;
  }

  OrderedJson map(const Type& type) {
    const Field& key = type.key();
    const Field& value = type.value();
    OrderedJson json;
    if (key.type.id() == TypeId::kString) {
      json["type"] = "map";
      OrderedJson values = type_json(value.type, value.id);
      json["values"] = value.required ? std::move(values) : optional_of(std::move(values));
      json["key-id"] = key.id;
      json["value-id"] = value.id;
      return json;
    }
    Field required_key = key;
    required_key.required = true;
    json["type"] = "array";
    json["items"] = record(fmt::format("k{}_v{}", key.id, value.id), {required_key, value});
    json["logicalType"] = "map";
    return json;
  }

  OrderedJson variant(int id) {
    const std::string name = fmt::format("r{}", id);
    if (!named_.insert(name).second) return name;
    OrderedJson json;
    json["type"] = "record";
    json["name"] = name;
    for (const char* part : {"metadata", "value"}) {
      OrderedJson field;
      field["name"] = part;
      field["type"] = "bytes";
      json["fields"].push_back(std::move(field));
    }
    json["logicalType"] = "variant";
    return json;
  }

  std::set<std::string> named_;
};

}  // namespace

const char* to_string(AvroKind kind) {
  static constexpr const char* kNames[] = {"null",   "boolean", "int",    "long",   "float",
                                           "double", "bytes",   "string", "record", "enum",
                                           "array",  "map",     "union",  "fixed"};
  return kNames[static_cast<size_t>(kind)];
}

AvroSchema parse_avro_schema(std::string_view json, const std::string& file) {
  return SchemaParser(file).parse(json);
}

std::string avro_schema_of(const Type& structure, const std::string& record_name) {
  return dump_json(SchemaBuilder().record(record_name, structure.fields()));
}

}  // namespace firn::iceberg
