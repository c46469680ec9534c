// Plans built by hand, run on DuckDB.
#include "engine/engine.h"

#include <gtest/gtest.h>

#include <chrono>

#include "engine/chunk_body.h"
#include "engine/duck_types.h"
#include "files/file_store.h"
#include "plan/test_support.h"

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
using types::Value;

// ---- Plans

Attribute attribute(int id, DataType type) {
  return {AttributeId{id}, "a" + std::to_string(id), std::move(type), true, {}};
}

ExprPtr ref(const Attribute& a) { return typed(plan::ColumnRef{a}, a.type); }
ExprPtr literal(Value value, DataType type) {
  return typed(plan::Literal{type, std::move(value)}, type);
}
ExprPtr integer(int64_t value) { return literal(value, DataTypeId::kInteger); }

struct TestFunctions {
  std::map<std::string, functions::Function, std::less<>> rows;
  const functions::Function* get(std::string_view name) {
    auto& row = rows[std::string(name)];
    row.name = rows.find(name)->first;
    return &row;
  }
};
ExprPtr call(TestFunctions& names, std::string_view name, std::vector<ExprPtr> arguments,
             DataType type, bool can_throw = false, bool ansi = true) {
  plan::Call node;
  node.function = names.get(name);
  node.ansi = ansi;
  for (const ExprPtr& argument : arguments) can_throw |= argument->can_throw;
  node.arguments = std::move(arguments);
  return typed(std::move(node), std::move(type), can_throw);
}
ExprPtr named(ExprPtr child, int id) {
  const DataType type = child->type;
  const bool can_throw = child->can_throw;
  return typed(plan::Alias{std::move(child), "a" + std::to_string(id), AttributeId{id}}, type,
               can_throw);
}

RelationPtr project(RelationPtr child, std::vector<ExprPtr> expressions) {
  std::vector<Attribute> output;
  for (const ExprPtr& expr : expressions) {
    if (const auto* alias = std::get_if<plan::Alias>(&expr->node))
      output.push_back({alias->id, alias->name, expr->type, true, {}});
    else
      output.push_back(std::get<plan::ColumnRef>(expr->node).attribute);
  }
  return relation(plan::Project{std::move(expressions), std::move(child)}, std::move(output));
}
RelationPtr filter(RelationPtr child, ExprPtr condition) {
  auto output = child->output;
  return relation(plan::Filter{std::move(condition), std::move(child)}, std::move(output));
}
RelationPtr rows(std::vector<Attribute> columns, const std::vector<std::vector<Value>>& values) {
  std::vector<std::vector<ExprPtr>> expressions;
  for (const std::vector<Value>& row : values) {
    std::vector<ExprPtr> cells;
    for (size_t i = 0; i < row.size(); ++i) cells.push_back(literal(row[i], columns[i].type));
    expressions.push_back(std::move(cells));
  }
  return relation(plan::Rows{columns, std::move(expressions)}, columns);
}
RelationPtr one_row() { return relation(plan::OneRow{}, {}); }

// ---- Runs

class EngineTest : public testing::Test {
 protected:
  EngineTest()
      : store_(files::make_memory_store()), engine_(make_engine({.threads = 2}, *store_)) {}

  std::string text(RowStream& stream) {
    std::string result;
    Chunk chunk;
    while (stream.next(chunk)) {
      for (uint64_t row = 0; row < chunk.size(); ++row) {
        for (uint64_t column = 0; column < chunk.column_count(); ++column) {
          if (column > 0) result += '|';
          result += chunk.body().chunk.GetValue(column, row).ToString();
        }
        result += '\n';
      }
    }
    return result;
  }
  std::string run(const RelationPtr& plan) { return text(*engine_->run(plan)); }
  std::string condition_of(const RelationPtr& plan) {
    try {
      return "no error but " + run(plan);
    } catch (const Error& error) {
      return std::string(error.condition());
    }
  }
  std::string value(ExprPtr expr) { return run(project(one_row(), {named(std::move(expr), 99)})); }

  std::unique_ptr<files::FileStore> store_;
  std::unique_ptr<Engine> engine_;
  TestFunctions names_;
};

const Attribute kA = attribute(1, DataTypeId::kInteger);
const Attribute kB = attribute(2, DataTypeId::kString);

