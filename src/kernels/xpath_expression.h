// XPath 1.0 over an XML document: an expression is parsed once, then evaluated for each document.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "kernels/xml_document.h"

namespace firn::kernels {

struct XPathStep;

struct XPathNode {
  enum class Kind : uint8_t {
    kNumber,
    kText,
    kOperation,  // `text` is the operator: or and = != < <= > >= + - * div mod | neg
    kCall,       // `text` is the function
    kPath,       // steps from the root, from the context node, or from operand 0
  };
  Kind kind = Kind::kNumber;
  double number = 0;
  std::string text;
  std::vector<XPathNode> operands;
  bool from_root = false;
  std::vector<XPathStep> steps;
};

struct XPathStep {
  enum class Axis : uint8_t {
    kChild,
    kDescendant,
    kDescendantOrSelf,
    kSelf,
    kParent,
    kAncestor,
    kAncestorOrSelf,
    kAttribute,
    kFollowingSibling,
    kPrecedingSibling,
    kFilter,  // predicates on the operand of a path
  };
  enum class Test : uint8_t { kName, kAnyName, kNode, kText, kComment, kInstruction };
  Axis axis = Axis::kChild;
  Test test = Test::kNode;
  std::string name;
  std::vector<XPathNode> predicates;
};

using XPathNodes = std::vector<int>;  // in document order, each once
using XPathValue = std::variant<XPathNodes, double, std::string, bool>;

// What is wrong with an expression; the kernel makes an error of it.
struct XPathFault {
  std::string why;
};

XPathNode parse_xpath(std::string_view text);
XPathValue evaluate_xpath(const XPathNode& expression, const XmlDocument& document);

bool xpath_boolean(const XPathValue& value);
double xpath_number(const XPathValue& value, const XmlDocument& document);
std::string xpath_string(const XPathValue& value, const XmlDocument& document);

}  // namespace firn::kernels
