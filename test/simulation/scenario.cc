// See scenario.h. The operator starts firn, and starts it anew however it ended, until the whole
// topic is in the tables; the last start meets no faults.
#include "scenario.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "catalog/metadata_file.h"
#include "iceberg/metadata_json.h"
#include "oracle.h"
#include "run.h"
#include "stream/query.h"
#include "whole.h"

namespace firn::simulation {
namespace {

constexpr int kMostStarts = 60;
constexpr int kStartsWithFaults = 20;

types::Schema schema_of_ids() {
  types::Schema schema;
  schema.fields.resize(1);
  schema.fields[0] = {.id = 1,
                      .name = "id",
                      .required = true,
                      .type = types::Type::primitive(types::TypeId::kLong)};
  return schema;
}

// What may end a process, and when.
struct EndRow {
  const char* condition;
  bool (*is_due)(const World&, const Process&, bool had_company);
};
bool under_faults(const World&, const Process& process, bool) { return !process.is_calm; }
bool beside_another(const World&, const Process&, bool had_company) { return had_company; }
bool after_an_old_state(const World&, const Process& process, bool) { return process.saw_stale; }
bool topic_was_cut(const World& world, const Process&, bool) {
  return std::any_of(world.topic.first.begin(), world.topic.first.end(),
                     [](int64_t first) { return first > 0; });
}
constexpr EndRow kEnds[] = {
    {"FIRN_IO", under_faults},
    {"FIRN_RESOURCE", under_faults},
    {"FIRN_UNAVAILABLE", under_faults},
    {"FIRN_PERMISSION", under_faults},
    {"COMMIT_CONFLICT", under_faults},
    {"STREAM_CHECKPOINT_IN_USE", beside_another},
    {"CONCURRENT_STREAM_LOG_UPDATE", beside_another},
    {"STREAM_CHECKPOINT_BEHIND_TABLE", beside_another},
    {"STREAM_CHECKPOINT_CORRUPT", beside_another},
    {"FIRN_NOT_FOUND", beside_another},
    {"FIRN_NOT_FOUND", after_an_old_state},
    {"STREAM_TABLE_RESTORED", after_an_old_state},
    {"KAFKA_DATA_LOSS", topic_was_cut},
};

}  // namespace

Run::Run(uint64_t seed, const std::vector<Fault>& faults, bool is_whole)
    : world_(seed, faults), data_(seed * 7 + 5) {
  world_.is_whole = is_whole;
  if (is_whole) world_.fibers.use_large_stacks();
}

Outcome Run::go(bool traces) {
  world_.traces = traces;
  set_up();
  const std::string hang = world_.fibers.run([this] { operate(); });
  Outcome outcome;
  outcome.problem = !hang.empty() ? hang : problem_;
  if (outcome.problem.empty()) outcome.problem = verify(world_, plan_, outcome.orphans);
  outcome.log = std::move(world_.log);
  outcome.happened.assign(world_.effects.begin(), world_.effects.end());
  for (const auto& process : world_.processes) outcome.happened.push_back("ended: " + process->end);
  return outcome;
}

void Run::set_up() {
  plan_.has_quarantine = draw(4) != 0;
  plan_.is_deduplicated = draw(4) != 0;
  plan_.delay_ms = 100 + draw(900);
  plan_.records_per_epoch = 2 + draw(7);
  asap_ = draw(3) == 0;
  world_.fails_on_data_loss = draw(2) == 0;
  left_ = 15 + draw(40);
  const auto partitions = static_cast<size_t>(1 + draw(3));
  world_.topic.partitions.resize(partitions);
  world_.topic.first.resize(partitions, 0);
  const iceberg::Properties properties = {
      {"firn.stream.max-snapshots", std::to_string(2 + draw(6))},
      {"write.metadata.delete-after-commit.enabled", draw(4) == 0 ? "false" : "true"},
      {"write.metadata.previous-versions-max", std::to_string(1 + draw(5))},
      {"commit.retry.num-retries", std::to_string(draw(4))}};
  make_table(kSilver, properties);
  if (plan_.has_quarantine) make_table(kQuarantine, properties);
}

TableEntry Run::new_table(const std::string& name, const iceberg::Properties& properties) {
  const std::vector<iceberg::Update> updates = {
      iceberg::AssignUuid{random_uuid(world_.random)},
      iceberg::UpgradeFormatVersion{2},
      iceberg::SetLocation{std::string(kWarehouse) + "/" + name + "-" +
                           std::to_string(++tables_made_)},
      iceberg::AddSchema{schema_of_ids()},
      iceberg::SetCurrentSchema{-1},
      iceberg::AddPartitionSpec{types::PartitionSpec{}},
      iceberg::SetDefaultSpec{-1},
      iceberg::AddSortOrder{types::SortOrder{}},
      iceberg::SetDefaultSortOrder{-1},
      iceberg::SetProperties{properties}};
  TableEntry entry;
  entry.state.metadata = std::make_shared<const iceberg::TableMetadata>(
      iceberg::apply(nullptr, updates, world_.clock.now_ms(), std::nullopt));
  entry.state.metadata_file =
      catalog::next_metadata_file(*entry.state.metadata, std::nullopt, world_.random);
  world_.files[entry.state.metadata_file] =
      std::make_shared<const std::string>(iceberg::write_table_metadata(*entry.state.metadata));
  return entry;
}

void Run::produce(int count) {
  for (; count > 0 && left_ > 0; --count, --left_) {
    Record record;
    record.id = ++ids_;
    record.key = draw(60);
    now_ += draw(200);
    record.time_ms = now_ - (draw(5) == 0 ? draw(3000) : draw(100));
    record.is_poison = draw(8) == 0;
    world_.topic
        .partitions[static_cast<size_t>(draw(static_cast<int>(world_.topic.partitions.size())))]
        .push_back(record);
  }
}

// ---- one start of firn
Process& Run::start(const Start& how) {
  world_.processes.push_back(std::make_unique<Process>());
  Process& process = *world_.processes.back();
  process.number = static_cast<int>(world_.processes.size());
  world_.note(&process, "starts");
  process.is_twin = how.is_twin;
  process.is_calm = world_.is_quiet;
  world_.fibers.spawn(process.number, [this, &process, how] { live(process, how); });
  return process;
}

void Run::live(Process& process, const Start& how) {
  try {
    query(process, how);
    process.end = process.is_dead ? "killed" : "done";
  } catch (const Killed&) {
    process.end = "killed";
  } catch (const Error& error) {
    process.end = process.is_dead ? "killed" : std::string(error.condition());
    process.message = error.what();
  } catch (const std::exception& error) {
    process.end = std::string("exception: ") + error.what();
  }
  world_.note(&process, "ends: " + process.end + " " + process.message);
  process.is_over = true;
}

void Run::query(Process& process, const Start& how) {
  const auto store = make_store(world_, process);
  const auto engine = world_.is_whole ? make_whole_engine(*store) : make_no_engine();
  std::vector<stream::Target> targets;
  std::vector<std::string> folders;
  for (const char* name : {kSilver, kQuarantine}) {
    if (!world_.tables.contains(name)) continue;
    stream::Target target;
    target.name = name;
    target.table = std::make_shared<table::Table>(open_table(world_, process, *store, name));
    folders.push_back(target.table->data_location());
    targets.push_back(std::move(target));
  }
  stream::QueryOptions options;
  options.name = "simulated";
  options.checkpoint = how.checkpoint;
  options.max_records_per_epoch = plan_.records_per_epoch;
  if (!asap_ || how.is_twin) options.trigger = stream::TriggerAvailableNow{};
  const stream::Services services = {*engine, *store, world_.clock, world_.random, {}, {}};
  plan::StreamCut cut;
  if (world_.is_whole) cut = plan_whole(plan_, targets);
  const std::vector<stream::Target> planned = targets;  // the pipeline refers to them
  stream::QueryParts parts;
  parts.source = [&] { return make_broker(world_, process); };
  parts.pipeline = [&](const StopToken& stop) {
    return world_.is_whole
               ? stream::make_pipeline(planned, cut, how.checkpoint, services, stop)
               : make_evaluator(world_, plan_, *store, how.checkpoint + "/state/0", folders);
  };
  int rounds = 0;
  stream::QueryEvents events;
  events.idle = [&] {
    if (++rounds == 2) process.stop.request_stop();
  };
  const auto query = stream::make_query(std::move(options), std::move(targets), std::move(parts),
                                        services, std::move(events));
  query->run(process.stop.get_token());
}

// ---- the operator
void Run::operate() {
  for (int starts = 1; problem_.empty(); ++starts) {
    if (starts > kMostStarts) {
      problem_ = "after " + std::to_string(kMostStarts) + " starts the topic is not in the tables";
      return;
    }
    produce(3 + draw(12));
    const bool last = starts > kStartsWithFaults || (left_ == 0 && faults_are_over());
    if (last) {
      produce(left_);
      calm_down();
    }
    if (!last && idle()) {
      if (const Fault* const fault = world_.due(Counter::kStart)) disturb(*fault);
      if (!problem_.empty()) return;
    }
    if (std::exchange(world_.upkeep_is_due, false)) world_.upkeep();
    Process& process = start();
    world_.fibers.wait([&] { return process.is_over || process.is_paused; });
    if (process.is_over) look_at(process);
    keep_copy();
    if (last && process.end == "done" && left_ == 0) break;
  }
  wait_for_all();
  for (const auto& process : world_.processes) look_at(*process);
}

bool Run::faults_are_over() {
  return std::all_of(world_.faults.begin(), world_.faults.end(),
                     [](const Fault& fault) { return fault.has_happened; }) ||
         ++calm_starts_ > 3;
}

bool Run::idle() const {
  return std::all_of(world_.processes.begin(), world_.processes.end(),
                     [](const auto& one) { return one->is_over; });
}

void Run::wait_for_all() {
  for (const auto& [process, at] : world_.wakes) world_.fibers.thaw(process->number);
  world_.wakes.clear();
  world_.fibers.wait([this] { return idle(); });
}

// Faults end, sleepers wake, what is under way arrives.
void Run::calm_down() {
  world_.is_quiet = true;
  wait_for_all();
  world_.land_late(true);
  world_.fails_on_data_loss = false;
}

bool Run::had_company(const Process& process) const {
  return std::any_of(
             world_.processes.begin(), world_.processes.end(),
             [&](const auto& other) { return other.get() != &process && other->was_paused; }) ||
         process.was_paused || process.is_twin;
}

void Run::look_at(Process& process) {
  if (process.end == "KAFKA_DATA_LOSS") world_.fails_on_data_loss = false;
  if (process.end == "done" || process.end == "killed" || process.is_judged || !problem_.empty())
    return;
  process.is_judged = true;
  for (const EndRow& row : kEnds) {
    if (process.end == row.condition && row.is_due(world_, process, had_company(process))) return;
  }
  problem_ = "firn ended with " + process.end + " " + process.message;
}

std::vector<Fault> draw_faults(uint64_t seed) {
  SeededRandom random(seed * 11 + 3);
  int total = 0;
  for (const FaultKind& kind : fault_kinds()) total += kind.weight;
  std::vector<Fault> faults(random.next() % 9);
  for (Fault& fault : faults) {
    auto at = static_cast<int>(random.next() % static_cast<uint64_t>(total));
    for (const FaultKind& kind : fault_kinds()) {
      if (at >= 0) fault.kind = &kind;
      at -= kind.weight;
      if (at < 0) break;
    }
    fault.at = 1 + static_cast<int64_t>(random.next() % static_cast<uint64_t>(fault.kind->span));
    fault.detail = random.next() % 1'000'000;
  }
  return faults;
}

Outcome run_scenario(uint64_t seed, const std::vector<Fault>& faults, bool is_whole, bool traces) {
  return Run(seed, faults, is_whole).go(traces);
}

std::vector<Fault> shrink(uint64_t seed, std::vector<Fault> faults, bool is_whole) {
  for (size_t i = 0; i < faults.size();) {
    std::vector<Fault> fewer = faults;
    fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(i));
    if (run_scenario(seed, fewer, is_whole, false).problem.empty()) {
      ++i;
    } else {
      faults = std::move(fewer);
      i = 0;
    }
  }
  return faults;
}

}  // namespace firn::simulation
