// The SQLite catalog: its rows as other engines expect them, its compare-and-swap, its errors, and
// writers at the same time.
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

#include "base/clock.h"
#include "base/error.h"
#include "catalog/catalog.h"
#include "catalog/metadata_file.h"
#include "catalog/sqlite.h"
#include "table/append.h"
#include "table/scan.h"

namespace firn::catalog {
namespace {

namespace fs = std::filesystem;
using types::TransformId;
using types::Type;
using types::TypeId;

types::Schema schema() {
  types::Schema schema;
  schema.fields.resize(3);
  schema.fields[0] = {.name = "id", .required = true, .type = Type::primitive(TypeId::kLong)};
  schema.fields[1] = {.name = "at", .type = Type::primitive(TypeId::kTimestamptz)};
  schema.fields[2] = {.name = "tags",
                      .type = Type::list(0, false, Type::primitive(TypeId::kString))};
  return schema;
}

class SqliteCatalogTest : public testing::Test {
 protected:
  SqliteCatalogTest() : store(files::make_local_store()) {
    std::string pattern = (fs::temp_directory_path() / "firn-catalog-XXXXXX").string();
    folder = mkdtemp(pattern.data());
    catalog = open();
  }
  ~SqliteCatalogTest() override { fs::remove_all(folder); }

  std::unique_ptr<Catalog> open(const std::string& name = "firn") {
    return open_sqlite_catalog({name, (folder / "catalog.db").string(), folder.string()}, *store);
  }
  table::Table make(const TableName& name, iceberg::Properties properties = {}) {
    if (!catalog->namespace_exists(name.space)) catalog->create_namespace(name.space, {});
    return create_table(*catalog, name, {.schema = schema(), .properties = std::move(properties)});
  }
  std::vector<SqliteDatabase::Row> sql(const std::string& text) {
    return SqliteDatabase((folder / "catalog.db").string()).query(text);
  }
  std::set<std::string> metadata_files(const table::Table& table) {
    std::set<std::string> files;
    for (const auto& info : store->list(table.metadata().location + "/metadata")) {
      if (info.uri.ends_with(".metadata.json")) files.insert(info.uri);
    }
    return files;
  }
  static iceberg::TableChange set(const std::string& key, const std::string& value) {
    return {{}, {iceberg::SetProperties{{{key, value}}}}};
  }
  template <typename Call>
  static std::string condition_of(Call call) {
    try {
      call();
      return "none";
    } catch (const Error& error) {
      return std::string(error.condition());
    }
  }

