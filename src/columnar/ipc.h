// Columns ↔ Arrow IPC streams, with the Arrow types that Spark gives its clients. No Arrow headers
// here.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/column.h"
#include "kernels/kernel.h"
#include "types/data_type.h"

namespace firn::columnar {

struct IpcLayout {
  std::string zone = "UTC";      // of TIMESTAMP columns: the session's
  bool large_variables = false;  // large_utf8 and large_binary instead of utf8 and binary
};

// Collects rows; each finish() gives a whole IPC stream of them: schema, one record batch, end.
class IpcEncoder {
 public:
  // `columns` is a struct type: names, types and nullability.
  IpcEncoder(const types::DataType& columns, IpcLayout layout);
  ~IpcEncoder();

  // Rows [begin, begin + count) of the views, which match the columns.
  void append(std::span<const kernels::ColumnView> columns, uint64_t begin, uint64_t count);
  uint64_t rows() const;
  int64_t bytes() const;  // of the collected values
  std::string finish();   // also with no rows; the encoder is as new then

 private:
  struct Body;
  std::unique_ptr<Body> body_;
};

// Reads an IPC stream from somebody else: every batch is validated in full before it is used.
// Bodies may be compressed (lz4, zstd), columns dictionary-encoded, of any integer width, large or
// view strings.
class IpcDecoder {
 public:
  // Throws FIRN_CORRUPT_FILE where it is no stream, UNSUPPORTED_ARROWTYPE for types without a
  // counterpart.
  explicit IpcDecoder(std::shared_ptr<const std::string> bytes);
  ~IpcDecoder();

  const types::DataType& columns() const;  // a struct type
  // The next batch, false at the end of the stream.
  bool next();
  uint64_t rows() const;  // of this batch
  // Rows [begin, begin + count) of one column of this batch into rows 0… of `out`, whose layout is
  // that of columns()' type. Strings are not copied: `out` keeps the batch's memory.
  void write(size_t column, uint64_t begin, uint64_t count, kernels::Output& out) const;

 private:
  struct Body;
  std::shared_ptr<Body> body_;  // columns that were written hold on to it
};

}  // namespace firn::columnar
