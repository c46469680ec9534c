// JSON sinks over the engine's vectors: where from_json's values go. Engine only.
#pragma once

#include "engine/duck.h"
#include "kernels/json_decoder.h"

namespace firn::engine {

// A sink over `vector`'s first `capacity` rows, all set valid. The vector must be flat and
// writable, and stay where it is.
kernels::JsonSink make_json_sink(duckdb::Vector& vector, const types::DataType& type,
                                 uint64_t capacity);

// After the last row: gives the lists their sizes, and drops the validity of columns in which all
// `rows` are valid.
void close_json_sink(kernels::JsonSink& sink, duckdb::Vector& vector, const types::DataType& type,
                     uint64_t rows);

}  // namespace firn::engine