TEST_F(EngineTest, RunsFilterAndProjectOverRows) {
  const auto table = rows({kA, kB}, {{int64_t{1}, std::string("one")},
                                     {int64_t{2}, std::string("two")},
                                     {types::Null{}, types::Null{}}});
  const auto big = filter(table, call(names_, ">", {ref(kA), integer(1)}, DataTypeId::kBoolean));
  EXPECT_EQ(
      run(project(big, {ref(kB),
                        named(call(names_, "+", {ref(kA), integer(1)}, DataTypeId::kInteger), 3)})),
      "two|3\n");
}

TEST_F(EngineTest, ReportsOverflowWithSparksCondition) {
  const auto sum = call(names_, "+", {integer(2147483647), integer(1)}, DataTypeId::kInteger, true);
  EXPECT_EQ(condition_of(project(one_row(), {named(sum, 1)})), "ARITHMETIC_OVERFLOW");
  EXPECT_EQ(value(call(names_, "+", {integer(2147483647), integer(1)}, DataTypeId::kInteger, true,
                       false)),
            "-2147483648\n");
}

TEST_F(EngineTest, ThrowingConjunctsRunOnlyBehindTheOthers) {
  const auto table = rows({kA}, {{int64_t{0}}, {int64_t{2}}, {int64_t{4}}});
  const auto divided = call(names_, "div", {integer(8), ref(kA)}, DataTypeId::kLong, true);
  const auto exact =
      call(names_, "=", {divided, literal(int64_t{4}, DataTypeId::kLong)}, DataTypeId::kBoolean);
  const auto nonzero = call(names_, "!=", {ref(kA), integer(0)}, DataTypeId::kBoolean);
  EXPECT_EQ(run(filter(table, call(names_, "and", {nonzero, exact}, DataTypeId::kBoolean))), "2\n");
  EXPECT_EQ(run(filter(filter(table, nonzero), exact)), "2\n");
  EXPECT_EQ(condition_of(filter(table, exact)), "DIVIDE_BY_ZERO");
}

TEST_F(EngineTest, ColumnsOfNothingButNulls) {
  EXPECT_EQ(value(literal(types::Null{}, DataType())), "NULL\n");
  EXPECT_EQ(condition_of(project(
                one_row(),
                {named(call(names_, "raise_error", {literal(std::string("x"), DataTypeId::kString)},
                            DataType(), true),
                       1)})),
            "USER_RAISED_EXCEPTION");
}

TEST_F(EngineTest, AggregatesAndSorts) {
  const auto table = rows({kA, kB}, {{int64_t{1}, std::string("x")},
                                     {int64_t{2}, std::string("y")},
                                     {int64_t{5}, std::string("x")}});
  const auto sum = named(call(names_, "sum", {ref(kA)}, DataTypeId::kLong, true), 10);
  const auto count = named(call(names_, "count", {integer(1)}, DataTypeId::kLong), 11);
  const auto grouped =
      relation(plan::Aggregate{{ref(kB)}, {ref(kB), sum, count}, table},
               {kB, attribute(10, DataTypeId::kLong), attribute(11, DataTypeId::kLong)});
  const auto sorted =
      relation(plan::Sort{{{ref(attribute(10, DataTypeId::kLong)), false, false}}, grouped},
               grouped->output);
  EXPECT_EQ(run(sorted), "x|6|2\ny|2|1\n");
}

TEST_F(EngineTest, JoinsAndUnions) {
  const Attribute c = attribute(3, DataTypeId::kInteger);
  const auto left = rows({kA}, {{int64_t{1}}, {int64_t{2}}});
  const auto right = rows({c}, {{int64_t{2}}, {int64_t{3}}});
  const auto on = call(names_, "=", {ref(kA), ref(c)}, DataTypeId::kBoolean);
  EXPECT_EQ(run(relation(plan::Join{plan::JoinKind::kInner, left, right, on}, {kA, c})), "2|2\n");
  EXPECT_EQ(run(relation(plan::Join{plan::JoinKind::kLeftAnti, left, right, on}, {kA})), "1\n");
  const Attribute u = attribute(4, DataTypeId::kInteger);
  const auto both =
      relation(plan::SetOperation{plan::SetKind::kUnion, true, false, {left, right}}, {u});
  EXPECT_EQ(run(filter(both, call(names_, "=", {ref(u), integer(2)}, DataTypeId::kBoolean))),
            "2\n2\n");
}

// ---- Slots

