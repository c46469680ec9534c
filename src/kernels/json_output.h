// Output columns as the sinks that JSON decoding writes to.
#pragma once

#include "kernels/json_decoder.h"
#include "kernels/kernel.h"

namespace firn::kernels {

// A sink over `out`, a column of `type`; children's lists grow on demand. `out` outlives it.
void build_sink(JsonSink& sink, Output& out, const types::DataType& type);
// Cuts lists to what was used. Once, when all rows are written.
void trim_lists(JsonSink& sink, Output& out, const types::DataType& type);
// The row's bits as before decoding: a row that was decoded and dropped can be written again.
void set_valid(JsonSink& sink, uint64_t row);

}  // namespace firn::kernels
