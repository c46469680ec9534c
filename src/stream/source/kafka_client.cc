// The wrapped client.
#include "stream/source/kafka_client.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "base/error.h"
#include "base/log.h"
#include "base/nearest.h"

namespace firn::stream {
namespace {

// What differs from librdkafka's own defaults; the user's keys come after these.
struct ClientDefault {
  const char* key;
  const char* value;
};
constexpr ClientDefault kDefaults[] = {
    {"client.id", "firn"},
    {"group.id", "firn"},  // never joined: partitions are assigned
    {"enable.auto.commit", "false"},
    {"enable.auto.offset.store", "false"},
    {"enable.partition.eof", "true"},
    {"auto.offset.reset", "error"},  // offsets that are gone are data loss, and decided by us
    {"isolation.level", "read_uncommitted"},  // as Java's client
    {"fetch.wait.max.ms", "100"},
    // A larger answer would be refused again and again. A broker sends a message whole, however
    // large it is, and Java's client has no such bound.
    {"receive.message.max.bytes", "2147483647"},
    {"socket.keepalive.enable", "true"},
    {"log.connection.close", "false"},
    {"statistics.interval.ms", "0"},
};

constexpr int kLongestSliceMs = 3000;

// Fetched and not taken, over all partitions. A message costs librdkafka about 350 bytes more than
// its own: small ones are bounded by their number.
constexpr size_t kQueueBytes = 16 << 20;
constexpr size_t kQueueMessages = 40000;
constexpr size_t kLeastQueueBytes = 64 << 10;  // of a partition
constexpr size_t kLeastQueueMessages = 500;
constexpr size_t kMostFetchBytes = 1 << 20;  // of a partition in one answer: Kafka's default

// Faults that pass when a broker comes back or a leader is elected.
bool is_passing(rd_kafka_resp_err_t error) {
  switch (error) {
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__WAIT_COORD:
    case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION:
    case RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT:
    case RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE:
      return true;
    default:
      return false;
  }
}

std::string nearest_key(const std::string& key) {
  rd_kafka_conf_t* const conf = rd_kafka_conf_new();
  size_t count = 0;
  const char** const pairs = rd_kafka_conf_dump(conf, &count);
  std::vector<std::string> names;
  for (size_t i = 0; i + 1 < count; i += 2) names.emplace_back(pairs[i]);
  rd_kafka_conf_dump_free(pairs, count);
  rd_kafka_conf_destroy(conf);
  const auto near = nearest(key, names);
  return near ? " (the nearest is kafka." + *near + ")" : "";
}

void set_key(rd_kafka_conf_t* conf, const std::string& key, const std::string& value) {
  char reason[512];
  const rd_kafka_conf_res_t result =
      rd_kafka_conf_set(conf, key.c_str(), value.c_str(), reason, sizeof reason);
  if (result == RD_KAFKA_CONF_OK) return;
  rd_kafka_conf_destroy(conf);
  if (result == RD_KAFKA_CONF_UNKNOWN) {
    throw Error("KAFKA_OPTION_UNSUPPORTED",
                {{"option", "kafka." + key},
                 {"reason", "librdkafka has no such configuration property" + nearest_key(key)}});
  }
  throw_invalid("option kafka." + key + ": " + reason);
}

}  // namespace

std::vector<std::pair<std::string, std::string>> queue_settings(size_t partitions) {
  const size_t share = std::max<size_t>(partitions, 1);
  const size_t bytes = std::max(kQueueBytes / share, kLeastQueueBytes);
  const size_t messages = std::max(kQueueMessages / share, kLeastQueueMessages);
  return {{"queued.max.messages.kbytes", std::to_string(bytes >> 10)},
          {"queued.min.messages", std::to_string(messages)},
          {"fetch.message.max.bytes", std::to_string(std::min(bytes, kMostFetchBytes))}};
}

void check_client_keys(const KafkaOptions& options) {
  rd_kafka_conf_t* const conf = rd_kafka_conf_new();
  for (const auto& [key, value] : options.client) set_key(conf, key, value);
  rd_kafka_conf_destroy(conf);
}

KafkaClient::KafkaClient(const KafkaOptions& options, size_t partitions) : options_(options) {
  rd_kafka_conf_t* const conf = rd_kafka_conf_new();
  rd_kafka_conf_set_opaque(conf, this);
  rd_kafka_conf_set_error_cb(conf, on_error);
  rd_kafka_conf_set_log_cb(conf, on_log);
  set_key(conf, "bootstrap.servers", options.brokers);
  for (const ClientDefault& row : kDefaults) set_key(conf, row.key, row.value);
  for (const auto& [key, value] : queue_settings(partitions)) set_key(conf, key, value);
  for (const auto& [key, value] : options.client) set_key(conf, key, value);
  char reason[512];
  rd_kafka_t* const made = rd_kafka_new(RD_KAFKA_CONSUMER, conf, reason, sizeof reason);
  if (made == nullptr) {
    rd_kafka_conf_destroy(conf);
    throw_invalid(std::string("Kafka client: ") + reason);
  }
  handle_ = {made, [](rd_kafka_t* handle) {
               rd_kafka_destroy_flags(handle, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
             }};
}

void KafkaClient::on_error(rd_kafka_t*, int, const char* reason, void* opaque) {
  auto* const client = static_cast<KafkaClient*>(opaque);
  const std::lock_guard lock(client->mutex_);
  client->problem_ = reason;
}

void KafkaClient::on_log(const rd_kafka_t*, int level, const char* facility, const char* text) {
  if (level <= 3) log_debug("librdkafka {}: {}", facility, text);
}

std::string KafkaClient::last_problem() const {
  const std::lock_guard lock(mutex_);
  return problem_;
}

bool KafkaClient::may_wake() {
  constexpr auto kBetween = std::chrono::milliseconds(5);
  const auto now = std::chrono::steady_clock::now();
  if (now - woken_ < kBetween) return false;
  woken_ = now;
  return true;
}

QueueBound KafkaClient::queue_bound() const {
  const auto number = [&](const char* key) {
    char text[32] = "";
    size_t size = sizeof text;
    rd_kafka_conf_get(rd_kafka_conf(handle_.get()), key, text, &size);
    return std::strtoll(text, nullptr, 10);
  };
  return {number("queued.min.messages"), number("queued.max.messages.kbytes") << 10};
}

void KafkaClient::unreachable(const std::string& reason) const {
  rd_kafka_poll(handle_.get(), 0);
  const std::string problem = last_problem();
  throw Error("KAFKA_UNREACHABLE",
              {{"brokers", options_.brokers}, {"reason", problem.empty() ? reason : problem}});
}

// A question is asked for a short while only, and again: librdkafka can't be interrupted, and a
// stop must not wait for a broker that says nothing. A broker that is merely slow gets longer each
// time.
template <class Ask>
rd_kafka_resp_err_t KafkaClient::ask(Ask question) {
  const auto start = std::chrono::steady_clock::now();
  int slice_ms = 500;
  const auto patience = std::chrono::milliseconds(
      has_answered_ ? std::max<int64_t>(options_.poll_timeout_ms, timeout_ms_) : timeout_ms_);
  for (;;) {
    throw_if_stopped(stop_);
    const rd_kafka_resp_err_t error = question(std::min(slice_ms, timeout_ms_));
    slice_ms = std::min(2 * slice_ms, kLongestSliceMs);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) has_answered_ = true;
    if (!is_passing(error) || std::chrono::steady_clock::now() - start > patience) return error;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

std::vector<std::string> KafkaClient::topics() {
  const rd_kafka_metadata_t* metadata = nullptr;
  const rd_kafka_resp_err_t error = ask(
      [&](int slice) { return rd_kafka_metadata(handle_.get(), 1, nullptr, &metadata, slice); });
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) unreachable(rd_kafka_err2str(error));
  std::vector<std::string> names;
  for (int i = 0; i < metadata->topic_cnt; ++i) {
    const std::string name = metadata->topics[i].topic;
    if (name != "__consumer_offsets" && name != "__transaction_state") names.push_back(name);
  }
  rd_kafka_metadata_destroy(metadata);
  return names;
}

int KafkaClient::partitions(const std::string& topic) {
  const std::unique_ptr<rd_kafka_topic_t, decltype(&rd_kafka_topic_destroy)> handle(
      rd_kafka_topic_new(handle_.get(), topic.c_str(), nullptr), rd_kafka_topic_destroy);
  const rd_kafka_metadata_t* metadata = nullptr;
  const rd_kafka_resp_err_t error = ask([&](int slice) {
    return rd_kafka_metadata(handle_.get(), 0, handle.get(), &metadata, slice);
  });
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) unreachable(rd_kafka_err2str(error));
  const bool known =
      metadata->topic_cnt == 1 && metadata->topics[0].err == RD_KAFKA_RESP_ERR_NO_ERROR;
  const int count = known ? metadata->topics[0].partition_cnt : 0;
  rd_kafka_metadata_destroy(metadata);
  if (!known || count == 0) {
    throw Error("KAFKA_UNKNOWN_TOPIC", {{"topic", topic},
                                        {"brokers", options_.brokers},
                                        {"suggestion", did_you_mean(topic, topics())}});
  }
  return count;
}

Watermarks KafkaClient::watermarks(const TopicPartition& partition) {
  Watermarks marks;
  rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR_NO_ERROR;
  for (int attempt = 0; attempt <= options_.fetch_retries; ++attempt) {
    error = ask([&](int slice) {
      return rd_kafka_query_watermark_offsets(handle_.get(), partition.topic.c_str(),
                                              partition.partition, &marks.low, &marks.high, slice);
    });
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return marks;
    if (error == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION ||
        error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) {
      throw Error("KAFKA_UNKNOWN_TOPIC", {{"topic", partition.topic + " (partition " +
                                                        std::to_string(partition.partition) + ")"},
                                          {"brokers", options_.brokers},
                                          {"suggestion", ""}});
    }
  }
  unreachable(rd_kafka_err2str(error));
}

std::optional<int64_t> KafkaClient::offset_at(const TopicPartition& partition,
                                              int64_t timestamp_ms) {
  const std::unique_ptr<rd_kafka_topic_partition_list_t,
                        decltype(&rd_kafka_topic_partition_list_destroy)>
      list(rd_kafka_topic_partition_list_new(1), rd_kafka_topic_partition_list_destroy);
  rd_kafka_topic_partition_list_add(list.get(), partition.topic.c_str(), partition.partition)
      ->offset = timestamp_ms;
  const rd_kafka_resp_err_t error = ask([&](int slice) {
    list->elems[0].offset = timestamp_ms;
    return rd_kafka_offsets_for_times(handle_.get(), list.get(), slice);
  });
  const int64_t offset = list->elems[0].offset;
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) unreachable(rd_kafka_err2str(error));
  if (offset < 0) return std::nullopt;
  return offset;
}

