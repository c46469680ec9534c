// Numbers are written with six significant digits, times in ISO 8601 and UTC.
#include "session/stream_progress.h"

#include <cmath>
#include <cstdio>

#include "kernels/value_text.h"

namespace firn::session {
namespace {

// Builds one object; nested values come as JSON.
class JsonObject {
 public:
  JsonObject& raw(const std::string& name, const std::string& json) {
    text_ += (text_.size() > 1 ? ",\"" : "\"") + name + "\":" + json;
    return *this;
  }
  JsonObject& text(const std::string& name, const std::string& value) {
    return raw(name, quoted(value));
  }
  JsonObject& number(const std::string& name, int64_t value) {
    return raw(name, std::to_string(value));
  }
  JsonObject& rate(const std::string& name, double value) {
    if (!std::isfinite(value)) value = 0;
    char buffer[32];
    std::snprintf(buffer, sizeof buffer, "%.6g", value);
    std::string written = buffer;
    if (written.find_first_of(".e") == std::string::npos) written += ".0";
    return raw(name, written);
  }
  std::string end() { return text_ + "}"; }

  static std::string quoted(const std::string& value) {
    std::string out = "\"";
    for (const char c : value) {
      if (c == '"' || c == '\\') {
        out += '\\';
        out += c;
      } else if (static_cast<unsigned char>(c) < 0x20) {
        char buffer[8];
        std::snprintf(buffer, sizeof buffer, "\\u%04x", c);
        out += buffer;
      } else {
        out += c;
      }
    }
    return out + "\"";
  }

