// Rows for every option: what it sets, which client keys pass, change their name or are refused.
#include "stream/source/kafka_options.h"

#include <algorithm>
#include <charconv>
#include <functional>

#include "base/ascii.h"
#include "base/error.h"
#include "base/nearest.h"
#include "stream/source/kafka_client.h"

namespace firn::stream {
namespace {

int64_t parse_number(const std::string& name, const std::string& text, int64_t least) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < least) {
    throw_invalid("option " + name + " must be a whole number ≥ " + std::to_string(least) +
                  ", not '" + text + "'");
  }
  return value;
}

bool parse_bool(const std::string& name, const std::string& text) {
  const std::string value = lower_case(text);
  if (value != "true" && value != "false")
    throw_invalid("option " + name + " must be true or false, not '" + text + "'");
  return value == "true";
}

std::vector<std::string> split_topics(const std::string& text) {
  std::vector<std::string> topics;
  for (size_t at = 0; at <= text.size();) {
    const size_t comma = std::min(text.find(',', at), text.size());
    std::string topic = text.substr(at, comma - at);
    topic.erase(0, topic.find_first_not_of(' '));
    topic.erase(topic.find_last_not_of(' ') + 1);
    if (!topic.empty()) topics.push_back(std::move(topic));
    at = comma + 1;
  }
  if (topics.empty()) throw_invalid("option subscribe names no topic");
  return topics;
}

void set_starting_offsets(KafkaOptions& options, const std::string& text) {
  const std::string value = lower_case(text);
  if (value == "earliest")
    options.starting.kind = StartingPoint::Kind::kEarliest;
  else if (value == "latest")
    options.starting.kind = StartingPoint::Kind::kLatest;
  else {
    if (text.empty() || text.front() != '{')
      throw_invalid(
          "option startingOffsets must be earliest, latest or JSON like "
          "{\"topic\":{\"0\":12,\"1\":-2}}, not '" +
          text + "'");
    options.starting.kind = StartingPoint::Kind::kOffsets;
    options.starting.offsets = parse_offsets(text, "option startingOffsets");
  }
}

void set_pattern(KafkaOptions& options, const std::string& text) {
  try {
    options.subscribe_pattern = text;
    options.topic_pattern = std::regex(text);
  } catch (const std::regex_error& problem) {
    throw_invalid("option subscribePattern is no regular expression: '" + text + "' (" +
                  problem.what() + ")");
  }
}

void set_strategy(KafkaOptions& options, const std::string& text) {
  const std::string value = lower_case(text);
  if (value != "error" && value != "latest")
    throw_invalid("option startingOffsetsByTimestampStrategy must be error or latest, not '" +
                  text + "'");
  options.starting.latest_when_no_match = value == "latest";
}

using Setter = void (*)(KafkaOptions&, const std::string&);
struct OptionRow {
  const char* name;  // as Spark writes it
  Setter set;
};

void accept(KafkaOptions&, const std::string&) {}  // a hint that changes no result here

constexpr OptionRow kKafkaOptions[] = {
    {"bootstrapServers", [](KafkaOptions& o, const std::string& v) { o.brokers = v; }},
    {"subscribe", [](KafkaOptions& o, const std::string& v) { o.subscribe = split_topics(v); }},
    {"subscribePattern", set_pattern},
    {"assign", [](KafkaOptions& o, const std::string& v) { o.assign = parse_assignment(v); }},
    {"startingOffsets", set_starting_offsets},
    {"startingTimestamp",
     [](KafkaOptions& o, const std::string& v) {
       o.starting.timestamp_ms = parse_number("startingTimestamp", v, 0);
       o.starting.kind = StartingPoint::Kind::kTimestamp;
     }},
    {"startingOffsetsByTimestamp",
     [](KafkaOptions& o, const std::string& v) {
       o.starting.offsets = parse_offsets(v, "option startingOffsetsByTimestamp");
       o.starting.kind = StartingPoint::Kind::kTimestampPerPartition;
     }},
    {"startingOffsetsByTimestampStrategy", set_strategy},
    {"failOnDataLoss",
     [](KafkaOptions& o, const std::string& v) {
       o.fail_on_data_loss = parse_bool("failOnDataLoss", v);
     }},
    {"includeHeaders",
     [](KafkaOptions& o, const std::string& v) {
       o.include_headers = parse_bool("includeHeaders", v);
     }},
    {"maxOffsetsPerTrigger",
     [](KafkaOptions& o, const std::string& v) {
       o.max_offsets_per_trigger = parse_number("maxOffsetsPerTrigger", v, 1);
     }},
    {"minPartitions",
     [](KafkaOptions&, const std::string& v) { parse_number("minPartitions", v, 1); }},
    {"maxRecordsPerPartition",
     [](KafkaOptions&, const std::string& v) { parse_number("maxRecordsPerPartition", v, 1); }},
    {"groupIdPrefix", accept},
    {"kafkaConsumer.pollTimeoutMs",
     [](KafkaOptions& o, const std::string& v) {
       o.poll_timeout_ms = parse_number("kafkaConsumer.pollTimeoutMs", v, 1);
     }},
    {"fetchOffset.numRetries",
     [](KafkaOptions& o, const std::string& v) {
       o.fetch_retries = static_cast<int>(parse_number("fetchOffset.numRetries", v, 0));
     }},
    {"fetchOffset.retryIntervalMs",
     [](KafkaOptions& o, const std::string& v) {
       o.fetch_retry_interval_ms = parse_number("fetchOffset.retryIntervalMs", v, 0);
     }},
};

