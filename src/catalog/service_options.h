// Options of catalogs that are services: their names, flags, and what of them is for S3.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "catalog/catalog.h"

namespace firn::catalog {

// "" where it is not set.
std::string option_of(const iceberg::Properties&, const std::string& name);
// Error FIRN_INVALID_INPUT where it is neither true nor false.
bool flag_of(const iceberg::Properties&, const std::string& name, bool otherwise);

// An option that would change what happens, and the values that it may have here.
struct RefusedOption {
  std::string_view name;  // also what begins with it, where it ends in '.'
  std::vector<std::string_view> allowed;
};
// UNSUPPORTED_FEATURE naming the first one that is set to another value.
void refuse_options(const ServiceCatalogOptions&, const std::vector<RefusedOption>&);

// The s3.* and client.region options, for files below a table's location.
files::StoreOptions store_options_of(const iceberg::Properties&);

// "s3://bucket" of s3://bucket/a/b; "" of what is not on S3.
std::string bucket_of(const std::string& uri);

}  // namespace firn::catalog