void Bell::ring() {
  const std::lock_guard lock(mutex_);
  rung_ = true;
  changed_.notify_all();
}

bool Bell::wait(int milliseconds) {
  std::unique_lock lock(mutex_);
  const bool rang =
      changed_.wait_for(lock, std::chrono::milliseconds(milliseconds), [this] { return rung_; });
  rung_ = false;
  return rang;
}

PartitionFetch::PartitionFetch(KafkaClient& client, TopicPartition partition, int64_t offset,
                               Bell& bell)
    : client_(client), partition_(std::move(partition)), bound_(client.queue_bound()) {
  topic_ = rd_kafka_topic_new(client.handle(), partition_.topic.c_str(), nullptr);
  queue_ = rd_kafka_queue_new(client.handle());
  rd_kafka_queue_cb_event_enable(
      queue_, [](rd_kafka_t*, void* opaque) { static_cast<Bell*>(opaque)->ring(); }, &bell);
  if (rd_kafka_consume_start_queue(topic_, partition_.partition, offset, queue_) != 0) {
    const std::string reason = rd_kafka_err2str(rd_kafka_last_error());
    rd_kafka_queue_destroy(queue_);
    rd_kafka_topic_destroy(topic_);
    throw_io("Kafka: topic " + partition_.topic + ", partition " +
             std::to_string(partition_.partition) + " can't be read: " + reason);
  }
}

