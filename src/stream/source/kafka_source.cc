// The Kafka source: which partitions there are, where a range starts and ends, and reading it to
// exactly there. Offsets have gaps (transaction markers, compaction): a partition's part of a range
// ends at the first message ≥ its end (kept for the next range) or when the broker says that the
// log ends at or behind it, never by count.
#include "stream/source/kafka_source.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <deque>
#include <regex>
#include <set>
#include <thread>

#include "base/error.h"
#include "base/log.h"
#include "stream/source/kafka_client.h"

namespace firn::stream {
namespace {

using Steady = std::chrono::steady_clock;
constexpr size_t kBatchMessages = 4096;
constexpr int64_t kBatchBytes = 4 << 20;
constexpr int64_t kBytesAMessage = 350 + sizeof(engine::Record);  // besides key and value
constexpr auto kDiscoveryInterval = std::chrono::seconds(1);
constexpr auto kSilentLogInterval = std::chrono::seconds(10);

struct MessageOwner {
  std::shared_ptr<void> client;  // goes after its messages
  std::vector<Message> messages;
};

std::string join(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : ", ") + word;
  return out;
}

// One partition's reading: where it stands and what was read beyond the last range's end.
struct Lane {
  std::unique_ptr<PartitionFetch> fetch;
  int64_t position = 0;      // next offset that is wanted
  int64_t log_end = -1;      // newest end-of-partition mark
  std::deque<Message> kept;  // read already, beyond the end of the range before
};

int spark_timestamp_type(rd_kafka_timestamp_type_t type) {
  return type == RD_KAFKA_TIMESTAMP_CREATE_TIME       ? 0
         : type == RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME ? 1
                                                      : -1;
}

class KafkaSource final : public Source {
 public:
  explicit KafkaSource(std::shared_ptr<const KafkaOptions> options) : options_(std::move(options)) {
    for (const std::string& warning : options_->warnings) log_warn("{}", warning);
  }

  std::string description() const override {
    if (!options_->subscribe.empty())
      return "KafkaV2[Subscribe[" + join(options_->subscribe) + "]]";
    if (!options_->subscribe_pattern.empty())
      return "KafkaV2[SubscribePattern[" + options_->subscribe_pattern + "]]";
    return "KafkaV2[Assign[…]]";
  }

  std::string initial_offsets(const StopToken& stop) override {
    asking().set_stop(stop);
    PartitionOffsets offsets;
    for (const TopicPartition& partition : partitions(true))
      offsets[partition] = initial_offset(partition);
    for (const auto& [partition, offset] : options_->starting.offsets) {
      if (offsets.count(partition) == 0)
        throw_invalid("starting offsets name topic '" + partition.topic + "', partition " +
                      std::to_string(partition.partition) + ", which the source does not read");
    }
    return write_offsets(offsets);
  }

  std::string next_end(const std::string& start, const ReadLimit& limit,
                       const StopToken& stop) override {
    asking().set_stop(stop);
    const PartitionOffsets from = known(start);
    PartitionOffsets to = ends(from, options_->read_committed);
    // A log that was replaced by a shorter one sends nothing: only a question finds that out.
    if (from == to && Steady::now() - asked_ > kSilentLogInterval) to = ends(from, true);
    return write_offsets(limited(from, to, limit));
  }

  std::string bounded_end(const std::string& start, const std::string& last,
                          const ReadLimit& limit) override {
    PartitionOffsets from = parse_offsets(start, "offsets");
    const PartitionOffsets to = parse_offsets(last, "offsets");
    for (const auto& [partition, offset] : to) from.emplace(partition, new_starts_[partition]);
    return write_offsets(limited(from, to, limit));
  }

  std::string latest(const std::string& start, const StopToken& stop) override {
    asking().set_stop(stop);
    partitions(true);
    return write_offsets(ends(known(start), true));
  }

  std::unique_ptr<RangeReader> read(const std::string& start, const std::string& end) override;

  void wait(int milliseconds, const StopToken& stop) override {
    const auto until = Steady::now() + std::chrono::milliseconds(milliseconds);
    while (!stop.stop_requested()) {
      const auto left =
          std::chrono::duration_cast<std::chrono::milliseconds>(until - Steady::now()).count();
      if (left <= 0 || bell_.wait(static_cast<int>(std::min<int64_t>(left, 100)))) return;
    }
  }

  std::optional<int64_t> max_records_per_batch() const override {
    return options_->max_offsets_per_trigger;
  }

