// What a run says while it works: one line a batch for people, one JSON object for machines.
#pragma once

#include <ostream>
#include <string>

#include "base/log.h"
#include "stream/query.h"

namespace firn::app {

// "batch 3 silver.booking  200,000 in  179,000 out …": everything that Progress has.
std::string batch_line(const stream::Progress& progress);
// {"event":"progress","query":…,"batch":3,…}, all fields always there.
std::string batch_json(const stream::Progress& progress);

// Writes to one stream; on a terminal with a status line below, which is redrawn. Not safe for
// concurrent use: the pipeline's listener is called one at a time.
class ProgressPrinter {
 public:
  ProgressPrinter(std::ostream& out, LogFormat format, bool terminal)
      : out_(out), format_(format), terminal_(terminal && format == LogFormat::kText) {}

  void note(const std::string& text);
  void batch(const stream::Progress& progress);
  void refreshed(const std::string& view, int64_t rows, double seconds);
  // Takes the status line away.
  void finish();

 private:
  void line(const std::string& text);

  std::ostream& out_;
  const LogFormat format_;
  const bool terminal_;
  std::string status_;
};

}  // namespace firn::app
