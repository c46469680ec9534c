// Rows that are made up: format("rate") gives them by the clock, format("rate-micro-batch") a fixed
// number a batch.
#pragma once

#include "stream/source/formats.h"

namespace firn::stream {

types::DataType rate_schema();  // timestamp, value
void check_rate_options(const std::map<std::string, std::string>& options);
void check_rate_micro_batch_options(const std::map<std::string, std::string>& options);
std::unique_ptr<Source> make_rate_source(const plan::StreamSource&, SourceSurroundings);
std::unique_ptr<Source> make_rate_micro_batch_source(const plan::StreamSource&, SourceSurroundings);

// Rows made in the first `seconds` seconds: the rate grows evenly over the ramp-up time.
int64_t rate_value_at(int64_t seconds, int64_t rows_per_second, int64_t ramp_up_seconds);

}  // namespace firn::stream
