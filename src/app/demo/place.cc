// Choosing the folder, reading and writing its record.
#include "app/demo/place.h"

#include <filesystem>
#include <fstream>
#include <map>

#include "base/error.h"
#include "conf/properties_file.h"

namespace firn::app {
namespace {

namespace fs = std::filesystem;

constexpr const char* kDefaultFolder = "firn-demo";
constexpr int64_t kDefaultEvents = 200000;
constexpr int kFoldersTried = 1000;
constexpr int64_t kMinuteMs = 60'000;

std::string record_file(const std::string& warehouse) { return warehouse + "/demo.properties"; }

std::optional<DemoRecord> read_record(const std::string& warehouse) {
  const std::string file = record_file(warehouse);
  std::error_code failed;
  if (!fs::exists(file, failed)) return std::nullopt;
  std::map<std::string, std::string> values;
  for (auto& [key, value] : conf::read_properties_file(file)) values[key] = value;
  DemoRecord record;
  try {
    record.events.events = std::stoll(values.at("events"));
    record.events.seed = std::stoull(values.at("seed"));
    record.events.start_ms = std::stoll(values.at("start_ms"));
  } catch (const std::exception&) {
    throw_corrupt(file + " lacks events, seed or start_ms: it was not written by firn demo");
  }
  record.finished = values["finished"] == "true";
  return record;
}

std::string absolute(const std::string& folder) {
  std::string path = fs::absolute(folder).lexically_normal().string();
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

// A folder without an ended demo, made from the default name.
std::string default_folder() {
  for (int i = 1; i <= kFoldersTried; ++i) {
    const std::string folder =
        absolute(i == 1 ? kDefaultFolder : kDefaultFolder + ("-" + std::to_string(i)));
    std::error_code failed;
    if (!fs::exists(folder, failed)) return folder;
    const auto record = read_record(folder);
    if (record && !record->finished) return folder;
  }
  throw_invalid("there are " + std::to_string(kFoldersTried) +
                " folders firn-demo-N here: remove some, or choose one with --warehouse");
}

}  // namespace

DemoPlace choose_place(const std::string& warehouse, std::optional<int64_t> events,
                       int64_t now_ms) {
  DemoPlace place;
  place.warehouse = warehouse.empty() ? default_folder() : absolute(warehouse);
  const auto record = read_record(place.warehouse);
  if (record && record->finished)
    throw_invalid(
        "the warehouse " + place.warehouse +
        " holds a demo that has ended: choose another --warehouse, or remove that folder");
  if (record && events && *events != record->events.events)
    throw_invalid("the warehouse " + place.warehouse + " holds an interrupted demo of " +
                  std::to_string(record->events.events) +
                  " events: go on with it (without --events), or choose another --warehouse");
  if (record) {
    place.record = *record;
    place.resumed = true;
    return place;
  }
  std::error_code failed;
  if (fs::exists(place.warehouse + "/catalog.db", failed))
    throw_invalid("the warehouse " + place.warehouse +
                  " holds tables that are no demo's: choose another --warehouse");
  place.record.events.events = events.value_or(kDefaultEvents);
  place.record.events.start_ms = now_ms / kMinuteMs * kMinuteMs - 60 * kMinuteMs;
  return place;
}

void write_record(const DemoPlace& place) {
  std::error_code failed;
  fs::create_directories(place.warehouse, failed);
  if (failed)
    throw_io("cannot make the folder " + place.warehouse + ": " + failed.message() +
             "; choose another with --warehouse");
  const std::string file = record_file(place.warehouse), next = file + ".new";
  {
    std::ofstream out(next, std::ios::trunc);
    out << "# What firn demo does in this folder.\n"
        << "events=" << place.record.events.events << "\nseed=" << place.record.events.seed
        << "\nstart_ms=" << place.record.events.start_ms
        << "\nfinished=" << (place.record.finished ? "true" : "false") << "\n";
    if (!out.flush()) throw_io("cannot write " + next);
  }
  fs::rename(next, file, failed);
  if (failed) throw_io("cannot write " + file + ": " + failed.message());
}

}  // namespace firn::app
