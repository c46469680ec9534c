// XML 1.0 without document types: elements, attributes, text, CDATA, comments, instructions.
#include "kernels/xml_document.h"

#include <charconv>

namespace firn::kernels {
namespace {

constexpr size_t kDeepestElement = 1000;

bool is_xml_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool begins_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':' ||
         static_cast<unsigned char>(c) >= 0x80;
}
bool is_name_part(char c) {
  return begins_name(c) || (c >= '0' && c <= '9') || c == '-' || c == '.';
}

void append_code_point(std::string& out, uint32_t code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
    return;
  }
  const int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
  constexpr unsigned kLead[] = {0, 0xC0, 0xE0, 0xF0};
  out += static_cast<char>(kLead[more] | (code >> (6 * more)));
  for (int i = more - 1; i >= 0; --i) out += static_cast<char>(0x80 | ((code >> (6 * i)) & 0x3F));
}

class XmlReader {
 public:
  XmlReader(std::string_view text, std::string& fault) : text_(text), fault_(fault) {}

  std::optional<XmlDocument> read() {
    document_.nodes.push_back({XmlNode::Kind::kRoot, {}, {}});
    open_ = {0};
    skip("\xEF\xBB\xBF");
    while (fault_.empty() && at_ < text_.size()) {
      if (text_[at_] == '<')
        markup();
      else
        characters();
    }
    if (fault_.empty() && open_.size() > 1)
      fail("the element " + document_.nodes[static_cast<size_t>(open_.back())].name +
           " has no end tag");
    if (fault_.empty() && !has_top_) fail("there is no element");
    if (!fault_.empty()) return std::nullopt;
    return std::move(document_);
  }

 private:
  void fail(std::string why) {
    if (fault_.empty()) fault_ = std::move(why) + " (at character " + std::to_string(at_ + 1) + ")";
  }
  bool skip(std::string_view word) {
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }
  void skip_spaces() {
    while (at_ < text_.size() && is_xml_space(text_[at_])) ++at_;
  }
  std::string_view until(std::string_view end) {
    const size_t found = text_.find(end, at_);
    if (found == std::string_view::npos) {
      fail("\"" + std::string(end) + "\" is missing");
      return {};
    }
    const std::string_view part = text_.substr(at_, found - at_);
    at_ = found + end.size();
    return part;
  }
  std::string name() {
    const size_t begin = at_;
    if (at_ < text_.size() && begins_name(text_[at_]))
      while (at_ < text_.size() && is_name_part(text_[at_])) ++at_;
    if (at_ == begin) fail("a name is missing");
    return std::string(text_.substr(begin, at_ - begin));
  }
  int add(XmlNode::Kind kind, std::string node_name, std::string value) {
    const int id = static_cast<int>(document_.nodes.size());
    document_.nodes.push_back({kind, std::move(node_name), std::move(value), open_.back()});
    XmlNode& parent = document_.nodes[static_cast<size_t>(open_.back())];
    (kind == XmlNode::Kind::kAttribute ? parent.attributes : parent.children).push_back(id);
    return id;
  }

