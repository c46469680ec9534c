// See world.h: points, faults and the catalog double, which names, writes and removes metadata
// files as firn's own catalogs do.
#include "world.h"

#include <algorithm>
#include <cstdio>

#include "base/error.h"
#include "catalog/metadata_file.h"
#include "catalog/next_state.h"
#include "evaluator.h"

namespace firn::simulation {

void SimulatedClock::sleep_for(std::chrono::milliseconds wait) {
  ms_ += wait.count();
  if (fibers != nullptr) fibers->yield();
}

World::World(uint64_t number, std::vector<Fault> planned)
    : seed(number), random(number * 3 + 1), fibers(number * 3 + 2), faults(std::move(planned)) {
  clock.fibers = &fibers;
  others.is_foreign = true;
  checkpoint = kCheckpoint;
  const bool loses_power = std::any_of(faults.begin(), faults.end(), [](const Fault& fault) {
    return std::string(fault.kind->name).starts_with("power cut");
  });
  if (loses_power) disk = std::make_unique<Disk>(number * 3 + 3);
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
    took_effect(name);
    kill(process, what);
  }
  if (name == "power cut") {
    took_effect(name);
    cut_power();
    throw Killed{};
  }
  if (name == "pause") {
    took_effect(name);
    process.is_paused = process.was_paused = true;
    wakes[&process] = counts[Counter::kPoint] + 1 + static_cast<int64_t>(fault->detail % 200);
    fibers.freeze(process.number);
    fibers.yield();
    if (process.is_dead) throw Killed{};
    return;
  }
  environment(*fault);
}

void World::kill(Process& process, const std::string& what) {
  took_effect("kill before: " + (what.empty() ? "what follows" : what.substr(0, what.find(' '))));
  process.is_dead = true;
  throw Killed{};
}

