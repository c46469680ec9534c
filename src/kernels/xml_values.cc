// from_xml, to_xml and schema_of_xml.
#include "kernels/xml_values.h"

#include <algorithm>
#include <array>
#include <map>

#include "base/ascii.h"
#include "base/json_string.h"
#include "kernels/elementwise.h"
#include "kernels/kernels.h"
#include "kernels/nested.h"
#include "kernels/number_text.h"
#include "kernels/settled_type.h"
#include "kernels/timestamp_text.h"
#include "kernels/value_text.h"
#include "kernels/xml_document.h"

namespace firn::kernels {
namespace {

using Columns = std::span<const ColumnView>;
using Text = std::string_view;
using types::DataType;
using types::DataTypeId;

const XmlNode& node_at(const XmlDocument& document, int id) {
  return document.nodes[static_cast<size_t>(id)];
}
std::vector<int> children_named(const XmlDocument& document, int element, Text name) {
  std::vector<int> found;
  for (const int child : node_at(document, element).children)
    if (node_at(document, child).kind == XmlNode::Kind::kElement &&
        node_at(document, child).name == name)
      found.push_back(child);
  return found;
}
std::optional<int> attribute_named(const XmlDocument& document, int element, Text name) {
  for (const int attribute : node_at(document, element).attributes)
    if (node_at(document, attribute).name == name) return attribute;
  return std::nullopt;
}
bool has_elements(const XmlDocument& document, int element) {
  for (const int child : node_at(document, element).children)
    if (node_at(document, child).kind == XmlNode::Kind::kElement) return true;
  return false;
}
// An element's own text, without that of elements in it.
std::string own_text(const XmlDocument& document, int element) {
  if (node_at(document, element).kind != XmlNode::Kind::kElement) return document.text_of(element);
  std::string text;
  for (const int child : node_at(document, element).children)
    if (node_at(document, child).kind == XmlNode::Kind::kText)
      text += node_at(document, child).value;
  return text;
}

// ---- XML as JSON of a type

class XmlAsJson {
 public:
  XmlAsJson(const XmlDocument& document, const XmlOptions& options, std::string& out)
      : document_(document), options_(options), out_(out) {}

  void value(int node, const DataType& type) {
    if (type.id() == DataTypeId::kStruct)
      structure(node, type);
    else if (type.id() == DataTypeId::kMap)
      map(node, type);
    else
      leaf(own_text(document_, node), type);
  }

 private:
  void structure(int element, const DataType& type) {
    out_ += '{';
    bool first = true;
    for (const types::StructField& field : type.fields()) {
      std::vector<int> found = children_named(document_, element, field.name);
      const bool attribute =
          !options_.exclude_attributes && Text(field.name).starts_with(options_.attribute_prefix);
      if (field.name == options_.value_tag) {
        found = {element};
      } else if (found.empty() && attribute) {
        const auto named = attribute_named(
            document_, element, Text(field.name).substr(options_.attribute_prefix.size()));
        if (named) found = {*named};
      }
      if (found.empty()) continue;
      key(field.name, first);
      if (field.name == options_.value_tag)
        leaf(own_text(document_, element), field.type);
      else
        values(found, field.type);
    }
    out_ += '}';
  }
  void map(int element, const DataType& type) {
    out_ += '{';
    bool first = true;
    for (const int attribute : node_at(document_, element).attributes) {
      if (options_.exclude_attributes) break;
      key(options_.attribute_prefix + node_at(document_, attribute).name, first);
      value(attribute, type.value());
    }
    for (const int child : node_at(document_, element).children) {
      if (node_at(document_, child).kind != XmlNode::Kind::kElement) continue;
      key(node_at(document_, child).name, first);
      values({child}, type.value());
    }
    out_ += '}';
  }
  void values(const std::vector<int>& nodes, const DataType& type) {
    if (type.id() != DataTypeId::kArray) return value(nodes.back(), type);
    out_ += '[';
    for (size_t i = 0; i < nodes.size(); ++i) {
      if (i > 0) out_ += ',';
      value(nodes[i], type.element());
    }
    out_ += ']';
  }
  void key(Text name, bool& first) {
    if (!first) out_ += ',';
    first = false;
    append_json_string(out_, name);
    out_ += ':';
  }
  void leaf(const std::string& text, const DataType& type) {
    const Text trimmed = trim_blanks(text);
    if (type.id() == DataTypeId::kString) return append_json_string(out_, text);
    if (trimmed.empty()) {
      out_ += "null";
    } else if (type.is_integral() || type.id() == DataTypeId::kDecimal) {
      const Text digits = trimmed.starts_with('+') ? trimmed.substr(1) : trimmed;
      if (parse_double(digits) && digits.find_first_of("nNiIfFdD") == Text::npos)
        out_ += digits;
      else
        append_json_string(out_, trimmed);
    } else if (type.id() == DataTypeId::kDouble || type.id() == DataTypeId::kFloat) {
      const auto number = parse_double(trimmed);
      if (number)
        out_ += java_text(*number);
      else
        append_json_string(out_, trimmed);
    } else if (type.id() == DataTypeId::kBoolean) {
      const auto truth = parse_boolean(trimmed);
      if (truth)
        out_ += *truth ? "true" : "false";
      else
        append_json_string(out_, trimmed);
    } else {
      append_json_string(out_, trimmed);
    }
  }