  fs::path folder;
  std::unique_ptr<files::FileStore> store;
  std::unique_ptr<Catalog> catalog;
};

const TableName kBooking{{"silver"}, "booking"};

TEST_F(SqliteCatalogTest, TablesAreJavasV0PlusType) {
  const auto columns = [this](const char* table) {
    std::vector<std::string> found;
    for (const auto& row : sql(std::string("PRAGMA table_info(") + table + ")")) {
      found.push_back(*row[1] + " " + *row[2] + (row[3] == "1" ? " NOT NULL" : "") +
                      (row[5] != "0" ? " key" + *row[5] : ""));
    }
    return found;
  };
  EXPECT_EQ(
      columns("iceberg_tables"),
      (std::vector<std::string>{
          "catalog_name VARCHAR(255) NOT NULL key1", "table_namespace VARCHAR(255) NOT NULL key2",
          "table_name VARCHAR(255) NOT NULL key3", "metadata_location VARCHAR(1000)",
          "previous_metadata_location VARCHAR(1000)", "iceberg_type VARCHAR(5)"}));
  EXPECT_EQ(columns("iceberg_namespace_properties"),
            (std::vector<std::string>{
                "catalog_name VARCHAR(255) NOT NULL key1", "namespace VARCHAR(255) NOT NULL key2",
                "property_key VARCHAR(255) key3", "property_value VARCHAR(1000)"}));
}

TEST_F(SqliteCatalogTest, AFileWithoutTheTypeColumnIsUpgraded) {
  sql("DROP TABLE iceberg_tables");
  sql("CREATE TABLE iceberg_tables(catalog_name VARCHAR(255) NOT NULL, table_namespace "
      "VARCHAR(255) NOT NULL, "
      "table_name VARCHAR(255) NOT NULL, metadata_location VARCHAR(1000), "
      "previous_metadata_location VARCHAR(1000), "
      "PRIMARY KEY (catalog_name, table_namespace, table_name))");
  catalog = open();
  make(kBooking);
  EXPECT_EQ(sql("SELECT iceberg_type FROM iceberg_tables")[0][0], "TABLE");
}

TEST_F(SqliteCatalogTest, ATableIsARowAndAMetadataFile) {
  const table::Table table = make(kBooking, {{"owner", "ada"}});
  const auto row =
      sql("SELECT catalog_name, table_namespace, table_name, metadata_location, "
          "previous_metadata_location, iceberg_type FROM iceberg_tables")[0];
  EXPECT_EQ(row[0], "firn");
  EXPECT_EQ(row[1], "silver");
  EXPECT_EQ(row[2], "booking");
  EXPECT_EQ(row[3], table.state().metadata_file);
  EXPECT_EQ(row[4], std::nullopt);
  EXPECT_EQ(row[5], "TABLE");
  const std::string location = (folder / "silver" / "booking").string();
  EXPECT_EQ(table.metadata().location, location);
  EXPECT_TRUE(table.state().metadata_file.starts_with(location + "/metadata/00000-"));
  EXPECT_TRUE(table.state().metadata_file.ends_with(".metadata.json"));
  EXPECT_EQ(table.metadata().properties.at("owner"), "ada");
  EXPECT_EQ(table.metadata().schema().find("tags.element")->id, 4);
  EXPECT_EQ(open()->load(kBooking)->metadata->table_uuid, table.metadata().table_uuid);
}

TEST_F(SqliteCatalogTest, ACommitMovesThePointerAndKeepsTheOldOne) {
  table::Table table = make(kBooking);
  const std::string first = table.state().metadata_file;
  const table::Reply reply = table.pointer().commit(set("a", "1"));
  ASSERT_EQ(reply.kind, table::ReplyKind::kCommitted);
  const auto row =
      sql("SELECT metadata_location, previous_metadata_location FROM iceberg_tables")[0];
  EXPECT_EQ(row[0], reply.state->metadata_file);
  EXPECT_EQ(row[1], first);
  EXPECT_NE(reply.state->metadata_file.find("/metadata/00001-"), std::string::npos);
  EXPECT_EQ(reply.state->metadata->metadata_log.back().file, first);
}

TEST_F(SqliteCatalogTest, ABrokenRequirementIsAConflictAndLeavesNoFile) {
  table::Table table = make(kBooking);
  iceberg::TableChange change = set("a", "1");
  change.requirements = {iceberg::AssertTableUuid{"another"}};
  EXPECT_EQ(table.pointer().commit(change).kind, table::ReplyKind::kConflict);
  change.requirements = {iceberg::AssertCreate{}};
  EXPECT_EQ(table.pointer().commit(change).kind, table::ReplyKind::kConflict);
  EXPECT_EQ(metadata_files(table).size(), 1);
}

// The pointer moves between the load and the swap of a commit: the file written for it goes.
TEST_F(SqliteCatalogTest, ALostRaceLeavesNoFile) {
  table::Table table = make(kBooking, {{"commit.retry.num-retries", "0"}});
  const auto other = open();
  int won = 0, lost = 0;
  const auto write = [&](Catalog& mine, int& good, int& bad) {
    for (int i = 0; i < 40; ++i) {
      (mine.commit(kBooking, set("a", std::to_string(i))).kind == table::ReplyKind::kCommitted
           ? good
           : bad) += 1;
    }
  };
  int other_won = 0, other_lost = 0;
  std::thread thread([&] { write(*other, other_won, other_lost); });
  write(*catalog, won, lost);
  thread.join();
  EXPECT_EQ(won + other_won + lost + other_lost, 80);
  EXPECT_EQ(metadata_files(table).size(), 1 + won + other_won);
}

TEST_F(SqliteCatalogTest, ARowWithoutATypeIsATable) {  // as PyIceberg writes it
  make(kBooking);
  sql("UPDATE iceberg_tables SET iceberg_type = NULL");
  table::Table table = open_table(*catalog, kBooking);
  EXPECT_EQ(table.pointer().commit(set("a", "1")).kind, table::ReplyKind::kCommitted);
  EXPECT_EQ(catalog->list_tables({"silver"}).size(), 1);
}

TEST_F(SqliteCatalogTest, AViewIsNoTable) {
  make(kBooking);
  sql("UPDATE iceberg_tables SET iceberg_type = 'VIEW'");
  EXPECT_FALSE(catalog->load(kBooking));
  EXPECT_TRUE(catalog->list_tables({"silver"}).empty());
}

TEST_F(SqliteCatalogTest, CatalogsOfAnotherNameAreApart) {
  make(kBooking);
  const auto other = open("other");
  EXPECT_FALSE(other->load(kBooking));
  EXPECT_TRUE(other->list_namespaces({}).empty());
}

TEST_F(SqliteCatalogTest, Namespaces) {
  catalog->create_namespace({"a"}, {{"comment", "first"}});
  catalog->create_namespace({"b", "c"}, {});
  EXPECT_EQ(catalog->list_namespaces({}), (std::vector<Namespace>{{"a"}, {"b"}}));
  EXPECT_EQ(catalog->list_namespaces({"b"}), (std::vector<Namespace>{{"b", "c"}}));
  EXPECT_TRUE(catalog->namespace_exists({"b"}));
  EXPECT_EQ(catalog->namespace_properties({"a"}), (iceberg::Properties{{"comment", "first"}}));
  EXPECT_EQ(sql("SELECT property_value FROM iceberg_namespace_properties WHERE namespace = 'b.c'"),
            (std::vector<SqliteDatabase::Row>{{"true"}}));
  EXPECT_EQ(
      sql("SELECT count(*) FROM iceberg_namespace_properties WHERE property_value IS NULL")[0][0],
      "0");
  EXPECT_EQ(condition_of([&] { catalog->create_namespace({"a"}, {}); }), "SCHEMA_ALREADY_EXISTS");
  EXPECT_EQ(condition_of([&] { catalog->drop_namespace({"b"}); }), "SCHEMA_NOT_EMPTY");
  catalog->drop_namespace({"b", "c"});
  EXPECT_FALSE(catalog->namespace_exists({"b", "c"}));
  EXPECT_EQ(condition_of([&] { catalog->drop_namespace({"zzz"}); }), "SCHEMA_NOT_FOUND");
  EXPECT_EQ(condition_of([&] { catalog->namespace_properties({"zzz"}); }), "SCHEMA_NOT_FOUND");
  create_table(*catalog, {{"a"}, "t"}, {.schema = schema()});
  EXPECT_EQ(condition_of([&] { catalog->drop_namespace({"a"}); }), "SCHEMA_NOT_EMPTY");
}

TEST_F(SqliteCatalogTest, CreateDropRename) {
  make(kBooking);
  EXPECT_EQ(condition_of([&] { make(kBooking); }), "TABLE_OR_VIEW_ALREADY_EXISTS");
  EXPECT_EQ(condition_of([&] { create_table(*catalog, {{"no"}, "t"}, {.schema = schema()}); }),
            "SCHEMA_NOT_FOUND");
  EXPECT_EQ(condition_of([&] { open_table(*catalog, {{"silver"}, "no"}); }),
            "TABLE_OR_VIEW_NOT_FOUND");
  const TableName renamed{{"silver"}, "renamed"};
  catalog->rename_table(kBooking, renamed);
  EXPECT_FALSE(catalog->load(kBooking));
  EXPECT_TRUE(catalog->load(renamed));
  make(kBooking);
  EXPECT_EQ(condition_of([&] { catalog->rename_table(kBooking, renamed); }),
            "TABLE_OR_VIEW_ALREADY_EXISTS");
  EXPECT_EQ(condition_of([&] { catalog->rename_table({{"x"}, "y"}, {{"silver"}, "z"}); }),
            "TABLE_OR_VIEW_NOT_FOUND");
  EXPECT_EQ(condition_of([&] { catalog->rename_table(kBooking, {{"no"}, "z"}); }),
            "SCHEMA_NOT_FOUND");
  catalog->drop_table(kBooking, false);
  EXPECT_EQ(condition_of([&] { catalog->drop_table(kBooking, false); }), "TABLE_OR_VIEW_NOT_FOUND");
}

TEST_F(SqliteCatalogTest, PurgeRemovesTheTablesFiles) {
  table::Table table = make(kBooking);
  SystemClock clock;
  SystemRandom random;
  iceberg::DataFile file;
  file.file_path = table.data_location() + "/a.parquet";
  file.record_count = 1;
  store->put_if_absent(file.file_path, "rows");
  table::AppendRequest request;
  request.files = {file};
  ASSERT_TRUE(std::holds_alternative<table::Committed>(append(table, request, clock, random)));
  const std::string location = table.metadata().location;
  store->put_if_absent(location + "/notes.txt", "not the table's");
  catalog->drop_table(kBooking, true);
  const auto left = store->list(location);
  ASSERT_EQ(left.size(), 1);
  EXPECT_TRUE(left[0].uri.ends_with("notes.txt"));
}

struct PartitionRow {
  const char* name;
  CreateRequest::PartitionColumn column;
  const char* want;  // the field's name, or "error"
};

TEST_F(SqliteCatalogTest, PartitionFieldsAreNamedAsIcebergNamesThem) {
  const PartitionRow rows[] = {{"identity", {"id", {TransformId::kIdentity}, ""}, "id"},
                               {"bucket", {"id", {TransformId::kBucket, 4}, ""}, "id_bucket"},
                               {"truncate", {"id", {TransformId::kTruncate, 4}, ""}, "id_trunc"},
                               {"year", {"at", {TransformId::kYear}, ""}, "at_year"},
                               {"month", {"at", {TransformId::kMonth}, ""}, "at_month"},
                               {"day", {"at", {TransformId::kDay}, ""}, "at_day"},
                               {"hour", {"at", {TransformId::kHour}, ""}, "at_hour"},
                               {"named", {"at", {TransformId::kHour}, "h"}, "h"},
                               {"no_such_column", {"nope", {TransformId::kHour}, ""}, "error"},
                               {"wrong_type", {"id", {TransformId::kHour}, ""}, "error"},
                               {"name_of_a_column", {"at", {TransformId::kHour}, "id"}, "error"}};
  catalog->create_namespace({"p"}, {});
  for (const auto& row : rows) {
    std::string got = "error";
    try {
      const table::Table table = create_table(*catalog, {{"p"}, row.name},
                                              {.schema = schema(), .partition_by = {row.column}});
      got = table.metadata().spec().fields.at(0).name;
      EXPECT_EQ(table.metadata().spec().fields.at(0).field_id, 1000);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::kInvalidInput) << error.what();
    }
    EXPECT_EQ(got, row.want) << row.name;
  }
}

TEST_F(SqliteCatalogTest, CompressedMetadataIsReadBack) {
  table::Table table = make(kBooking, {{"write.metadata.compression-codec", "gzip"}});
  EXPECT_TRUE(table.state().metadata_file.ends_with(".gz.metadata.json"));
  EXPECT_EQ(store->read_all(table.state().metadata_file).substr(0, 2), "\x1f\x8b");
  EXPECT_EQ(open()->load(kBooking)->metadata->table_uuid, table.metadata().table_uuid);
}

TEST_F(SqliteCatalogTest, OldMetadataFilesGoWhereThePropertySaysSo) {
  table::Table table = make(kBooking, {{"write.metadata.delete-after-commit.enabled", "true"},
                                       {"write.metadata.previous-versions-max", "3"}});
  for (int i = 0; i < 10; ++i) table.pointer().commit(set("a", std::to_string(i)));
  EXPECT_EQ(metadata_files(table).size(), 4);  // the current one and three before it
  table::Table kept = make({{"silver"}, "kept"}, {{"write.metadata.previous-versions-max", "3"}});
  for (int i = 0; i < 10; ++i) kept.pointer().commit(set("a", std::to_string(i)));
  EXPECT_EQ(metadata_files(kept).size(), 11);
}

TEST_F(SqliteCatalogTest, ErrorsNameTheFileAndTheReason) {
  const auto message_of = [&](auto call) {
    try {
      call();
      return std::string("no error");
    } catch (const Error& error) {
      return error.message();
    }
  };
  const auto contains = [](const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
  };
  // A file where a folder must be: nobody can write below it, whoever runs the test.
  std::ofstream(folder / "blocked") << "x";
  const std::string blocked = (folder / "blocked").string();
  EXPECT_PRED2(contains, message_of([&] {
                 open_sqlite_catalog({"firn", blocked + "/catalog.db", blocked}, *store);
               }),
               blocked);
  catalog = open_sqlite_catalog({"firn", (folder / "catalog.db").string(), blocked}, *store);
  EXPECT_PRED2(contains, message_of([&] { make(kBooking); }), blocked);
  std::ofstream(folder / "text.db") << std::string(4096, 'x');
  EXPECT_PRED2(contains, message_of([&] {
                 open_sqlite_catalog({"firn", (folder / "text.db").string(), "w"}, *store);
               }),
               "text.db");
  catalog = open();
  const table::Table table = make({{"silver"}, "gone"});
  fs::remove(table.state().metadata_file);
  EXPECT_PRED2(contains, message_of([&] { open()->load({{"silver"}, "gone"}); }),
               table.state().metadata_file);
}

// ---- writers at the same time

void append_files(const fs::path& folder, const std::string& writer, int count) {
  const auto store = files::make_local_store();
  const auto catalog =
      open_sqlite_catalog({"firn", (folder / "catalog.db").string(), folder.string()}, *store);
  table::Table table = open_table(*catalog, kBooking);
  SystemClock clock;
  SystemRandom random;
  for (int i = 0; i < count; ++i) {
    iceberg::DataFile file;
    file.file_path = table.data_location() + "/" + writer + "-" + std::to_string(i) + ".parquet";
    file.record_count = 1;
    table::AppendRequest request;
    request.files = {file};
    if (!std::holds_alternative<table::Committed>(append(table, request, clock, random)))
      throw_io("not committed");
  }
}

class Writers : public SqliteCatalogTest {
 protected:
  Writers() {
    make(kBooking, {{"commit.retry.num-retries", "1000"},
                    {"commit.retry.min-wait-ms", "1"},
                    {"commit.retry.max-wait-ms", "20"}});
  }
  void expect_each_once(size_t count) {
    const table::Table now = open_table(*catalog, kBooking);
    const table::ScanPlan plan = table::plan_scan(now.metadata(), *store, {}, nullptr);
    std::set<std::string> paths;
    for (const auto& task : plan.tasks)
      EXPECT_TRUE(paths.insert(task.file->file_path).second) << task.file->file_path;
    EXPECT_EQ(paths.size(), count);
    EXPECT_EQ(now.metadata().snapshots.size(), count);
    EXPECT_EQ(now.metadata().current_snapshot()->summary.at("total-records"),
              std::to_string(count));
    EXPECT_EQ(metadata_files(now).size(), count + 1);
  }
};

TEST_F(Writers, TwoThreadsLoseNothing) {
  std::thread one([this] { append_files(folder, "one", 25); }),
      two([this] { append_files(folder, "two", 25); });
  one.join();
  two.join();
  expect_each_once(50);
}

TEST_F(Writers, ThreeProcessesLoseNothing) {
  std::vector<pid_t> children;
  for (int i = 0; i < 3; ++i) {
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      int code = 0;
      try {
        append_files(folder, std::to_string(i), 20);
      } catch (const std::exception& error) {
        std::fprintf(stderr, "writer %d: %s\n", i, error.what());
        code = 1;
      }
      _exit(code);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
  }
  expect_each_once(60);
}

TEST_F(SqliteCatalogTest, ManyProcessesMayOpenANewFileAtOnce) {
  const fs::path fresh = folder / "fresh";
  std::vector<pid_t> children;
  for (int i = 0; i < 6; ++i) {
    const pid_t child = fork();
    if (child == 0) {
      int code = 0;
      try {
        const auto mine =
            open_sqlite_catalog({"firn", (fresh / "catalog.db").string(), fresh.string()}, *store);
        mine->create_namespace({"n" + std::to_string(i)}, {});
      } catch (const std::exception& error) {
        std::fprintf(stderr, "process %d: %s\n", i, error.what());
        code = 1;
      }
      _exit(code);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = 0;
    waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
  }
  EXPECT_EQ(open_sqlite_catalog({"firn", (fresh / "catalog.db").string(), fresh.string()}, *store)
                ->list_namespaces({})
                .size(),
            6);
}

}  // namespace
}  // namespace firn::catalog
