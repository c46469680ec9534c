// Whether every produced event is where it belongs: the generator's numbers against the tables'
// rows and the query's counters.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "app/demo/events.h"
#include "app/demo/feed.h"
#include "session/session.h"

namespace firn::app {

struct TableCounts {
  int64_t silver = 0, quarantined = 0, gold_rows = 0, gold_bookings = 0;
};

// Asks the tables.
TableCounts count_tables(session::Session& session);

struct ReconciliationRow {
  std::string what;
  int64_t sent = 0;
  int64_t found = 0;
  std::string where;  // how `found` was counted
};

struct Reconciliation {
  std::vector<ReconciliationRow> rows;
  TableCounts tables;
  int64_t produced = 0, no_consent = 0, duplicates = 0, late = 0;
  // "silver: 170,000 sent, 169,999 found"; empty: it reconciles.
  std::vector<std::string> differences() const;
};

Reconciliation reconcile(const EventCounts& sent, const QueryState& query,
                         const TableCounts& tables);

}  // namespace firn::app
