// Rows for the Kafka source's options: what they set, what is mapped, what is refused and how;
// offsets as JSON.
#include "stream/source/kafka_options.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace firn::stream {
namespace {

SourceOptions with(SourceOptions more) {
  more.emplace("kafka.bootstrap.servers", "b:9092");
  if (more.count("subscribe") + more.count("subscribePattern") + more.count("assign") == 0)
    more["subscribe"] = "t";
  return more;
}

struct ClientRow {
  const char* option;
  const char* value;
  const char* key;  // librdkafka's
  const char* want;
};

TEST(KafkaOptions, ClientKeysPassOrAreMapped) {
  const ClientRow rows[] = {
      {"kafka.security.protocol", "SASL_SSL", "security.protocol", "SASL_SSL"},
      {"kafka.sasl.mechanism", "SCRAM-SHA-512", "sasl.mechanism", "SCRAM-SHA-512"},
      {"kafka.sasl.jaas.config",
       "org.apache.kafka.common.security.scram.ScramLoginModule required username=\"u\" "
       "password=\"p q\";",
       "sasl.username", "u"},
      {"kafka.sasl.jaas.config",
       "org.apache.kafka.common.security.scram.ScramLoginModule required username=\"u\" "
       "password=\"p q\";",
       "sasl.password", "p q"},
      {"kafka.ssl.truststore.certificates", "PEM", "ssl.ca.pem", "PEM"},
      {"kafka.ssl.ca.location", "/ca.pem", "ssl.ca.location", "/ca.pem"},
      {"kafka.fetch.max.wait.ms", "7", "fetch.wait.max.ms", "7"},
      {"kafka.request.timeout.ms", "8000", "socket.timeout.ms", "8000"},
      {"kafka.group.id", "g", "group.id", "g"},
      {"kafka.consumer.group.id", "g", "group.id",
       "g"},  // none of Spark's spellings: taken, with a warning
  };
  for (const ClientRow& row : rows)
    EXPECT_EQ(parse_kafka_options(with({{row.option, row.value}}))->client.at(row.key), row.want)
        << row.option;
  EXPECT_EQ(parse_kafka_options(with({{"kafka.consumer.group.id", "g"}}))->warnings.size(), 1U);
}

struct RefusedRow {
  SourceOptions options;
  const char* condition;
  const char* said;
};

TEST(KafkaOptions, RefusesByName) {
  const RefusedRow rows[] = {
      {with({{"startingOfsets", "earliest"}}), "FIRN_UNKNOWN_OPTION", "startingOffsets"},
      {with({{"kafka.auto.offset.reset", "earliest"}}), "KAFKA_OPTION_UNSUPPORTED",
       "startingOffsets"},
      {with({{"kafka.ssl.truststore.location", "x.jks"}}), "KAFKA_OPTION_UNSUPPORTED",
       "kafka.ssl.ca.location"},
      {with({{"kafka.value.deserializer", "x"}}), "KAFKA_OPTION_UNSUPPORTED", "binary"},
      {with({{"kafka.fetch.mim.bytes", "1"}}), "KAFKA_OPTION_UNSUPPORTED", "kafka.fetch.min.bytes"},
      {with({{"kafka.fetch.min.bytes", "few"}}), "FIRN_INVALID_INPUT", "kafka.fetch.min.bytes"},
      {with({{"endingOffsets", "latest"}}), "KAFKA_OPTION_UNSUPPORTED", "endingOffsets"},
      {with({{"subscribe", "t"}, {"assign", "{\"t\":[0]}"}}), "FIRN_INVALID_INPUT", "exactly one"},
      {with({{"subscribePattern", "a["}}), "FIRN_INVALID_INPUT", "subscribePattern"},
      {{{"kafka.bootstrap.servers", "b:9092"}}, "FIRN_INVALID_INPUT", "exactly one"},
      {{{"subscribe", "t"}}, "FIRN_INVALID_INPUT", "bootstrap"},
      {with({{"maxOffsetsPerTrigger", "many"}}), "FIRN_INVALID_INPUT", "maxOffsetsPerTrigger"},
      {with({{"maxOffsetsPerTrigger", "0"}}), "FIRN_INVALID_INPUT", "maxOffsetsPerTrigger"},
      {with({{"failOnDataLoss", "perhaps"}}), "FIRN_INVALID_INPUT", "failOnDataLoss"},
      {with({{"startingOffsets", "first"}}), "FIRN_INVALID_INPUT", "startingOffsets"},
      {with({{"startingOffsets", "{\"t\":{\"0\":\"x\"}}"}}), "FIRN_INVALID_INPUT", "partition 0"},
      {with({{"assign", "[]"}}), "FIRN_INVALID_INPUT", "assign"},
  };
  for (const RefusedRow& row : rows) {
    try {
      parse_kafka_options(row.options);
      ADD_FAILURE() << row.said << " was accepted";
    } catch (const Error& error) {
      EXPECT_EQ(error.condition(), row.condition) << row.said;
      EXPECT_NE(error.message().find(row.said), std::string::npos) << error.message();
    }
  }
}

TEST(KafkaOptions, NamesAreMatchedWithoutCase) {
  const auto options = parse_kafka_options({{"BOOTSTRAPSERVERS", "b:1"},
                                            {"Subscribe", "a, b"},
                                            {"STARTINGOFFSETS", "Earliest"},
                                            {"includeheaders", "TRUE"}});
  EXPECT_EQ(options->brokers, "b:1");
  EXPECT_EQ(options->subscribe, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(options->starting.kind, StartingPoint::Kind::kEarliest);
  EXPECT_EQ(kafka_schema(*options).fields().size(), 8U);
}

TEST(KafkaOptions, DefaultsAreSparks) {
  const auto options = parse_kafka_options(with({}));
  EXPECT_EQ(options->starting.kind, StartingPoint::Kind::kLatest);
  EXPECT_TRUE(options->fail_on_data_loss);
  EXPECT_FALSE(options->read_committed);
  EXPECT_EQ(options->max_offsets_per_trigger, std::nullopt);
}

TEST(Offsets, RoundTripInOrder) {
  const PartitionOffsets offsets = {{{"b", 10}, 1}, {{"b", 2}, 5}, {{"a\"q", 0}, 7}};
  const std::string text = write_offsets(offsets);
  EXPECT_EQ(text, R"({"a\"q":{"0":7},"b":{"2":5,"10":1}})");
  EXPECT_EQ(parse_offsets(text, "offsets"), offsets);
  EXPECT_EQ(write_offsets({}), "{}");
}

}  // namespace
}  // namespace firn::stream
