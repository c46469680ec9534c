// What catalogs that are services say and are told: good answers, answers that are not as
// documented, requests.
#include <gtest/gtest.h>

#include <functional>

#include "base/error.h"
#include "catalog/glue_json.h"
#include "catalog/rest_client.h"
#include "catalog/rest_json.h"
#include "catalog/service_options.h"
#include "iceberg/metadata_json.h"

namespace firn::catalog {
namespace {

using types::Type;
using types::TypeId;

// ---- answers that are not as documented

struct BadAnswer {
  const char* name;
  std::function<void(std::string_view)> parse;
  std::string answer;
  const char* named;  // in the message
};

std::string deep(int levels) { return std::string(static_cast<size_t>(levels), '['); }

const BadAnswer kBadAnswers[] = {
    {"nothing", parse_glue_table, "", "answer of Glue"},
    {"html", parse_glue_table, "<html>", "JSON"},
    {"deep", parse_glue_tables, deep(100'000), "nested"},
    {"no table", parse_glue_table, "{}", "Table"},
    {"a table of another shape", parse_glue_table, R"({"Table": []})", "Table"},
    {"no name", parse_glue_table, R"({"Table": {}})", "Table.Name"},
    {"parameters", parse_glue_table, R"({"Table": {"Name": "t", "Parameters": {"a": 1}}})",
     "Table.Parameters.a"},
    {"version", parse_glue_table, R"({"Table": {"Name": "t", "VersionId": 3}})", "VersionId"},
    {"storage", parse_glue_table, R"({"Table": {"Name": "t", "StorageDescriptor": 3}})",
     "StorageDescriptor"},
    {"rows", parse_glue_tables, R"({"TableList": {}})", "TableList"},
    {"row", parse_glue_databases, R"({"DatabaseList": [{"Name": "a"}, 3]})", "DatabaseList[1]"},
    {"page", parse_glue_databases, R"({"NextToken": 3})", "NextToken"},
    {"bytes", parse_glue_database, "{\"Database\": {\"Name\": \"\xff\"}}", "JSON"},
    {"rest: nothing", parse_rest_config, "", "REST catalog"},
    {"rest: array", parse_rest_config, "[]", "object"},
    {"rest: default", parse_rest_config, R"({"defaults": {"a": 1}})", "defaults.a"},
    {"rest: endpoints", parse_rest_config, R"({"endpoints": [1]})", "endpoints[0]"},
    {"rest: no token", parse_rest_token, R"({"token_type": "bearer"})", "access_token"},
    {"rest: time", parse_rest_token, R"({"access_token": "x", "expires_in": "1"})", "expires_in"},
    {"rest: levels", parse_rest_namespaces, R"({"namespaces": ["a"]})", "namespaces[0]"},
    {"rest: identifier", parse_rest_identifiers, R"({"identifiers": [{"name": "a"}]})",
     "identifiers[0].namespace"},
    {"rest: no metadata", parse_rest_table, R"({"metadata-location": "x"})", "metadata"},
    {"rest: no location", parse_rest_table, R"({"metadata": {}})", "metadata-location"},
    {"rest: metadata", parse_rest_table, R"({"metadata-location": "x", "metadata": {}})",
     "format-version"},
    {"rest: view", parse_rest_view, R"({"metadata-location": "x", "metadata": {}})",
     "format-version"},
};

TEST(ServiceAnswers, ThatAreNotAsDocumentedAreNamed) {
  for (const BadAnswer& row : kBadAnswers) {
    try {
      row.parse(row.answer);
      ADD_FAILURE() << row.name << ": nothing was thrown";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::kCorrupt) << row.name;
      EXPECT_NE(error.message().find(row.named), std::string::npos)
          << row.name << ": " << error.message();
    }
  }
}

// ---- Glue

struct FailureRow {
  const char* body;
  const char* header;
  const char* type;
  const char* message;
};
TEST(GlueAnswers, Failures) {
  for (const FailureRow& row : {
           FailureRow{R"({"__type": "EntityNotFoundException", "Message": "no t"})", "",
                      "EntityNotFoundException", "no t"},
           {R"({"__type": "com.amazonaws.glue#ConcurrentModificationException", "message": "m"})",
            "", "ConcurrentModificationException", "m"},
           {"{}", "AccessDeniedException:http://x", "AccessDeniedException", ""},
           {"<html>busy</html>", "", "", "<html>busy</html>"},
           {"", "", "", ""},
           {R"({"__type": 3})", "", "", R"({"__type": 3})"},
       }) {
    const ServiceFailure failure = parse_glue_failure(row.body, row.header);
    EXPECT_EQ(failure.type, row.type);
    EXPECT_EQ(failure.message, row.message);
  }
}

TEST(GlueAnswers, TablesAndPages) {
  const auto page = parse_glue_tables(
      R"({"TableList": [{"Name": "a", "VersionId": "7", "Parameters": {"table_type": "iceberg",
          "metadata_location": "s3://b/m.json"}}, {"Name": "b"}], "NextToken": "x"})");
  ASSERT_EQ(page.rows.size(), 2U);
  EXPECT_EQ(page.next_token, "x");
  EXPECT_TRUE(page.rows[0].is_iceberg());
  EXPECT_EQ(page.rows[0].version_id, "7");
  EXPECT_EQ(page.rows[0].metadata_location(), "s3://b/m.json");
  EXPECT_FALSE(page.rows[1].is_iceberg());
  EXPECT_EQ(page.rows[1].metadata_location(), std::nullopt);
  EXPECT_EQ(parse_glue_tables("{}").rows.size(), 0U);
}

