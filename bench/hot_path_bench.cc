// uses: base types files iceberg table kernels functions plan engine stream
// The streaming hot path without broker and commit: messages in memory → decoder → prepared segment
// → Parquet writer; CPU time an event, by stage.
//   hot_path_bench [events] [dedup]
#include <ctime>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "base/clock.h"
#include "engine/record_source.h"
#include "engine/table_writer.h"
#include "functions/function.h"
#include "plan/streaming.h"
#include "stream/stage.h"

namespace {

using firn::types::DataType;
using firn::types::DataTypeId;
namespace plan = firn::plan;
namespace engine = firn::engine;
namespace stream = firn::stream;

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

const DataType& event_type() {
  static const DataType type = DataType::structure({{"event_id", DataTypeId::kString},
                                                    {"user_id", DataTypeId::kString},
                                                    {"occurred_at", DataTypeId::kTimestamp},
                                                    {"gdpr_consent", DataTypeId::kBoolean},
                                                    {"listing_id", DataTypeId::kString},
                                                    {"price", DataTypeId::kDouble},
                                                    {"currency", DataTypeId::kString},
                                                    {"event_type", DataTypeId::kString},
                                                    {"payload", DataTypeId::kString}});
  return type;
}

std::shared_ptr<engine::RecordBatch> make_batch(firn::Random& random, int64_t from, int64_t count) {
  auto batch = std::make_shared<engine::RecordBatch>();
  auto text = std::make_shared<std::string>();
  std::vector<std::pair<size_t, size_t>> places;
  for (int64_t i = from; i < from + count; ++i) {
    char line[512];
    const int size = std::snprintf(
        line, sizeof line,
        "{\"event_id\":\"%s\",\"user_id\":\"u%07llu\",\"occurred_at\":\"2026-01-01T%02lld:%02lld:%"
        "02lld.%03lldZ\",\"gdpr_consent\":%s,\"listing_id\":\"l%06llu\","
        "\"price\":%llu.%02llu,\"currency\":\"EUR\",\"event_type\":\"booking_created\",\"payload\":"
        "\"{\\\"k\\\":%lld}\"}",
        firn::random_uuid(random).c_str(), static_cast<unsigned long long>(random.next() % 2000000),
        static_cast<long long>(i / 7200000 % 24), static_cast<long long>(i / 120000 % 60),
        static_cast<long long>(i / 2000 % 60), static_cast<long long>(i / 2 % 1000),
        random.next() % 10 != 0 ? "true" : "false",
        static_cast<unsigned long long>(random.next() % 200000),
        static_cast<unsigned long long>(random.next() % 900),
        static_cast<unsigned long long>(random.next() % 100), static_cast<long long>(i));
    places.emplace_back(text->size(), static_cast<size_t>(size));
    text->append(line, static_cast<size_t>(size));
  }
  text->append(64, '\0');
  batch->topics = {"booking_events"};
  for (const auto& [at, size] : places) {
    engine::Record record;
    record.value = text->data() + at;
    record.value_length = static_cast<uint32_t>(size);
    batch->records.push_back(record);
  }
  batch->owner = text;
  return batch;
}

plan::ExprPtr resolved(plan::ExprNode node, DataType type) {
  return std::make_shared<const plan::Expr>(
      plan::Expr{std::move(node), std::move(type), true, true, false, false, {}});
}
plan::RelationPtr relation(plan::RelationNode node, std::vector<plan::Attribute> output) {
  return std::make_shared<const plan::Relation>(
      plan::Relation{std::move(node), std::move(output), true, true, {}});
}

// SELECT e.* FROM slot WHERE e.gdpr_consent AND e.price >= 0
plan::SegmentStage segment() {
  const plan::Attribute json{plan::AttributeId{1}, "e", event_type(), true, {}};
  const plan::RelationPtr slot = relation(plan::Slot{7, {json}}, {json});
  const auto field = [&](int index) {
    return resolved(plan::GetField{resolved(plan::ColumnRef{json}, json.type), index},
                    event_type().fields()[static_cast<size_t>(index)].type);
  };
  const auto call = [&](const char* name, std::vector<plan::ExprPtr> arguments) {
    plan::Call call;
    call.function = firn::functions::find_function(name);
    call.arguments = std::move(arguments);
    return resolved(std::move(call), DataTypeId::kBoolean);
  };
  const auto zero = resolved(plan::Literal{DataTypeId::kDouble, 0.0}, DataTypeId::kDouble);
  const auto condition = call("and", {field(3), call(">=", {field(5), zero})});
  const plan::RelationPtr filtered = relation(plan::Filter{condition, slot}, {json});
  std::vector<plan::ExprPtr> columns;
  std::vector<plan::Attribute> output;
  for (int i = 0; i < 9; ++i) {
    const auto& name = event_type().fields()[static_cast<size_t>(i)].name;
    const plan::AttributeId id{10 + i};
    columns.push_back(resolved(plan::Alias{field(i), name, id}, field(i)->type));
    output.push_back({id, name, field(i)->type, true, {}});
  }
  return {relation(plan::Project{columns, filtered}, output), 7};
}

class WriterStage final : public stream::Stage {
 public:
  explicit WriterStage(engine::TableWriter& writer) : writer_(writer) {}
  void push(engine::Chunk& chunk) override { writer_.append(chunk); }
  void flush() override {}
  void end_epoch() override {}

