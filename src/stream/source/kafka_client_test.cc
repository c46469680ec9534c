// What librdkafka may hold unread: shared among the partitions, and the user's keys win.
#include "stream/source/kafka_client.h"

#include <gtest/gtest.h>

#include "stream/source/kafka_source.h"

namespace firn::stream {
namespace {

struct BoundRow {
  size_t partitions;
  SourceOptions options;
  QueueBound want;  // a partition's
};

TEST(KafkaClient, PartitionsShareTheQueuesMemory) {
  const BoundRow rows[] = {
      {0, {}, {40000, 16 << 20}},
      {1, {}, {40000, 16 << 20}},
      {4, {}, {10000, 4 << 20}},
      {100, {}, {500, 163 << 10}},
      {1000, {}, {500, 64 << 10}},  // the least that a partition gets
      {4, {{"kafka.queued.min.messages", "7"}}, {7, 4 << 20}},
      {4, {{"kafka.queued.max.messages.kbytes", "9"}}, {10000, 9 << 10}},
  };
  for (const BoundRow& row : rows) {
    SourceOptions options = row.options;
    options.insert({{"kafka.bootstrap.servers", "127.0.0.1:1"}, {"subscribe", "t"}});
    const auto parsed = parse_kafka_options(options);
    const KafkaClient client(*parsed, row.partitions);
    const QueueBound bound = client.queue_bound();
    EXPECT_EQ(bound.messages, row.want.messages) << row.partitions;
    EXPECT_EQ(bound.bytes, row.want.bytes) << row.partitions;
  }
}

}  // namespace
}  // namespace firn::stream
