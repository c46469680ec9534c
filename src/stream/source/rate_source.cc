// Both sources are functions of their offsets: a range that is read again gives the same rows.
#include "stream/source/rate_source.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/error.h"
#include "engine/chunk_builder.h"
#include "stream/source/options.h"
#include "stream/whole_number.h"

namespace firn::stream {
namespace {

using Json = nlohmann::json;

const std::vector<std::string> kRateOptions = {"rowsPerSecond", "rampUpTime", "numPartitions"};
const std::vector<std::string> kBatchOptions = {"rowsPerBatch", "numPartitions", "startTimestamp",
                                                "advanceMillisPerBatch"};

// "5", "5s", "1 minute": seconds.
int64_t parse_seconds(const std::string& text) {
  struct Unit {
    const char* name;
    int64_t seconds;
  };
  constexpr Unit kUnits[] = {{"", 1},     {"s", 1},       {"second", 1},  {"seconds", 1},
                             {"m", 60},   {"min", 60},    {"minute", 60}, {"minutes", 60},
                             {"h", 3600}, {"hour", 3600}, {"hours", 3600}};
  int64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, problem] = std::from_chars(text.data(), end, value);
  std::string unit(stop, end);
  unit.erase(0, unit.find_first_not_of(' ') == std::string::npos ? unit.size()
                                                                 : unit.find_first_not_of(' '));
  for (const Unit& row : kUnits)
    if (problem == std::errc() && value >= 0 && unit == row.name) return value * row.seconds;
  throw_invalid("option rampUpTime of the streaming source rate is '" + text +
                "'; write it like 5s or 1 minute");
}

// Where the columns timestamp and value are wanted.
class RowMaker {
 public:
  explicit RowMaker(std::vector<std::string> wanted) : wanted_(std::move(wanted)) {
    for (const std::string& name : wanted_)
      types_.emplace_back(name == "timestamp" ? types::DataTypeId::kTimestamp
                                              : types::DataTypeId::kLong);
  }
  // Rows first … last - 1; `micros` gives the time of a value.
  template <class Micros>
  engine::Chunk make(int64_t first, int64_t last, Micros micros) const {
    engine::ChunkBuilder builder(types_);
    const auto rows = static_cast<uint64_t>(last - first);
    for (size_t i = 0; i < wanted_.size(); ++i) {
      auto* const out = builder.column(i).values<int64_t>();
      for (uint64_t row = 0; row < rows; ++row) {
        const int64_t value = first + static_cast<int64_t>(row);
        out[row] = wanted_[i] == "timestamp" ? micros(value) : value;
      }
    }
    return builder.finish(rows);
  }

 private:
  std::vector<std::string> wanted_;
  std::vector<types::DataType> types_;
};

template <class Micros>
class RateReader final : public RangeReader {
 public:
  RateReader(const RowMaker& maker, int64_t first, int64_t last, Micros micros)
      : maker_(maker), at_(first), last_(last), micros_(std::move(micros)) {}
  std::optional<SourceBatch> next(const StopToken& stop) override {
    throw_if_stopped(stop);
    if (at_ >= last_) return std::nullopt;
    const int64_t end = std::min(last_, at_ + static_cast<int64_t>(engine::kChunkRows));
    engine::Chunk chunk = maker_.make(at_, end, micros_);
    at_ = end;
    return SourceBatch(std::move(chunk));
  }

 private:
  const RowMaker& maker_;
  int64_t at_, last_;
  Micros micros_;
};

void sleep_until_stopped(Clock& clock, int milliseconds, const StopToken& stop) {
  for (int left = milliseconds; left > 0 && !stop.stop_requested(); left -= 20)
    clock.sleep_for(std::chrono::milliseconds(std::min(left, 20)));
}

// Offsets are seconds since the query began.
class RateSource final : public Source {
 public:
  RateSource(const FormatOptions& options, SourceSurroundings surroundings)
      : rows_per_second_(options.number("rowsPerSecond", 1).value_or(1)),
        ramp_up_(parse_seconds(options.text("rampUpTime").value_or("0"))),
        partitions_(options.number("numPartitions", 1).value_or(1)),
        surroundings_(std::move(surroundings)),
        maker_(surroundings_.wanted) {}

