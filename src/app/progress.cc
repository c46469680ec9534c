// Lines of progress.
#include "app/progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <map>

#include "app/json_text.h"
#include "app/statements.h"
#include "kernels/value_text.h"

namespace firn::app {
namespace {

std::map<std::string, int64_t> lag_by_topic(const stream::Progress& progress) {
  std::map<std::string, int64_t> lag;
  for (const stream::PartitionLag& partition : progress.lag)
    lag[partition.topic] += partition.latest - partition.position;
  return lag;
}

std::string instant(int64_t ms) {
  std::string text;
  kernels::append_local_timestamp(text, ms * 1000);
  return text + " UTC";
}

std::string status_of(const stream::Progress& progress) {
  const auto total = [&](const char* name) {
    const auto found = progress.totals.find(name);
    return found == progress.totals.end() ? int64_t{0} : found->second;
  };
  int64_t behind = 0;
  for (const auto& [topic, lag] : lag_by_topic(progress)) behind += lag;
  std::string text =
      fmt::format("{}: {} in, {} out, {} late, {} duplicates so far; {} rows/s, {} behind",
                  progress.name, grouped(total("rows_in")), grouped(total("rows_out")),
                  grouped(total("late")), grouped(total("duplicates")),
                  grouped(static_cast<int64_t>(progress.rows_per_second)), grouped(behind));
  if (progress.watermark_ms.value_or(0) > 0)
    text += "; watermark " + instant(*progress.watermark_ms);
  return text;
}

// A line that the terminal would wrap could not be drawn over.
std::string cut_to_terminal(const std::string& text) {
  winsize size{};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return text;
  return text.substr(0, size.ws_col - 1U);
}

}  // namespace

std::string batch_line(const stream::Progress& progress) {
  std::string line =
      fmt::format("batch {} {}: {} in", progress.epoch, progress.name, grouped(progress.rows_in));
  for (const stream::TargetProgress& target : progress.targets) {
    line += fmt::format(", {} → {}", grouped(target.rows), target.table);
    if (target.snapshot_id) line += fmt::format(" (snapshot {})", *target.snapshot_id);
    for (const auto& [name, failed] : target.expectations_failed)
      line += fmt::format(" [{} failed {}]", grouped(failed), name);
  }
  line += fmt::format("; {} rejected, {} malformed, {} late, {} duplicates",
                      grouped(progress.rejected), grouped(progress.malformed),
                      grouped(progress.late), grouped(progress.duplicates));
  line += fmt::format("; {} rows/s", grouped(static_cast<int64_t>(progress.rows_per_second)));
  for (const auto& [topic, lag] : lag_by_topic(progress))
    line += fmt::format(", lag {} {}", topic, grouped(lag));
  line += fmt::format("; {:.2f} s (", progress.seconds);
  bool first = true;
  for (const auto& [stage, ms] : progress.stage_ms) {
    line += fmt::format("{}{} {:.0f}", first ? "" : ", ", stage, ms);
    first = false;
  }
  return line + (first ? "no stages)" : " ms)");
}

std::string batch_json(const stream::Progress& progress) {
  JsonArray targets, lags;
  for (const stream::TargetProgress& target : progress.targets) {
    JsonObject object, failed;
    object.add("table", target.table).add("rows", target.rows);
    if (target.snapshot_id)
      object.add("snapshot_id", *target.snapshot_id);
    else
      object.add_json("snapshot_id", "null");
    for (const auto& [name, count] : target.expectations_failed) failed.add(name, count);
    targets.add_json(object.add_json("expectations_failed", failed.text()).text());
  }
  for (const stream::PartitionLag& lag : progress.lag) {
    lags.add_json(JsonObject()
                      .add("topic", lag.topic)
                      .add("partition", lag.partition)
                      .add("position", lag.position)
                      .add("latest", lag.latest)
                      .text());
  }
  JsonObject stages, totals;
  for (const auto& [stage, ms] : progress.stage_ms) stages.add(stage, ms);
  for (const auto& [name, count] : progress.totals) totals.add(name, count);
  JsonObject object;
  object.add("event", "progress")
      .add("query", progress.name)
      .add("query_id", progress.query_id)
      .add("run_id", progress.run_id)
      .add("batch", progress.epoch)
      .add("timestamp_ms", progress.timestamp_ms)
      .add("rows_in", progress.rows_in)
      .add("rows_out", progress.rows_out)
      .add("rejected", progress.rejected)
      .add("malformed", progress.malformed)
      .add("late", progress.late)
      .add("duplicates", progress.duplicates)
      .add("rows_per_second", progress.rows_per_second)
      .add("seconds", progress.seconds);
  if (progress.watermark_ms)
    object.add("watermark_ms", *progress.watermark_ms);
  else
    object.add_json("watermark_ms", "null");
  return object.add("state_keys", progress.state_keys)
      .add("state_bytes", progress.state_bytes)
      .add_json("targets", targets.text())
      .add_json("lag", lags.text())
      .add_json("stage_ms", stages.text())
      .add_json("totals", totals.text())
      .text();
}

void ProgressPrinter::line(const std::string& text) {
  if (!terminal_) {
    out_ << text << '\n' << std::flush;
    return;
  }
  // The status line ends in a carriage return: whatever is logged next begins over it.
  out_ << "\r\033[K" << text << '\n';
  if (!status_.empty()) out_ << status_ << "\033[K\r";
  out_ << std::flush;
}

void ProgressPrinter::note(const std::string& text) {
  line(format_ == LogFormat::kJson ? JsonObject().add("event", "note").add("message", text).text()
                                   : text);
}

void ProgressPrinter::batch(const stream::Progress& progress) {
  if (format_ == LogFormat::kJson) return line(batch_json(progress));
  status_ = cut_to_terminal(status_of(progress));
  line(batch_line(progress));
}

void ProgressPrinter::refreshed(const std::string& view, int64_t rows, double seconds) {
  line(format_ == LogFormat::kJson
           ? JsonObject()
                 .add("event", "refreshed")
                 .add("view", view)
                 .add("rows", rows)
                 .add("seconds", seconds)
                 .text()
           : fmt::format("refreshed {}: {} rows, {:.2f} s", view, grouped(rows), seconds));
}

void ProgressPrinter::finish() {
  if (terminal_ && !status_.empty()) out_ << "\r\033[K" << std::flush;
  status_.clear();
}

}  // namespace firn::app
