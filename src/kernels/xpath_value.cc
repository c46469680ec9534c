// What an XPath expression gives for a document.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "kernels/xpath_expression.h"

namespace firn::kernels {
namespace {

using Axis = XPathStep::Axis;

double number_of_text(std::string_view text) {
  const auto is_space = [](char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; };
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  double value = 0;
  const auto [stop, error] =
      std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  const bool whole = !text.empty() && stop == text.data() + text.size() && error == std::errc() &&
                     text.find_first_of("nNiI") == std::string_view::npos;
  return whole ? value : std::numeric_limits<double>::quiet_NaN();
}
std::string text_of_number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-Infinity" : "Infinity";
  if (value == std::trunc(value) && std::abs(value) < 1e15)
    return std::to_string(static_cast<int64_t>(value));
  char buffer[400];
  const auto [end, error] =
      std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::fixed);
  return std::string(buffer, error == std::errc() ? end : buffer);
}
std::string squeezed(std::string_view text) {
  std::string out;
  bool space = false;
  for (const char c : text) {
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
      space = !out.empty();
      continue;
    }
    if (space) out += ' ';
    space = false;
    out += c;
  }
  return out;
}

struct XPathContext {
  int node = 0;
  size_t position = 1;
  size_t size = 1;
};

class XPathEvaluation {
 public:
  explicit XPathEvaluation(const XmlDocument& document) : document_(document) {}

  XPathValue value(const XPathNode& expression, const XPathContext& at) {
    switch (expression.kind) {
      case XPathNode::Kind::kNumber:
        return expression.number;
      case XPathNode::Kind::kText:
        return expression.text;
      case XPathNode::Kind::kOperation:
        return operation(expression, at);
      case XPathNode::Kind::kCall:
        return call(expression, at);
      case XPathNode::Kind::kPath:
        return path(expression, at);
    }
    return 0.0;
  }

 private:
  const XmlNode& node(int id) const { return document_.nodes[static_cast<size_t>(id)]; }
  double number(const XPathValue& v) const { return xpath_number(v, document_); }
  std::string text(const XPathValue& v) const { return xpath_string(v, document_); }

  XPathValue operation(const XPathNode& expression, const XPathContext& at) {
    const std::string& sign = expression.text;
    const XPathValue left = value(expression.operands[0], at);
    if (sign == "neg") return -number(left);
    if (sign == "or" && xpath_boolean(left)) return true;
    if (sign == "and" && !xpath_boolean(left)) return false;
    const XPathValue right = value(expression.operands[1], at);
    if (sign == "or" || sign == "and") return xpath_boolean(right);
    if (sign == "|") return merged(left, right);
    if (sign == "+") return number(left) + number(right);
    if (sign == "-") return number(left) - number(right);
    if (sign == "*") return number(left) * number(right);
    if (sign == "div") return number(left) / number(right);
    if (sign == "mod") return std::fmod(number(left), number(right));
    return compared(sign, left, right);
  }
  static XPathValue merged(const XPathValue& left, const XPathValue& right) {
    const auto* a = std::get_if<XPathNodes>(&left);
    const auto* b = std::get_if<XPathNodes>(&right);
    if (a == nullptr || b == nullptr) throw XPathFault{"\"|\" is for sets of nodes"};
    XPathNodes both = *a;
    both.insert(both.end(), b->begin(), b->end());
    return in_order(std::move(both));
  }
  static XPathNodes in_order(XPathNodes nodes) {
    std::sort(nodes.begin(), nodes.end());
    nodes.erase(std::unique(nodes.begin(), nodes.end()), nodes.end());
    return nodes;
  }
  // A set of nodes compares as any of its nodes does.
  bool compared(const std::string& sign, const XPathValue& left, const XPathValue& right) {
    if (const auto* nodes = std::get_if<XPathNodes>(&left)) {
      if (std::holds_alternative<bool>(right)) return compared(sign, xpath_boolean(left), right);
      return std::any_of(nodes->begin(), nodes->end(),
                         [&](int id) { return compared(sign, document_.text_of(id), right); });
    }
    if (const auto* nodes = std::get_if<XPathNodes>(&right)) {
      if (std::holds_alternative<bool>(left)) return compared(sign, left, xpath_boolean(right));
      return std::any_of(nodes->begin(), nodes->end(),
                         [&](int id) { return compared(sign, left, document_.text_of(id)); });
    }
    if (sign == "=" || sign == "!=") {
      bool equal = false;
      if (std::holds_alternative<bool>(left) || std::holds_alternative<bool>(right))
        equal = xpath_boolean(left) == xpath_boolean(right);
      else if (std::holds_alternative<double>(left) || std::holds_alternative<double>(right))
        equal = number(left) == number(right);
      else
        equal = text(left) == text(right);
      return equal == (sign == "=");
    }
    const double a = number(left), b = number(right);
    return sign == "<" ? a < b : sign == "<=" ? a <= b : sign == ">" ? a > b : a >= b;
  }