  std::string description() const override {
    return "RateStreamV2[rowsPerSecond=" + std::to_string(rows_per_second_) +
           ", rampUpTimeSeconds=" + std::to_string(ramp_up_) +
           ", numPartitions=" + std::to_string(partitions_) + "]";
  }

  // The moment that the query began stays in the checkpoint, as Spark's metadata log has it.
  bool keeps_its_start() const override { return true; }
  std::string initial_offsets(const StopToken&) override {
    begun();
    return "0";
  }

  std::string next_end(const std::string& start, const ReadLimit&, const StopToken&) override {
    const int64_t now = (surroundings_.clock.now_ms() - begun()) / 1000;
    return std::to_string(std::max(now, parse(start)));
  }
  std::string bounded_end(const std::string&, const std::string& last, const ReadLimit&) override {
    return last;
  }
  std::string latest(const std::string& start, const StopToken& stop) override {
    return next_end(start, {}, stop);
  }

  std::unique_ptr<RangeReader> read(const std::string& start, const std::string& end) override {
    const int64_t from = parse(start), to = parse(end);
    const int64_t first = rate_value_at(from, rows_per_second_, ramp_up_),
                  last = rate_value_at(to, rows_per_second_, ramp_up_);
    const int64_t begin_us = (begun() + from * 1000) * 1000, span_us = (to - from) * 1000000;
    const auto micros = [=](int64_t value) {
      const double share = static_cast<double>(value - first) / static_cast<double>(last - first);
      return begin_us + static_cast<int64_t>(share * static_cast<double>(span_us)) / 1000 * 1000;
    };
    return std::make_unique<RateReader<decltype(micros)>>(maker_, first, last, micros);
  }
  void wait(int milliseconds, const StopToken& stop) override {
    sleep_until_stopped(surroundings_.clock, milliseconds, stop);
  }
  std::vector<PartitionLag> lag(const std::string&) override { return {}; }

 private:
  static int64_t parse(const std::string& text) {
    int64_t seconds = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, problem] = std::from_chars(text.data(), end, seconds);
    if (problem != std::errc() || stop != end || seconds < 0)
      throw_invalid("the checkpoint's offset of the rate source is no number of seconds: " + text);
    return seconds;
  }

  int64_t begun() {
    if (begun_ms_) return *begun_ms_;
    const std::string uri = files::join_uri(surroundings_.folder, "0");
    if (!surroundings_.store.stat(uri))
      surroundings_.store.put_if_absent(uri, "v1\n" + std::to_string(surroundings_.clock.now_ms()));
    const std::string text = surroundings_.store.read_all(uri);
    int64_t ms = 0;
    const bool good =
        text.starts_with("v1\n") &&
        std::from_chars(text.data() + 3, text.data() + text.size(), ms).ec == std::errc();
    if (!good)
      throw Error("STREAM_CHECKPOINT_CORRUPT",
                  {{"location", uri}, {"reason", "it must hold v1 and the time of the start"}});
    begun_ms_ = ms;
    return ms;
  }

  int64_t rows_per_second_, ramp_up_, partitions_;
  SourceSurroundings surroundings_;
  RowMaker maker_;
  std::optional<int64_t> begun_ms_;
};

// Offsets are {"offset": rows made, "timestamp": ms of the rows that follow}.
class RateMicroBatchSource final : public Source {
 public:
  RateMicroBatchSource(const FormatOptions& options, SourceSurroundings surroundings)
      : rows_(options.number("rowsPerBatch", 1).value_or(0)),
        partitions_(options.number("numPartitions", 1).value_or(1)),
        start_ms_(options.number("startTimestamp", 0).value_or(0)),
        advance_ms_(options.number("advanceMillisPerBatch", 0).value_or(1000)),
        surroundings_(std::move(surroundings)),
        maker_(surroundings_.wanted) {}

