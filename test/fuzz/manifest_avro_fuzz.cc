// uses: iceberg types base
// Any bytes as a manifest: an Error, or entries that can be summarised, inherited and, in v2,
// written and read again.
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/error.h"
#include "iceberg/manifest_avro.h"
#include "iceberg/metrics.h"

namespace {

using firn::iceberg::Manifest;
using firn::iceberg::ManifestEntry;
using firn::iceberg::ManifestFile;

void use(Manifest manifest) {
  for (const ManifestEntry& entry : manifest.entries)
    (void)firn::iceberg::bounds_of(entry.data_file, manifest.header.schema);
  ManifestFile listed = firn::iceberg::summarize(manifest, 7);
  listed.sequence_number = 7;
  firn::iceberg::inherit(manifest, listed);
  const std::string written = firn::iceberg::write_manifest(manifest);
  (void)firn::iceberg::read_manifest(written, "written.avro");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    use(firn::iceberg::read_manifest({reinterpret_cast<const char*>(data), size}, "fuzz.avro"));
  } catch (const firn::Error& error) {
    if (error.code() == firn::Code::kInternal) throw;
  }
  return 0;
}
