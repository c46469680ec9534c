// The table of metrics and what each takes from a batch's progress.
#include "server/metrics/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <iterator>
#include <sstream>

namespace firn::server {
namespace {

using prometheus::Counter;
using prometheus::Family;
using prometheus::Gauge;
using prometheus::Histogram;
using stream::Progress;

// Labelled {query}.
struct CounterRow {
  const char* name;
  const char* help;
  int64_t Progress::* value;
};
constexpr CounterRow kCounters[] = {
    {"firn_rows_in_total", "Records read from the source.", &Progress::rows_in},
    {"firn_rows_late_total", "Rows dropped because they came later than the watermark.",
     &Progress::late},
    {"firn_rows_duplicate_total", "Rows dropped because their key was there already.",
     &Progress::duplicates},
    {"firn_rows_rejected_total", "Rows dropped by expectations.", &Progress::rejected},
    {"firn_rows_malformed_total", "Records that could not be parsed.", &Progress::malformed},
};

struct GaugeRow {
  const char* name;
  const char* help;
  int64_t Progress::* value;
};
constexpr GaugeRow kGauges[] = {
    {"firn_batch_id", "The newest committed batch.", &Progress::epoch},
    {"firn_state_bytes", "Memory of the query's state.", &Progress::state_bytes},
    {"firn_state_keys", "Keys that the query remembers.", &Progress::state_keys},
};

const Histogram::BucketBoundaries& second_buckets() {
  static const Histogram::BucketBoundaries boundaries = {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5,
                                                         1,     2.5,  5,     10,   30,  60};
  return boundaries;
}

}  // namespace

struct Metrics::Families {
  prometheus::Registry registry;
  std::vector<Family<Counter>*> counters;
  std::vector<Family<Gauge>*> gauges;
  Family<Counter>* rows_out = nullptr;
  Family<Counter>* expectation_failed = nullptr;
  Family<Gauge>* lag = nullptr;
  Family<Gauge>* watermark = nullptr;
  Family<Histogram>* batch_seconds = nullptr;
  Family<Histogram>* commit_seconds = nullptr;

  Families() {
    const auto counter = [this](const char* name, const char* help) {
      return &prometheus::BuildCounter().Name(name).Help(help).Register(registry);
    };
    const auto gauge = [this](const char* name, const char* help) {
      return &prometheus::BuildGauge().Name(name).Help(help).Register(registry);
    };
    const auto histogram = [this](const char* name, const char* help) {
      return &prometheus::BuildHistogram().Name(name).Help(help).Register(registry);
    };
    for (const CounterRow& row : kCounters) counters.push_back(counter(row.name, row.help));
    for (const GaugeRow& row : kGauges) gauges.push_back(gauge(row.name, row.help));
    rows_out = counter("firn_rows_out_total", "Rows committed to a table.");
    expectation_failed =
        counter("firn_expectation_failed_total", "Rows that broke an expectation.");
    lag = gauge("firn_source_lag", "Records of a partition that are not read yet.");
    watermark = gauge("firn_watermark_seconds", "The watermark, in seconds since 1970 UTC.");
    batch_seconds = histogram("firn_batch_seconds", "Time of a batch, commits included.");
    commit_seconds = histogram("firn_commit_seconds", "Time of a batch's commits.");
  }
};

Metrics::Metrics() : families_(std::make_unique<Families>()) {}
Metrics::~Metrics() = default;

void Metrics::observe(const Progress& progress) {
  Families& all = *families_;
  const prometheus::Labels query = {{"query", progress.name}};
  for (size_t i = 0; i < std::size(kCounters); ++i)
    all.counters[i]->Add(query).Increment(static_cast<double>(progress.*kCounters[i].value));
  for (size_t i = 0; i < std::size(kGauges); ++i)
    all.gauges[i]->Add(query).Set(static_cast<double>(progress.*kGauges[i].value));
  for (const stream::TargetProgress& target : progress.targets) {
    const prometheus::Labels table = {{"query", progress.name}, {"table", target.table}};
    all.rows_out->Add(table).Increment(static_cast<double>(target.rows));
    for (const auto& [name, failed] : target.expectations_failed) {
      prometheus::Labels labels = table;
      labels["expectation"] = name;
      all.expectation_failed->Add(labels).Increment(static_cast<double>(failed));
    }
  }
  for (const stream::PartitionLag& lag : progress.lag) {
    all.lag
        ->Add({{"query", progress.name},
               {"topic", lag.topic},
               {"partition", std::to_string(lag.partition)}})
        .Set(static_cast<double>(lag.latest - lag.position));
  }
  if (progress.watermark_ms)
    all.watermark->Add(query).Set(static_cast<double>(*progress.watermark_ms) / 1000);
  all.batch_seconds->Add(query, second_buckets()).Observe(progress.seconds);
  if (const auto commit = progress.stage_ms.find("commit"); commit != progress.stage_ms.end())
    all.commit_seconds->Add(query, second_buckets()).Observe(commit->second / 1000);
}

std::string Metrics::text() const {
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, families_->registry.Collect());
  return out.str();
}

}  // namespace firn::server
