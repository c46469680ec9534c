// An XML document as a list of nodes in document order. Names are those that stand in the text,
// prefixes included.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace firn::kernels {

struct XmlNode {
  enum class Kind : uint8_t { kRoot, kElement, kAttribute, kText, kComment, kInstruction };
  Kind kind = Kind::kElement;
  std::string name;   // elements, attributes, instructions
  std::string value;  // attributes, text, comments, instructions
  int parent = -1;
  std::vector<int> attributes = {};
  std::vector<int> children = {};
};

struct XmlDocument {
  std::vector<XmlNode> nodes;  // nodes[0] is the root, the parent of the outermost element

  // The outermost element.
  int top() const;
  // All text below a node; an attribute's or text's own value.
  std::string text_of(int node) const;
};

// nullopt where the text is no well-formed document; `fault` then says why. A document type is
// refused: its entities would be expanded.
std::optional<XmlDocument> parse_xml(std::string_view text, std::string& fault);

}  // namespace firn::kernels
