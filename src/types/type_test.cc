// Types and schemas: spelling, promotion, look-ups, fresh ids.
#include "types/type.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "types/schema.h"
#include "types/test_support.h"

namespace firn::types {
namespace {

Type of(TypeId id) { return Type::primitive(id); }

TEST(Type, SpellingRoundTrips) {
  for (const char* text : {"boolean",
                           "int",
                           "long",
                           "float",
                           "double",
                           "date",
                           "time",
                           "timestamp",
                           "timestamptz",
                           "string",
                           "uuid",
                           "binary",
                           "timestamp_ns",
                           "timestamptz_ns",
                           "unknown",
                           "variant",
                           "geometry",
                           "geography",
                           "decimal(9, 2)",
                           "decimal(38, 38)",
                           "fixed[16]",
                           "geometry(srid:4326)",
                           "geography(OGC:CRS84, karney)"}) {
    EXPECT_EQ(parse_primitive(text).to_string(), text);
  }
  EXPECT_EQ(parse_primitive("decimal(9,2)").to_string(), "decimal(9, 2)");
}

TEST(Type, RefusesWhatIsNoType) {
  for (const char* text :
       {"", "integer", "decimal", "decimal(39,0)", "decimal(0,0)", "decimal(3,4)", "decimal(3,-1)",
        "fixed", "fixed[-1]", "fixed[x]", "struct<>", "INT"}) {
    try {
      parse_primitive(text);
      ADD_FAILURE() << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::kCorrupt);
      EXPECT_NE(error.message().find('"' + std::string(text) + '"'), std::string::npos);
    }
  }
}

TEST(Type, NestedSpelling) {
  const Type inner = Type::structure({field(3, "lat", of(TypeId::kDouble), true)});
  const Type type = Type::structure(
      {field(1, "a", Type::list(2, false, inner)),
       field(4, "m", Type::map(5, of(TypeId::kString), 6, false, of(TypeId::kInt)))});
  EXPECT_EQ(type.to_string(),
            "struct<1: a: optional list<struct<3: lat: required double>>, "
            "4: m: optional map<string, int>>");
  EXPECT_EQ(type, Type(type));
  EXPECT_NE(inner, Type::structure({field(3, "lat", of(TypeId::kDouble), false)}));
}

struct PromotionRow {
  const char* from;
  const char* to;
  int version;
  bool want;
};
TEST(Type, Promotion) {
  for (const PromotionRow& row : {
           PromotionRow{"int", "long", 2, true},
           {"long", "int", 2, false},
           {"float", "double", 2, true},
           {"double", "float", 2, false},
           {"int", "int", 1, true},
           {"decimal(9,2)", "decimal(18,2)", 2, true},
           {"decimal(9,2)", "decimal(18,3)", 2, false},
           {"decimal(18,2)", "decimal(9,2)", 2, false},
           {"int", "string", 3, false},
           {"date", "timestamp", 2, false},
           {"date", "timestamp", 3, true},
           {"date", "timestamp_ns", 3, true},
           {"date", "timestamptz", 3, false},
           {"unknown", "string", 3, true},
           {"fixed[4]", "fixed[8]", 2, false},
       }) {
    EXPECT_EQ(can_promote(parse_primitive(row.from), parse_primitive(row.to), row.version),
              row.want)
        << row.from << " to " << row.to;
  }
}

Schema nested_schema() {
  Schema schema;
  schema.fields = {field(10, "id", of(TypeId::kLong), true),
                   field(20, "Location",
                         Type::structure({field(21, "lat", of(TypeId::kFloat)),
                                          field(22, "x.y", of(TypeId::kInt))})),
                   field(30, "tags", Type::list(31, false, of(TypeId::kString))),
                   field(40, "m",
                         Type::map(41, of(TypeId::kString), 42, false,
                                   Type::structure({field(43, "v", of(TypeId::kInt))})))};
  schema.identifier_field_ids = {10};
  return schema;
}

TEST(Schema, FindsNestedFields) {
  const Schema schema = nested_schema();
  const auto id_of = [](const Field* found) { return found ? found->id : -1; };
  EXPECT_EQ(id_of(schema.find("id")), 10);
  EXPECT_EQ(id_of(schema.find("Location.lat")), 21);
  EXPECT_EQ(id_of(schema.find("location.lat")), -1);
  EXPECT_EQ(id_of(schema.find_ignoring_case("location.LAT")), 21);
  EXPECT_EQ(id_of(schema.find("Location.x.y")), 22);
  EXPECT_EQ(id_of(schema.find("tags.element")), 31);
  EXPECT_EQ(id_of(schema.find("m.key")), 41);
  EXPECT_EQ(id_of(schema.find("m.value.v")), 43);
  EXPECT_EQ(id_of(schema.find("m.v")), -1);
  EXPECT_EQ(id_of(schema.find(43)), 43);
  EXPECT_EQ(id_of(schema.find(99)), -1);
  EXPECT_EQ(schema.name_of(43), "m.value.v");
  EXPECT_EQ(schema.name_of(99), std::nullopt);
  EXPECT_EQ(schema.parents_of(43), (std::vector<int>{40, 42}));
  EXPECT_EQ(schema.parents_of(10), std::vector<int>{});
  EXPECT_EQ(schema.highest_field_id(), 43);
}

TEST(Schema, FreshIdsGoLevelByLevel) {
  int last_id = 0;
  const Schema fresh = assign_fresh_ids(nested_schema(), last_id);
  EXPECT_EQ(fresh.as_struct().to_string(),
            "struct<1: id: required long, "
            "2: Location: optional struct<5: lat: optional float, 6: x.y: optional int>, "
            "3: tags: optional list<string>, "
            "4: m: optional map<string, struct<10: v: optional int>>>");
  EXPECT_EQ(fresh.find("tags.element")->id, 7);
  EXPECT_EQ(fresh.find("m.key")->id, 8);
  EXPECT_EQ(fresh.find("m.value")->id, 9);
  EXPECT_EQ(fresh.identifier_field_ids, std::vector<int>{1});
  EXPECT_EQ(last_id, 10);
}

}  // namespace
}  // namespace firn::types
