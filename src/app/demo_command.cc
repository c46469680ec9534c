// firn demo: events from a broker in this process through a pipeline into Iceberg tables, and every
// one of them accounted for.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <set>

#include "app/arguments.h"
#include "app/command.h"
#include "app/demo/bookings.h"
#include "app/demo/place.h"
#include "app/demo/reconciliation.h"
#include "app/json_text.h"
#include "app/printing.h"
#include "app/progress.h"
#include "app/statements.h"
#include "app/variables.h"
#include "session/pipeline.h"
#include "sql/parser.h"
#include "stream/ledger.h"
#include "stream/source/offsets.h"

namespace firn::app {
namespace {

using Steady = std::chrono::steady_clock;

constexpr int64_t kMostEvents = 5'000'000;  // all of them stay in the broker's memory
constexpr const char* kFlow = "silver.booking";

struct DemoOptions {
  std::optional<int64_t> events;
  int64_t rate = 0;
  std::string warehouse;
  std::string pipeline;
  bool json = false;
  std::string crash_at;
};

constexpr const char* kDemoExamples =
    "Examples:\n"
    "  firn demo                                        200,000 events into ./firn-demo\n"
    "  firn demo --events 1000000 --warehouse /tmp/lake\n"
    "  firn demo --rate 5000                            slowly, to watch it\n"
    "  firn demo --json                                 the last line is one JSON object\n"
    "  firn demo --pipeline my_pipeline.sql             the same events into your tables\n"
    "\n"
    "A demo that was interrupted goes on when it is started again with the same warehouse.\n"
    "Exit codes: 0, 1 where it fails or an event is not accounted for, 2 for wrong options.";

constexpr const char* kLook[] = {
    "SELECT event_id, user_id, occurred_at, listing_id, price, currency, event_type "
    "FROM silver.booking ORDER BY occurred_at LIMIT 5",
    "SELECT reason, count(*) AS events FROM quarantine.booking GROUP BY reason ORDER BY reason",
    "SELECT listing_id, ts_minute, bookings, round(gmv, 2) AS gmv FROM gold.booking_minute "
    "ORDER BY bookings DESC, listing_id, ts_minute LIMIT 5",
};

constexpr const char* kTables[] = {"silver.booking", "quarantine.booking", "gold.booking_minute"};

std::string name_of(const plan::NameParts& parts) {
  return fmt::format("{}", fmt::join(parts, "."));
}

// Without its tables the demo would wait for ever, or have nothing to count.
void check_tables(const std::vector<plan::Statement>& statements, const std::string& file) {
  std::set<std::string> defined;
  for (const plan::Statement& statement : statements) {
    if (const auto* table = std::get_if<plan::CreateStreamingTable>(&statement.node))
      defined.insert(name_of(table->name));
    if (const auto* view = std::get_if<plan::CreateMaterializedView>(&statement.node))
      defined.insert(name_of(view->name));
  }
  for (const char* table : kTables) {
    if (defined.count(table) == 0)
      throw_invalid(file + " does not define " + table +
                    ", which the demo counts; `firn run` runs pipelines of any tables");
  }
}

// Where an earlier run of this demo left the query.
QueryState state_of_checkpoint(LocalProcess& process, int partitions) {
  session::Process shared = process.shared();
  QueryState state;
  const std::string folder =
      files::join_uri(files::join_uri(process.warehouse(), "_checkpoints"), kFlow);
  if (shared.store.list(folder).empty()) return state;
  const auto ledger = stream::open_ledger(shared.store, folder, shared.random);
  if (const auto begun = ledger->latest_offsets()) {
    for (const auto& [partition, offset] :
         stream::parse_offsets(begun->source_offsets.at(0), "the demo's checkpoint"))
      state.events_read =
          std::max(state.events_read, events_up_to(partition.partition, offset, partitions));
  }
  const auto commit = ledger->latest_commit();
  if (!commit) return state;
  if (const auto offsets = ledger->offsets(commit->epoch))
    state.watermark_ms = offsets->watermark_ms;
  if (const auto record = ledger->prepared(commit->epoch)) state.totals = record->counters;
  return state;
}

class Demo {
 public:
  Demo(const DemoOptions& options, const ConfOptions& conf_options, Interruption& interruption)
      : options_(options),
        interruption_(interruption),
        place_(choose_place(options.warehouse, options.events, SystemClock().now_ms())),
        source_(options.pipeline.empty()
                    ? SourceText{"examples/bookings/pipeline.sql", std::string(bookings_pipeline())}
                    : read_source(options.pipeline)),
        printer_(std::cerr, LogFormat::kText, isatty(STDERR_FILENO) != 0) {
    check_options();
    write_record(place_);
    broker_.create_topic(kDemoTopic, demo_partitions(place_.record.events.events));
    ConfOptions with_place = conf_options;
    with_place.warehouse = place_.warehouse;
    conf_ = make_conf(with_place);
    conf_.set("brokers", broker_.bootstrap_servers());
    start_logging(conf_, LogLevel::kWarn, LogFormat::kText);
    process_.emplace(conf_);
    session_.emplace(process_->shared(), conf_);
  }