  XPathNodes path(const XPathNode& expression, const XPathContext& at) {
    XPathNodes nodes{expression.from_root ? 0 : at.node};
    if (!expression.operands.empty()) {
      XPathValue start = value(expression.operands[0], at);
      if (!std::holds_alternative<XPathNodes>(start))
        throw XPathFault{"a path begins at a set of nodes"};
      nodes = std::get<XPathNodes>(std::move(start));
    }
    for (const XPathStep& step : expression.steps) {
      if (step.axis == Axis::kFilter) {
        nodes = kept(std::move(nodes), step);
        continue;
      }
      XPathNodes next;
      for (const int id : nodes) {
        const XPathNodes found = kept(reached(id, step), step);
        next.insert(next.end(), found.begin(), found.end());
      }
      nodes = in_order(std::move(next));
    }
    return nodes;
  }
  // In the axis's own order: ancestors and preceding siblings count backwards.
  XPathNodes reached(int id, const XPathStep& step) {
    XPathNodes found;
    const auto visit = [&](int candidate) {
      if (fits(candidate, step)) found.push_back(candidate);
    };
    switch (step.axis) {
      case Axis::kChild:
        for (const int child : node(id).children) visit(child);
        break;
      case Axis::kAttribute:
        for (const int attribute : node(id).attributes) visit(attribute);
        break;
      case Axis::kDescendantOrSelf:
        visit(id);
        [[fallthrough]];
      case Axis::kDescendant:
        each_below(id, visit);
        break;
      case Axis::kSelf:
        visit(id);
        break;
      case Axis::kParent:
        if (node(id).parent >= 0) visit(node(id).parent);
        break;
      case Axis::kAncestorOrSelf:
        visit(id);
        [[fallthrough]];
      case Axis::kAncestor:
        for (int up = node(id).parent; up >= 0; up = node(up).parent) visit(up);
        break;
      case Axis::kFollowingSibling:
      case Axis::kPrecedingSibling:
        siblings(id, step.axis == Axis::kFollowingSibling, visit);
        break;
      case Axis::kFilter:
        break;
    }
    return found;
  }
  template <class Visit>
  void each_below(int id, const Visit& visit) {
    for (const int child : node(id).children) {
      visit(child);
      each_below(child, visit);
    }
  }
  template <class Visit>
  void siblings(int id, bool following, const Visit& visit) {
    if (node(id).parent < 0 || node(id).kind == XmlNode::Kind::kAttribute) return;
    const std::vector<int>& all = node(node(id).parent).children;
    if (following) {
      for (const int other : all)
        if (other > id) visit(other);
    } else {
      for (size_t i = all.size(); i-- > 0;)
        if (all[i] < id) visit(all[i]);
    }
  }
  bool fits(int id, const XPathStep& step) const {
    const XmlNode& given = node(id);
    const XmlNode::Kind principal =
        step.axis == Axis::kAttribute ? XmlNode::Kind::kAttribute : XmlNode::Kind::kElement;
    switch (step.test) {
      case XPathStep::Test::kName:
        return given.kind == principal && given.name == step.name;
      case XPathStep::Test::kAnyName:
        return given.kind == principal;
      case XPathStep::Test::kNode:
        return true;
      case XPathStep::Test::kText:
        return given.kind == XmlNode::Kind::kText;
      case XPathStep::Test::kComment:
        return given.kind == XmlNode::Kind::kComment;
      case XPathStep::Test::kInstruction:
        return given.kind == XmlNode::Kind::kInstruction &&
               (step.name.empty() || step.name == given.name);
    }
    return false;
  }
  XPathNodes kept(XPathNodes nodes, const XPathStep& step) {
    for (const XPathNode& predicate : step.predicates) {
      XPathNodes next;
      for (size_t i = 0; i < nodes.size(); ++i) {
        const XPathValue holds = value(predicate, {nodes[i], i + 1, nodes.size()});
        const auto* place = std::get_if<double>(&holds);
        if (place != nullptr ? *place == static_cast<double>(i + 1) : xpath_boolean(holds))
          next.push_back(nodes[i]);
      }
      nodes = std::move(next);
    }
    return nodes;
  }

