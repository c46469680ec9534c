// One producer a query; a batch is done when the brokers have acknowledged every message of it.
#include "stream/sink/kafka_sink.h"

#include <librdkafka/rdkafka.h>

#include <atomic>
#include <mutex>
#include <optional>
#include <utility>

#include "base/error.h"
#include "stream/source/kafka_options.h"
#include "stream/source/options.h"

namespace firn::stream {
namespace {

using types::DataTypeId;

struct Column {
  int index = -1;
  bool is_there() const { return index >= 0; }
};

Column find(const std::vector<plan::Attribute>& columns, const std::string& name,
            std::initializer_list<DataTypeId> types, const std::string& wanted) {
  for (size_t i = 0; i < columns.size(); ++i) {
    if (lower_case(columns[i].name) != name) continue;
    for (const DataTypeId id : types)
      if (columns[i].type.id() == id) return {static_cast<int>(i)};
    throw_invalid(name + " attribute type must be " + wanted + ", not " +
                  columns[i].type.simple_string());
  }
  return {};
}

class KafkaSink final : public BatchSink {
 public:
  KafkaSink(const std::map<std::string, std::string>& options,
            const std::vector<plan::Attribute>& columns) {
    // Client options are checked as the source checks them.
    std::map<std::string, std::string> client;
    for (const auto& [name, value] : options) {
      if (lower_case(name) == "topic")
        topic_ = value;
      else
        client[name] = value;
    }
    client["subscribe"] = "none";
    options_ = parse_kafka_options(client);
    value_ =
        find(columns, "value", {DataTypeId::kString, DataTypeId::kBinary}, "a string or binary");
    if (!value_.is_there()) throw_invalid("Required attribute 'value' not found");
    key_ = find(columns, "key", {DataTypeId::kString, DataTypeId::kBinary}, "a string or binary");
    topic_column_ = find(columns, "topic", {DataTypeId::kString}, "a string");
    partition_ = find(columns, "partition", {DataTypeId::kInteger}, "an int");
    if (topic_.empty() && !topic_column_.is_there())
      throw_invalid(
          "topic option required when no 'topic' attribute is present. Use the topic "
          "option for setting a topic");
  }
  ~KafkaSink() override {
    if (handle_ != nullptr) rd_kafka_destroy(handle_);
  }
  KafkaSink(const KafkaSink&) = delete;
  KafkaSink& operator=(const KafkaSink&) = delete;

  std::string description() const override {
    return "org.apache.spark.sql.kafka010.KafkaSourceProvider$KafkaTable";
  }

  void add_batch(SinkBatch batch, const StopToken& stop) override {
    if (handle_ == nullptr) connect();
    for (const engine::Chunk& chunk : batch.chunks) send(chunk, stop);
    while (rd_kafka_outq_len(handle_) > 0) {
      throw_if_stopped(stop);
      rd_kafka_poll(handle_, 100);
      check();
    }
    check();
  }

 private:
  void connect() {
    rd_kafka_conf_t* const conf = rd_kafka_conf_new();
    const auto set = [&](const std::string& key, const std::string& value) {
      char reason[512];
      if (rd_kafka_conf_set(conf, key.c_str(), value.c_str(), reason, sizeof reason) ==
          RD_KAFKA_CONF_OK)
        return;
      rd_kafka_conf_destroy(conf);
      throw_invalid("option kafka." + key + ": " + reason);
    };
    set("bootstrap.servers", options_->brokers);
    set("client.id", "firn");
    set("linger.ms", "5");
    set("enable.idempotence", "true");
    for (const auto& [key, value] : options_->client) set(key, value);
    rd_kafka_conf_set_opaque(conf, this);
    rd_kafka_conf_set_dr_msg_cb(
        conf, [](rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
          if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR)
            static_cast<KafkaSink*>(opaque)->problem_ = rd_kafka_err2str(message->err);
        });
    char reason[512];
    handle_ = rd_kafka_new(RD_KAFKA_PRODUCER, conf, reason, sizeof reason);
    if (handle_ == nullptr) {
      rd_kafka_conf_destroy(conf);
      throw_invalid(std::string("Kafka client: ") + reason);
    }
  }

  void check() {
    if (problem_.empty()) return;
    const std::string reason = std::exchange(problem_, "");
    throw Error("KAFKA_UNREACHABLE", {{"brokers", options_->brokers},
                                      {"reason", "a message was not taken (" + reason + ")"}});
  }

  void send(const engine::Chunk& chunk, const StopToken& stop) {
    std::vector<kernels::ColumnView> views;
    for (uint64_t i = 0; i < chunk.column_count(); ++i) views.push_back(chunk.column(i));
    const auto bytes = [&](Column column, uint64_t row) -> std::optional<std::string_view> {
      if (!column.is_there()) return std::nullopt;
      const kernels::ColumnView& view = views[static_cast<size_t>(column.index)];
      if (!view.is_valid(row)) return std::nullopt;
      return view.values<kernels::StringRef>()[row].view();
    };
    for (uint64_t row = 0; row < chunk.size(); ++row) {
      const auto value = bytes(value_, row), key = bytes(key_, row);
      std::string topic = topic_;
      if (topic.empty()) {
        const auto named = bytes(topic_column_, row);
        if (!named)
          throw_invalid("null topic present in the data. Use the topic option for setting a topic");
        topic = *named;
      }
      int32_t partition = RD_KAFKA_PARTITION_UA;
      if (partition_.is_there()) {
        const kernels::ColumnView& view = views[static_cast<size_t>(partition_.index)];
        if (view.is_valid(row)) partition = view.values<int32_t>()[row];
      }
      send_one(topic, partition, key, value, stop);
    }
    rd_kafka_poll(handle_, 0);
    check();
  }

  void send_one(const std::string& topic, int32_t partition, std::optional<std::string_view> key,
                std::optional<std::string_view> value, const StopToken& stop) {
    for (;;) {
      throw_if_stopped(stop);
      const char* const key_bytes = key ? key->data() : nullptr;
      const size_t key_size = key ? key->size() : 0, value_size = value ? value->size() : 0;
      char* const value_bytes = value ? const_cast<char*>(value->data()) : nullptr;
      const rd_kafka_resp_err_t error = rd_kafka_producev(
          handle_, RD_KAFKA_V_TOPIC(topic.c_str()), RD_KAFKA_V_PARTITION(partition),
          RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY(key_bytes, key_size),
          RD_KAFKA_V_VALUE(value_bytes, value_size), RD_KAFKA_V_END);
      if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return;
      if (error != RD_KAFKA_RESP_ERR__QUEUE_FULL) {
        problem_ = rd_kafka_err2str(error);
        check();
      }
      rd_kafka_poll(handle_, 50);
      check();
    }
  }

  std::shared_ptr<const KafkaOptions> options_;
  std::string topic_;
  Column value_, key_, topic_column_, partition_;
  rd_kafka_t* handle_ = nullptr;
  std::string problem_;  // of a delivery; set by rd_kafka_poll on this thread
};

}  // namespace

std::shared_ptr<BatchSink> make_kafka_sink(const std::map<std::string, std::string>& options,
                                           const std::vector<plan::Attribute>& columns) {
  return std::make_shared<KafkaSink>(options, columns);
}

}  // namespace firn::stream