// Options that exist in Spark and mean nothing to a stream, or are not built: refused by name.
struct RefusedRow {
  const char* name;
  const char* why;
};
constexpr RefusedRow kRefusedOptions[] = {
    {"endingOffsets",
     "endingOffsets bounds a batch query; a stream has no end (use --once or trigger "
     "availableNow)"},
    {"endingTimestamp",
     "endingTimestamp bounds a batch query; a stream has no end (use --once or trigger "
     "availableNow)"},
    {"endingOffsetsByTimestamp",
     "endingOffsetsByTimestamp bounds a batch query; a stream has no end (use --once or trigger "
     "availableNow)"},
    {"minOffsetsPerTrigger",
     "minOffsetsPerTrigger: use a processing-time trigger to make batches larger"},
    {"maxTriggerDelay", "maxTriggerDelay goes with minOffsetsPerTrigger"},
};

// Client keys (without "kafka.") that Spark sets itself, that only Java has, or whose name differs
// in librdkafka.
struct ClientRow {
  const char* name;
  const char* librdkafka;  // nullptr: refused
  const char* why;
};
constexpr ClientRow kClientKeys[] = {
    {"auto.offset.reset", nullptr, "use the option startingOffsets"},
    {"key.deserializer", nullptr, "keys are read as binary; cast them in the query"},
    {"value.deserializer", nullptr, "values are read as binary; cast them in the query"},
    {"enable.auto.commit", nullptr, "offsets are kept in the checkpoint"},
    {"interceptor.classes", nullptr, "interceptors are Java classes"},
    {"sasl.login.class", nullptr, "it names a Java class"},
    {"sasl.client.callback.handler.class", nullptr,
     "it names a Java class; with librdkafka use sasl.mechanism and sasl.oauthbearer.*"},
    {"sasl.login.callback.handler.class", nullptr,
     "it names a Java class; with librdkafka use sasl.oauthbearer.*"},
    {"ssl.truststore.location", nullptr,
     "Java key stores can't be read; give a PEM file as kafka.ssl.ca.location"},
    {"ssl.truststore.password", nullptr,
     "Java key stores can't be read; give a PEM file as kafka.ssl.ca.location"},
    {"ssl.truststore.type", nullptr,
     "Java key stores can't be read; give a PEM file as kafka.ssl.ca.location"},
    {"ssl.keystore.type", nullptr, "give a PKCS#12 file as kafka.ssl.keystore.location"},
    {"fetch.max.wait.ms", "fetch.wait.max.ms", ""},
    {"max.partition.fetch.bytes", "max.partition.fetch.bytes", ""},
    {"request.timeout.ms", "socket.timeout.ms", ""},
    {"connections.max.idle.ms", "connections.max.idle.ms", ""},
    {"metadata.max.age.ms", "metadata.max.age.ms", ""},
    {"receive.buffer.bytes", "socket.receive.buffer.bytes", ""},
    {"send.buffer.bytes", "socket.send.buffer.bytes", ""},
    {"ssl.truststore.certificates", "ssl.ca.pem", ""},
    {"ssl.keystore.certificate.chain", "ssl.certificate.pem", ""},
    {"ssl.keystore.key", "ssl.key.pem", ""},
    {"max.poll.records", "", ""},  // accepted, without effect: batches are bounded by memory
    {"default.api.timeout.ms", "", ""},
    {"client.dns.lookup", "", ""},
};