  const XmlDocument& document_;
  const XmlOptions& options_;
  std::string& out_;
};

// xml_as_json(text, NULL of the wanted type, options); no JSON where the text is no XML
void xml_as_json(const CallInfo& info, Scratch&, Columns in, uint64_t rows, Output& out) {
  const Reader<Text> texts(in[0]), packed(in[2]);
  std::string fault, json;
  for (uint64_t row = 0; row < rows; ++row) {
    if (!in[0].is_valid(row)) {
      out.set_null(row);
      continue;
    }
    const auto document = parse_xml(texts[row], fault);
    json = document ? "" : "{";
    if (document)
      XmlAsJson(*document, XmlOptions::unpacked(packed[row]), json)
          .value(document->top(), info.arguments[1]);
    out.set_string(row, json);
  }
}

// ---- Schemas

DataType leaf_type(Text text) {
  const Text trimmed = trim_blanks(text);
  if (trimmed.empty()) return {};
  if (parse_integer(trimmed, false)) return DataTypeId::kLong;
  if (parse_double(trimmed) && trimmed.find_first_of("nNiIfFdD") == Text::npos)
    return DataTypeId::kDouble;
  const std::string word = lower_case(trimmed);
  if (word == "true" || word == "false") return DataTypeId::kBoolean;
  const bool dated = trimmed.size() >= 8 && trimmed[4] == '-';
  if (dated && trimmed.size() <= 10 && parse_date(trimmed)) return DataTypeId::kDate;
  if (dated && parse_timestamp_ntz(trimmed, true)) return DataTypeId::kTimestamp;
  return DataTypeId::kString;
}
DataType common_xml_type(const DataType& a, const DataType& b) {
  if (a == b || b.id() == DataTypeId::kNull) return a;
  if (a.id() == DataTypeId::kNull) return b;
  if (a.is_numeric() && b.is_numeric()) return DataTypeId::kDouble;
  if (a.id() == DataTypeId::kArray || b.id() == DataTypeId::kArray)
    return DataType::array(common_xml_type(a.id() == DataTypeId::kArray ? a.element() : a,
                                           b.id() == DataTypeId::kArray ? b.element() : b));
  if (a.id() != DataTypeId::kStruct || b.id() != DataTypeId::kStruct) return DataTypeId::kString;
  std::map<std::string, DataType> fields;
  for (const types::StructField& field : a.fields()) fields[field.name] = field.type;
  for (const types::StructField& field : b.fields()) {
    const auto known = fields.find(field.name);
    fields[field.name] =
        known == fields.end() ? field.type : common_xml_type(known->second, field.type);
  }
  std::vector<types::StructField> list;
  for (const auto& [name, type] : fields) list.push_back({name, type, true, ""});
  return DataType::structure(std::move(list));
}
DataType element_type(const XmlDocument& document, int element, const XmlOptions& options,
                      bool root) {
  const XmlNode& node = node_at(document, element);
  const bool attributes = !options.exclude_attributes && !node.attributes.empty();
  if (!root && !attributes && !has_elements(document, element))
    return leaf_type(document.text_of(element));
  std::map<std::string, DataType> fields;
  if (attributes)
    for (const int attribute : node.attributes)
      fields[options.attribute_prefix + node_at(document, attribute).name] =
          leaf_type(node_at(document, attribute).value);
  for (const int child : node.children) {
    if (node_at(document, child).kind != XmlNode::Kind::kElement) continue;
    const std::string& name = node_at(document, child).name;
    const DataType type = element_type(document, child, options, false);
    const auto known = fields.find(name);
    if (known == fields.end()) {
      fields[name] = type;
    } else {
      const bool list = known->second.id() == DataTypeId::kArray;
      known->second =
          DataType::array(common_xml_type(list ? known->second.element() : known->second, type));
    }
  }
  const DataType text = leaf_type(own_text(document, element));
  if (text.id() != DataTypeId::kNull) fields[options.value_tag] = text;
  std::vector<types::StructField> list;
  for (const auto& [name, type] : fields) list.push_back({name, type, true, ""});
  return DataType::structure(std::move(list));
}

// ---- to_xml

void append_escaped(std::string& out, Text text) {
  for (const char c : text) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '"')
      out += "&quot;";
    else
      out += c;
  }
}