void World::cut_power() {
  FIRN_CHECK(disk != nullptr, "only a disk loses its power");
  for (const auto& process : processes) {
    if (process->is_over) continue;
    process->is_dead = true;
    process->is_paused = false;
    fibers.thaw(process->number);
  }
  wakes.clear();
  if (disk->not_synced() > 0) took_effect("unsynced writes at a power cut");
  for (const auto& [uri, change] : disk->cut_power()) {
    const auto found = files.find(uri);
    const Disk::Bytes now = found == files.end() ? nullptr : found->second;
    const bool is_as_written =
        now == change.before || (now && change.before && *now == *change.before);
    if (!is_as_written) continue;  // others have been at it
    note(nullptr, "the power cut " +
                      std::string(!change.after    ? "takes "
                                  : !change.before ? "leaves "
                                                   : "spoils ") +
                      uri);
    if (change.after)
      files[uri] = change.after;
    else
      files.erase(uri);
  }
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
    std::optional<std::string> refused;
    try {
      refused = apply(commit.table, commit.change, *store);
    } catch (const Error& error) {  // as servers answer what makes no sense any more
      refused = error.what();
    }
    took_effect(refused ? "a late commit is refused" : "a late commit lands");
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
    const Fault* const fault = process_.is_foreign ? nullptr : world_.due(Counter::kLoad);
    const std::string name = fault == nullptr ? "" : fault->kind->name;
    if (name == "no answer") {
      world_.took_effect(name);
      throw Error("FIRN_UNAVAILABLE", {{"what", "the simulated catalog does not answer"}});
    }
    const auto found = world_.tables.find(name_);
    if (found == world_.tables.end()) return std::nullopt;
    if (name == "stale read") process_.stale_loads = 1 + static_cast<int>(fault->detail % 4);
    if (process_.stale_loads > 0) {
      --process_.stale_loads;
      if (const table::State* const older = older_state(found->second)) return *older;
    }
    return found->second.state;
  }

  table::Reply commit(const iceberg::TableChange& change) override {
    world_.point(process_, "commit " + name_);
    if (process_.is_foreign) return send(change);
    if (process_.wrote_first && name_ == kQuarantine &&
        world_.due(Counter::kSecondTable) != nullptr) {
      world_.took_effect("killed between tables");
      world_.kill(process_, "commit");
    }
    const Fault* const fault = world_.due(Counter::kCommit);
    if (fault != nullptr) return send(change, *fault);
    table::Reply reply = send(change);
    world_.point(process_, "");
    return in_order(std::move(reply));
  }

 private:
  // One of the last states but the newest. They hold different things for different tables, so the
  // number comes from the world.
  const table::State* older_state(const TableEntry& entry) {
    if (entry.history.empty()) return nullptr;
    process_.saw_stale = true;
    world_.took_effect("stale read");
    world_.note(&process_, "gets an older state of " + name_);
    const size_t back = world_.random.next() % std::min<size_t>(entry.history.size(), 4);
    return &entry.history[entry.history.size() - 1 - back];
  }

  // The server's own work.
  table::Reply send(const iceberg::TableChange& change) {
    const auto refused = world_.apply(name_, change, store_);
    if (refused) {
      world_.note(&process_, "refused: " + *refused);
      return {table::ReplyKind::kConflict, std::nullopt, *refused};
    }
    ++process_.commits;
    process_.wrote_first = name_ == kSilver && world_.tables.contains(kQuarantine);
    return {table::ReplyKind::kCommitted, world_.tables.at(name_).state, ""};
  }

  // A reply that was kept back comes in the place of the next one.
  table::Reply in_order(table::Reply reply) {
    const auto kept = process_.withheld.find(name_);
    if (kept == process_.withheld.end()) return reply;
    world_.took_effect("reply out of order");
    world_.note(&process_, "gets the reply of an earlier request");
    reply = std::move(kept->second);
    process_.withheld.erase(kept);
    return reply;
  }

  static table::Reply unknown(const std::string& why) {
    return {table::ReplyKind::kUnknown, std::nullopt, why};
  }

  void send_late(const iceberg::TableChange& change, const Fault& fault) {
    world_.late.push_back(
        {name_, change,
         world_.counts[Counter::kPoint] + 1 + static_cast<int64_t>(fault.detail % 120)});
  }

  table::Reply send(const iceberg::TableChange& change, const Fault& fault) {
    const std::string name = fault.kind->name;
    if (name == "409" || name == "5xx" || name == "refused" || name.starts_with("late"))
      world_.took_effect(name);
    if (name == "409") return {table::ReplyKind::kConflict, std::nullopt, "simulated 409"};
    if (name == "5xx") return unknown(name);
    if (name == "refused")
      throw Error("FIRN_PERMISSION", {{"what", "the simulated catalog refuses the commit"}});
    if (name.starts_with("late")) {
      send_late(change, fault);
      if (name == "late beside a property") {
        const auto store = make_store(world_, world_.others);
        world_.apply(name_,
                     {{}, {iceberg::SetProperties{{{"owner", std::to_string(fault.detail)}}}}},
                     *store);
      }
      return unknown(name);
    }
    table::Reply reply = send(change);
    const bool landed = reply.kind == table::ReplyKind::kCommitted;
    world_.point(process_, "");
    if (name == "reply out of order") {
      process_.withheld[name_] = std::move(reply);
      return unknown(name);
    }
    if (landed) world_.took_effect(name);
    if (name == "reply lost") return unknown(name);
    if (name == "killed in commit") {
      world_.upkeep_is_due = fault.detail % 2 == 0;
      world_.kill(process_, "reply");
    }
    // Something in between sent the request twice: the second copy comes later, or it came at once
    // and was refused.
    if (name == "duplicated") send_late(change, fault);
    if (name == "sent twice" && landed)
      return {table::ReplyKind::kConflict, std::nullopt, "simulated 409 of a repeated request"};
    return in_order(std::move(reply));
  }

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
