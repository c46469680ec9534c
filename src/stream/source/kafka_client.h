// librdkafka, wrapped: metadata and offset questions, and messages of assigned partitions from
// queues of their own.
#pragma once

#include <librdkafka/rdkafka.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/stop_token.h"
#include "stream/source/kafka_options.h"

namespace firn::stream {

struct Watermarks {
  int64_t low = 0, high = 0;  // first offset that exists, one behind the last
};

// Throws where librdkafka does not know a key of the client, or not its value.
void check_client_keys(const KafkaOptions&);

// Where librdkafka stops fetching a partition until messages of it are taken.
struct QueueBound {
  int64_t messages = 0, bytes = 0;
};
// Key and value of librdkafka's settings that bound what all `partitions` together hold unread.
std::vector<std::pair<std::string, std::string>> queue_settings(size_t partitions);

// Safe for concurrent use. Every call throws KAFKA_UNREACHABLE, naming the brokers, after its
// time-out.
class KafkaClient {
 public:
  // `partitions`: how many are fetched with it, roughly; they share kQueueBytes.
  explicit KafkaClient(const KafkaOptions&, size_t partitions = 1);
  KafkaClient(const KafkaClient&) = delete;
  KafkaClient& operator=(const KafkaClient&) = delete;

  std::vector<std::string> topics();         // all, internal ones left out
  int partitions(const std::string& topic);  // Error KAFKA_UNKNOWN_TOPIC
  Watermarks watermarks(const TopicPartition&);
  // First offset whose timestamp is ≥ the time; nullopt where there is none.
  std::optional<int64_t> offset_at(const TopicPartition&, int64_t timestamp_ms);

  // Calls that wait for a broker give up when this token fires.
  void set_stop(const StopToken& stop) { stop_ = stop; }

  rd_kafka_t* handle() { return handle_.get(); }
  // Keeps the handle: it may not go before its messages, and rows of a batch (a temporary view that
  // foreachBatch made) may outlive the query.
  std::shared_ptr<void> held() const { return handle_; }
  std::string last_problem() const;  // of the connection, for messages
  QueueBound queue_bound() const;    // a partition's, the user's keys included
  // Whether it is some milliseconds since this last said yes. For the fetching thread.
  bool may_wake();

 private:
  static void on_error(rd_kafka_t*, int, const char* reason, void* opaque);
  static void on_log(const rd_kafka_t*, int level, const char* facility, const char* text);
  [[noreturn]] void unreachable(const std::string& reason) const;
  // Asks until there is an answer that is not a passing fault: for 10 s at first, for as long as
  // kafkaConsumer.pollTimeoutMs once a broker has answered (it may be restarting). Throws
  // OPERATION_CANCELED when stopped.
  template <class Ask>
  rd_kafka_resp_err_t ask(Ask question);

  const KafkaOptions& options_;
  std::shared_ptr<rd_kafka_t> handle_;
  mutable std::mutex mutex_;
  std::string problem_;  // guarded by mutex_
  int timeout_ms_ = 10000;
  std::chrono::steady_clock::time_point woken_;
  std::atomic<bool> has_answered_ = false;
  StopToken stop_;
};

// Wakes whoever waits for messages of any partition.
class Bell {
 public:
  void ring();
  // True where it rang since the last wait or rings within the time.
  bool wait(int milliseconds);

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool rung_ = false;  // guarded by mutex_
};

struct MessageDestroyer {
  void operator()(rd_kafka_message_t* message) const { rd_kafka_message_destroy(message); }
};
using Message = std::unique_ptr<rd_kafka_message_t, MessageDestroyer>;

// One partition being fetched from an offset on. Used by one thread.
class PartitionFetch {
 public:
  PartitionFetch(KafkaClient&, TopicPartition, int64_t offset, Bell&);
  ~PartitionFetch();
  PartitionFetch(const PartitionFetch&) = delete;
  PartitionFetch& operator=(const PartitionFetch&) = delete;

  // Up to `count` messages that have arrived, errors and end-of-partition marks among them; does
  // not wait for more.
  size_t take(rd_kafka_message_t** out, size_t count);
  std::optional<Watermarks> cached_watermarks()
      const;  // as of the last fetch; none before the first
  const TopicPartition& partition() const { return partition_; }

 private:
  void wake();

  KafkaClient& client_;
  TopicPartition partition_;
  const QueueBound bound_;
  QueueBound taken_;  // since the last wake()
  rd_kafka_topic_t* topic_ = nullptr;
  rd_kafka_queue_t* queue_ = nullptr;
};

}  // namespace firn::stream