class Numbers final : public ChunkSource {
 public:
  explicit Numbers(int chunks) : left_(chunks) {}
  bool pull(Chunk& out) override {
    if (left_-- <= 0) return false;
    initialize(out, {duckdb::LogicalType::INTEGER, duckdb::LogicalType::VARCHAR});
    duckdb::DataChunk& chunk = out.body().chunk;
    auto text = std::make_shared<std::string>("a text that is longer than twelve bytes");
    for (int row = 0; row < 100; ++row) {
      duckdb::FlatVector::GetData<int32_t>(chunk.data[0])[row] = row;
      duckdb::FlatVector::GetData<duckdb::string_t>(chunk.data[1])[row] =
          duckdb::string_t(text->data(), static_cast<uint32_t>(text->size()));
    }
    chunk.SetCardinality(100);
    out.body().owners.push_back(text);
    return true;
  }

 private:
  int left_;
};

TEST_F(EngineTest, PreparedSlotPlansNeverBindAgain) {
  const auto slot = relation(plan::Slot{7, {kA, kB}}, {kA, kB});
  const auto limit = typed(plan::Parameter{0}, DataTypeId::kInteger);
  const auto kept = filter(slot, call(names_, "<", {ref(kA), limit}, DataTypeId::kBoolean));
  const auto prepared = engine_->prepare(
      project(kept,
              {ref(kB), named(call(names_, "+", {ref(kA), integer(1)}, DataTypeId::kInteger), 3)}),
      {DataTypeId::kInteger});
  const auto start = std::chrono::steady_clock::now();
  for (int run = 0; run < 1000; ++run) {
    Numbers numbers(2);
    const auto stream =
        prepared->run({.slots = {{7, &numbers}}, .parameters = {int64_t{run % 100}}});
    Chunk chunk;
    uint64_t count = 0;
    while (stream->next(chunk)) count += chunk.size();
    ASSERT_EQ(count, 2u * static_cast<uint64_t>(run % 100));
  }
  const double ms =
      std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
  RecordProperty("microseconds_per_run", static_cast<int>(ms));
  printf("%.3f ms a run\n", ms / 1000);
  EXPECT_EQ(prepared->rebinds(), 0);
}

TEST_F(EngineTest, ChunksKeepTheMemoryOfTheirStrings) {
  const auto slot = relation(plan::Slot{7, {kA, kB}}, {kA, kB});
  Chunk chunk;
  {
    Numbers numbers(1);
    const auto prepared = engine_->prepare(slot);
    const auto stream = prepared->run({.slots = {{7, &numbers}}, .parameters = {}});
    ASSERT_TRUE(stream->next(chunk));
  }
  EXPECT_EQ(chunk.column(1).values<kernels::StringRef>()[99].view(),
            "a text that is longer than twelve bytes");
  const uint32_t rows[] = {3, 1};
  Chunk shared = chunk.share();
  shared.select(rows);
  EXPECT_EQ(shared.column(0).values<int32_t>()[0], 3);
  EXPECT_EQ(chunk.size(), 100u);
}

TEST_F(EngineTest, ARunThatIsGivenUpLeavesThePlanUsable) {
  const auto slot = relation(plan::Slot{7, {kA, kB}}, {kA, kB});
  const auto sorted = relation(plan::Sort{{{ref(kA), true, true}}, slot}, {kA, kB});
  for (const RelationPtr& plan : {slot, sorted}) {
    const auto prepared = engine_->prepare(plan);
    for (int run = 0; run < 20; ++run) {
      Numbers numbers(100);
      const auto stream = prepared->run({.slots = {{7, &numbers}}, .parameters = {}});
      Chunk chunk;
      ASSERT_TRUE(stream->next(chunk));
    }
    Numbers numbers(3);
    const auto stream = prepared->run({.slots = {{7, &numbers}}, .parameters = {}});
    Chunk chunk;
    uint64_t rows = 0;
    while (stream->next(chunk)) rows += chunk.size();
    EXPECT_EQ(rows, 300u);
    EXPECT_EQ(prepared->rebinds(), 0);
  }
}

TEST_F(EngineTest, StopsOnRequest) {
  const auto slot = relation(plan::Slot{7, {kA, kB}}, {kA, kB});
  Numbers numbers(1000000);
  StopSource stop;
  const auto prepared = engine_->prepare(slot);
  const auto stream = prepared->run({.slots = {{7, &numbers}}, .parameters = {}}, stop.get_token());
  Chunk chunk;
  ASSERT_TRUE(stream->next(chunk));
  stop.request_stop();
  try {
    while (stream->next(chunk)) {
    }
    FAIL() << "not stopped";
  } catch (const Error& error) {
    EXPECT_EQ(error.condition(), "OPERATION_CANCELED");
  }
}

}  // namespace
}  // namespace firn::engine
