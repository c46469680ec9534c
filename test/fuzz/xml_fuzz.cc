// uses: kernels types base
// The first line as a path, the rest as a document.
#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "attempt.h"
#include "kernels/xml_values.h"
#include "kernels/xpath_expression.h"

namespace kernels = firn::kernels;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view all(reinterpret_cast<const char*>(data), size);
  const size_t line = std::min(all.find('\n'), all.size());
  const std::string_view text = all.substr(std::min(line + 1, all.size()));
  std::string fault;
  const std::optional<kernels::XmlDocument> document = kernels::parse_xml(text, fault);
  (void)kernels::xml_schema(text, {});
  (void)kernels::XmlOptions::unpacked(all.substr(0, line));
  try {
    const kernels::XPathNode path = kernels::parse_xpath(all.substr(0, line));
    if (!document) return 0;
    const kernels::XPathValue value = kernels::evaluate_xpath(path, *document);
    (void)kernels::xpath_boolean(value);
    (void)kernels::xpath_number(value, *document);
    (void)kernels::xpath_string(value, *document);
  } catch (const kernels::XPathFault&) {  // says what is wrong with the path
  }
  return 0;
}
