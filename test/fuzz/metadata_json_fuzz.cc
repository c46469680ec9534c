// uses: iceberg types base
// Any bytes as table metadata: an Error or a table that survives writing and reading again.
// Anything else is a bug.
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/error.h"
#include "iceberg/metadata_json.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  std::string written;
  try {
    written = firn::iceberg::write_table_metadata(firn::iceberg::parse_table_metadata(
        firn::iceberg::decode_metadata_bytes("fuzz.metadata.json", bytes)));
  } catch (const firn::Error& error) {
    FIRN_CHECK(error.code() != firn::Code::kInternal, error.what());
    return 0;
  }
  const std::string again =
      firn::iceberg::write_table_metadata(firn::iceberg::parse_table_metadata(written));
  FIRN_CHECK(again == written, "what was written is read back");
  return 0;
}