 private:
  engine::TableWriter& writer_;
};

class NullStage final : public stream::Stage {
 public:
  void push(engine::Chunk& chunk) override { rows += chunk.size(); }
  void flush() override {}
  void end_epoch() override {}
  uint64_t rows = 0;
};

}  // namespace

int main(int argc, char** argv) {
  const int64_t events = argc > 1 ? std::atoll(argv[1]) : 2000000;
  const bool dedup = argc > 2;
  firn::SeededRandom random(1);
  const auto store = firn::files::make_router_store();
  const auto database = engine::make_engine({1, 0, ""}, *store);
  std::vector<std::shared_ptr<engine::RecordBatch>> batches;
  for (int64_t i = 0; i < events; i += 4096) batches.push_back(make_batch(random, i, 4096));
  const firn::StopToken stop;

  for (const int stages : {0, 1, 2}) {  // decode; and segment; and write
    engine::RecordDecoderOptions options;
    options.columns = {engine::RecordField::kJson};
    options.json.schema = event_type();
    const auto decoder = engine::make_record_decoder(options);
    engine::TableWriterOptions writing;
    writing.schema = firn::types::to_iceberg_schema(event_type());
    writing.spec.fields = {{3, 1000, "occurred_at_day", {firn::types::TransformId::kDay, 0, ""}}};
    writing.properties = {{"write.parquet.compression-codec", "zstd"}};
    writing.data_location = "/tmp/firn_hot_path_bench";
    writing.file_prefix = firn::random_uuid(random);
    writing.row_group_rows = 65536;
    const auto writer = engine::make_table_writer(writing, *store);
    WriterStage sink(*writer);
    NullStage nothing;
    stream::EventTime event_time;
    stream::StageCounters counters;
    stream::StageSurroundings surroundings{
        *database,  *store,   random, "/tmp/firn_hot_path_bench/checkpoint",
        event_time, counters, stop};
    stream::Stage* next = stages == 2 ? static_cast<stream::Stage*>(&sink) : &nothing;
    stream::StatefulStage state;
    if (dedup) {
      state = stream::make_dedup_stage({{0}, std::nullopt}, 0, surroundings, *next);
      next = state.stage.get();
    }
    const auto middle = stream::make_segment_stage(segment(), surroundings, *next);
    std::vector<engine::Chunk> slice(32);
    size_t used = 0;
    const double start = cpu_seconds();
    for (const auto& batch : batches) {
      for (uint64_t from = 0; from < batch->records.size();) {
        from += decoder->decode(batch, from, slice[used]);
        if (stages == 0) continue;
        engine::Chunk shared = slice[used].share();
        middle->push(shared);
        if (++used == slice.size()) {
          middle->flush();
          used = 0;
        }
      }
    }
    middle->flush();
    if (stages == 2) writer->finish();
    const double seconds = cpu_seconds() - start;
    const char* const names[] = {"decode", "decode + segment", "decode + segment + write"};
    std::printf("%-26s %6.0f ns an event, %7.0f events a CPU second\n", names[stages],
                seconds * 1e9 / static_cast<double>(events), static_cast<double>(events) / seconds);
  }
  return 0;
}