  XPathValue call(const XPathNode& expression, const XPathContext& at);

  using Values = std::vector<XPathValue>;
  struct FunctionRow {
    std::string_view name;
    size_t least, most;
    // `own`: the first argument, or the context node where there is none
    XPathValue (*run)(XPathEvaluation&, const Values&, const XPathValue& own, const XPathContext&);
  };
  static const XPathNodes& nodes_of(const XPathValue& v) {
    const auto* nodes = std::get_if<XPathNodes>(&v);
    if (nodes == nullptr) throw XPathFault{"a set of nodes is needed"};
    return *nodes;
  }
  static XPathValue part(std::string_view text, double begin, double end) {
    std::string out;
    double position = 1;
    for (size_t i = 0; i < text.size(); ++position) {
      size_t next = i + 1;
      while (next < text.size() && (static_cast<unsigned char>(text[next]) & 0xC0) == 0x80) ++next;
      if (position >= begin && position < end) out += text.substr(i, next - i);
      i = next;
    }
    return out;
  }
  static double characters(std::string_view text) {
    return static_cast<double>(std::count_if(text.begin(), text.end(), [](char c) {
      return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    }));
  }
  static constexpr size_t kMany = 1000;
  static const FunctionRow kFunctions[];

  const XmlDocument& document_;
};

double rounded_up_at_half(double x) { return std::floor(x + 0.5); }

const XPathEvaluation::FunctionRow XPathEvaluation::kFunctions[] = {
    {"last", 0, 0, [](auto&, auto&, auto&, auto& at) -> XPathValue {
       return static_cast<double>(at.size);
     }},
    {"position", 0, 0, [](auto&, auto&, auto&, auto& at) -> XPathValue {
       return static_cast<double>(at.position);
     }},
    {"count", 1, 1, [](auto&, auto& in, auto&, auto&) -> XPathValue {
       return static_cast<double>(nodes_of(in[0]).size());
     }},
    {"sum", 1, 1, [](auto& self, auto& in, auto&, auto&) -> XPathValue {
       double total = 0;
       for (const int id : nodes_of(in[0])) total += number_of_text(self.document_.text_of(id));
       return total;
     }},
    {"name", 0, 1, [](auto& self, auto&, auto& own, auto&) -> XPathValue {
       return nodes_of(own).empty() ? std::string() : self.node(nodes_of(own)[0]).name;
     }},
    {"local-name", 0, 1, [](auto& self, auto&, auto& own, auto&) -> XPathValue {
       if (nodes_of(own).empty()) return std::string();
       const std::string& name = self.node(nodes_of(own)[0]).name;
       return name.substr(name.find(':') + 1);
     }},
    {"string", 0, 1, [](auto& self, auto&, auto& own, auto&) -> XPathValue {
       return self.text(own);
     }},
    {"number", 0, 1, [](auto& self, auto&, auto& own, auto&) -> XPathValue {
       return self.number(own);
     }},
    {"boolean", 1, 1, [](auto&, auto& in, auto&, auto&) -> XPathValue {
       return xpath_boolean(in[0]);
     }},
    {"not", 1, 1, [](auto&, auto& in, auto&, auto&) -> XPathValue {
       return !xpath_boolean(in[0]);
     }},
    {"true", 0, 0, [](auto&, auto&, auto&, auto&) -> XPathValue { return true; }},
    {"false", 0, 0, [](auto&, auto&, auto&, auto&) -> XPathValue { return false; }},
    {"floor", 1, 1, [](auto& self, auto& in, auto&, auto&) -> XPathValue {
       return std::floor(self.number(in[0]));
     }},
    {"ceiling", 1, 1, [](auto& self, auto& in, auto&, auto&) -> XPathValue {
       return std::ceil(self.number(in[0]));
     }},
    {"round", 1, 1, [](auto& self, auto& in, auto&, auto&) -> XPathValue {
       return rounded_up_at_half(self.number(in[0]));
     }},
    {"concat", 2, kMany, [](auto& self, auto& in, auto&, auto&) -> XPathValue {
       std::string all;
       for (const XPathValue& each : in) all += self.text(each);
       return all;
     }},
    {"starts-with", 2, 2, [](auto& self, auto& in, auto&, auto&) -> XPathValue {
       return self.text(in[0]).starts_with(self.text(in[1]));
     }},
    {"contains", 2, 2, [](auto& self, auto& in, auto&, auto&) -> XPathValue {
       return self.text(in[0]).find(self.text(in[1])) != std::string::npos;
     }},
    {"substring-before", 2, 2, [](auto& self, auto& in, auto&, auto&) -> XPathValue {
       const std::string whole = self.text(in[0]);
       const size_t found = whole.find(self.text(in[1]));
       return found == std::string::npos ? std::string() : whole.substr(0, found);
     }},
    {"substring-after", 2, 2, [](auto& self, auto& in, auto&, auto&) -> XPathValue {
       const std::string whole = self.text(in[0]), word = self.text(in[1]);
       const size_t found = whole.find(word);
       return found == std::string::npos ? std::string() : whole.substr(found + word.size());
     }},
    {"substring", 2, 3, [](auto& self, auto& in, auto&, auto&) -> XPathValue {
       const double begin = rounded_up_at_half(self.number(in[1]));
       const double end = in.size() < 3 ? std::numeric_limits<double>::infinity()
                                        : begin + rounded_up_at_half(self.number(in[2]));
       return part(self.text(in[0]), begin, end);
     }},
    {"string-length", 0, 1, [](auto& self, auto&, auto& own, auto&) -> XPathValue {
       return characters(self.text(own));
     }},
    {"normalize-space", 0, 1, [](auto& self, auto&, auto& own, auto&) -> XPathValue {
       return squeezed(self.text(own));
     }},
    {"translate", 3, 3, [](auto& self, auto& in, auto&, auto&) -> XPathValue {
       const std::string from = self.text(in[1]), to = self.text(in[2]);
       std::string out;
       for (const char c : self.text(in[0])) {
         const size_t place = from.find(c);
         if (place == std::string::npos)
           out += c;
         else if (place < to.size())
           out += to[place];
       }
       return out;
     }},
};

