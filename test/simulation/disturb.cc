// What is broken between two starts of firn: checkpoints and tables that are not as it left them.
#include <algorithm>

#include "base/error.h"
#include "run.h"

namespace firn::simulation {

namespace {

std::string tokens(const table::State& state) {
  std::string all;
  for (const auto& [key, value] : state.metadata->properties) {
    if (key.starts_with("firn.stream.") && key.ends_with(".main")) all += value;
  }
  return all;
}

}  // namespace

CheckpointFiles Run::checkpoint() const {
  CheckpointFiles files;
  const std::string prefix = world_.checkpoint + "/";
  for (auto file = world_.files.lower_bound(prefix);
       file != world_.files.end() && file->first.starts_with(prefix); ++file)
    files.emplace(file->first.substr(prefix.size()), file->second);
  return files;
}

void Run::put_checkpoint(const std::string& folder, const CheckpointFiles& files) {
  const std::string prefix = folder + "/";
  for (auto file = world_.files.lower_bound(prefix);
       file != world_.files.end() && file->first.starts_with(prefix);)
    file = world_.files.erase(file);
  for (const auto& [path, bytes] : files) world_.files[prefix + path] = bytes;
}

void Run::keep_copy() {
  if (idle()) copies_.push_back(checkpoint());
}

// A start without faults that is to find out; gives how it ended.
std::string Run::probe() {
  world_.land_late(true);
  world_.is_quiet = true;
  Process& process = start();
  world_.fibers.wait([&] { return process.is_over; });
  world_.is_quiet = false;
  process.is_judged = true;
  return process.end;
}

std::map<std::string, std::string> Run::pointers() const {
  std::map<std::string, std::string> files;
  for (const auto& [name, entry] : world_.tables) files[name] = entry.state.metadata_file;
  return files;
}

void Run::disturb(const Fault& fault) {
  const std::string name = fault.kind->name;
  world_.land_late(true);
  if (name == "copy checkpoint") return restore_copy(fault);
  if (name == "tear checkpoint") return tear(fault);
  if (name == "two writers on copies") return run_twins();
  const std::string table = fault.detail % 2 == 0 && plan_.has_quarantine ? kQuarantine : kSilver;
  if (name == "restore table") return restore_table(table, fault);
  recreate_table(table);
}

// An older copy of the checkpoint takes its place. Either firn says so, before it has touched a
// table, or the copy was as good as the original, and it stays.
void Run::restore_copy(const Fault& fault) {
  if (copies_.empty()) return;
  const auto newest = checkpoint();
  const auto& copy = copies_[fault.detail % copies_.size()];
  if (copy.empty() || !copy.contains("metadata")) return;  // as if it were a new query
  world_.took_effect("copy checkpoint");
  put_checkpoint(world_.checkpoint, copy);
  const auto before = pointers();
  const std::string end = probe();
  if (end == "done") return;
  world_.took_effect("an old checkpoint is refused");
  if (end != "STREAM_CHECKPOINT_BEHIND_TABLE")
    problem_ = "with an old checkpoint firn ended with " + end;
  if (before != pointers())
    problem_ = "with an old checkpoint firn changed a table before it stopped";
  put_checkpoint(world_.checkpoint, newest);
}

// Two operators, each with a copy of the checkpoint, start firn at once. What one has committed the
// other finds done, or it stops by name; the stream goes on from the checkpoint of whichever can.
void Run::run_twins() {
  const CheckpointFiles files = checkpoint();
  if (!files.contains("metadata")) return;
  const std::string original = world_.checkpoint;
  const std::string copy = std::string(kCheckpoint) + "-copy-" + std::to_string(++twins_made_);
  put_checkpoint(copy, files);
  world_.has_twins = true;
  Process& one = start({original, true});
  Process& two = start({copy, true});
  const auto rests = [](const Process& process) { return process.is_over || process.is_paused; };
  world_.fibers.wait([&] { return rests(one) && rests(two); });
  wait_for_all();
  look_at(one);
  look_at(two);
  world_.has_twins = false;
  if (one.commits > 0 && two.commits > 0) world_.took_effect("two writers on copies");
  if (!problem_.empty() || probe() == "done") return put_checkpoint(copy, {});
  world_.took_effect("a writer's copy of the checkpoint takes over");
  world_.checkpoint = copy;
  const std::string end = probe();
  if (end != "done") problem_ = "neither of two copies of a checkpoint can go on: " + end;
}

void Run::tear(const Fault& fault) {
  constexpr const char* kLogs[] = {"/offsets/", "/commits/", "/firn/prepared/"};
  const std::string log = kLogs[fault.detail % 3] + 1;
  std::string newest;
  int64_t highest = -1;
  for (const auto& [path, bytes] : checkpoint()) {
    if (!path.starts_with(log)) continue;
    const int64_t number = std::stoll(path.substr(log.size()));
    if (number > highest) highest = number, newest = world_.checkpoint + "/" + path;
  }
  if (newest.empty()) return;
  const auto whole = world_.files[newest];
  world_.files[newest] = std::make_shared<const std::string>(
      whole->substr(0, fault.detail % 5 == 0 ? 0 : whole->size() * (fault.detail / 8 % 10) / 10));
  const auto torn = world_.files[newest];
  const auto before = pointers();
  const std::string end = probe();
  const auto after = world_.files.find(newest);
  if (after != world_.files.end() && after->second == torn) after->second = whole;
  world_.took_effect("tear checkpoint");
  if (end == "done") return;
  if (end != "STREAM_CHECKPOINT_CORRUPT")
    problem_ = "with a torn " + newest + " firn ended with " + end;
  if (before != pointers())
    problem_ = "with a torn " + newest + " firn changed a table before it stopped";
}

int64_t Run::logged(const std::string& log) const {
  const auto files = checkpoint();
  return std::count_if(files.begin(), files.end(),
                       [&](const auto& file) { return file.first.starts_with(log); });
}

// The catalog was set back to an older metadata file, tokens and all.
void Run::restore_table(const std::string& name, const Fault& fault) {
  TableEntry& entry = world_.tables.at(name);
  // With an epoch under way the state before it is the one to go on from.
  if (entry.history.empty() || logged("firn/prepared/") != logged("commits/")) return;
  const TableEntry good = entry;
  entry.state = good.history[good.history.size() - 1 -
                             fault.detail / 4 % std::min<size_t>(good.history.size(), 4)];
  if (tokens(entry.state) == tokens(good.state)) {
    entry = good;
    return;
  }
  world_.took_effect("restore table");
  stops(name, good, {"STREAM_TABLE_RESTORED"});
}

void Run::recreate_table(const std::string& name) {
  TableEntry& entry = world_.tables.at(name);
  const TableEntry good = entry;
  if (tokens(good.state).empty()) return;  // not written to yet: as good as the new one
  world_.took_effect("recreate table");
  entry = new_table(name, {});
  stops(name, good, {"STREAM_TABLE_RESTORED", "STREAM_TABLE_RECREATED"});
}

// firn must not have written to the table that is not its own any more; the good one comes back.
void Run::stops(const std::string& name, const TableEntry& good,
                const std::vector<std::string>& conditions) {
  const std::string wrong = world_.tables.at(name).state.metadata_file;
  const std::string end = probe();
  const bool is_untouched = world_.tables.at(name).state.metadata_file == wrong;
  if (end != "done" && std::find(conditions.begin(), conditions.end(), end) == conditions.end())
    problem_ = "with a table set back firn ended with " + end;
  if (!is_untouched) problem_ = "firn went on writing into a table that was set back";
  world_.tables.at(name) = good;
}

}  // namespace firn::simulation
