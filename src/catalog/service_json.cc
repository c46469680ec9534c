// See service_json.h.
#include "catalog/service_json.h"

#include <fmt/format.h>

namespace firn::catalog {

std::string ServiceFailure::text(int status) const {
  if (status == 0) return message;
  const std::string refusal =
      fmt::format("{} ({})", type.empty() ? "the server refuses" : type, status);
  return message.empty() ? refusal : refusal + ": " + message;
}

iceberg::Properties string_map(const iceberg::JsonCursor& json, const char* name) {
  const auto found = json.find(name);
  return found ? found->as_string_map() : iceberg::Properties{};
}

}  // namespace firn::catalog
