// A batch's progress as a line for people and as JSON.
#include "app/progress.h"

#include <gtest/gtest.h>

#include <sstream>

namespace firn::app {
namespace {

stream::Progress batch() {
  stream::Progress progress;
  progress.query_id = "q";
  progress.run_id = "r";
  progress.name = "silver.booking";
  progress.epoch = 3;
  progress.timestamp_ms = 1700000000000;
  progress.rows_in = 200000;
  progress.rejected = 1;
  progress.malformed = 2;
  progress.late = 30;
  progress.duplicates = 4000;
  progress.rows_per_second = 123456.7;
  progress.seconds = 1.62;
  progress.targets = {{"silver.booking", 170000, 77, {}},
                      {"quarantine.booking", 5000, std::nullopt, {{"positive", 3}}}};
  progress.lag = {{"events", 0, 10, 12}, {"events", 1, 20, 23}};
  progress.watermark_ms = 0;
  progress.stage_ms = {{"commit", 40.4}, {"fetch", 100}};
  progress.totals = {{"rows_in", 500000}, {"late", 31}};
  return progress;
}

TEST(Progress, LineForPeople) {
  EXPECT_EQ(batch_line(batch()),
            "batch 3 silver.booking: 200,000 in, 170,000 → silver.booking (snapshot 77), 5,000 → "
            "quarantine.booking [3 failed positive]; 1 rejected, 2 malformed, 30 late, 4,000 "
            "duplicates; 123,456 rows/s, lag events 5; 1.62 s (commit 40, fetch 100 ms)");
}

TEST(Progress, ObjectForMachines) {
  EXPECT_EQ(
      batch_json(batch()),
      R"({"event":"progress","query":"silver.booking","query_id":"q","run_id":"r","batch":3,)"
      R"("timestamp_ms":1700000000000,"rows_in":200000,"rows_out":0,"rejected":1,"malformed":2,)"
      R"("late":30,"duplicates":4000,"rows_per_second":123456.7,"seconds":1.62,"watermark_ms":0,)"
      R"("state_keys":0,"state_bytes":0,"targets":[{"table":"silver.booking","rows":170000,)"
      R"("snapshot_id":77,"expectations_failed":{}},{"table":"quarantine.booking","rows":5000,)"
      R"("snapshot_id":null,"expectations_failed":{"positive":3}}],)"
      R"("lag":[{"topic":"events","partition":0,"position":10,"latest":12},)"
      R"({"topic":"events","partition":1,"position":20,"latest":23}],)"
      R"("stage_ms":{"commit":40.4,"fetch":100},"totals":{"late":31,"rows_in":500000}})");
}

TEST(Progress, ATerminalHasAStatusLineBelow) {
  std::ostringstream plain, terminal;
  ProgressPrinter(plain, LogFormat::kText, false).batch(batch());
  EXPECT_EQ(plain.str(), batch_line(batch()) + "\n");
  ProgressPrinter printer(terminal, LogFormat::kText, true);
  printer.batch(batch());
  EXPECT_NE(terminal.str().find("silver.booking: 500,000 in"), std::string::npos);
  printer.finish();
  EXPECT_TRUE(terminal.str().ends_with("\r\033[K"));
}

}  // namespace
}  // namespace firn::app
