// Plain Parquet files (no table behind them), as Spark's DataFrameWriter makes them.
#pragma once

#include <memory>
#include <string>

#include "engine/chunk.h"
#include "engine/table_writer.h"
#include "formats/options.h"
#include "types/data_type.h"

namespace firn::engine {

// ".snappy.parquet" by the option compression; throws for types and codecs that Parquet lacks.
std::string parquet_extension(const formats::Options& options, const types::DataType& schema);

class ParquetRows {
 public:
  ParquetRows(std::shared_ptr<WriterInstance> instance, files::FileStore& store,
              const std::string& uri, const formats::Options& options,
              const types::DataType& schema);
  ~ParquetRows();
  // The chunk's columns are the schema's fields.
  void write(Chunk& chunk);
  void finish();  // durable when it returns; destroyed without it the file does not appear

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace firn::engine
