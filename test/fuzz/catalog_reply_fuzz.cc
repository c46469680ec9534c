// uses: catalog iceberg types base
// Any bytes as the answer of a catalog's server (Glue, REST): an Error or a value. What cannot be
// answered as it is documented must not do more than that.
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/error.h"
#include "catalog/glue_json.h"
#include "catalog/rest_json.h"

namespace {

template <typename Parse>
void must_end_well(Parse parse) {
  try {
    parse();
  } catch (const firn::Error& error) {
    FIRN_CHECK(error.code() != firn::Code::kInternal, error.what());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  must_end_well([&] { firn::catalog::parse_glue_database(text); });
  must_end_well([&] {
    firn::catalog::glue_update_table({"", "db", firn::catalog::parse_glue_table(text)}, true);
  });
  must_end_well([&] { firn::catalog::parse_glue_databases(text); });
  must_end_well([&] { firn::catalog::parse_glue_tables(text); });
  must_end_well([&] { firn::catalog::parse_rest_config(text); });
  must_end_well([&] { firn::catalog::parse_rest_token(text); });
  must_end_well([&] { firn::catalog::parse_rest_namespaces(text); });
  must_end_well([&] { firn::catalog::parse_rest_identifiers(text); });
  must_end_well([&] { firn::catalog::parse_rest_namespace(text); });
  must_end_well([&] {
    firn::catalog::glue_storage_descriptor(*firn::catalog::parse_rest_table(text).state.metadata);
  });
  must_end_well([&] { firn::catalog::parse_rest_view(text); });
  firn::catalog::parse_glue_failure(text, "");
  firn::catalog::parse_rest_failure(text);
  return 0;
}
