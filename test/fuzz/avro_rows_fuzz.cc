// uses: formats columnar iceberg kernels files types base
// Any bytes as an Avro container file.
#include "format_rows.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  firn::fuzz::read_as(firn::formats::kAvro, {reinterpret_cast<const char*>(data), size}, {});
  return 0;
}
