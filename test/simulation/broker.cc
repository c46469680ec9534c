// The broker double: a topic whose records a process reads by ranges, with what brokers do: leaders
// change in the middle of a read, watermarks are stale, old records are gone.
#include <algorithm>

#include "base/error.h"
#include "evaluator.h"
#include "stream/source/offsets.h"

namespace firn::simulation {
namespace {

using stream::PartitionOffsets;

constexpr const char* kTopic = "t";
constexpr size_t kBatch = 3;

PartitionOffsets parse(const std::string& json) {
  return stream::parse_offsets(json, "simulated offsets");
}

class Reader final : public stream::RangeReader {
 public:
  Reader(World& world, Process& process, const std::string& start, const std::string& end)
      : world_(world), process_(process), delivery_{process.number, start, end, {}} {
    const PartitionOffsets from = parse(start), to = parse(end);
    for (const auto& [partition, last] : to) {
      const auto found = from.find(partition);
      for (int64_t offset = found == from.end() ? 0 : found->second; offset < last; ++offset)
        wanted_.emplace_back(partition.partition, offset);
    }
  }

  std::optional<stream::SourceBatch> next(const StopToken& stop) override {
    world_.point(process_, "read");
    throw_if_stopped(stop);
    if (world_.due(Counter::kRead) != nullptr) {
      world_.took_effect("leader changes");
      throw Error("FIRN_UNAVAILABLE", {{"what", "the partition's leader is elsewhere"}});
    }
    auto texts = std::make_shared<std::vector<std::string>>();
    while (at_ < wanted_.size() && texts->size() < kBatch) {
      const auto [partition, offset] = wanted_[at_];
      if (offset < world_.topic.first[static_cast<size_t>(partition)]) {
        world_.took_effect(world_.fails_on_data_loss ? "data loss ends the query"
                                                     : "data loss is let pass");
        if (world_.fails_on_data_loss) {
          throw Error("KAFKA_DATA_LOSS", {{"topic", kTopic},
                                          {"partition", std::to_string(partition)},
                                          {"reason", "the simulated topic was cut"}});
        }
        ++at_;
        continue;
      }
      const Record& record =
          world_.topic.partitions[static_cast<size_t>(partition)][static_cast<size_t>(offset)];
      if (record.is_poison) world_.took_effect("poison record");
      texts->push_back(text_of(record));
      delivery_.records.push_back(wanted_[at_++]);
    }
    if (texts->empty()) {
      world_.deliveries.push_back(delivery_);
      return std::nullopt;
    }
    auto batch = std::make_shared<engine::RecordBatch>();
    for (const std::string& text : *texts) {
      engine::Record record;
      record.value = text.data();
      record.value_length = static_cast<uint32_t>(text.size());
      batch->records.push_back(record);
    }
    batch->owner = texts;
    return std::shared_ptr<const engine::RecordBatch>(std::move(batch));
  }

 private:
  std::string text_of(const Record& record) const {
    const std::string id = std::to_string(record.id), key = std::to_string(record.key),
                      time = std::to_string(record.time_ms);
    if (record.is_poison) return "{poison #" + id;
    if (!world_.is_whole) return id + " " + key + " " + time;
    return R"({"id":)" + id + R"(,"key":)" + key + R"(,"time":)" + time + "}";
  }

  World& world_;
  Process& process_;
  Delivery delivery_;
  std::vector<std::pair<int, int64_t>> wanted_;
  size_t at_ = 0;
};

class Broker final : public stream::Source {
 public:
  Broker(World& world, Process& process) : world_(world), process_(process) {}

  std::string description() const override { return "simulated topic"; }
  std::string initial_offsets(const StopToken&) override {
    world_.point(process_, "ask for the topic's start");
    PartitionOffsets start;
    for (size_t i = 0; i < world_.topic.partitions.size(); ++i)
      start[{kTopic, static_cast<int32_t>(i)}] = 0;
    return stream::write_offsets(start);
  }
  std::string next_end(const std::string& start, const stream::ReadLimit& limit,
                       const StopToken& stop) override {
    return bounded_end(start, latest(start, stop), limit);
  }
  std::string bounded_end(const std::string& start, const std::string& last,
                          const stream::ReadLimit& limit) override {
    PartitionOffsets at = parse(start);
    const PartitionOffsets end = parse(last);
    int64_t left = limit.max_records.value_or(1'000'000);
    for (bool more = true; more && left > 0;) {
      more = false;
      for (const auto& [partition, offset] : end) {
        if (at[partition] >= offset || left == 0) continue;
        ++at[partition];
        --left;
        more = true;
      }
    }
    return stream::write_offsets(at);
  }
  std::string latest(const std::string& start, const StopToken&) override {
    world_.point(process_, "ask for the topic's end");
    const Fault* const fault = world_.due(Counter::kPlan);
    if (fault != nullptr && std::string(fault->kind->name) == "broker restarts") {
      world_.took_effect("broker restarts");
      throw Error("FIRN_UNAVAILABLE", {{"what", "the simulated broker does not answer"}});
    }
    // Twins must plan the same ranges: with two tables each could commit its own to one of them.
    const bool is_stale = fault != nullptr && !(process_.is_twin && world_.tables.size() > 1);
    PartitionOffsets end = parse(start);
    for (size_t i = 0; i < world_.topic.partitions.size(); ++i) {
      const auto high = static_cast<int64_t>(world_.topic.partitions[i].size());
      const int64_t stale =
          high - static_cast<int64_t>(is_stale ? fault->detail >> (8 * i) & 7 : 0);
      int64_t& known = end[{kTopic, static_cast<int32_t>(i)}];
      if (std::max(known, stale) < high) world_.took_effect("stale watermark");
      known = std::max(known, stale);
    }
    return stream::write_offsets(end);
  }
  std::unique_ptr<stream::RangeReader> read(const std::string& start,
                                            const std::string& end) override {
    return std::make_unique<Reader>(world_, process_, start, end);
  }
  void wait(int milliseconds, const StopToken&) override {
    world_.clock.sleep_for(std::chrono::milliseconds(milliseconds));
  }
  std::vector<stream::PartitionLag> lag(const std::string&) override { return {}; }

 private:
  World& world_;
  Process& process_;
};

}  // namespace

std::unique_ptr<stream::Source> make_broker(World& world, Process& process) {
  return std::make_unique<Broker>(world, process);
}

}  // namespace firn::simulation
