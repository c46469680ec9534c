// What a stream reads from. A source plans ranges (offsets as JSON, in Spark's own form) and reads
// them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/stop_token.h"
#include "engine/chunk.h"
#include "engine/record_source.h"

namespace firn::stream {

struct ReadLimit {
  std::optional<int64_t>
      max_records;  // maxOffsetsPerTrigger, split over partitions in proportion to what waits there
};

struct PartitionLag {
  std::string topic;
  int partition = 0;
  int64_t position = 0;
  int64_t latest = 0;
};

// Messages that a decoder turns into columns (Kafka), or rows of the wanted columns as they are.
using SourceBatch = std::variant<std::shared_ptr<const engine::RecordBatch>, engine::Chunk>;

// The rows of one range; of Kafka in order within a partition. Called by one thread.
class RangeReader {
 public:
  virtual ~RangeReader() = default;
  // nullopt at the end of the range. Blocks until records are there; throws Error
  // OPERATION_CANCELED when stopped, KAFKA_DATA_LOSS where offsets are gone and failOnDataLoss is
  // set.
  virtual std::optional<SourceBatch> next(const StopToken&) = 0;
};

class Source {
 public:
  virtual ~Source() = default;
  virtual std::string description()
      const = 0;  // "KafkaV2[Subscribe[booking_events]]", as Spark's progress has it
  // Where a query without a checkpoint starts (startingOffsets, startingTimestamp): JSON, e.g.
  // {"booking_events":{"0":0}}.
  virtual std::string initial_offsets(const StopToken&) = 0;
  // True: the source keeps its start in the checkpoint itself (sources/0/…), and initial_offsets()
  // gives the same on every call. False: the query keeps it for the source.
  virtual bool keeps_its_start() const { return false; }
  // The end of the next range from `start`, as far as the source knows now (new topics and
  // partitions included); equal to `start` where nothing new waits. Cheap: no round trip once the
  // source is warm.
  virtual std::string next_end(const std::string& start, const ReadLimit&, const StopToken&) = 0;
  // Like next_end, with `last` as the end of everything: no question asked.
  virtual std::string bounded_end(const std::string& start, const std::string& last,
                                  const ReadLimit&) = 0;
  // The end of everything that is there now: asks the service. For available-now, whose end is
  // fixed when the query starts. Opaque: for bounded_end() and same() only.
  virtual std::string latest(const std::string& start, const StopToken&) = 0;
  // Ranges must be read in order, each to its end; a range that continues where the last one ended
  // costs no seek.
  virtual std::unique_ptr<RangeReader> read(const std::string& start, const std::string& end) = 0;
  // Blocks until something may have arrived, at most `milliseconds`.
  virtual void wait(int milliseconds, const StopToken&) = 0;
  virtual std::vector<PartitionLag> lag(const std::string& position) = 0;
  // maxOffsetsPerTrigger, where the user set it.
  virtual std::optional<int64_t> max_records_per_batch() const { return std::nullopt; }
  virtual bool same(const std::string& a, const std::string& b) const { return a == b; }
};

}  // namespace firn::stream
