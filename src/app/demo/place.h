// Where a demo keeps its tables, and how far it came: a demo that was interrupted goes on, one that
// ended is left alone.
#pragma once

#include <optional>
#include <string>

#include "app/demo/events.h"

namespace firn::app {

// The file demo.properties of a demo's warehouse.
struct DemoRecord {
  EventOptions events;
  bool finished = false;
};

struct DemoPlace {
  std::string warehouse;  // absolute
  DemoRecord record;
  bool resumed = false;
};

// `warehouse` as the user gave it; "": ./firn-demo, or where an ended demo is there ./firn-demo-2,
// … Throws FIRN_INVALID_INPUT that says what to do where the folder holds an ended demo, tables
// that are no demo's, or one with another number of events than `events` (where the user gave one).
DemoPlace choose_place(const std::string& warehouse, std::optional<int64_t> events, int64_t now_ms);

void write_record(const DemoPlace& place);

}  // namespace firn::app