TEST(GlueRequests, AsGlueDocumentsThem) {
  GlueTable table;
  table.name = "t";
  table.version_id = "3";
  table.parameters = {{"k", "v"}};
  table.storage_descriptor = R"({"Location": "s3://b"})";
  EXPECT_EQ(glue_update_table({"42", "db", table}, true),
            R"({"CatalogId":"42","DatabaseName":"db","TableInput":{"Name":"t",)"
            R"("StorageDescriptor":{"Location":"s3://b"},"Parameters":{"k":"v"}},)"
            R"("SkipArchive":true,"VersionId":"3"})");
  EXPECT_EQ(glue_page_request("", "db", "x"), R"({"DatabaseName":"db","NextToken":"x"})");
  EXPECT_EQ(glue_database_name("", "db"), R"({"Name":"db"})");
}

TEST(GlueTypes, AsHiveSpellsThem) {
  const Type text = Type::primitive(TypeId::kString);
  types::Field inner{.id = 2, .name = "a", .type = Type::decimal(9, 2)};
  EXPECT_EQ(glue_type(Type::list(1, false, Type::structure({inner}))),
            "array<struct<a:decimal(9,2)>>");
  EXPECT_EQ(glue_type(Type::map(1, text, 2, true, Type::primitive(TypeId::kTimestamptz))),
            "map<string,timestamp>");
  EXPECT_EQ(glue_type(Type::fixed(4)), "binary");
  EXPECT_EQ(glue_type(Type::primitive(TypeId::kUuid)), "string");
}

// ---- REST

TEST(RestAnswers, Failures) {
  const ServiceFailure failure = parse_rest_failure(
      R"({"error": {"message": "no t", "type": "NoSuchTableException", "code": 404}})");
  EXPECT_EQ(failure.type, "NoSuchTableException");
  EXPECT_EQ(failure.message, "no t");
  EXPECT_EQ(parse_rest_failure(R"({"error": "invalid_client"})").type, "invalid_client");
  EXPECT_EQ(parse_rest_failure("<html>").message, "<html>");
  EXPECT_EQ(parse_rest_failure(R"({"error": [1]})").type, "");
}

TEST(RestPaths, NamesAreEncoded) {
  EXPECT_EQ(rest_path(Namespace{"a", "b/c d"}), "a%1Fb%2Fc%20d");
  EXPECT_EQ(rest_path(std::string("t%1F")), "t%251F");
}

