// Name mappings: how names of columns without field ids are found.
#include "iceberg/name_mapping.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace firn::iceberg {
namespace {

constexpr const char* kMapping = R"([
  {"field-id": 1, "names": ["id", "record_id"]},
  {"field-id": 2, "names": ["a.b"]},
  {"field-id": 3, "names": ["a"], "fields": [{"field-id": 4, "names": ["b", "c.d"]}]},
  {"names": ["unknown"]}
])";

struct Row {
  const char* name;
  std::optional<int> want;  // absent: not found
};

// A dot in a name is a letter like others, never a path.
TEST(NameMapping, NamesAreLiteral) {
  const NameMapping mapping = parse_name_mapping(kMapping);
  for (const Row& row :
       {Row{"id", 1}, {"record_id", 1}, {"a.b", 2}, {"a", 3}, {"b", {}}, {"ID", {}}}) {
    const MappedField* found = find(mapping, row.name);
    ASSERT_EQ(found != nullptr, row.want.has_value()) << row.name;
    if (row.want) {
      EXPECT_EQ(found->field_id, row.want) << row.name;
    }
  }
  const MappedField* nested = find(mapping, "a");
  EXPECT_EQ(find(nested->fields, "b")->field_id, 4);
  EXPECT_EQ(find(nested->fields, "c.d")->field_id, 4);
  EXPECT_EQ(find(nested->fields, "d"), nullptr);
  EXPECT_FALSE(find(mapping, "unknown")->field_id.has_value());
}

// As the reference implementation writes it into the property.
TEST(NameMapping, IsWrittenAsJavaDoes) {
  types::Schema schema;
  const types::Type number = types::Type::primitive(types::TypeId::kInt);
  schema.fields = {
      {.id = 1, .name = "i \"d\"", .type = number},
      {.id = 2,
       .name = "l",
       .type = types::Type::list(
           3, false, types::Type::structure({{.id = 4, .name = "a", .type = number}}))}};
  const std::string text = to_json(map_names(schema));
  EXPECT_EQ(text,
            "[ {\n  \"field-id\" : 1,\n  \"names\" : [ \"i \\\"d\\\"\" ]\n}, {\n"
            "  \"field-id\" : 2,\n  \"names\" : [ \"l\" ],\n  \"fields\" : [ {\n"
            "    \"field-id\" : 3,\n    \"names\" : [ \"element\" ],\n    \"fields\" : [ {\n"
            "      \"field-id\" : 4,\n      \"names\" : [ \"a\" ]\n    } ]\n  } ]\n} ]");
  EXPECT_EQ(to_json(parse_name_mapping(text)), text);
  EXPECT_EQ(to_json({}), "[ ]");
}

TEST(NameMapping, DamagedTextIsNamed) {
  EXPECT_THROW(parse_name_mapping("[{\"names\": 1}]"), Error);
}

}  // namespace
}  // namespace firn::iceberg
