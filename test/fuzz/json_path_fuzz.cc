// uses: kernels types base
// The first line as a JSON path, the rest as JSON: what the path finds, and the schema of the
// records.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "attempt.h"
#include "kernels/json_path.h"
#include "kernels/json_schema.h"

namespace kernels = firn::kernels;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view all(reinterpret_cast<const char*>(data), size);
  const size_t line = std::min(all.find('\n'), all.size());
  const std::string_view text = all.substr(std::min(line + 1, all.size()));
  if (const auto path = kernels::JsonPath::parse(all.substr(0, line))) (void)path->find(text);
  std::string compact;
  kernels::append_compact_json(compact, text);
  (void)kernels::each_json_member(text, [](const std::string&, std::string_view) { return true; });
  (void)kernels::each_json_element(text, [](std::string_view) { return true; });
  firn::fuzz::attempt([&] {
    for (const bool lenient : {false, true}) {
      kernels::JsonInference rules;
      rules.json.allow_comments = lenient;
      rules.json.allow_unquoted_names = lenient;
      rules.prefers_decimal = lenient;
      rules.infer_timestamp = lenient;
      kernels::JsonSchema schema(rules);
      for (const std::string_view record : firn::fuzz::pieces(text, '\n')) (void)schema.add(record);
      (void)schema.schema().json();
    }
  });
  return 0;
}
