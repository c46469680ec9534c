// The sums.
#include "app/demo/reconciliation.h"

#include "app/statements.h"
#include "base/error.h"
#include "sql/parser.h"

namespace firn::app {
namespace {

// The BIGINTs of a query's only row; NULL is 0.
std::vector<int64_t> numbers_of(session::Session& session, const std::string& query) {
  session::Result result = session.execute(sql::parse_statement(query));
  engine::Chunk chunk;
  while (result.rows->next(chunk)) {
    if (chunk.size() == 0) continue;
    std::vector<int64_t> numbers;
    for (uint64_t i = 0; i < chunk.column_count(); ++i) {
      const kernels::ColumnView column = chunk.column(i);
      numbers.push_back(column.is_valid(0) ? column.values<int64_t>()[0] : 0);
    }
    return numbers;
  }
  throw Error("FIRN_INTERNAL", {{"what", "no row of " + query}});
}

}  // namespace

TableCounts count_tables(session::Session& session) {
  TableCounts counts;
  counts.silver = numbers_of(session, "SELECT count(*) FROM silver.booking").at(0);
  counts.quarantined = numbers_of(session, "SELECT count(*) FROM quarantine.booking").at(0);
  const auto gold = numbers_of(session, "SELECT count(*), sum(bookings) FROM gold.booking_minute");
  counts.gold_rows = gold.at(0);
  counts.gold_bookings = gold.at(1);
  return counts;
}

Reconciliation reconcile(const EventCounts& sent, const QueryState& query,
                         const TableCounts& tables) {
  Reconciliation result;
  result.tables = tables;
  result.produced = sent.produced;
  result.duplicates = query.total("duplicates");
  result.late = query.total("late");
  // Events without consent go nowhere: they are what the query read and nobody has.
  result.no_consent =
      query.total("rows_in") - tables.silver - tables.quarantined - result.duplicates - result.late;
  result.rows = {
      {"read from the topic", sent.produced, query.total("rows_in"), "counted by the query"},
      {"silver", sent.silver, tables.silver, "rows of silver.booking"},
      {"duplicates", sent.duplicates, result.duplicates, "counted by the query"},
      {"no consent", sent.no_consent, result.no_consent, "read, and in no other line"},
      {"quarantined", sent.quarantined(), tables.quarantined, "rows of quarantine.booking"},
      {"late", sent.late, result.late, "counted by the query"},
      {"bookings in gold", sent.silver, tables.gold_bookings, "sum over gold.booking_minute"},
  };
  return result;
}

std::vector<std::string> Reconciliation::differences() const {
  std::vector<std::string> texts;
  for (const ReconciliationRow& row : rows) {
    if (row.sent != row.found)
      texts.push_back(row.what + ": " + grouped(row.sent) + " sent, " + grouped(row.found) +
                      " found");
  }
  return texts;
}

}  // namespace firn::app