TEST(RestRequests, PlainCreations) {
  iceberg::TableChange change;
  change.requirements = {iceberg::AssertCreate{}};
  change.updates = {iceberg::AssignUuid{"u"}, iceberg::UpgradeFormatVersion{2},
                    iceberg::AddSchema{}, iceberg::SetCurrentSchema{-1},
                    iceberg::SetProperties{{{"k", "v"}}}};
  EXPECT_TRUE(is_plain_creation(change));
  const std::string body = rest_create_table("t", change);
  EXPECT_NE(body.find(R"("properties":{"format-version":"2","k":"v"})"), std::string::npos) << body;
  EXPECT_EQ(body.find("location"), std::string::npos) << "the server chooses the place";
  change.updates.push_back(iceberg::AddSnapshot{});
  EXPECT_FALSE(is_plain_creation(change));
  change.updates.pop_back();
  change.requirements = {iceberg::AssertTableUuid{"u"}};
  EXPECT_FALSE(is_plain_creation(change));
}

TEST(RestRequests, WhatTheTableHasIsSetByItsId) {
  iceberg::TableMetadata base;
  base.schemas.resize(2);
  base.schemas[1].schema_id = 1;
  base.schemas[1].fields = {{.id = 1, .name = "a", .type = Type::primitive(TypeId::kInt)}};
  base.specs = {{3, {}}};
  types::Schema fresh = base.schemas[1];
  fresh.fields[0].name = "b";
  iceberg::TableChange change;
  change.updates = {iceberg::AddSchema{base.schemas[1]}, iceberg::SetCurrentSchema{-1},
                    iceberg::AddSchema{fresh},           iceberg::SetCurrentSchema{-1},
                    iceberg::AddPartitionSpec{},         iceberg::SetDefaultSpec{-1}};
  EXPECT_TRUE(adds_parts(change));
  const iceberg::TableChange sent = without_known_parts(base, change);
  ASSERT_EQ(sent.updates.size(), 4U);
  EXPECT_EQ(std::get<iceberg::SetCurrentSchema>(sent.updates[0]).schema_id, 1);
  EXPECT_EQ(std::get<iceberg::SetCurrentSchema>(sent.updates[2]).schema_id, -1);
  EXPECT_EQ(std::get<iceberg::SetDefaultSpec>(sent.updates[3]).spec_id, 3);
}

TEST(RestRequests, ChangesAsTheProtocolHasThem) {
  iceberg::TableChange change;
  change.requirements = {iceberg::AssertTableUuid{"u"}, iceberg::AssertRefSnapshotId{"main", {}}};
  change.updates = {iceberg::RemoveProperties{{"k"}}};
  EXPECT_EQ(rest_commit({{"a", "b"}, "t"}, change),
            R"({"identifier":{"namespace":["a","b"],"name":"t"},"requirements":[)"
            R"({"type":"assert-table-uuid","uuid":"u"},)"
            R"({"type":"assert-ref-snapshot-id","ref":"main","snapshot-id":null}],)"
            R"("updates":[{"action":"remove-properties","removals":["k"]}]})");
}

// ---- options

TEST(ServiceOptions, FlagsAndRefusals) {
  const iceberg::Properties options = {{"on", "TRUE"}, {"odd", "maybe"}, {"role.arn", "x"}};
  EXPECT_TRUE(flag_of(options, "on", false));
  EXPECT_FALSE(flag_of(options, "unset", false));
  EXPECT_THROW(flag_of(options, "odd", false), Error);
  EXPECT_THROW(refuse_options({"c", options}, {{"role.", {}}}), Error);
  EXPECT_NO_THROW(refuse_options({"c", options}, {{"on", {"TRUE"}}, {"role", {}}}));
  EXPECT_EQ(bucket_of("s3a://b/x/y"), "s3a://b");
  EXPECT_EQ(bucket_of("/tmp/x"), "");
}

}  // namespace
}  // namespace firn::catalog