std::string unquote(const std::string& text) {
  if (text.size() >= 2 && (text.front() == '"' || text.front() == '\'') &&
      text.back() == text.front())
    return text.substr(1, text.size() - 2);
  return text;
}

// `org.apache.kafka.common.security.scram.ScramLoginModule required username="u" password="p";`
void set_jaas(KafkaOptions& options, const std::string& text) {
  for (const auto& [name, key] :
       {std::pair{"username", "sasl.username"}, std::pair{"password", "sasl.password"}}) {
    const size_t at = text.find(std::string(name) + "=");
    if (at == std::string::npos)
      throw_unsupported("kafka.sasl.jaas.config without " + std::string(name) +
                        "=…: give kafka.sasl.username and kafka.sasl.password instead");
    const size_t start = at + std::string(name).size() + 1;
    size_t end = start;
    if (start < text.size() && (text[start] == '"' || text[start] == '\''))
      end = std::min(text.find(text[start], start + 1), text.size() - 1) + 1;
    else
      end = std::min(text.find_first_of(" ;", start), text.size());
    options.client[key] = unquote(text.substr(start, end - start));
  }
}

void set_client(KafkaOptions& options, const std::string& key, const std::string& value) {
  if (key == "bootstrap.servers") {
    options.brokers = value;
    return;
  }
  if (key == "sasl.jaas.config") {
    set_jaas(options, value);
    return;
  }
  if (key == "isolation.level") options.read_committed = value == "read_committed";
  for (const ClientRow& row : kClientKeys) {
    if (key != row.name) continue;
    if (row.librdkafka == nullptr)
      throw Error("KAFKA_OPTION_UNSUPPORTED", {{"option", "kafka." + key}, {"reason", row.why}});
    if (*row.librdkafka != '\0') options.client[row.librdkafka] = value;
    return;
  }
  options.client[key] = value;
}

std::vector<std::string> known_names() {
  std::vector<std::string> names = {"kafka.bootstrap.servers"};
  for (const OptionRow& row : kKafkaOptions) names.emplace_back(row.name);
  return names;
}

void set_option(KafkaOptions& options, const std::string& name, const std::string& value) {
  std::string key = lower_case(name);
  if (key.starts_with("kafka.consumer.")) {
    options.warnings.push_back("option " + name +
                               ": the prefix kafka.consumer. is none of Spark's; read as kafka." +
                               key.substr(15));
    key = "kafka." + key.substr(15);
  }
  if (key.starts_with("kafka.")) return set_client(options, key.substr(6), value);
  for (const OptionRow& row : kKafkaOptions) {
    if (key == lower_case(row.name)) return row.set(options, value);
  }
  for (const RefusedRow& row : kRefusedOptions) {
    if (key == lower_case(row.name))
      throw Error("KAFKA_OPTION_UNSUPPORTED", {{"option", row.name}, {"reason", row.why}});
  }
  throw_unknown_option("option of the Kafka source", name, known_names());
}

}  // namespace

std::shared_ptr<const KafkaOptions> parse_kafka_options(const SourceOptions& given) {
  auto options = std::make_shared<KafkaOptions>();
  for (const auto& [name, value] : given) set_option(*options, name, value);
  if (options->brokers.empty())
    throw_invalid(
        "the Kafka source needs the option kafka.bootstrap.servers (bootstrapServers), e.g. "
        "'127.0.0.1:9092'");
  const int chosen = (options->subscribe.empty() ? 0 : 1) +
                     (options->subscribe_pattern.empty() ? 0 : 1) +
                     (options->assign.empty() ? 0 : 1);
  if (chosen != 1)
    throw_invalid(std::string("the Kafka source needs exactly one of the options subscribe, "
                              "subscribePattern and assign; ") +
                  (chosen == 0 ? "none was given" : "several were given"));
  check_client_keys(*options);
  return options;
}

types::DataType kafka_schema(const KafkaOptions& options) {
  using types::DataType;
  using types::DataTypeId;
  std::vector<types::StructField> fields = {
      {"key", DataTypeId::kBinary},           {"value", DataTypeId::kBinary},
      {"topic", DataTypeId::kString},         {"partition", DataTypeId::kInteger},
      {"offset", DataTypeId::kLong},          {"timestamp", DataTypeId::kTimestamp},
      {"timestampType", DataTypeId::kInteger}};
  if (options.include_headers) {
    fields.push_back(
        {"headers", DataType::array(DataType::structure(
                        {{"key", DataTypeId::kString}, {"value", DataTypeId::kBinary}}))});
  }
  return DataType::structure(std::move(fields));
}

}  // namespace firn::stream
