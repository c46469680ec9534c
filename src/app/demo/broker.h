// A Kafka broker inside this process (librdkafka's mock cluster) and a producer to it.
#pragma once

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace firn::app {

// A partition of the broker keeps about 5 MB, then forgets its oldest records.
inline constexpr int64_t kRecordsPerPartition = 12000;

class EmbeddedBroker {
 public:
  // Listens on a free port of the loopback interface. Throws FIRN_IO.
  EmbeddedBroker();
  ~EmbeddedBroker();
  EmbeddedBroker(const EmbeddedBroker&) = delete;
  EmbeddedBroker& operator=(const EmbeddedBroker&) = delete;

  std::string bootstrap_servers() const;
  void create_topic(const std::string& name, int partitions);

 private:
  rd_kafka_t* client_ = nullptr;
  rd_kafka_mock_cluster_t* cluster_ = nullptr;
};

// Records of a partition keep their order. Not safe for concurrent use.
class EventProducer {
 public:
  EventProducer(const std::string& brokers, const std::string& topic);
  ~EventProducer();
  EventProducer(const EventProducer&) = delete;
  EventProducer& operator=(const EventProducer&) = delete;

  // Waits while the queue is full.
  void send(int partition, std::string_view value);
  // Until all is with the broker. Throws FIRN_IO where a record was not taken.
  void flush();

 private:
  static void on_delivery(rd_kafka_t* client, const rd_kafka_message_t* message, void* opaque);

  rd_kafka_t* client_ = nullptr;
  rd_kafka_topic_t* topic_ = nullptr;
  int64_t sent_ = 0;
  int64_t failed_ = 0;  // on the thread that polls: the caller's
  std::string problem_;
};

}  // namespace firn::app
