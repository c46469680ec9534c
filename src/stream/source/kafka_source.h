// Kafka as a stream source, on librdkafka, with the options, names and defaults of Spark's
// format("kafka").
#pragma once

#include <map>
#include <memory>
#include <string>

#include "stream/source/source.h"
#include "types/data_type.h"

namespace firn::stream {

// As the user wrote them; keys are matched without regard to case. bootstrapServers is
// kafka.bootstrap.servers.
using SourceOptions = std::map<std::string, std::string>;

struct KafkaOptions;  // checked and typed
// Checks every option: a misspelt one throws FIRN_UNKNOWN_OPTION with the nearest right name;
// exactly one of subscribe, subscribePattern, assign; Java-only client keys are mapped or refused
// by name.
std::shared_ptr<const KafkaOptions> parse_kafka_options(const SourceOptions&);
// key, value, topic, partition, offset, timestamp, timestampType (, headers).
types::DataType kafka_schema(const KafkaOptions&);

// Connects lazily. Throws KAFKA_UNREACHABLE or KAFKA_UNKNOWN_TOPIC from its calls, naming server
// and topic.
std::unique_ptr<Source> make_kafka_source(std::shared_ptr<const KafkaOptions>);

}  // namespace firn::stream
