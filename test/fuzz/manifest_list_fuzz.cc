// uses: iceberg types base
// Any bytes as a manifest list: an Error, or rows that can be written (where they have what v2 asks
// for) and read again.
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/error.h"
#include "iceberg/manifest_avro.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    auto manifests =
        firn::iceberg::read_manifest_list({reinterpret_cast<const char*>(data), size}, "fuzz.avro");
    for (auto& manifest : manifests) manifest.first_row_id.reset();  // v3 only
    const std::string written =
        firn::iceberg::write_manifest_list({2, 1, std::nullopt, 1, std::nullopt}, manifests);
    FIRN_CHECK(firn::iceberg::read_manifest_list(written, "written.avro") == manifests,
               "what was written is read back");
  } catch (const firn::Error& error) {
    if (error.code() == firn::Code::kInternal) throw;
  }
  return 0;
}
