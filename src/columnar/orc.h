// ORC files, through Arrow. No Arrow headers here.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/column.h"
#include "kernels/kernel.h"
#include "kernels/time_zone.h"
#include "types/data_type.h"

namespace firn::columnar {

struct OrcInput {
  std::string name;  // for errors
  int64_t size = 0;
  std::function<void(int64_t offset, int64_t length, char* out)> read;
};

// ORC's timestamps are local times: `zone` makes instants of them, as Spark does with its own zone.
class OrcReader {
 public:
  // Throws FAILED_READ_FILE.CANNOT_READ_FILE_FOOTER, FIRN_CORRUPT_FILE.
  OrcReader(OrcInput input, std::shared_ptr<const kernels::TimeZone> zone);
  ~OrcReader();

  const types::DataType& schema() const;  // a struct type
  int64_t rows() const;                   // of the file
  // The fields of schema() that the batches hold; before the first next().
  void select(const std::vector<int>& fields);
  // The next batch; false at the end.
  bool next();
  uint64_t batch_rows() const;
  // Rows [begin, begin + count) of a selected field of this batch into `out` from row 0 on, whose
  // layout is `type`'s, which orc_can_read allows for the field's own.
  void write(size_t selected, uint64_t begin, uint64_t count, const types::DataType& type,
             kernels::Output& out) const;

 private:
  struct Body;
  std::unique_ptr<Body> body_;
};

// A column of a file, as schema() has it, can be read as `wanted`: numbers as other numbers (NULL
// where they do not fit), structs by the names of their fields.
bool orc_can_read(const types::DataType& found, const types::DataType& wanted);

class OrcWriter {
 public:
  // Codecs: none, snappy, zlib, zstd, lz4. `out` gets the file's bytes in order.
  OrcWriter(std::function<void(std::string_view)> out, const types::DataType& schema,
            const std::string& codec, std::shared_ptr<const kernels::TimeZone> zone);
  ~OrcWriter();
  void append(std::span<const kernels::ColumnView> columns, uint64_t rows);
  void finish();

 private:
  struct Body;
  std::unique_ptr<Body> body_;
};

}  // namespace firn::columnar
