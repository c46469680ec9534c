// uses: formats columnar kernels sql plan functions files iceberg types base
// Any text as a type: of Iceberg, of Spark's DDL, of Spark's schema JSON; as a transform. What is
// read survives writing.
#include <cstdint>
#include <string_view>

#include "attempt.h"
#include "formats/schema_json.h"
#include "sql/parser.h"
#include "sql/schema_json.h"
#include "types/transform.h"

using firn::fuzz::attempt;
using firn::types::DataType;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  attempt([&] {
    const std::string written = firn::types::parse_primitive(text).to_string();
    FIRN_CHECK(firn::types::parse_primitive(written).to_string() == written, "a type is read back");
  });
  const std::string transform = firn::types::parse_transform(text).to_string();
  FIRN_CHECK(firn::types::parse_transform(transform).to_string() == transform,
             "a transform is read back");
  for (const auto parse : {&firn::sql::parse_data_type, &firn::sql::parse_table_schema,
                           &firn::sql::parse_schema, &firn::sql::parse_schema_json}) {
    attempt([&] {
      const DataType type = parse(text);
      FIRN_CHECK(firn::sql::parse_schema_json(type.json()) == type, "a type's JSON is read back");
      (void)type.simple_string();
      if (type.id() == firn::types::DataTypeId::kStruct)
        attempt([&] { (void)firn::types::to_iceberg_schema(type); });
    });
  }
  attempt([&] { (void)firn::formats::parse_schema_json(text).json(); });
  attempt([&] { (void)firn::formats::parse_text_list(text); });
  return 0;
}
