// What a batch's progress becomes, and that it is served.
#include "server/metrics/metrics.h"

#include <gtest/gtest.h>
#include <httplib.h>

#include "base/error.h"

namespace firn::server {
namespace {

stream::Progress batch() {
  stream::Progress progress;
  progress.name = "silver.booking";
  progress.epoch = 3;
  progress.rows_in = 100;
  progress.late = 2;
  progress.duplicates = 5;
  progress.rejected = 1;
  progress.malformed = 4;
  progress.seconds = 0.3;
  progress.state_bytes = 4096;
  progress.watermark_ms = 1500;
  progress.stage_ms["commit"] = 20;
  progress.targets.push_back({"silver.booking", 88, 7, {{"positive", 1}}});
  progress.lag.push_back({"events", 2, 90, 100});
  return progress;
}

struct LineRow {
  const char* name;
  const char* line;
};
constexpr LineRow kLines[] = {
    {"rows in add up", "firn_rows_in_total{query=\"silver.booking\"} 200"},
    {"late", "firn_rows_late_total{query=\"silver.booking\"} 4"},
    {"duplicates", "firn_rows_duplicate_total{query=\"silver.booking\"} 10"},
    {"rejected", "firn_rows_rejected_total{query=\"silver.booking\"} 2"},
    {"malformed", "firn_rows_malformed_total{query=\"silver.booking\"} 8"},
    {"rows out by table",
     "firn_rows_out_total{query=\"silver.booking\",table=\"silver.booking\"} 176"},
    {"lag is a gauge",
     "firn_source_lag{partition=\"2\",query=\"silver.booking\",topic=\"events\"} 10"},
    {"state", "firn_state_bytes{query=\"silver.booking\"} 4096"},
    {"watermark in seconds", "firn_watermark_seconds{query=\"silver.booking\"} 1.5"},
    {"commits by time", "firn_commit_seconds_bucket{query=\"silver.booking\",le=\"0.025\"} 2"},
    {"faster ones", "firn_commit_seconds_bucket{query=\"silver.booking\",le=\"0.01\"} 0"},
    {"batches by time", "firn_batch_seconds_count{query=\"silver.booking\"} 2"},
};

TEST(Metrics, TextHasEachFigure) {
  Metrics metrics;
  metrics.observe(batch());
  metrics.observe(batch());
  const std::string text = metrics.text();
  for (const LineRow& row : kLines)
    EXPECT_NE(text.find(std::string(row.line) + "\n"), std::string::npos) << row.name << "\n"
                                                                          << text;
}

TEST(Metrics, EndpointServesThem) {
  Metrics metrics;
  metrics.observe(batch());
  const MetricsEndpoint endpoint(metrics, 0);
  httplib::Client client("127.0.0.1", endpoint.port());
  const auto reply = client.Get("/metrics");
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 200);
  EXPECT_EQ(reply->body, metrics.text());
  EXPECT_EQ(client.Get("/")->status, 404);
  try {
    const MetricsEndpoint second(metrics, endpoint.port());
    FAIL() << "two servers on one port";
  } catch (const Error& error) {
    EXPECT_NE(error.message().find(std::to_string(endpoint.port())), std::string::npos);
  }
}

}  // namespace
}  // namespace firn::server