  int run() {
    const auto start = Steady::now();
    printer_.note(fmt::format("{} {} events of topic {} at {} into {}",
                              place_.resumed ? "going on with" : "sending",
                              grouped(place_.record.events.events), kDemoTopic,
                              broker_.bootstrap_servers(), place_.warehouse));
    try {
      if (!run_pipeline()) {
        printer_.note("stopped; the same command goes on with it");
        return kFailure;
      }
      const Reconciliation sums = reconcile(counts_, state_, count_tables(*session_));
      place_.record.finished = true;
      write_record(place_);
      const double seconds = std::chrono::duration<double>(Steady::now() - start).count();
      show(sums, seconds);
      return sums.differences().empty() ? kSuccess : kFailure;
    } catch (const Error& error) {
      printer_.finish();
      std::cout.flush();
      std::cerr << failure_text(error, &source_);
      return kFailure;
    }
  }

 private:
  void check_options() const {
    const int64_t events = place_.record.events.events;
    if (events < 1 || events > kMostEvents)
      throw_invalid("--events wants a number from 1 to " + grouped(kMostEvents) + ", not " +
                    std::to_string(events));
    if (options_.rate < 0)
      throw_invalid("--rate wants events a second, or 0 for as fast as possible, not " +
                    std::to_string(options_.rate));
  }

  // False where the user stopped it.
  bool run_pipeline() {
    StopSource stop;
    const std::stop_callback link(interruption_.token(), [&stop] { stop.request_stop(); });
    DemoFeed feed(broker_, place_.record.events, options_.rate,
                  state_of_checkpoint(*process_, demo_partitions(place_.record.events.events)),
                  [&stop] { stop.request_stop(); });
    session::PipelineListener listener;
    listener.note = [this](const std::string& text) { printer_.note(text); };
    listener.refreshed = [this](const std::string& view, int64_t rows, double seconds) {
      printer_.refreshed(view, rows, seconds);
    };
    listener.progress = [this, &feed](const stream::Progress& progress) {
      printer_.batch(progress);
      if (progress.name == kFlow) feed.heard(progress);
    };
    source_.text = substitute_variables(source_.text, conf_).text;
    const std::vector<plan::Statement> statements = sql::parse_script(source_.text);
    check_tables(statements, source_.name);
    session::PipelineOptions pipeline;
    pipeline.crash_at = options_.crash_at;
    feed.start();
    session::run_pipeline(*session_, statements, pipeline, listener, stop.get_token());
    printer_.finish();
    feed.finish();
    counts_ = feed.counts();
    state_ = feed.state();
    return !interruption_.requested();
  }

  void show(const Reconciliation& sums, double seconds) {
    StatementRunner look(*session_, {std::cout, std::cerr}, interruption_);
    for (const char* query : kLook) {
      std::cout << "\n" << query << "\n";
      look.run({"<demo>", query}, false);
    }
    show_sums(sums);
    show_ways_in();
    const int64_t rate = static_cast<int64_t>(static_cast<double>(sums.produced) / seconds);
    std::cout << fmt::format(
        "\n{} events in {:.1f} s ({} a second, broker and generator included)\n",
        grouped(sums.produced), seconds, grouped(rate));
    if (options_.json) std::cout << json_of(sums, seconds) << '\n';
    std::cout.flush();
  }

