// xpath and its kin: XPath expressions over documents in text.
#include <cmath>
#include <limits>

#include "base/error.h"
#include "kernels/elementwise.h"
#include "kernels/kernels.h"
#include "kernels/xpath_expression.h"

namespace firn::kernels {
namespace {

using Columns = std::span<const ColumnView>;
using Text = std::string_view;

// The expression of the last row: it is a constant as a rule.
struct LastXPath {
  std::string text;
  XPathNode expression;
};

[[noreturn]] void throw_xpath(const XPathFault& fault, Text expression) {
  throw_invalid("Invalid XPath '" + std::string(expression) + "': " + fault.why + ".");
}

// Calls f(row, value, document) for each row with a document and a path; the others are NULL.
template <class F>
void each_xpath(Scratch& scratch, Columns in, uint64_t rows, Output& out, const F& f) {
  const Reader<Text> documents(in[0]), expressions(in[1]);
  if (!scratch.has_value()) scratch = LastXPath();
  auto& last = std::any_cast<LastXPath&>(scratch);
  std::string fault;
  for (uint64_t row = 0; row < rows; ++row) {
    if (!all_valid(in, row) || documents[row].empty() || expressions[row].empty()) {
      out.set_null(row);
      continue;
    }
    try {
      if (last.text != expressions[row]) {
        last.expression = parse_xpath(expressions[row]);
        last.text = expressions[row];
      }
      const auto document = parse_xml(documents[row], fault);
      if (!document)
        throw_invalid("Invalid XML document: " + fault + "\n" + std::string(documents[row]));
      f(row, evaluate_xpath(last.expression, *document), *document);
    } catch (const XPathFault& wrong) {
      throw_xpath(wrong, expressions[row]);
    }
  }
}

void xpath_truth(const CallInfo&, Scratch& scratch, Columns in, uint64_t rows, Output& out) {
  each_xpath(scratch, in, rows, out, [&](uint64_t row, const XPathValue& value, const auto&) {
    out.values<bool>()[row] = xpath_boolean(value);
  });
}
void xpath_text(const CallInfo&, Scratch& scratch, Columns in, uint64_t rows, Output& out) {
  each_xpath(scratch, in, rows, out,
             [&](uint64_t row, const XPathValue& value, const XmlDocument& document) {
               out.set_string(row, xpath_string(value, document));
             });
}
// As Java narrows a double: NaN is 0, the rest is cut to the type's range; SHORT is cut out of INT.
template <class T>
T narrowed(double value) {
  if constexpr (std::is_floating_point_v<T>) {
    return static_cast<T>(value);
  } else if constexpr (sizeof(T) == 2) {
    return static_cast<T>(narrowed<int32_t>(value));
  } else {
    if (std::isnan(value)) return 0;
    if (value >= static_cast<double>(std::numeric_limits<T>::max()))
      return std::numeric_limits<T>::max();
    if (value <= static_cast<double>(std::numeric_limits<T>::min()))
      return std::numeric_limits<T>::min();
    return static_cast<T>(value);
  }
}
template <class T>
void xpath_of_number(const CallInfo&, Scratch& scratch, Columns in, uint64_t rows, Output& out) {
  each_xpath(scratch, in, rows, out,
             [&](uint64_t row, const XPathValue& value, const XmlDocument& document) {
               out.values<T>()[row] = narrowed<T>(xpath_number(value, document));
             });
}
// The nodes' own values: an element has none, its text stands in nodes below it.
void xpath_list(const CallInfo&, Scratch& scratch, Columns in, uint64_t rows, Output& out) {
  struct Found {
    std::string text;
    bool valid;
  };
  std::vector<Found> all;
  for (uint64_t row = 0; row < rows; ++row) out.values<ListEntry>()[row] = {0, 0};
  each_xpath(scratch, in, rows, out,
             [&](uint64_t row, const XPathValue& value, const XmlDocument& document) {
               const auto* nodes = std::get_if<XPathNodes>(&value);
               if (nodes == nullptr) throw XPathFault{"it gives no set of nodes"};
               const uint64_t begin = all.size();
               for (const int id : *nodes) {
                 const XmlNode& node = document.nodes[static_cast<size_t>(id)];
                 const bool valid =
                     node.kind != XmlNode::Kind::kElement && node.kind != XmlNode::Kind::kRoot;
                 all.push_back({valid ? node.value : std::string(), valid});
               }
               out.values<ListEntry>()[row] = {begin, all.size() - begin};
             });
  out.resize(all.size());
  for (uint64_t i = 0; i < all.size(); ++i) {
    if (all[i].valid)
      out.child(0).set_string(i, all[i].text);
    else
      out.child(0).set_null(i);
  }
}

constexpr KernelRow kRowsOfXpath[] = {
    {"xpath", xpath_list, kFallible},
    {"xpath_boolean", xpath_truth, kFallible},
    {"xpath_string", xpath_text, kFallible},
    {"xpath_double", xpath_of_number<double>, kFallible},
    {"xpath_float", xpath_of_number<float>, kFallible},
    {"xpath_int", xpath_of_number<int32_t>, kFallible},
    {"xpath_long", xpath_of_number<int64_t>, kFallible},
    {"xpath_short", xpath_of_number<int16_t>, kFallible},
};

}  // namespace

std::span<const KernelRow> xpath_kernels() { return kRowsOfXpath; }

}  // namespace firn::kernels
