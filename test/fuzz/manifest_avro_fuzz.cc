// uses: iceberg types base
// Any bytes as a manifest, whole and packed: an Error, or entries that can be summarised, inherited
// and, in v2, written and read again.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"
#include "iceberg/manifest_avro.h"
#include "iceberg/metrics.h"
#include "iceberg/packed_manifest.h"

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

void use(const firn::iceberg::PackedManifest& manifest) {
  for (const auto& field : manifest.header().schema.fields) (void)manifest.bounds_of(field);
  for (size_t i = 0; i < manifest.size(); ++i) (void)manifest.entry(i);
}

void run(void (*each)(std::string_view), std::string_view bytes) {
  try {
    each(bytes);
  } catch (const firn::Error& error) {
    if (error.code() == firn::Code::kInternal) throw;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  run([](std::string_view text) { use(firn::iceberg::read_manifest(text, "fuzz.avro")); }, bytes);
  run([](std::string_view text) { use(firn::iceberg::PackedManifest(text, "fuzz.avro")); }, bytes);
  return 0;
}
