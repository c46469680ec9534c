// The grammar of XPath 1.0.
#include "kernels/xpath_expression.h"

#include <charconv>
#include <utility>

namespace firn::kernels {
namespace {

constexpr int kDeepestXPath = 200;

bool begins_xpath_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}
bool is_xpath_digit(char c) { return c >= '0' && c <= '9'; }
bool is_xpath_name_part(char c) {
  return begins_xpath_name(c) || is_xpath_digit(c) || c == '-' || c == '.' || c == ':';
}

struct AxisName {
  std::string_view name;
  XPathStep::Axis axis;
};
constexpr AxisName kAxisNames[] = {
    {"child", XPathStep::Axis::kChild},
    {"descendant", XPathStep::Axis::kDescendant},
    {"descendant-or-self", XPathStep::Axis::kDescendantOrSelf},
    {"self", XPathStep::Axis::kSelf},
    {"parent", XPathStep::Axis::kParent},
    {"ancestor", XPathStep::Axis::kAncestor},
    {"ancestor-or-self", XPathStep::Axis::kAncestorOrSelf},
    {"attribute", XPathStep::Axis::kAttribute},
    {"following-sibling", XPathStep::Axis::kFollowingSibling},
    {"preceding-sibling", XPathStep::Axis::kPrecedingSibling},
};
struct TestName {
  std::string_view name;
  XPathStep::Test test;
};
constexpr TestName kTestNames[] = {
    {"node", XPathStep::Test::kNode},
    {"text", XPathStep::Test::kText},
    {"comment", XPathStep::Test::kComment},
    {"processing-instruction", XPathStep::Test::kInstruction},
};

// Operators by binding strength, the weakest first; words need no blank around other signs.
constexpr std::string_view kOperators[][4] = {
    {"or"}, {"and"}, {"=", "!="}, {"<=", "<", ">=", ">"}, {"+", "-"}, {"*", "div", "mod"}};
constexpr size_t kOperatorLevels = std::size(kOperators);

class XPathReader {
 public:
  explicit XPathReader(std::string_view text) : text_(text) {}

  XPathNode whole() {
    XPathNode made = binary(0);
    spaces();
    if (at_ < text_.size()) fault("unexpected \"" + std::string(text_.substr(at_)) + "\"");
    return made;
  }

 private:
  [[noreturn]] static void fault(std::string why) { throw XPathFault{std::move(why)}; }
  void spaces() {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r'))
      ++at_;
  }
  bool peek(std::string_view sign) {
    spaces();
    return text_.substr(at_).starts_with(sign);
  }
  bool take(std::string_view sign) {
    if (!peek(sign)) return false;
    at_ += sign.size();
    return true;
  }
  void need(std::string_view sign) {
    if (!take(sign)) fault("\"" + std::string(sign) + "\" is missing");
  }
  // An operator that is a word ends where the word does.
  bool take_operator(std::string_view sign) {
    if (!peek(sign)) return false;
    const size_t end = at_ + sign.size();
    if (begins_xpath_name(sign[0]) && end < text_.size() && is_xpath_name_part(text_[end]))
      return false;
    at_ = end;
    return true;
  }
  std::string name() {
    spaces();
    const size_t begin = at_;
    if (at_ < text_.size() && begins_xpath_name(text_[at_]))
      while (at_ < text_.size() && is_xpath_name_part(text_[at_]) &&
             !text_.substr(at_).starts_with("::"))
        ++at_;
    if (begin == at_) fault("a name is missing at \"" + std::string(text_.substr(at_)) + "\"");
    return std::string(text_.substr(begin, at_ - begin));
  }

  XPathNode operation(std::string_view sign, XPathNode left, XPathNode right) {
    XPathNode made;
    made.kind = XPathNode::Kind::kOperation;
    made.text = sign;
    made.operands.push_back(std::move(left));
    made.operands.push_back(std::move(right));
    return made;
  }
  XPathNode binary(size_t level) {
    if (level == kOperatorLevels) return unary();
    if (++depth_ > kDeepestXPath * static_cast<int>(kOperatorLevels))
      fault("it is nested too deeply");
    XPathNode left = binary(level + 1);
    for (bool found = true; found;) {
      found = false;
      for (const std::string_view sign : kOperators[level]) {
        if (sign.empty() || !take_operator(sign)) continue;
        left = operation(sign, std::move(left), binary(level + 1));
        found = true;
        break;
      }
    }
    --depth_;
    return left;
  }
  XPathNode unary() {
    bool negative = false;
    while (take("-")) negative = !negative;
    XPathNode made = path();
    while (take("|")) made = operation("|", std::move(made), path());
    if (!negative) return made;
    XPathNode negated;
    negated.kind = XPathNode::Kind::kOperation;
    negated.text = "neg";
    negated.operands.push_back(std::move(made));
    return negated;
  }