  void show_sums(const Reconciliation& sums) {
    const auto text = types::DataTypeId::kString;
    const auto number = types::DataTypeId::kLong;
    std::vector<std::vector<types::Value>> values;
    for (const ReconciliationRow& row : sums.rows)
      values.push_back({row.what, row.sent, row.found, row.where});
    session::Result result =
        session_->rows({session_->column("events", text), session_->column("sent", number),
                        session_->column("found", number), session_->column("how", text)},
                       std::move(values));
    std::cout
        << "\nReconciliation: produced = silver + duplicates + no consent + quarantined + late\n";
    print_rows(std::cout, result, Format::kTable, *session_zone(conf_));
    std::cout << fmt::format("{} = {} + {} + {} + {} + {}\n", sums.produced, sums.tables.silver,
                             sums.duplicates, sums.no_consent, sums.tables.quarantined, sums.late);
    for (const std::string& difference : sums.differences())
      std::cout << "does not reconcile: " << difference << '\n';
  }

  void show_ways_in() const {
    const std::string &file = process_->catalog_file(), &folder = process_->warehouse();
    std::cout << fmt::format(
        "\nQuery the tables with\n"
        "  firn       firn sql --warehouse {1} -e \"SELECT * FROM gold.booking_minute LIMIT 10\"\n"
        "  PyIceberg  python3 -c \"from pyiceberg.catalog.sql import SqlCatalog; "
        "print(SqlCatalog('firn', uri='sqlite:///{0}', warehouse='file://{1}')"
        ".load_table('gold.booking_minute').scan(limit=10).to_arrow())\"\n"
        "  Spark      spark-sql --packages "
        "org.apache.iceberg:iceberg-spark-runtime-4.1_2.13:1.11.0,"
        "org.xerial:sqlite-jdbc:3.50.3.0 "
        "--conf spark.sql.catalog.firn=org.apache.iceberg.spark.SparkCatalog "
        "--conf spark.sql.catalog.firn.catalog-impl=org.apache.iceberg.jdbc.JdbcCatalog "
        "--conf spark.sql.catalog.firn.uri=jdbc:sqlite:{0} "
        "--conf spark.sql.catalog.firn.warehouse={1} "
        "-e \"SELECT * FROM firn.gold.booking_minute LIMIT 10\"\n",
        file, folder);
  }

  std::string json_of(const Reconciliation& sums, double seconds) const {
    JsonArray tables;
    for (const char* name : kTables) tables.add(name);
    return JsonObject()
        .add("produced", sums.produced)
        .add("silver", sums.tables.silver)
        .add("duplicates", sums.duplicates)
        .add("no_consent", sums.no_consent)
        .add("quarantined", sums.tables.quarantined)
        .add("late", sums.late)
        .add("gold_rows", sums.tables.gold_rows)
        .add("gold_bookings", sums.tables.gold_bookings)
        .add("catalog", process_->catalog_file())
        .add("catalog_name", conf_.get_string("firn.catalog.name"))
        .add_json("tables", tables.text())
        .add("seconds", seconds)
        .text();
  }

  const DemoOptions& options_;
  Interruption& interruption_;
  DemoPlace place_;
  SourceText source_;
  ProgressPrinter printer_;
  EmbeddedBroker broker_;
  conf::Conf conf_;
  std::optional<LocalProcess> process_;
  std::optional<session::Session> session_;
  EventCounts counts_;
  QueryState state_;
};

}  // namespace

Action declare_demo(CLI::App& parser, Interruption& interruption) {
  const auto options = std::make_shared<DemoOptions>();
  const auto conf = std::make_shared<ConfOptions>();
  parser
      .add_option("--events", options->events,
                  "how many events (default: 200000), from 1 to 5000000")
      ->type_name("N");
  parser.add_option("--rate", options->rate, "events a second; 0: as fast as possible")
      ->type_name("R")
      ->capture_default_str();
  parser
      .add_option("--warehouse", options->warehouse,
                  "folder of the tables and their catalog (default: ./firn-demo, or the next free "
                  "./firn-demo-N)")
      ->type_name("DIR");
  parser.add_option("--pipeline", options->pipeline, "another pipeline file, with the same tables")
      ->type_name("FILE");
  parser.add_flag("--json", options->json, "end with one JSON object, on the last line of output");
  parser.add_option("--test-crash", options->crash_at)->group("");  // for crash tests: STEP:BATCH
  parser.footer(kDemoExamples);
  return [options, conf, &interruption] { return Demo(*options, *conf, interruption).run(); };
}

}  // namespace firn::app
