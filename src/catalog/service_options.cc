// See service_options.h.
#include "catalog/service_options.h"

#include <algorithm>

#include "base/ascii.h"
#include "base/error.h"

namespace firn::catalog {

std::string option_of(const iceberg::Properties& properties, const std::string& name) {
  const auto found = properties.find(name);
  return found == properties.end() ? "" : found->second;
}

bool flag_of(const iceberg::Properties& properties, const std::string& name, bool otherwise) {
  const std::string text = lower_case(option_of(properties, name));
  if (text.empty()) return otherwise;
  if (text != "true" && text != "false")
    throw_invalid("the catalog option " + name + " is true or false, not '" + text + "'");
  return text == "true";
}

void refuse_options(const ServiceCatalogOptions& options,
                    const std::vector<RefusedOption>& refused) {
  for (const auto& [name, value] : options.properties) {
    for (const RefusedOption& row : refused) {
      const bool meant = row.name.ends_with('.') ? name.starts_with(row.name) : name == row.name;
      if (!meant || std::ranges::find(row.allowed, value) != row.allowed.end()) continue;
      throw_unsupported("the option " + name + " = " + value + " of the catalog " + options.name);
    }
  }
}

files::StoreOptions store_options_of(const iceberg::Properties& properties) {
  files::StoreOptions options;
  for (const auto& [name, value] : properties) {
    if (name.starts_with("s3.") || name == "client.region") options[name] = value;
  }
  return options;
}

std::string bucket_of(const std::string& uri) {
  if (!files::scheme_of(uri).starts_with("s3")) return "";
  const size_t bucket = uri.find("://");
  if (bucket == std::string::npos) return "";
  return uri.substr(0, uri.find('/', bucket + 3));
}

}  // namespace firn::catalog