  // Whether a function's call or another primary expression stands here, not a step.
  bool at_primary() {
    spaces();
    if (at_ >= text_.size()) fault("it ends too early");
    const char c = text_[at_];
    const bool fraction = c == '.' && at_ + 1 < text_.size() && is_xpath_digit(text_[at_ + 1]);
    if (c == '(' || c == '"' || c == '\'' || is_xpath_digit(c) || fraction) return true;
    if (c == '$') fault("variables are not supported");
    size_t end = at_;
    while (end < text_.size() && is_xpath_name_part(text_[end])) ++end;
    const std::string_view word = text_.substr(at_, end - at_);
    while (end < text_.size() && text_[end] == ' ') ++end;
    if (word.empty() || !begins_xpath_name(c) || end >= text_.size() || text_[end] != '(')
      return false;
    for (const TestName& row : kTestNames)
      if (row.name == word) return false;
    return word.find("::") == std::string_view::npos;
  }
  XPathNode path() {
    if (at_primary()) {
      XPathNode start = primary();
      if (!peek("[") && !peek("/")) return start;
      XPathNode made;
      made.kind = XPathNode::Kind::kPath;
      made.operands.push_back(std::move(start));
      XPathStep filter;
      filter.axis = XPathStep::Axis::kFilter;
      predicates(filter);
      made.steps.push_back(std::move(filter));
      if (take("//"))
        descend(made);
      else if (!take("/"))
        return made;
      relative(made);
      return made;
    }
    XPathNode made;
    made.kind = XPathNode::Kind::kPath;
    if (take("//")) {
      made.from_root = true;
      descend(made);
    } else if (take("/")) {
      made.from_root = true;
      spaces();
      const bool step = at_ < text_.size() && (begins_xpath_name(text_[at_]) || text_[at_] == '*' ||
                                               text_[at_] == '@' || text_[at_] == '.');
      if (!step) return made;
    }
    relative(made);
    return made;
  }
  static void descend(XPathNode& made) {
    XPathStep step;
    step.axis = XPathStep::Axis::kDescendantOrSelf;
    made.steps.push_back(std::move(step));
  }
  void relative(XPathNode& made) {
    for (;;) {
      made.steps.push_back(step());
      if (take("//"))
        descend(made);
      else if (!take("/"))
        return;
    }
  }
  XPathStep step() {
    XPathStep made;
    if (take("..")) {
      made.axis = XPathStep::Axis::kParent;
      return made;
    }
    if (take(".")) {
      made.axis = XPathStep::Axis::kSelf;
      return made;
    }
    if (take("@")) made.axis = XPathStep::Axis::kAttribute;
    if (take("*")) {
      made.test = XPathStep::Test::kAnyName;
      predicates(made);
      return made;
    }
    std::string word = name();
    if (take("::")) {
      made.axis = axis_of(word);
      if (take("*")) {
        made.test = XPathStep::Test::kAnyName;
        predicates(made);
        return made;
      }
      word = name();
    }
    if (take("(")) {
      made.test = test_of(word);
      spaces();
      if (!peek(")")) made.name = primary().text;
      need(")");
    } else {
      made.test = XPathStep::Test::kName;
      made.name = std::move(word);
    }
    predicates(made);
    return made;
  }
  static XPathStep::Axis axis_of(const std::string& word) {
    for (const AxisName& row : kAxisNames)
      if (row.name == word) return row.axis;
    fault("the axis " + word + " is not supported");
  }
  static XPathStep::Test test_of(const std::string& word) {
    for (const TestName& row : kTestNames)
      if (row.name == word) return row.test;
    fault("the node test " + word + " is not known");
  }
  void predicates(XPathStep& made) {
    while (take("[")) {
      made.predicates.push_back(binary(0));
      need("]");
    }
  }

  XPathNode primary() {
    XPathNode made;
    if (take("(")) {
      made = binary(0);
      need(")");
      return made;
    }
    const char c = at_ < text_.size() ? text_[at_] : '\0';
    if (c == '"' || c == '\'') {
      const size_t end = text_.find(c, ++at_);
      if (end == std::string_view::npos) fault("a quote is missing");
      made.kind = XPathNode::Kind::kText;
      made.text = text_.substr(at_, end - at_);
      at_ = end + 1;
      return made;
    }
    if (is_xpath_digit(c) || c == '.') {
      const auto [stop, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(),
                                                 made.number, std::chars_format::fixed);
      if (error != std::errc()) fault("a number is out of range");
      at_ = static_cast<size_t>(stop - text_.data());
      return made;
    }
    made.kind = XPathNode::Kind::kCall;
    made.text = name();
    need("(");
    while (!take(")")) {
      if (!made.operands.empty()) need(",");
      made.operands.push_back(binary(0));
    }
    return made;
  }

  std::string_view text_;
  size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace

XPathNode parse_xpath(std::string_view text) { return XPathReader(text).whole(); }

}  // namespace firn::kernels
