// Tables that our own writer and table::append made, read through the engine: schema evolution,
// pruning, deletes, mappings.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>

#include "base/clock.h"
#include "base/error.h"
#include "engine/chunk_body.h"
#include "engine/engine.h"
#include "engine/iceberg_scan.h"
#include "engine/table_source.h"
#include "engine/table_writer.h"
#include "plan/test_support.h"
#include "table/append.h"
#include "table/simulated_pointer.h"
#include "table/snapshot_files.h"
#include "types/test_support.h"

namespace firn::engine {
namespace {

using plan::Attribute;
using plan::AttributeId;
using plan::ExprPtr;
using plan::relation;
using plan::RelationPtr;
using plan::typed;
using types::DataType;
using types::DataTypeId;
using types::Field;
using types::Type;
using types::TypeId;

class CountingFile final : public files::InputFile {
 public:
  CountingFile(std::unique_ptr<files::InputFile> inner, std::atomic<int64_t>& bytes)
      : inner_(std::move(inner)), bytes_(bytes) {}
  int64_t size() const override { return inner_->size(); }
  void read_at(int64_t offset, int64_t length, char* out) const override {
    bytes_ += length;
    inner_->read_at(offset, length, out);
  }

 private:
  std::unique_ptr<files::InputFile> inner_;
  std::atomic<int64_t>& bytes_;
};

// A memory store that counts which files were opened and what was read of them.
class CountingStore final : public files::FileStore {
 public:
  std::unique_ptr<files::InputFile> open(const std::string& uri) override {
    const std::lock_guard lock(mutex_);
    ++opened[uri];
    if (!uri.ends_with(".parquet")) return inner_->open(uri);
    return std::make_unique<CountingFile>(inner_->open(uri), bytes_read);
  }
  std::unique_ptr<files::OutputFile> create(const std::string& uri,
                                            files::WriteMode mode) override {
    return inner_->create(uri, mode);
  }
  std::optional<files::FileInfo> stat(const std::string& uri) override { return inner_->stat(uri); }
  std::vector<files::FileInfo> list(const std::string& prefix) override {
    return inner_->list(prefix);
  }
  void remove(const std::string& uri) override { inner_->remove(uri); }
  bool put_if_absent(const std::string& uri, std::string_view bytes) override {
    return inner_->put_if_absent(uri, bytes);
  }

  // How many distinct data files were opened since the last call.
  size_t data_files_opened() {
    const std::lock_guard lock(mutex_);
    const auto count = std::ranges::count_if(
        opened, [](const auto& file) { return file.first.ends_with(".parquet"); });
    opened.clear();
    return static_cast<size_t>(count);
  }
  std::map<std::string, int> opened;
  std::atomic<int64_t> bytes_read = 0;  // of Parquet files

 private:
  std::mutex mutex_;
  std::unique_ptr<files::FileStore> inner_ = files::make_memory_store();
};

Type plain(TypeId id) { return Type::primitive(id); }

types::Schema schema_of(std::vector<Field> fields) {
  types::Schema schema;
  schema.fields = std::move(fields);
  return schema;
}

types::PartitionSpec by(int source, const std::string& name, types::TransformId transform) {
  types::PartitionSpec spec;
  types::PartitionField made;
  made.source_id = source;
  made.field_id = 1000;
  made.name = name;
  made.transform.id = transform;
  spec.fields.push_back(made);
  return spec;
}

iceberg::TableMetadata new_table(const types::Schema& schema, const types::PartitionSpec& spec) {
  return iceberg::apply(
      nullptr,
      {iceberg::AssignUuid{"9c12d441-03fe-4693-9a96-a0705ddf69c1"},
       iceberg::UpgradeFormatVersion{2}, iceberg::SetLocation{"mem://t"},
       iceberg::AddSchema{schema}, iceberg::SetCurrentSchema{-1}, iceberg::AddPartitionSpec{spec},
       iceberg::SetDefaultSpec{-1}, iceberg::AddSortOrder{types::SortOrder{}},
       iceberg::SetDefaultSortOrder{-1}},
      1'600'000'000'000, std::nullopt);
}

class IcebergScanTest : public testing::Test {
 protected:
  void create(const types::Schema& schema, const types::PartitionSpec& spec = {}) {
    pointer_ = std::make_shared<table::SimulatedPointer>("s.t", new_table(schema, spec));
    engine_ = make_engine({.threads = 2}, store_);
  }