  std::vector<PartitionLag> lag(const std::string& position) override {
    std::vector<PartitionLag> lags;
    for (const auto& [partition, offset] : parse_offsets(position, "offsets")) {
      const auto lane = lanes_.find(partition);
      const auto marks =
          lane == lanes_.end() ? std::nullopt : lane->second.fetch->cached_watermarks();
      lags.push_back({partition.topic, partition.partition, offset,
                      marks ? std::max(marks->high, offset) : offset});
    }
    return lags;
  }

  // ---- for the reader
  std::map<TopicPartition, Lane>& lanes() { return lanes_; }
  Lane& lane_at(const TopicPartition& partition, int64_t offset);
  void restart(Lane& lane, int64_t offset);
  Bell& bell() { return bell_; }
  KafkaClient& client() {
    if (client_ == nullptr) client_ = std::make_unique<KafkaClient>(*options_, fetched_partitions_);
    return *client_;
  }
  // Before the first client(): they share its queues' memory.
  void expect_partitions(size_t count) {
    fetched_partitions_ = std::max(fetched_partitions_, count);
  }
  const KafkaOptions& options() const { return *options_; }
  // Throws, or with failOnDataLoss=false logs the gap.
  void report_loss(const TopicPartition& partition, const std::string& reason) const {
    if (options_->fail_on_data_loss)
      throw Error("KAFKA_DATA_LOSS", {{"topic", partition.topic},
                                      {"partition", std::to_string(partition.partition)},
                                      {"reason", reason}});
    log_warn("topic {}, partition {}: {}; going on (failOnDataLoss=false)", partition.topic,
             partition.partition, reason);
  }

 private:
  // All partitions of the topics that are read. Asks the broker when `now` or when the last answer
  // is old.
  const std::set<TopicPartition>& partitions(bool now) {
    if (!now && discovered_ && Steady::now() - *discovered_ < kDiscoveryInterval)
      return partitions_;
    std::set<TopicPartition> found;
    for (const auto& [topic, list] : options_->assign) {
      const int count = asking().partitions(topic);
      for (int partition : list) {
        if (partition >= count)
          throw_invalid("option assign: topic '" + topic + "' has " + std::to_string(count) +
                        " partitions, no partition " + std::to_string(partition));
        found.insert({topic, partition});
      }
    }
    for (const std::string& topic : topics()) {
      const int count = asking().partitions(topic);
      for (int partition = 0; partition < count; ++partition) found.insert({topic, partition});
    }
    partitions_ = std::move(found);
    discovered_ = Steady::now();
    return partitions_;
  }

  std::vector<std::string> topics() {
    if (options_->subscribe_pattern.empty()) return options_->subscribe;
    std::vector<std::string> matching;
    for (const std::string& topic : asking().topics()) {
      if (std::regex_match(topic, options_->topic_pattern)) matching.push_back(topic);
    }
    return matching;
  }

  int64_t initial_offset(const TopicPartition& partition) {
    const StartingPoint& starting = options_->starting;
    const auto by_mark = [&](int64_t mark) {
      return mark == kLatestOffset ? asking().watermarks(partition).high
                                   : asking().watermarks(partition).low;
    };
    switch (starting.kind) {
      case StartingPoint::Kind::kEarliest:
        return by_mark(kEarliestOffset);
      case StartingPoint::Kind::kLatest:
        return by_mark(kLatestOffset);
      case StartingPoint::Kind::kOffsets: {
        const auto found = starting.offsets.find(partition);
        if (found == starting.offsets.end())
          throw_invalid("option startingOffsets must name every partition: topic '" +
                        partition.topic + "', partition " + std::to_string(partition.partition) +
                        " is missing");
        return found->second < 0 ? by_mark(found->second) : found->second;
      }
      default:
        return offset_by_time(partition);
    }
  }

  int64_t offset_by_time(const TopicPartition& partition) {
    const StartingPoint& starting = options_->starting;
    int64_t time = starting.timestamp_ms;
    if (starting.kind == StartingPoint::Kind::kTimestampPerPartition) {
      const auto found = starting.offsets.find(partition);
      if (found == starting.offsets.end())
        throw_invalid("option startingOffsetsByTimestamp must name every partition: topic '" +
                      partition.topic + "', partition " + std::to_string(partition.partition) +
                      " is missing");
      time = found->second;
    }
    if (const auto offset = asking().offset_at(partition, time)) return *offset;
    if (starting.latest_when_no_match) return asking().watermarks(partition).high;
    throw_invalid("no message of topic '" + partition.topic + "', partition " +
                  std::to_string(partition.partition) + " is as new as the starting timestamp " +
                  std::to_string(time) +
                  "; set startingOffsetsByTimestampStrategy to latest to start at the end");
  }

