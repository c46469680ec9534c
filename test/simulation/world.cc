// See world.h: points, faults and the catalog double, which names, writes and removes metadata
// files as firn's own catalogs do.
#include "world.h"

#include <cstdio>

#include "base/error.h"
#include "catalog/metadata_file.h"
#include "catalog/next_state.h"

namespace firn::simulation {

void SimulatedClock::sleep_for(std::chrono::milliseconds wait) {
  ms_ += wait.count();
  if (fibers != nullptr) fibers->yield();
}

World::World(uint64_t number, std::vector<Fault> planned)
    : seed(number), random(number * 3 + 1), fibers(number * 3 + 2), faults(std::move(planned)) {
  clock.fibers = &fibers;
  others.is_foreign = true;
}

void World::note(const Process* process, const std::string& what) {
  if (!traces) return;
  const std::string who = process == nullptr    ? "--"
                          : process->is_foreign ? "other"
                                                : "p" + std::to_string(process->number);
  log.push_back(std::to_string(counts[Counter::kPoint]) + " " + who + " " + what);
  if (log.size() > 100000) log.erase(log.begin(), log.begin() + 50000);
}

Fault* World::due(Counter counter) {
  const int64_t now = ++counts[counter];
  if (is_quiet) return nullptr;
  for (Fault& fault : faults) {
    if (fault.has_happened || fault.kind->counter != counter || fault.at != now) continue;
    fault.has_happened = true;
    note(nullptr, "FAULT " + to_string(fault));
    return &fault;
  }
  return nullptr;
}

void World::point(Process& process, const std::string& what) {
  if (process.is_foreign) return;
  fibers.step();
  if (process.is_dead) throw Killed{};
  if (!what.empty()) note(&process, what);
  Fault* const fault = due(Counter::kPoint);
  land_late();
  for (auto wake = wakes.begin(); wake != wakes.end();) {
    if (wake->second > counts[Counter::kPoint]) {
      ++wake;
      continue;
    }
    wake->first->is_paused = false;
    note(wake->first, "goes on");
    fibers.thaw(wake->first->number);
    wake = wakes.erase(wake);
  }
  if (fault == nullptr) return;
  const std::string name = fault->kind->name;
  if (name == "kill") {
    upkeep_is_due = fault->detail % 3 == 0;
    process.is_dead = true;
    throw Killed{};
  }
  if (name == "pause") {
    process.is_paused = process.was_paused = true;
    wakes[&process] = counts[Counter::kPoint] + 1 + static_cast<int64_t>(fault->detail % 200);
    fibers.freeze(process.number);
    fibers.yield();
    if (process.is_dead) throw Killed{};
    return;
  }
  environment(*fault);
}

std::optional<std::string> World::apply(const std::string& table,
                                        const iceberg::TableChange& change,
                                        files::FileStore& store) {
  TableEntry& entry = tables.at(table);
  const std::string before_file = entry.state.metadata_file;
  const auto name_file = [&](const iceberg::TableMetadata& metadata) {
    return catalog::next_metadata_file(metadata, before_file, random);
  };
  auto proposed = catalog::next_state(entry.state, change, clock.now_ms(), name_file);
  if (auto* const refused = std::get_if<table::Reply>(&proposed)) return refused->reason;
  auto& next = std::get<table::State>(proposed);
  catalog::write_metadata_file(store, next.metadata_file, *next.metadata);
  const table::State before = entry.state;
  // Writing took time: somebody else may have been faster.
  if (entry.state.metadata_file != before_file) return "the pointer moved";
  entry.history.push_back(before);
  entry.state = next;
  for (const std::string& gone : catalog::superseded_files(before, *next.metadata))
    files.erase(gone);
  return std::nullopt;
}

void World::land_late(bool all) {
  for (size_t i = 0; i < late.size();) {
    if (!all && late[i].due > counts[Counter::kPoint]) {
      ++i;
      continue;
    }
    const LateCommit commit = late[i];
    late.erase(late.begin() + static_cast<std::ptrdiff_t>(i));
    const auto store = make_store(*this, others);
    const auto refused = apply(commit.table, commit.change, *store);
    note(nullptr,
         "a late commit to " + commit.table + (refused ? " is refused: " + *refused : " lands"));
  }
}

namespace {

class SimulatedCatalogPointer final : public table::Pointer {
 public:
  SimulatedCatalogPointer(World& world, Process& process, files::FileStore& store, std::string name)
      : world_(world), process_(process), store_(store), name_(std::move(name)) {}

  std::string table_name() const override { return name_; }

  std::optional<table::State> load() override {
    world_.point(process_, "load " + name_);
    if (!process_.is_foreign && world_.due(Counter::kLoad) != nullptr)
      throw Error("FIRN_UNAVAILABLE", {{"what", "the simulated catalog does not answer"}});
    const auto found = world_.tables.find(name_);
    if (found == world_.tables.end()) return std::nullopt;
    return found->second.state;
  }

  table::Reply commit(const iceberg::TableChange& change) override {
    world_.point(process_, "commit " + name_);
    const Fault* const fault = process_.is_foreign ? nullptr : world_.due(Counter::kCommit);
    const std::string name = fault == nullptr ? "" : fault->kind->name;
    const auto unknown = [&] {
      return table::Reply{table::ReplyKind::kUnknown, std::nullopt, name};
    };
    if (name == "409") return {table::ReplyKind::kConflict, std::nullopt, "simulated 409"};
    if (name == "5xx") return unknown();
    if (name == "refused")
      throw Error("FIRN_PERMISSION", {{"what", "the simulated catalog refuses the commit"}});
    if (name == "late") {
      world_.late.push_back(
          {name_, change,
           world_.counts[Counter::kPoint] + 1 + static_cast<int64_t>(fault->detail % 120)});
      return unknown();
    }
    const auto refused = world_.apply(name_, change, store_);
    if (refused) {
      world_.note(&process_, "refused: " + *refused);
      return {table::ReplyKind::kConflict, std::nullopt, *refused};
    }
    const table::State state = world_.tables.at(name_).state;
    world_.point(process_, "");
    if (name == "reply lost") return unknown();
    if (name == "killed in commit") {
      world_.upkeep_is_due = fault->detail % 2 == 0;
      process_.is_dead = true;
      throw Killed{};
    }
    // Something in between sent the request twice: the second one failed.
    if (name == "sent twice")
      return {table::ReplyKind::kConflict, std::nullopt, "simulated 409 of a repeated request"};
    return {table::ReplyKind::kCommitted, state, ""};
  }

 private:
  World& world_;
  Process& process_;
  files::FileStore& store_;
  const std::string name_;
};

}  // namespace

std::shared_ptr<table::Pointer> make_pointer(World& world, Process& process,
                                             files::FileStore& store, const std::string& table) {
  return std::make_shared<SimulatedCatalogPointer>(world, process, store, table);
}

table::Table open_table(World& world, Process& process, files::FileStore& store,
                        const std::string& table) {
  auto pointer = make_pointer(world, process, store, table);
  std::optional<table::State> state = pointer->load();
  if (!state) throw Error("TABLE_OR_VIEW_NOT_FOUND", {{"relationName", table}});
  return table::Table(std::move(pointer), store, std::move(*state));
}

}  // namespace firn::simulation