  const iceberg::TableMetadata metadata() const { return pointer_->metadata(); }

  std::vector<iceberg::DataFile> write(const std::string& sql, const types::Schema& schema,
                                       const types::PartitionSpec& spec = {}) {
    TableWriterOptions options;
    options.schema = schema;
    options.spec = spec;
    options.data_location = "mem://t/data";
    options.file_prefix = "f" + std::to_string(++writers_);
    options.row_group_rows = 2048;
    const auto writer = make_table_writer(options, store_);
    duckdb::DuckDB database(nullptr);
    duckdb::Connection connection(database);
    const auto result = connection.Query(sql);
    EXPECT_FALSE(result->HasError()) << result->GetError();
    while (auto rows = result->Fetch()) {
      Chunk chunk;
      chunk.body().chunk.Move(*rows);
      writer->append(chunk);
    }
    return writer->finish();
  }

  void append(std::vector<iceberg::DataFile> files) {
    table::Table table(pointer_, store_, *pointer_->load());
    table::AppendRequest request;
    request.files = std::move(files);
    SystemClock clock;
    ASSERT_TRUE(
        std::holds_alternative<table::Committed>(table::append(table, request, clock, random_)));
  }
  void insert(const std::string& sql) {
    append(write(sql, metadata().schema(), metadata().spec()));
  }

  // A foreign writer's snapshot with one delete file that applies to everything before.
  void append_deletes(iceberg::DataFile file) {
    const iceberg::TableMetadata base = metadata();
    const iceberg::SnapshotId id = table::random_snapshot_id(random_, base);
    table::SnapshotFiles written(store_, "mem://t/metadata", id, random_);
    iceberg::Manifest manifest;
    manifest.header = {2, base.schema(), base.spec_by_id(file.spec_id), true};
    iceberg::ManifestEntry entry;
    entry.status = iceberg::EntryStatus::kAdded;
    entry.snapshot_id = id;
    entry.data_file = std::move(file);
    manifest.entries.push_back(entry);
    const iceberg::SequenceNumber next = base.last_sequence_number + 1;
    std::vector<iceberg::ManifestFile> rows = {written.write(manifest, next)};
    const iceberg::Snapshot* head = base.current_snapshot();
    for (auto& row : table::manifests_of(store_, base, *head)) rows.push_back(std::move(row));
    iceberg::Snapshot snapshot;
    snapshot.id = id;
    snapshot.parent = head->id;
    snapshot.sequence_number = next;
    snapshot.timestamp_ms = base.last_updated_ms + 1;
    snapshot.operation = "delete";
    snapshot.manifest_list = written.write_list(1, {2, id, snapshot.parent, next, {}}, rows);
    iceberg::SnapshotRef ref;
    ref.snapshot_id = id;
    pointer_->change({{}, {iceberg::AddSnapshot{snapshot}, iceberg::SetSnapshotRef{"main", ref}}});
  }

  void evolve(const types::Schema& schema) {
    pointer_->change({{}, {iceberg::AddSchema{schema}, iceberg::SetCurrentSchema{-1}}});
  }

  // Initial defaults come with format version 3, which is not written: put in where a reader finds
  // them.
  iceberg::TableMetadata with_defaults(iceberg::TableMetadata read) const {
    for (types::Schema& schema : read.schemas) {
      for (Field& column : schema.fields) {
        const auto found = initial_defaults_.find(column.id);
        if (found != initial_defaults_.end()) column.initial_default = found->second;
      }
    }
    return read;
  }

  // A scan of the current schema's columns with these ids (empty: all); attribute ids are the field
  // ids.
  RelationPtr scan(std::vector<int> ids = {},
                   types::Predicate pushed = types::always_true()) const {
    auto source = std::make_shared<plan::TableSource>();
    source->metadata = std::make_shared<const iceberg::TableMetadata>(with_defaults(metadata()));
    source->store = const_cast<CountingStore*>(&store_);
    source->manifests = manifests_;
    source->snapshot_id = source->metadata->current_snapshot_id;  // pinned, as sessions do
    plan::TableScan node;
    node.name = {"s", "t"};
    node.source = source;
    node.pushed = std::move(pushed);
    std::vector<Attribute> output;
    for (const Field& column : source->metadata->schema().fields) {
      if (!ids.empty() && std::ranges::find(ids, column.id) == ids.end()) continue;
      Attribute attribute{
          AttributeId{column.id}, column.name, types::to_spark(column.type), true, {}};
      node.columns.push_back({attribute, column.id});
      output.push_back(attribute);
    }
    return relation(std::move(node), std::move(output));
  }