 private:
  std::string text_ = "{";
};

std::string instant(int64_t ms) {
  const int64_t day = ms >= 0 ? ms / 86'400'000 : (ms - 86'399'999) / 86'400'000;
  const int64_t of_day = ms - day * 86'400'000;
  std::string text;
  kernels::append_date(text, static_cast<int32_t>(day));
  char buffer[24];
  std::snprintf(buffer, sizeof buffer, "T%02d:%02d:%02d.%03dZ",
                static_cast<int>(of_day / 3'600'000), static_cast<int>(of_day / 60'000 % 60),
                static_cast<int>(of_day / 1000 % 60), static_cast<int>(of_day % 1000));
  return text + buffer;
}

// An offset that is JSON stands as it is, another as a string.
std::string offset(const std::string& text) {
  if (text.empty()) return "null";
  const bool is_json = text.front() == '{' || text.front() == '[' ||
                       text.find_first_not_of("0123456789-") == std::string::npos;
  return is_json ? text : JsonObject::quoted(text);
}

std::string name_or_null(const std::string& name) {
  return name.empty() ? "null" : JsonObject::quoted(name);
}

int64_t stage(const stream::Progress& progress, std::initializer_list<const char*> names) {
  double ms = 0;
  for (const char* name : names) {
    const auto found = progress.stage_ms.find(name);
    if (found != progress.stage_ms.end()) ms += found->second;
  }
  return static_cast<int64_t>(ms);
}

std::string durations(const stream::Progress& progress) {
  return JsonObject()
      .number("addBatch", stage(progress, {"fetch", "run", "write", "sink"}))
      .number("commitBatch", stage(progress, {"commit"}))
      .number("commitOffsets", stage(progress, {"commit"}))
      .number("getBatch", 0)
      .number("latestOffset", 0)
      .number("queryPlanning", 0)
      .number("triggerExecution", static_cast<int64_t>(progress.seconds * 1000))
      .number("walCommit", stage(progress, {"prepare"}))
      .end();
}

std::string state_operators(const stream::Progress& progress) {
  if (!progress.is_stateful) return "[]";
  return "[" +
         JsonObject()
             .text("operatorName", "firn")
             .number("numRowsTotal", progress.state_keys)
             .number("numRowsUpdated", 0)
             .number("allUpdatesTimeMs", stage(progress, {"run"}))
             .number("numRowsRemoved", 0)
             .number("allRemovalsTimeMs", 0)
             .number("commitTimeMs", stage(progress, {"state"}))
             .number("memoryUsedBytes", progress.state_bytes)
             .number("numRowsDroppedByWatermark", progress.late)
             .number("numShufflePartitions", 1)
             .number("numStateStoreInstances", 1)
             .raw("customMetrics",
                  JsonObject().number("numDroppedDuplicateRows", progress.duplicates).end())
             .end() +
         "]";
}

std::string source(const stream::Progress& progress) {
  JsonObject made;
  made.text("description", progress.source)
      .raw("startOffset", offset(progress.start_offset))
      .raw("endOffset", offset(progress.end_offset))
      .raw("latestOffset", offset(progress.latest_offset))
      .number("numInputRows", progress.rows_in)
      .rate("inputRowsPerSecond", progress.rows_per_second)
      .rate("processedRowsPerSecond", progress.rows_per_second);
  if (!progress.lag.empty()) {
    int64_t most = 0, least = INT64_MAX, sum = 0;
    for (const stream::PartitionLag& lag : progress.lag) {
      const int64_t behind = lag.latest - lag.position;
      most = std::max(most, behind);
      least = std::min(least, behind);
      sum += behind;
    }
    made.raw("metrics", JsonObject()
                            .text("avgOffsetsBehindLatest",
                                  std::to_string(static_cast<double>(sum) /
                                                 static_cast<double>(progress.lag.size())))
                            .text("maxOffsetsBehindLatest", std::to_string(most))
                            .text("minOffsetsBehindLatest", std::to_string(least))
                            .end());
  }
  return made.end();
}

}  // namespace

std::string progress_json(const stream::Progress& progress, const std::string& name) {
  std::string sink;
  for (const stream::TargetProgress& target : progress.targets)
    sink += (sink.empty() ? "" : ", ") + target.table;
  JsonObject made;
  made.text("id", progress.query_id)
      .text("runId", progress.run_id)
      .raw("name", name_or_null(name))
      .text("timestamp", instant(progress.timestamp_ms))
      .number("batchId", progress.epoch)
      .number("batchDuration", static_cast<int64_t>(progress.seconds * 1000))
      .number("numInputRows", progress.rows_in)
      .rate("inputRowsPerSecond", progress.rows_per_second)
      .rate("processedRowsPerSecond", progress.rows_per_second)
      .raw("durationMs", durations(progress));
  if (progress.watermark_ms)
    made.raw("eventTime", JsonObject().text("watermark", instant(*progress.watermark_ms)).end());
  else
    made.raw("eventTime", "{}");
  return made.raw("stateOperators", state_operators(progress))
      .raw("sources", "[" + source(progress) + "]")
      .raw("sink",
           JsonObject().text("description", sink).number("numOutputRows", progress.rows_out).end())
      .raw("observedMetrics", "{}")
      .end();
}

std::string started_json(const std::string& id, const std::string& run_id, const std::string& name,
                         int64_t started_ms) {
  return JsonObject()
      .text("id", id)
      .text("runId", run_id)
      .raw("name", name_or_null(name))
      .text("timestamp", instant(started_ms))
      .raw("jobTags", "[]")
      .end();
}

std::string idle_json(const std::string& id, const std::string& run_id, int64_t now_ms) {
  return JsonObject().text("id", id).text("runId", run_id).text("timestamp", instant(now_ms)).end();
}

std::string terminated_json(const std::string& id, const std::string& run_id,
                            const std::optional<std::string>& exception,
                            const std::optional<std::string>& error_class) {
  return JsonObject()
      .text("id", id)
      .text("runId", run_id)
      .raw("exception", exception ? JsonObject::quoted(*exception) : "null")
      .raw("errorClassOnException", error_class ? JsonObject::quoted(*error_class) : "null")
      .end();
}

}  // namespace firn::session