  // The range's start with partitions that came since: they start at the earliest offset.
  PartitionOffsets known(const std::string& start) {
    PartitionOffsets offsets = parse_offsets(start, "the checkpoint's offsets");
    for (const TopicPartition& partition : partitions(false)) {
      if (offsets.count(partition) != 0) continue;
      const auto seen = new_starts_.find(partition);
      if (seen != new_starts_.end()) {
        offsets[partition] = seen->second;
        continue;
      }
      const int64_t low = asking().watermarks(partition).low;
      if (low > 0)
        report_loss(partition, "it is new to this query, and its first offset is " +
                                   std::to_string(low) + ", not 0");
      log_info("reading new partition {} of topic {} from offset {}", partition.partition,
               partition.topic, low);
      offsets[partition] = new_starts_[partition] = low;
    }
    for (auto at = offsets.begin(); at != offsets.end();) {
      if (partitions_.count(at->first) != 0) {
        ++at;
        continue;
      }
      report_loss(at->first, "the partition does not exist any more");
      at = offsets.erase(at);
    }
    return offsets;
  }

  PartitionOffsets ends(const PartitionOffsets& start, bool ask) {
    if (ask) asked_ = Steady::now();
    expect_partitions(start.size());
    PartitionOffsets result;
    for (const auto& [partition, offset] : start) {
      Lane& lane = lane_at(partition, offset);
      const auto cached = ask ? std::nullopt : lane.fetch->cached_watermarks();
      const bool is_known = cached && cached->high >= offset;
      const int64_t high = is_known ? cached->high : asking().watermarks(partition).high;
      result[partition] = high < offset ? end_behind(partition, offset, high) : high;
    }
    return result;
  }

  // The log ends before what was read already: a stale answer, or data that is gone. Where that is
  // allowed the query goes on at the log's end, as in Spark.
  int64_t end_behind(const TopicPartition& partition, int64_t offset, int64_t high) {
    for (int attempt = 0; attempt < options_->fetch_retries && high < offset; ++attempt) {
      std::this_thread::sleep_for(
          std::chrono::milliseconds(std::max<int64_t>(options_->fetch_retry_interval_ms, 100)));
      high = asking().watermarks(partition).high;
    }
    if (high < offset)
      report_loss(partition, "the log ends at offset " + std::to_string(high) + ", before offset " +
                                 std::to_string(offset) +
                                 " where the query stands (was the topic recreated?)");
    return high;
  }

  static PartitionOffsets limited(const PartitionOffsets& start, const PartitionOffsets& end,
                                  const ReadLimit& limit) {
    int64_t waiting = 0;
    for (const auto& [partition, offset] : end)
      waiting += std::max<int64_t>(offset - start.at(partition), 0);
    if (!limit.max_records || waiting <= *limit.max_records) return end;
    PartitionOffsets result;
    for (const auto& [partition, offset] :
         end) {  // in proportion, at least one where anything waits
      const int64_t here = offset - start.at(partition);
      if (here <= 0) {  // less than nothing: see end_behind()
        result[partition] = offset;
        continue;
      }
      const double share = static_cast<double>(*limit.max_records) *
                           (static_cast<double>(here) / static_cast<double>(waiting));
      const int64_t take = std::clamp<int64_t>(
          static_cast<int64_t>(share < 1 ? std::ceil(share) : std::floor(share)), 1, here);
      result[partition] = start.at(partition) + take;
    }
    return result;
  }

  // A connection of its own for questions: on the fetching one they would wait behind long polls.
  KafkaClient& asking() {
    if (asking_ == nullptr) asking_ = std::make_unique<KafkaClient>(*options_);
    return *asking_;
  }