XPathValue XPathEvaluation::call(const XPathNode& expression, const XPathContext& at) {
  std::vector<XPathValue> given;
  for (const XPathNode& operand : expression.operands) given.push_back(value(operand, at));
  const auto own = [&](size_t index) -> XPathValue {
    return given.size() > index ? given[index] : XPathValue(XPathNodes{at.node});
  };
  const std::string& name = expression.text;
  for (const FunctionRow& row : kFunctions) {
    if (row.name != name) continue;
    if (given.size() < row.least || given.size() > row.most)
      throw XPathFault{"the function " + name + " has another number of arguments"};
    return row.run(*this, given, own(0), at);
  }
  throw XPathFault{"the function " + name + " is not known"};
}

}  // namespace

XPathValue evaluate_xpath(const XPathNode& expression, const XmlDocument& document) {
  return XPathEvaluation(document).value(expression, {});
}

bool xpath_boolean(const XPathValue& value) {
  if (const auto* nodes = std::get_if<XPathNodes>(&value)) return !nodes->empty();
  if (const auto* number = std::get_if<double>(&value)) return *number != 0 && !std::isnan(*number);
  if (const auto* text = std::get_if<std::string>(&value)) return !text->empty();
  return std::get<bool>(value);
}
double xpath_number(const XPathValue& value, const XmlDocument& document) {
  if (const auto* number = std::get_if<double>(&value)) return *number;
  if (const auto* truth = std::get_if<bool>(&value)) return *truth ? 1 : 0;
  return number_of_text(xpath_string(value, document));
}
std::string xpath_string(const XPathValue& value, const XmlDocument& document) {
  if (const auto* nodes = std::get_if<XPathNodes>(&value))
    return nodes->empty() ? std::string() : document.text_of(nodes->front());
  if (const auto* number = std::get_if<double>(&value)) return text_of_number(*number);
  if (const auto* truth = std::get_if<bool>(&value)) return *truth ? "true" : "false";
  return std::get<std::string>(value);
}

}  // namespace firn::kernels