class XmlWriter {
 public:
  XmlWriter(const XmlOptions& options, const TextStyle& style, std::string& out)
      : options_(options), style_(style), out_(out) {}

  // `name` and its value; nothing where it is NULL.
  void element(Text name, const ColumnView& column, uint64_t row, const DataType& type,
               size_t depth) {
    if (!column.is_valid(row)) return;
    if (type.id() == DataTypeId::kArray) {
      const ListEntry entry = list_at(column, row);
      for (uint64_t i = entry.offset; i < entry.offset + entry.length; ++i)
        element(name, column.children[0], i, type.element(), depth);
      return;
    }
    if (depth > 0) out_ += '\n';
    out_.append(4 * depth, ' ').append("<").append(name);
    if (type.id() == DataTypeId::kStruct) {
      structure(name, column, row, type, depth);
    } else if (type.id() == DataTypeId::kMap) {
      out_ += '>';
      const ListEntry entry = list_at(column, row);
      const ColumnView &keys = column.children[0].children[0],
                       &values = column.children[0].children[1];
      for (uint64_t i = entry.offset; i < entry.offset + entry.length; ++i) {
        std::string key;
        append_text(key, keys, i, type.key(), style_);
        element(key, values, i, type.value(), depth + 1);
      }
      close(name, depth, entry.length > 0);
    } else {
      out_ += '>';
      text(column, row, type);
      close(name, depth, false);
    }
  }

 private:
  bool is_attribute(const types::StructField& field) const {
    return field.name != options_.value_tag && !field.type.is_nested() &&
           !options_.attribute_prefix.empty() &&
           Text(field.name).starts_with(options_.attribute_prefix);
  }
  void structure(Text name, const ColumnView& column, uint64_t row, const DataType& type,
                 size_t depth) {
    for (size_t i = 0; i < type.fields().size(); ++i) {
      const types::StructField& field = type.fields()[i];
      if (!is_attribute(field) || !column.children[i].is_valid(row)) continue;
      out_.append(" ").append(field.name.substr(options_.attribute_prefix.size())).append("=\"");
      text(column.children[i], row, field.type);
      out_ += '"';
    }
    out_ += '>';
    bool nested = false;
    for (size_t i = 0; i < type.fields().size(); ++i) {
      const types::StructField& field = type.fields()[i];
      if (is_attribute(field) || !column.children[i].is_valid(row)) continue;
      if (field.name == options_.value_tag) {
        text(column.children[i], row, field.type);
        continue;
      }
      nested = true;
      element(field.name, column.children[i], row, field.type, depth + 1);
    }
    close(name, depth, nested);
  }
  void text(const ColumnView& column, uint64_t row, const DataType& type) {
    std::string plain;
    append_text(plain, column, row, type, style_);
    append_escaped(out_, plain);
  }
  void close(Text name, size_t depth, bool on_new_line) {
    if (on_new_line) out_.append("\n").append(4 * depth, ' ');
    out_.append("</").append(name).append(">");
  }

  const XmlOptions& options_;
  const TextStyle& style_;
  std::string& out_;
};

// xml_text(struct, options)
void xml_text(const CallInfo& info, Scratch&, Columns in, uint64_t rows, Output& out) {
  const Reader<Text> packed(in[1]);
  const auto zone = find_time_zone(info.zone);
  const TextStyle style{zone.get(), true};
  for (uint64_t row = 0; row < rows; ++row) {
    if (!in[0].is_valid(row)) {
      out.set_null(row);
      continue;
    }
    const XmlOptions options = XmlOptions::unpacked(packed[row]);
    std::string text;
    XmlWriter(options, style, text).element(options.row_tag, in[0], row, info.arguments[0], 0);
    out.set_string(row, text);
  }
}

constexpr KernelRow kRowsOfXmlValues[] = {
    {"xml_as_json", xml_as_json},
    {"xml_text", xml_text},
};

}  // namespace

std::span<const KernelRow> xml_kernels() { return kRowsOfXmlValues; }

std::string XmlOptions::packed() const {
  std::string text;
  for (const std::string& part :
       {attribute_prefix, value_tag, row_tag, std::string(exclude_attributes ? "true" : "false")})
    text += part + '\x1F';
  return text;
}
XmlOptions XmlOptions::unpacked(std::string_view packed) {
  std::array<std::string, 4> parts;
  for (std::string& part : parts) {
    const size_t end = std::min(packed.find('\x1F'), packed.size());
    part = packed.substr(0, end);
    packed = packed.substr(std::min(end + 1, packed.size()));
  }
  return {parts[0], parts[1], parts[2], parts[3] == "true"};
}

std::optional<DataType> xml_schema(std::string_view text, const XmlOptions& options) {
  std::string fault;
  const auto document = parse_xml(text, fault);
  if (!document) return std::nullopt;
  return settled_type(element_type(*document, document->top(), options, true));
}

}  // namespace firn::kernels