  std::shared_ptr<const KafkaOptions> options_;
  Bell bell_;
  std::unique_ptr<KafkaClient> client_, asking_;
  size_t fetched_partitions_ = 1;
  std::map<TopicPartition, Lane> lanes_;
  std::set<TopicPartition> partitions_;
  std::map<TopicPartition, int64_t> new_starts_;
  std::optional<Steady::time_point> discovered_;  // when partitions_ was asked for
  Steady::time_point asked_ = Steady::now();      // when the ends were
};

Lane& KafkaSource::lane_at(const TopicPartition& partition, int64_t offset) {
  auto found = lanes_.find(partition);
  if (found != lanes_.end() && found->second.position == offset) return found->second;
  Lane& lane = lanes_[partition];
  lane.fetch.reset();  // stops the old reading before a new one starts
  lane.kept.clear();
  lane.log_end = -1;
  lane.position = offset;
  lane.fetch = std::make_unique<PartitionFetch>(client(), partition, offset, bell_);
  return lane;
}

void KafkaSource::restart(Lane& lane, int64_t offset) {
  const TopicPartition partition = lane.fetch->partition();
  lane.fetch.reset();
  lane.position = offset;
  lane.log_end = -1;
  lane.fetch = std::make_unique<PartitionFetch>(client(), partition, offset, bell_);
}

// Reads one range, round robin over its partitions.
class KafkaReader final : public RangeReader {
 public:
  KafkaReader(KafkaSource& source, const PartitionOffsets& start, const PartitionOffsets& end)
      : source_(source), buffer_(kBatchMessages) {
    for (const auto& [partition, to] : end) {
      const auto from = start.find(partition);
      const int64_t first = from == start.end() ? to : from->second;
      if (to <= first) continue;
      Lane& lane = source.lane_at(partition, first);
      open_.push_back({&lane, partition, to});
    }
  }

  std::optional<SourceBatch> next(const StopToken& stop) override {
    stop_ = stop;
    auto silent_since = Steady::now();
    while (!open_.empty()) {
      throw_if_stopped(stop);
      auto batch = std::make_shared<engine::RecordBatch>();
      auto owner = std::make_shared<MessageOwner>();
      owner->client = source_.client().held();
      fill(*batch, *owner);
      if (!batch->records.empty()) {
        batch->owner = std::move(owner);
        return SourceBatch(std::shared_ptr<const engine::RecordBatch>(std::move(batch)));
      }
      if (open_.empty()) break;
      if (source_.bell().wait(50)) silent_since = Steady::now();
      check_silence(silent_since);
    }
    return std::nullopt;
  }

 private:
  struct Part {
    Lane* lane;
    TopicPartition partition;
    int64_t end;
    // The log's end counts only when nothing that was read before it is still kept.
    bool done() const {
      return lane->position >= end || (lane->kept.empty() && lane->log_end >= end);
    }
  };

  void fill(engine::RecordBatch& batch, MessageOwner& owner) {
    for (size_t i = 0; i < open_.size() && !is_full(batch); ++i) {
      Part& part = open_[(turn_ + i) % open_.size()];
      const auto topic = static_cast<int32_t>(batch.topics.size());
      batch.topics.push_back(part.partition.topic);
      take_kept(part, topic, batch, owner);
      while (!part.done() && !is_full(batch)) {
        const size_t count =
            part.lane->fetch->take(buffer_.data(), kBatchMessages - batch.records.size());
        if (count == 0) break;
        for (size_t j = 0; j < count; ++j) accept(part, Message(buffer_[j]), topic, batch, owner);
      }
    }
    ++turn_;
    std::erase_if(open_, [](const Part& part) {
      if (part.done()) part.lane->position = std::max(part.lane->position, part.end);
      return part.done();
    });
  }

  static bool is_full(const engine::RecordBatch& batch) {
    return batch.records.size() >= kBatchMessages || batch.memory_bytes >= kBatchBytes;
  }

  // What the range before had read too far: it comes first, and in its order.
  void take_kept(Part& part, int32_t topic, engine::RecordBatch& batch, MessageOwner& owner) {
    std::deque<Message>& kept = part.lane->kept;
    while (!kept.empty() && !part.done()) {
      if (kept.front()->offset >= part.end) {
        part.lane->position = part.end;
        return;
      }
      Message message = std::move(kept.front());
      kept.pop_front();
      accept(part, std::move(message), topic, batch, owner);
    }
  }

  void accept(Part& part, Message message, int32_t topic, engine::RecordBatch& batch,
              MessageOwner& owner) {
    Lane& lane = *part.lane;
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) return accept_mark(part, *message);
    if (message->offset < lane.position)
      return;  // before the start: a compressed batch starts earlier
    if (message->offset >= part.end) {
      lane.position = std::max(lane.position, part.end);  // the gap before it holds nothing
      lane.kept.push_back(std::move(message));
      return;
    }
    lane.position = message->offset + 1;
    rd_kafka_timestamp_type_t type{};
    engine::Record record;
    record.value = static_cast<const char*>(message->payload);
    record.value_length = static_cast<uint32_t>(message->len);
    record.key = static_cast<const char*>(message->key);
    record.key_length = static_cast<uint32_t>(message->key_len);
    record.topic = topic;
    record.partition = message->partition;
    record.offset = message->offset;
    record.timestamp_ms = rd_kafka_message_timestamp(message.get(), &type);
    record.timestamp_type = spark_timestamp_type(type);
    if (source_.options().include_headers) add_headers(*message, batch, record);
    batch.records.push_back(record);
    batch.memory_bytes += kBytesAMessage + static_cast<int64_t>(message->len) +
                          static_cast<int64_t>(message->key_len);
    owner.messages.push_back(std::move(message));
  }