  void markup() {
    if (skip("<!--")) {
      add(XmlNode::Kind::kComment, {}, std::string(until("-->")));
    } else if (skip("<![CDATA[")) {
      add_text(std::string(until("]]>")));
    } else if (skip("<?")) {
      std::string target = name();
      skip_spaces();
      std::string value(until("?>"));
      if (target != "xml") add(XmlNode::Kind::kInstruction, std::move(target), std::move(value));
    } else if (text_.substr(at_).starts_with("<!")) {
      fail("a document type is not allowed");
    } else if (skip("</")) {
      end_tag();
    } else {
      start_tag();
    }
  }
  void end_tag() {
    const std::string ended = name();
    skip_spaces();
    if (!skip(">")) return fail("\">\" is missing");
    const XmlNode& last = document_.nodes[static_cast<size_t>(open_.back())];
    if (open_.size() < 2 || last.name != ended)
      return fail("the end tag " + ended + " has no start tag");
    open_.pop_back();
  }
  void start_tag() {
    ++at_;
    if (open_.size() == 1 && has_top_) return fail("there is a second outermost element");
    if (open_.size() > kDeepestElement) return fail("elements are nested too deeply");
    std::string tag = name();
    if (!fault_.empty()) return;
    has_top_ = true;
    open_.push_back(add(XmlNode::Kind::kElement, std::move(tag), {}));
    while (fault_.empty()) {
      skip_spaces();
      if (skip("/>")) {
        open_.pop_back();
        return;
      }
      if (skip(">")) return;
      attribute();
    }
  }
  void attribute() {
    std::string key = name();
    skip_spaces();
    if (!skip("=")) return fail("\"=\" is missing");
    skip_spaces();
    if (at_ >= text_.size() || (text_[at_] != '"' && text_[at_] != '\''))
      return fail("an attribute's value stands in quotes");
    const char quote = text_[at_++];
    const std::string_view written = until({&quote, 1});
    if (written.find('<') != std::string_view::npos) fail("\"<\" in an attribute's value");
    for (const int other : document_.nodes[static_cast<size_t>(open_.back())].attributes)
      if (document_.nodes[static_cast<size_t>(other)].name == key)
        fail("the attribute " + key + " is repeated");
    add(XmlNode::Kind::kAttribute, std::move(key), decoded(written));
  }
  void characters() {
    size_t end = text_.find('<', at_);
    if (end == std::string_view::npos) end = text_.size();
    const std::string_view part = text_.substr(at_, end - at_);
    if (open_.size() > 1) {
      add_text(decoded(part));
    } else {
      for (const char c : part)
        if (!is_xml_space(c)) return fail("text outside the outermost element");
    }
    at_ = end;
  }
  void add_text(std::string text) {
    if (open_.size() < 2) return fail("text outside the outermost element");
    const std::vector<int>& siblings = document_.nodes[static_cast<size_t>(open_.back())].children;
    if (!siblings.empty()) {
      XmlNode& last = document_.nodes[static_cast<size_t>(siblings.back())];
      if (last.kind == XmlNode::Kind::kText) {
        last.value += text;
        return;
      }
    }
    if (!text.empty()) add(XmlNode::Kind::kText, {}, std::move(text));
  }

  std::string decoded(std::string_view written) {
    std::string out;
    for (size_t i = 0; i < written.size(); ++i) {
      if (written[i] != '&') {
        out += written[i];
        continue;
      }
      const size_t end = written.find(';', i);
      if (end == std::string_view::npos) {
        fail("\"&\" without \";\"");
        return out;
      }
      entity(written.substr(i + 1, end - i - 1), out);
      i = end;
    }
    return out;
  }
  void entity(std::string_view reference, std::string& out) {
    struct Named {
      std::string_view reference;
      char character;
    };
    constexpr Named kNamed[] = {
        {"lt", '<'}, {"gt", '>'}, {"amp", '&'}, {"quot", '"'}, {"apos", '\''}};
    for (const Named& row : kNamed) {
      if (row.reference != reference) continue;
      out += row.character;
      return;
    }
    const bool hex = reference.starts_with("#x");
    uint32_t code = 0;
    if (reference.starts_with('#')) {
      const std::string_view digits = reference.substr(hex ? 2 : 1);
      const auto [stop, error] =
          std::from_chars(digits.data(), digits.data() + digits.size(), code, hex ? 16 : 10);
      if (error == std::errc() && stop == digits.data() + digits.size() && code > 0 &&
          code < 0x110000 && (code < 0xD800 || code > 0xDFFF))
        return append_code_point(out, code);
    }
    fail("the entity " + std::string(reference) + " is not known");
  }

  std::string_view text_;
  std::string& fault_;
  XmlDocument document_;
  std::vector<int> open_;  // from the root to the element that is being read
  size_t at_ = 0;
  bool has_top_ = false;
};

void append_xml_text(const XmlDocument& document, int id, std::string& out) {
  const XmlNode& node = document.nodes[static_cast<size_t>(id)];
  if (node.kind == XmlNode::Kind::kText) out += node.value;
  for (const int child : node.children) append_xml_text(document, child, out);
}

}  // namespace

int XmlDocument::top() const {
  for (const int child : nodes[0].children)
    if (nodes[static_cast<size_t>(child)].kind == XmlNode::Kind::kElement) return child;
  return 0;
}

std::string XmlDocument::text_of(int node) const {
  const XmlNode& given = nodes[static_cast<size_t>(node)];
  if (given.kind != XmlNode::Kind::kRoot && given.kind != XmlNode::Kind::kElement)
    return given.value;
  std::string out;
  append_xml_text(*this, node, out);
  return out;
}

std::optional<XmlDocument> parse_xml(std::string_view text, std::string& fault) {
  fault.clear();
  return XmlReader(text, fault).read();
}

}  // namespace firn::kernels
