// uses: iceberg types base
// Any text as a schema, a partition spec, its fields, or a name mapping: an Error, or a value that
// survives writing and reading again.
#include <cstdint>
#include <string_view>

#include "attempt.h"
#include "iceberg/metadata_json.h"
#include "iceberg/name_mapping.h"

using firn::fuzz::attempt;
namespace iceberg = firn::iceberg;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  attempt([&] {
    const firn::types::Schema schema = iceberg::parse_schema(text);
    const std::string written = iceberg::write_schema(schema);
    FIRN_CHECK(iceberg::write_schema(iceberg::parse_schema(written)) == written,
               "a schema is read back");
    for (const firn::types::Field& field : schema.fields)
      (void)schema.parents_of(field.id), (void)schema.name_of(field.id);
    (void)iceberg::to_json(iceberg::map_names(schema));
    int last_id = 0;
    (void)firn::types::assign_fresh_ids(schema, last_id);
  });
  attempt([&] {
    const std::string written = iceberg::write_partition_spec(iceberg::parse_partition_spec(text));
    FIRN_CHECK(iceberg::write_partition_spec(iceberg::parse_partition_spec(written)) == written,
               "a partition spec is read back");
  });
  attempt([&] { (void)iceberg::parse_partition_fields(text); });
  attempt([&] {
    const std::string written = iceberg::to_json(iceberg::parse_name_mapping(text));
    FIRN_CHECK(iceberg::to_json(iceberg::parse_name_mapping(written)) == written,
               "a name mapping is read back");
  });
  return 0;
}
