// Broker and producer over librdkafka.
#include "app/demo/broker.h"

#include "base/error.h"
#include "base/log.h"

namespace firn::app {
namespace {

struct ProducerSetting {
  const char* key;
  const char* value;
};
// No retries: a record that was sent twice would be one event too many.
constexpr ProducerSetting kSettings[] = {
    {"acks", "all"},
    {"retries", "0"},
    {"linger.ms", "20"},
    {"batch.num.messages", "5000"},
    {"batch.size", "1000000"},
    {"queue.buffering.max.messages", "100000"},
    {"message.timeout.ms", "60000"},
    {"log.connection.close", "false"},
};

void on_log(const rd_kafka_t*, int level, const char* facility, const char* text) {
  if (level <= 4) log_debug("librdkafka {}: {}", facility, text);
}

rd_kafka_t* make_client(rd_kafka_conf_t* conf) {
  char reason[512];
  rd_kafka_conf_set_log_cb(conf, on_log);
  rd_kafka_t* const client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, reason, sizeof reason);
  if (client == nullptr) {
    rd_kafka_conf_destroy(conf);
    throw_io(std::string("Kafka producer: ") + reason);
  }
  return client;
}

}  // namespace

EmbeddedBroker::EmbeddedBroker() {
  client_ = make_client(rd_kafka_conf_new());
  cluster_ = rd_kafka_mock_cluster_new(client_, 1);
  if (cluster_ == nullptr) {
    rd_kafka_destroy(client_);
    throw_io("the broker inside this process could not be started (is the loopback interface up?)");
  }
}

EmbeddedBroker::~EmbeddedBroker() {
  rd_kafka_mock_cluster_destroy(cluster_);
  rd_kafka_destroy(client_);
}

std::string EmbeddedBroker::bootstrap_servers() const {
  return rd_kafka_mock_cluster_bootstraps(cluster_);
}

void EmbeddedBroker::create_topic(const std::string& name, int partitions) {
  const rd_kafka_resp_err_t error =
      rd_kafka_mock_topic_create(cluster_, name.c_str(), partitions, 1);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
    throw_io("topic " + name + " could not be made: " + rd_kafka_err2str(error));
}

EventProducer::EventProducer(const std::string& brokers, const std::string& topic) {
  rd_kafka_conf_t* const conf = rd_kafka_conf_new();
  rd_kafka_conf_set_opaque(conf, this);
  rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
  char reason[512];
  rd_kafka_conf_set(conf, "bootstrap.servers", brokers.c_str(), reason, sizeof reason);
  for (const ProducerSetting& setting : kSettings) {
    if (rd_kafka_conf_set(conf, setting.key, setting.value, reason, sizeof reason) !=
        RD_KAFKA_CONF_OK) {
      rd_kafka_conf_destroy(conf);
      throw_io(std::string("Kafka producer: ") + reason);
    }
  }
  client_ = make_client(conf);
  topic_ = rd_kafka_topic_new(client_, topic.c_str(), nullptr);
}

EventProducer::~EventProducer() {
  rd_kafka_purge(client_, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
  rd_kafka_topic_destroy(topic_);
  rd_kafka_destroy(client_);
}

void EventProducer::on_delivery(rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
  if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) return;
  auto* const producer = static_cast<EventProducer*>(opaque);
  ++producer->failed_;
  producer->problem_ = rd_kafka_err2str(message->err);
}

void EventProducer::send(int partition, std::string_view value) {
  while (rd_kafka_produce(topic_, partition, RD_KAFKA_MSG_F_COPY,
                          const_cast<char*>(value.data()),  // copied, never written to
                          value.size(), nullptr, 0, nullptr) != 0) {
    const rd_kafka_resp_err_t error = rd_kafka_last_error();
    if (error != RD_KAFKA_RESP_ERR__QUEUE_FULL)
      throw_io(std::string("an event could not be sent: ") + rd_kafka_err2str(error));
    rd_kafka_poll(client_, 10);
  }
  if (++sent_ % 512 == 0) rd_kafka_poll(client_, 0);  // delivery reports
}

void EventProducer::flush() {
  const rd_kafka_resp_err_t error = rd_kafka_flush(client_, 60000);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR || failed_ > 0)
    throw_io("the broker did not take all events: " +
             (failed_ > 0 ? std::to_string(failed_) + " failed: " + problem_
                          : std::string(rd_kafka_err2str(error))));
}

}  // namespace firn::app