PartitionFetch::~PartitionFetch() {
  rd_kafka_queue_cb_event_enable(queue_, nullptr, nullptr);
  rd_kafka_consume_stop(topic_, partition_.partition);
  rd_kafka_queue_destroy(queue_);
  rd_kafka_topic_destroy(topic_);
}

size_t PartitionFetch::take(rd_kafka_message_t** out, size_t count) {
  const ssize_t got = rd_kafka_consume_batch_queue(queue_, 0, out, count);
  for (ssize_t i = 0; i < got; ++i) taken_.bytes += static_cast<int64_t>(out[i]->len);
  if (got > 0) taken_.messages += got;
  const bool was_full = taken_.messages >= bound_.messages || taken_.bytes >= bound_.bytes;
  if (was_full && rd_kafka_queue_length(queue_) == 0 && client_.may_wake()) wake();
  return got > 0 ? static_cast<size_t>(got) : 0;
}

// librdkafka's thread goes to sleep where all its queues are full, and what is taken from them does
// not wake it: it looks again after a second (before its version 2.2). A small question to the
// partition's leader does wake it; the answer does not matter.
void PartitionFetch::wake() {
  taken_ = {};
  constexpr int kWaitMs = 1;
  const std::unique_ptr<rd_kafka_topic_partition_list_t,
                        decltype(&rd_kafka_topic_partition_list_destroy)>
      list(rd_kafka_topic_partition_list_new(1), rd_kafka_topic_partition_list_destroy);
  rd_kafka_topic_partition_list_add(list.get(), partition_.topic.c_str(), partition_.partition)
      ->offset = RD_KAFKA_OFFSET_END;
  rd_kafka_offsets_for_times(client_.handle(), list.get(), kWaitMs);
}

std::optional<Watermarks> PartitionFetch::cached_watermarks() const {
  Watermarks marks;
  if (rd_kafka_get_watermark_offsets(client_.handle(), partition_.topic.c_str(),
                                     partition_.partition, &marks.low,
                                     &marks.high) != RD_KAFKA_RESP_ERR_NO_ERROR)
    return std::nullopt;
  if (marks.high < 0) return std::nullopt;
  return marks;
}

}  // namespace firn::stream
