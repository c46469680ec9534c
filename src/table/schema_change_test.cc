// Schema evolution: ids stay with their columns, and what is refused.
#include "table/schema_change.h"

#include <gtest/gtest.h>

#include <functional>

#include "base/error.h"
#include "table/sample_table.h"

namespace firn::table {
namespace {

using types::Type;
using types::TypeId;

iceberg::TableMetadata nested() {
  iceberg::TableMetadata metadata = sample_metadata({by_day()});
  types::Schema schema = metadata.schema();
  const auto point = [](int x, int y) {
    return Type::structure({{.id = x, .name = "x", .type = Type::primitive(TypeId::kInt)},
                            {.id = y, .name = "y", .type = Type::primitive(TypeId::kFloat)}});
  };
  schema.fields.push_back({.id = 4, .name = "p", .type = point(5, 6)});
  schema.fields.push_back({.id = 7, .name = "l", .type = Type::list(8, false, point(9, 10))});
  return iceberg::apply(&metadata, {iceberg::AddSchema{schema}, iceberg::SetCurrentSchema{-1}}, 0,
                        std::nullopt);
}

std::string text(const types::Schema& schema) { return schema.as_struct().to_string(); }

TEST(SchemaChange, AddsAtAnyDepthWithFreshIds) {
  const iceberg::TableMetadata base = nested();
  SchemaChange change(base, "s.t");
  change.add({"P"}, {.name = "w", .type = Type::primitive(TypeId::kString)}, {.after = "X"});
  change.add({"l", "element"}, {.name = "v", .type = Type::primitive(TypeId::kLong)},
             {.first = true});
  change.add({}, {.name = "a", .type = Type::primitive(TypeId::kInt)}, {.after = "id"});
  const types::Schema& schema = change.schema();
  EXPECT_EQ(schema.fields[1].name, "a");
  EXPECT_EQ(schema.find("p.w")->id, base.last_column_id + 1);
  EXPECT_EQ(schema.find("l.element.v")->id, base.last_column_id + 2);
  EXPECT_EQ(schema.find("a")->id, base.last_column_id + 3);
  EXPECT_EQ(schema.find("p")->type.fields()[1].name, "w");
  EXPECT_EQ(change.commit().updates.size(), 2u);
}

TEST(SchemaChange, KeepsIdsOverRenameMoveAndPromotion) {
  const iceberg::TableMetadata base = nested();
  SchemaChange change(base, "s.t");
  change.rename({"name"}, "title");
  change.rename({"p", "x"}, "xx");
  change.promote({"p", "xx"}, Type::primitive(TypeId::kLong));
  change.promote({"l", "element", "y"}, Type::primitive(TypeId::kDouble));
  change.move({"p"}, {.first = true});
  change.set_required({"id"}, false);
  change.set_doc({"title"}, "what");
  EXPECT_EQ(change.schema().fields[0].id, 4);
  EXPECT_EQ(change.schema().find("title")->id, kNameField);
  EXPECT_EQ(change.schema().find("title")->doc, "what");
  EXPECT_EQ(change.schema().find("p.xx")->id, 5);
  EXPECT_EQ(change.schema().find("p.xx")->type.id(), TypeId::kLong);
  EXPECT_EQ(change.schema().find("l.element.y")->type.id(), TypeId::kDouble);
  EXPECT_FALSE(change.schema().find("id")->required);
}

// As Iceberg's UpdateSchema does it.
TEST(SchemaChange, SettingsOfColumnsFollowThem) {
  const std::string metrics = "write.metadata.metrics.column.";
  iceberg::TableMetadata base = nested();
  base.properties = {{metrics + "name", "full"},
                     {metrics + "p.x", "counts"},
                     {metrics + "unknown", "none"},
                     {"write.parquet.bloom-filter-enabled.column.name", "true"},
                     {"write.metadata.metrics.default", "counts"}};
  const auto after = [&](const std::function<void(SchemaChange&)>& edit) {
    SchemaChange change(base, "s.t");
    edit(change);
    return iceberg::apply(&base, change.commit().updates, 0, std::nullopt).properties;
  };
  iceberg::Properties want = base.properties;
  EXPECT_EQ(after([](SchemaChange& change) { change.rename({"id"}, "key"); }), want);
  want.erase(metrics + "p.x");
  EXPECT_EQ(after([](SchemaChange& change) { change.remove({"p", "x"}); }), want);
  want[metrics + "p.y2"] = "counts";
  EXPECT_EQ(after([](SchemaChange& change) { change.rename({"p", "x"}, "y2"); }), want);
  want = base.properties;
  want.erase(metrics + "name");
  want.erase("write.parquet.bloom-filter-enabled.column.name");
  want[metrics + "title"] = "full";
  want["write.parquet.bloom-filter-enabled.column.title"] = "true";
  EXPECT_EQ(after([](SchemaChange& change) { change.rename({"name"}, "title"); }), want);
}

TEST(SchemaChange, Refuses) {
  const iceberg::TableMetadata base = nested();
  struct Row {
    const char* condition;
    std::function<void(SchemaChange&)> change;
  };
  for (const Row& row : std::vector<Row>{
           {"UNRESOLVED_COLUMN.WITH_SUGGESTION", [](auto& c) { c.remove({"nope"}); }},
           {"UNRESOLVED_COLUMN.WITH_SUGGESTION", [](auto& c) { c.rename({"p", "z"}, "q"); }},
           {"FIELD_ALREADY_EXISTS", [](auto& c) { c.rename({"name"}, "ID"); }},
           {"FIELD_ALREADY_EXISTS",
            [](auto& c) {
              c.add({}, {.name = "Name", .type = Type::primitive(TypeId::kInt)}, {});
            }},
           {"FIRN_INVALID_INPUT",
            [](auto& c) {
              c.add({}, {.name = "r", .required = true, .type = Type::primitive(TypeId::kInt)}, {});
            }},
           {"NOT_SUPPORTED_CHANGE_COLUMN",
            [](auto& c) { c.promote({"name"}, Type::primitive(TypeId::kInt)); }},
           {"NOT_SUPPORTED_CHANGE_COLUMN",
            [](auto& c) { c.promote({"id"}, Type::primitive(TypeId::kInt)); }},
           {"FIRN_INVALID_INPUT", [](auto& c) { c.set_required({"name"}, true); }},
           {"FIRN_INVALID_INPUT", [](auto& c) { c.remove({"day"}); }},  // a partition source
           {"FIRN_INVALID_INPUT", [](auto& c) { c.remove({"l", "element"}); }},
           {"FIRN_INVALID_INPUT", [](auto& c) { c.set_identifier_fields({{"name"}}); }},
       }) {
    SchemaChange change(base, "s.t");
    const std::string before = text(change.schema());
    try {
      row.change(change);
      ADD_FAILURE() << row.condition << " was not thrown";
    } catch (const Error& error) {
      EXPECT_EQ(error.condition(), row.condition) << error.what();
    }
    EXPECT_EQ(text(change.schema()), before);
  }
}

TEST(SchemaChange, IdentifierFields) {
  const iceberg::TableMetadata base = nested();
  SchemaChange change(base, "s.t");
  change.set_identifier_fields({{"id"}});
  EXPECT_EQ(change.schema().identifier_field_ids, std::vector<int>{kIdField});
  EXPECT_THROW(change.remove({"id"}), Error);
  change.drop_identifier_fields({{"ID"}});
  EXPECT_TRUE(change.schema().identifier_field_ids.empty());
}

}  // namespace
}  // namespace firn::table
