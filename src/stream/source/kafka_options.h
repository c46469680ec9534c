// The options of Spark's format("kafka"), checked and typed; client keys translated to
// librdkafka's.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <regex>
#include <string>
#include <vector>

#include "stream/source/kafka_source.h"
#include "stream/source/offsets.h"

namespace firn::stream {

struct StartingPoint {
  enum class Kind : uint8_t { kEarliest, kLatest, kOffsets, kTimestamp, kTimestampPerPartition };
  Kind kind = Kind::kLatest;  // Spark's default for streams
  PartitionOffsets offsets;   // or timestamps (ms) per partition
  int64_t timestamp_ms = 0;
  bool latest_when_no_match = false;  // startingOffsetsByTimestampStrategy
};

struct KafkaOptions {
  std::string brokers;
  std::vector<std::string> subscribe;
  std::string subscribe_pattern;  // over whole topic names, ECMAScript's grammar
  std::regex topic_pattern;       // the same, compiled
  std::map<std::string, std::vector<int32_t>> assign;
  StartingPoint starting;
  bool fail_on_data_loss = true;
  bool include_headers = false;
  std::optional<int64_t> max_offsets_per_trigger;
  int64_t poll_timeout_ms =
      120000;             // kafkaConsumer.pollTimeoutMs: silence of a broker that ends a read
  int fetch_retries = 3;  // fetchOffset.numRetries
  int64_t fetch_retry_interval_ms = 10;
  bool read_committed = false;
  std::map<std::string, std::string> client;  // librdkafka's keys
  std::vector<std::string> warnings;          // lenient spellings that were accepted
};

}  // namespace firn::stream