  std::vector<std::string> rows(const RelationPtr& plan) const {
    std::vector<std::string> lines;
    const auto stream = engine_->run(plan);
    Chunk chunk;
    while (stream->next(chunk)) {
      const duckdb::DataChunk& data = chunk.body().chunk;
      for (duckdb::idx_t row = 0; row < data.size(); ++row) {
        std::string line;
        for (duckdb::idx_t column = 0; column < data.ColumnCount(); ++column) {
          line += (column == 0 ? "" : "|") + data.GetValue(column, row).ToString();
        }
        lines.push_back(line);
      }
    }
    std::ranges::sort(lines);
    return lines;
  }

  RelationPtr filter(const RelationPtr& child, int id, std::string_view op, types::Value value) {
    const Attribute column = *std::ranges::find(child->output, AttributeId{id}, &Attribute::id);
    functions_[std::string(op)].name = functions_.try_emplace(std::string(op)).first->first;
    plan::Call call;
    call.function = &functions_[std::string(op)];
    call.arguments = {typed(plan::ColumnRef{column}, column.type),
                      typed(plan::Literal{column.type, std::move(value)}, column.type)};
    return relation(plan::Filter{typed(std::move(call), DataTypeId::kBoolean), child},
                    child->output);
  }

  CountingStore store_;
  std::shared_ptr<table::SimulatedPointer> pointer_;
  std::unique_ptr<Engine> engine_;
  SeededRandom random_{7};
  std::shared_ptr<table::ManifestCache> manifests_ = table::make_manifest_cache(1 << 20);
  std::map<std::string, functions::Function, std::less<>> functions_;
  std::map<int, types::Value> initial_defaults_;  // as a table of format version 3 would have them
  int writers_ = 0;
};

using Lines = std::vector<std::string>;

TEST_F(IcebergScanTest, ReadsWhatWasWritten) {
  create(schema_of(
      {field(1, "id", plain(TypeId::kLong)), field(2, "name", plain(TypeId::kString)),
       field(3, "at",
             Type::structure({field(4, "lat", plain(TypeId::kDouble)),
                              field(5, "tags", Type::list(6, false, plain(TypeId::kString)))})),
       field(7, "m", Type::map(8, plain(TypeId::kString), 9, false, plain(TypeId::kInt))),
       field(10, "price", Type::decimal(20, 2)), field(11, "u", plain(TypeId::kUuid)),
       field(12, "when", plain(TypeId::kTimestamp))}));
  EXPECT_EQ(rows(scan()), Lines{});
  insert(
      "SELECT 1::BIGINT, 'a', {'f0': 1.5::DOUBLE, 'f1': ['x', NULL]}, MAP {'k': 7::INT}, "
      "12.34::DECIMAL(20,2), "
      "'f79c3e09-677c-4bbd-a479-3f349cb785e7', TIMESTAMP '2020-01-02 03:04:05.000006'");
  insert(
      "SELECT 2::BIGINT, NULL::VARCHAR, NULL::STRUCT(f0 DOUBLE, f1 VARCHAR[]), NULL::MAP(VARCHAR, "
      "INT), NULL::DECIMAL(20,2), "
      "NULL::VARCHAR, NULL::TIMESTAMP");
  EXPECT_EQ(
      rows(scan()),
      (Lines{"1|a|{'f0': 1.5, 'f1': [x, "
             "NULL]}|{k=7}|12.34|f79c3e09-677c-4bbd-a479-3f349cb785e7|2020-01-02 03:04:05.000006",
             "2|NULL|NULL|NULL|NULL|NULL|NULL"}));
  EXPECT_EQ(rows(scan({2})), (Lines{"NULL", "a"}));
}

TEST_F(IcebergScanTest, StatisticsAreThoseOfAllFiles) {
  create(schema_of({field(1, "id", plain(TypeId::kLong)), field(2, "x", plain(TypeId::kDouble)),
                    field(3, "u", plain(TypeId::kUuid))}));
  const auto of = [&](int column) {
    return plan_iceberg_scan(scan())->column_statistics(static_cast<duckdb::column_t>(column));
  };
  EXPECT_EQ(of(0), nullptr);  // no file
  const std::string uuid = "'f79c3e09-677c-4bbd-a479-3f349cb785e7'";
  insert("SELECT i::BIGINT, i::DOUBLE, " + uuid + " FROM range(5, 10) t(i)");
  insert("SELECT i::BIGINT, i::DOUBLE, " + uuid + " FROM range(-3, 2) t(i)");
  const auto ids = of(0);
  ASSERT_NE(ids, nullptr);
  EXPECT_EQ(duckdb::NumericStats::Min(*ids), duckdb::Value::BIGINT(-3));
  EXPECT_EQ(duckdb::NumericStats::Max(*ids), duckdb::Value::BIGINT(9));
  EXPECT_FALSE(ids->CanHaveNull());
  EXPECT_EQ(of(2), nullptr) << "text stands for UUIDs";
  EXPECT_EQ(of(99), nullptr) << "a virtual column";
  insert("SELECT NULL::BIGINT, 'NaN'::DOUBLE, " + uuid);
  EXPECT_TRUE(of(0)->CanHaveNull());
  EXPECT_EQ(duckdb::NumericStats::Max(*of(0)), duckdb::Value::BIGINT(9));
  EXPECT_FALSE(duckdb::NumericStats::HasMax(*of(1))) << "NaN is above every bound";
  std::vector<iceberg::DataFile> bare =
      write("SELECT 1000::BIGINT, 1::DOUBLE, " + uuid, metadata().schema(), metadata().spec());
  bare.at(0).upper_bounds.clear();
  append(bare);
  EXPECT_FALSE(of(0) != nullptr && duckdb::NumericStats::HasMax(*of(0)));
}

// Names move between columns, types widen, order changes: bounds stay those of their field ids.
TEST_F(IcebergScanTest, StatisticsFollowTheSchemaByFieldId) {
  create(schema_of({field(1, "a", plain(TypeId::kInt)), field(2, "b", plain(TypeId::kInt)),
                    field(3, "d", Type::decimal(9, 2))}));
  insert("SELECT i::INT, (100 + i)::INT, (i / 100)::DECIMAL(9,2) FROM range(1, 4) t(i)");
  // b is dropped, a becomes b and wider, another a and another c come before it.
  evolve(schema_of({field(4, "a", plain(TypeId::kInt)), field(3, "d", Type::decimal(38, 2)),
                    field(1, "b", plain(TypeId::kLong))}));
  const auto of = [&](int column) {
    return plan_iceberg_scan(scan())->column_statistics(static_cast<duckdb::column_t>(column));
  };
  EXPECT_EQ(of(0), nullptr) << "no file has it";
  ASSERT_NE(of(2), nullptr);
  EXPECT_EQ(of(2)->GetType(), duckdb::LogicalType::BIGINT);
  EXPECT_EQ(duckdb::NumericStats::Min(*of(2)), duckdb::Value::BIGINT(1));
  EXPECT_EQ(duckdb::NumericStats::Max(*of(2)), duckdb::Value::BIGINT(3));
  EXPECT_EQ(duckdb::NumericStats::Max(*of(1)).ToString(), "0.03");
  insert("SELECT 7::INT, 1000::DECIMAL(38,2), 5000000000::BIGINT");
  EXPECT_EQ(of(0), nullptr) << "NULL in the older file";
  EXPECT_EQ(duckdb::NumericStats::Min(*of(2)), duckdb::Value::BIGINT(1));
  EXPECT_EQ(duckdb::NumericStats::Max(*of(2)), duckdb::Value::BIGINT(5000000000));
  EXPECT_EQ(rows(filter(scan({1}), 1, "=", int64_t{5000000000})), (Lines{"5000000000"}));
  EXPECT_EQ(rows(filter(scan({1}), 1, "<", int64_t{5000000000})), (Lines{"1", "2", "3"}));
  pointer_->change(
      {{},
       {iceberg::SetProperties{
           {{"schema.name-mapping.default",
             R"([{"field-id": 4, "names": ["a"]}, {"field-id": 1, "names": ["b"]}])"}}}}});
  EXPECT_EQ(of(2), nullptr) << "files without ids may hold under a name what another field counted";
}

TEST_F(IcebergScanTest, FollowsTheSchemaByFieldId) {
  create(schema_of(
      {field(1, "id", plain(TypeId::kInt)), field(2, "name", plain(TypeId::kString)),
       field(3, "at",
             Type::structure(
                 {field(4, "lat", plain(TypeId::kFloat)), field(5, "lon", plain(TypeId::kFloat))})),
       field(6, "xs",
             Type::list(7, false, Type::structure({field(8, "a", plain(TypeId::kInt))})))}));
  insert("SELECT 1::INT, 'old', {'f0': 1.5::FLOAT, 'f1': 2.5::FLOAT}, [{'f0': 5::INT}]");
  // Renamed, widened, reordered, one dropped (name), its name given to another column, one added
  // with a default.
  const Field added = field(9, "kind", plain(TypeId::kString));
  initial_defaults_[9] = std::string("none");
  evolve(schema_of({field(3, "place",
                          Type::structure({field(5, "longitude", plain(TypeId::kDouble)),
                                           field(10, "alt", plain(TypeId::kDouble)),
                                           field(4, "latitude", plain(TypeId::kDouble))})),
                    field(1, "key", plain(TypeId::kLong)), added,
                    field(11, "name", plain(TypeId::kInt)),
                    field(6, "list",
                          Type::list(7, false,
                                     Type::structure({field(12, "b", plain(TypeId::kString)),
                                                      field(8, "aa", plain(TypeId::kLong))})))}));
  EXPECT_EQ(rows(scan()),
            (Lines{"{'f0': 2.5, 'f1': NULL, 'f2': 1.5}|1|none|NULL|[{'f0': NULL, 'f1': 5}]"}));
  insert(
      "SELECT {'f0': 9::DOUBLE, 'f1': 8::DOUBLE, 'f2': 7::DOUBLE}, 2::BIGINT, 'new', 3::INT, "
      "[{'f0': 'q', 'f1': 6::BIGINT}]");
  EXPECT_EQ(rows(filter(scan(), 1, "=", int64_t{1})),
            (Lines{"{'f0': 2.5, 'f1': NULL, 'f2': 1.5}|1|none|NULL|[{'f0': NULL, 'f1': 5}]"}));
  EXPECT_EQ(rows(filter(scan({1, 9}), 9, "=", std::string("none"))), (Lines{"1|none"}));
  EXPECT_EQ(rows(filter(scan({1, 9}), 9, "=", std::string("new"))), (Lines{"2|new"}));
}

TEST_F(IcebergScanTest, FiltersPruneFilesByTheirBounds) {
  create(schema_of({field(1, "id", plain(TypeId::kLong)), field(2, "name", plain(TypeId::kString)),
                    field(3, "x", plain(TypeId::kDouble))}));
  for (int i = 0; i < 4; ++i) {
    insert("SELECT i, 'n' || " + std::to_string(i) + ", i / 2.0::DOUBLE FROM range(" +
           std::to_string(i * 10) + ", " + std::to_string(i * 10 + 10) + ") t(i)");
  }
  store_.data_files_opened();
  struct Row {
    int id;
    const char* op;
    types::Value value;
    size_t rows, files;
  };
  const Row want[] = {
      {1, "=", int64_t{25}, 1, 1},        {1, "<", int64_t{10}, 10, 1},
      {1, ">=", int64_t{20}, 20, 2},      {1, "=", int64_t{99}, 0, 0},
      {2, "=", std::string("n3"), 10, 1}, {3, ">", 14.9, 10, 1},
  };
  for (const Row& row : want) {
    SCOPED_TRACE(std::string(row.op) + " on column " + std::to_string(row.id));
    EXPECT_EQ(rows(filter(scan(), row.id, row.op, row.value)).size(), row.rows);
    EXPECT_EQ(store_.data_files_opened(), row.files);
  }
}

TEST_F(IcebergScanTest, JoinsPruneFilesByWhatTheOtherSideHas) {
  create(schema_of({field(1, "id", plain(TypeId::kLong))}));
  for (int i = 0; i < 4; ++i)
    insert("SELECT i FROM range(" + std::to_string(i * 1000) + ", " +
           std::to_string(i * 1000 + 1000) + ") t(i)");
  store_.data_files_opened();
  const Attribute key{AttributeId{50}, "k", DataTypeId::kLong, true, {}};
  const RelationPtr keys = relation(
      plan::Rows{{key},
                 {{typed(plan::Literal{DataTypeId::kLong, int64_t{2500}}, DataTypeId::kLong)},
                  {typed(plan::Literal{DataTypeId::kLong, int64_t{2600}}, DataTypeId::kLong)}}},
      {key});
  const RelationPtr left = scan();
  functions_["="].name = functions_.try_emplace("=").first->first;
  plan::Call equal;
  equal.function = &functions_["="];
  equal.arguments = {typed(plan::ColumnRef{left->output[0]}, DataTypeId::kLong),
                     typed(plan::ColumnRef{key}, DataTypeId::kLong)};
  plan::Join join{
      plan::JoinKind::kInner, left, keys, typed(std::move(equal), DataTypeId::kBoolean), {}, false};
  EXPECT_EQ(rows(relation(std::move(join), {left->output[0], key})),
            (Lines{"2500|2500", "2600|2600"}));
  EXPECT_EQ(store_.data_files_opened(), 1U);
}

TEST_F(IcebergScanTest, PushedPredicatesPrunePartitions) {
  const auto spec = by(1, "day", types::TransformId::kDay);
  create(
      schema_of({field(1, "at", plain(TypeId::kTimestamp)), field(2, "id", plain(TypeId::kLong))}),
      spec);
  insert("SELECT TIMESTAMP '2024-01-01' + INTERVAL (i) HOUR, i FROM range(96) t(i)");
  store_.data_files_opened();
  types::Predicate pushed;
  pushed.op = types::PredicateOp::kLess;
  pushed.field_id = 1;
  pushed.values = {int64_t{1704153600000000}};     // 2024-01-02
  EXPECT_EQ(rows(scan({2}, pushed)).size(), 24U);  // only pruned: the exact filter stands above
  EXPECT_EQ(store_.data_files_opened(), 1U);
}

TEST_F(IcebergScanTest, PositionDeletesRemoveRows) {
  create(schema_of({field(1, "id", plain(TypeId::kLong))}));
  insert("SELECT i FROM range(5000) t(i)");
  insert("SELECT i FROM range(5000, 5010) t(i)");
  std::string first;
  for (const auto& file : store_.list("mem://t/data")) {
    if (first.empty() || file.uri < first) first = file.uri;
  }
  const auto deletes_schema = schema_of({field(2147483546, "file_path", plain(TypeId::kString)),
                                         field(2147483545, "pos", plain(TypeId::kLong))});
  auto deletes = write(
      "SELECT '" + first + "', i::BIGINT FROM range(5000) t(i) WHERE i % 10 <> 3 ORDER BY i DESC",
      deletes_schema);
  deletes.at(0).content = iceberg::Content::kPositionDeletes;
  append_deletes(deletes.at(0));
  EXPECT_EQ(rows(scan()).size(), 510U);
  EXPECT_EQ(rows(filter(scan(), 1, "<", int64_t{20})), (Lines{"13", "3"}));
  insert("SELECT i FROM range(6000, 6005) t(i)");  // later rows are not touched
  EXPECT_EQ(rows(scan()).size(), 515U);
}

TEST_F(IcebergScanTest, EqualityDeletesRemoveEqualRows) {
  create(schema_of({field(1, "id", plain(TypeId::kInt)), field(2, "name", plain(TypeId::kString)),
                    field(3, "x", plain(TypeId::kDouble))}));
  insert(
      "SELECT i::INT, CASE WHEN i % 3 <> 0 THEN 'n' || (i % 3) END, i / 2.0::DOUBLE FROM range(12) "
      "t(i)");
  auto deletes = write(
      "SELECT * FROM (VALUES (3::INT, NULL::VARCHAR), (4, 'n1'), (5, 'other')) t(id, name)",
      schema_of({field(1, "id", plain(TypeId::kInt)), field(2, "name", plain(TypeId::kString))}));
  deletes.at(0).content = iceberg::Content::kEqualityDeletes;
  deletes.at(0).equality_ids = {1, 2};
  append_deletes(deletes.at(0));
  evolve(schema_of({field(3, "x", plain(TypeId::kDouble)), field(1, "key", plain(TypeId::kLong)),
                    field(2, "label", plain(TypeId::kString))}));
  EXPECT_EQ(rows(scan({1})), (Lines{"0", "1", "10", "11", "2", "5", "6", "7", "8", "9"}));
  EXPECT_EQ(rows(scan({3})).size(), 10U);
  insert("SELECT 0.5::DOUBLE, 4::BIGINT, 'n1'");  // later rows are not touched
  EXPECT_EQ(rows(filter(scan(), 1, "=", int64_t{4})), (Lines{"0.5|4|n1"}));
}

TEST_F(IcebergScanTest, ColumnsThatAFileLacksTakeThePartitionValue) {
  const auto spec = by(2, "region", types::TransformId::kIdentity);
  create(
      schema_of({field(1, "id", plain(TypeId::kLong)), field(2, "region", plain(TypeId::kString))}),
      spec);
  auto files = write("SELECT 7::BIGINT", schema_of({field(1, "id", plain(TypeId::kLong))}));
  files.at(0).partition = {std::string("north")};
  append(files);
  EXPECT_EQ(rows(scan()), (Lines{"7|north"}));
  EXPECT_EQ(rows(filter(scan(), 2, "=", std::string("south"))), Lines{});
  EXPECT_EQ(rows(filter(scan(), 2, "=", std::string("north"))), (Lines{"7|north"}));
}

TEST_F(IcebergScanTest, FilesWithoutIdsNeedANameMapping) {
  create(
      schema_of({field(1, "id", plain(TypeId::kLong)),
                 field(2, "place", Type::structure({field(3, "city", plain(TypeId::kString))}))}));
  // A file without ids: a field id of -1 is what no reader takes for one, so DuckDB's own COPY
  // writes this one.
  const std::string local = testing::TempDir() + "without_ids.parquet";
  duckdb::DuckDB database(nullptr);
  duckdb::Connection connection(database);
  ASSERT_FALSE(connection
                   .Query("COPY (SELECT 5::BIGINT AS \"old.id\", {'town': 'Bern'} AS spot) TO '" +
                          local + "' (FORMAT parquet)")
                   ->HasError());
  const std::string bytes = files::make_local_store()->read_all(local);
  const auto out = store_.create("mem://t/data/foreign.parquet", files::WriteMode::kCreateNew);
  out->write(bytes);
  out->finish();
  iceberg::DataFile file;
  file.file_path = "mem://t/data/foreign.parquet";
  file.file_size_in_bytes = static_cast<int64_t>(bytes.size());
  file.record_count = 1;
  append({file});
  try {
    rows(scan());
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("schema.name-mapping.default"), std::string::npos)
        << error.what();
  }
  pointer_->change({{},
                    {iceberg::SetProperties{{{"schema.name-mapping.default",
                                              R"([{"field-id": 1, "names": ["id", "old.id"]},
                                                      {"field-id": 2, "names": ["spot"], "fields": [{"field-id": 3, "names": ["town"]}]}])"}}}}});
  EXPECT_EQ(rows(scan()), (Lines{"5|{'f0': Bern}"}));
}

TEST_F(IcebergScanTest, OtherFormatsAreRefusedByName) {
  create(schema_of({field(1, "id", plain(TypeId::kLong))}));
  iceberg::DataFile file;
  file.file_path = "mem://t/data/a.orc";
  file.file_format = "ORC";
  file.record_count = 1;
  file.file_size_in_bytes = 10;
  append({file});
  try {
    rows(scan());
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::kUnsupported);
    EXPECT_NE(std::string(error.what()).find("ORC"), std::string::npos) << error.what();
  }
}

TEST_F(IcebergScanTest, FootersAreReadOnce) {
  create(schema_of({field(1, "id", plain(TypeId::kLong)), field(2, "x", plain(TypeId::kDouble))}));
  insert("SELECT i, i / 2.0::DOUBLE FROM range(10) t(i)");
  const RelationPtr plan = scan({1});
  std::vector<int64_t> read;
  for (int run = 0; run < 2; ++run) {
    store_.bytes_read = 0;
    const auto stream = engine_->prepare(plan)->run({});
    Chunk chunk;
    uint64_t rows = 0;
    while (stream->next(chunk)) rows += chunk.size();
    EXPECT_EQ(rows, 10U);
    read.push_back(store_.bytes_read);
  }
  EXPECT_LT(read[1], read[0] / 2);
}

TEST_F(IcebergScanTest, APreparedScanRunsAgainWithoutBinding) {
  create(schema_of({field(1, "id", plain(TypeId::kLong))}));
  insert("SELECT i FROM range(10) t(i)");
  const auto prepared = engine_->prepare(scan());
  for (int run = 0; run < 3; ++run) {
    const auto stream = prepared->run({});
    Chunk chunk;
    uint64_t rows = 0;
    while (stream->next(chunk)) rows += chunk.size();
    EXPECT_EQ(rows, 10U);
  }
  EXPECT_EQ(prepared->rebinds(), 0);
}

}  // namespace
}  // namespace firn::engine