  static void add_headers(rd_kafka_message_t& message, engine::RecordBatch& batch,
                          engine::Record& record) {
    rd_kafka_headers_t* headers = nullptr;
    if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return;
    record.first_header = static_cast<int64_t>(batch.headers.size());
    const char* name = nullptr;
    const void* value = nullptr;
    size_t size = 0;
    for (size_t i = 0;
         rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
         ++i) {
      batch.headers.push_back({name, static_cast<const char*>(value), static_cast<uint32_t>(size)});
      ++record.header_count;
    }
  }

  void accept_mark(Part& part, const rd_kafka_message_t& message) {
    Lane& lane = *part.lane;
    switch (message.err) {
      case RD_KAFKA_RESP_ERR__PARTITION_EOF:
        lane.log_end = message.offset;
        return;
      case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
      case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
        return skip_lost(part);
      case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
      case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
      case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
        source_.report_loss(part.partition, "the partition does not exist any more");
        lane.position = part.end;
        return;
      default:
        log_warn("Kafka: topic {}, partition {}: {}", part.partition.topic,
                 part.partition.partition, rd_kafka_message_errstr(&message));
    }
  }

  // Offsets at the lane's position are gone (retention, deletion): go on at the earliest that is
  // left, if that is allowed.
  void skip_lost(Part& part) {
    source_.client().set_stop(stop_);
    const Watermarks marks = source_.client().watermarks(part.partition);
    const int64_t to = std::max(marks.low, part.lane->position);
    source_.report_loss(part.partition,
                        "offsets " + std::to_string(part.lane->position) + " to " +
                            std::to_string(std::max(to, part.lane->position + 1) - 1) +
                            " are not in the log any more (it holds " + std::to_string(marks.low) +
                            " to " + std::to_string(marks.high - 1) + ")");
    if (marks.low >= part.end || marks.high <= part.lane->position) {
      source_.restart(*part.lane, std::min(part.end, std::max(marks.low, marks.high)));
      part.lane->position = part.end;
    } else {
      source_.restart(*part.lane, marks.low);
    }
  }

  void check_silence(Steady::time_point since) const {
    const auto silent =
        std::chrono::duration_cast<std::chrono::milliseconds>(Steady::now() - since).count();
    if (silent < source_.options().poll_timeout_ms) return;
    const std::string problem = source_.client().last_problem();
    throw Error(
        "KAFKA_UNREACHABLE",
        {{"brokers", source_.options().brokers},
         {"reason", "no message of topic " + open_.front().partition.topic + ", partition " +
                        std::to_string(open_.front().partition.partition) + " came for " +
                        std::to_string(silent) + " ms though there are more" +
                        (problem.empty() ? "" : " (" + problem + ")")}});
  }

  KafkaSource& source_;
  std::vector<Part> open_;
  std::vector<rd_kafka_message_t*> buffer_;
  size_t turn_ = 0;
  StopToken stop_;
};

std::unique_ptr<RangeReader> KafkaSource::read(const std::string& start, const std::string& end) {
  PartitionOffsets from = parse_offsets(start, "offsets");
  const PartitionOffsets to = parse_offsets(end, "offsets");
  expect_partitions(to.size());
  rd_kafka_poll(client().handle(), 0);
  // Partitions that came within the range start at their earliest offset, in a replay too.
  for (const auto& [partition, offset] : to) {
    if (from.count(partition) != 0) continue;
    const auto seen = new_starts_.find(partition);
    from[partition] = seen != new_starts_.end() ? seen->second : asking().watermarks(partition).low;
  }
  return std::make_unique<KafkaReader>(*this, from, to);
}

}  // namespace

std::unique_ptr<Source> make_kafka_source(std::shared_ptr<const KafkaOptions> options) {
  return std::make_unique<KafkaSource>(std::move(options));
}

}  // namespace firn::stream