  std::string description() const override {
    return "RateStreamMicroBatch[rowsPerBatch=" + std::to_string(rows_) +
           ", numPartitions=" + std::to_string(partitions_) +
           ", startTimestamp=" + std::to_string(start_ms_) +
           ", advanceMsPerBatch=" + std::to_string(advance_ms_) + "]";
  }
  std::string initial_offsets(const StopToken&) override { return write({0, start_ms_}); }
  std::string next_end(const std::string& start, const ReadLimit&, const StopToken&) override {
    const Offset from = parse(start);
    return write({from.rows + rows_, from.timestamp_ms + advance_ms_});
  }
  std::string bounded_end(const std::string&, const std::string& last, const ReadLimit&) override {
    return last;
  }
  std::string latest(const std::string& start, const StopToken& stop) override {
    return next_end(start, {}, stop);
  }
  std::unique_ptr<RangeReader> read(const std::string& start, const std::string& end) override {
    const Offset from = parse(start);
    const auto micros = [us = from.timestamp_ms * 1000](int64_t) { return us; };
    return std::make_unique<RateReader<decltype(micros)>>(maker_, from.rows, parse(end).rows,
                                                          micros);
  }
  void wait(int milliseconds, const StopToken& stop) override {
    sleep_until_stopped(surroundings_.clock, milliseconds, stop);
  }
  std::vector<PartitionLag> lag(const std::string&) override { return {}; }

 private:
  struct Offset {
    int64_t rows = 0, timestamp_ms = 0;
  };
  static std::string write(Offset offset) {
    return nlohmann::ordered_json{{"offset", offset.rows}, {"timestamp", offset.timestamp_ms}}
        .dump();
  }
  static Offset parse(const std::string& text) {
    const Json json = Json::parse(text, nullptr, false);
    const auto is_number = [&](const char* name) {
      return json.contains(name) && whole_number<int64_t>(json[name]).has_value();
    };
    if (!json.is_object() || !is_number("offset") || !is_number("timestamp"))
      throw_invalid(
          "the checkpoint's offset of the rate-micro-batch source is not of the form "
          "{\"offset\":0,\"timestamp\":0}: " +
          text);
    return {json["offset"].get<int64_t>(), json["timestamp"].get<int64_t>()};
  }

  int64_t rows_, partitions_, start_ms_, advance_ms_;
  SourceSurroundings surroundings_;
  RowMaker maker_;
};

}  // namespace

types::DataType rate_schema() {
  return types::DataType::structure({{"timestamp", types::DataTypeId::kTimestamp, true},
                                     {"value", types::DataTypeId::kLong, true}});
}

void check_rate_options(const std::map<std::string, std::string>& options) {
  const FormatOptions checked("rate", options, kRateOptions);
  checked.number("rowsPerSecond", 1);
  checked.number("numPartitions", 1);
  parse_seconds(checked.text("rampUpTime").value_or("0"));
}

void check_rate_micro_batch_options(const std::map<std::string, std::string>& options) {
  const FormatOptions checked("rate-micro-batch", options, kBatchOptions);
  if (!checked.number("rowsPerBatch", 1))
    throw_invalid("the streaming source rate-micro-batch needs the option rowsPerBatch");
}

int64_t rate_value_at(int64_t seconds, int64_t rows_per_second, int64_t ramp_up_seconds) {
  const int64_t step = rows_per_second / (ramp_up_seconds + 1);  // the rate grows by it each second
  const int64_t ramped = std::min(seconds, ramp_up_seconds);
  return ramped * (ramped + 1) / 2 * step + (seconds - ramped) * rows_per_second;
}

std::unique_ptr<Source> make_rate_source(const plan::StreamSource& source,
                                         SourceSurroundings surroundings) {
  return std::make_unique<RateSource>(FormatOptions("rate", source.options, kRateOptions),
                                      std::move(surroundings));
}

std::unique_ptr<Source> make_rate_micro_batch_source(const plan::StreamSource& source,
                                                     SourceSurroundings surroundings) {
  return std::make_unique<RateMicroBatchSource>(
      FormatOptions("rate-micro-batch", source.options, kBatchOptions), std::move(surroundings));
}

}  // namespace firn::stream
