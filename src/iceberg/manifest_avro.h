// Manifests and manifest lists ⇄ Avro object container files (specification, Appendix A). Bytes in,
// bytes out.
#pragma once

#include <string>
#include <string_view>

#include "iceberg/manifest.h"

namespace firn::iceberg {

struct ManifestListHeader {
  int format_version = 2;
  SnapshotId snapshot_id = 0;
  std::optional<SnapshotId> parent_snapshot_id;
  SequenceNumber sequence_number = 0;
  std::optional<int64_t> first_row_id;
};

// `name` is what errors call the file. Every sequence number, id and partition is as written:
// nothing is inherited here. Codecs null, deflate, snappy and zstandard are read. Throws
// Error{kCorrupt} naming file and field.
Manifest read_manifest(std::string_view bytes, const std::string& name);
std::vector<ManifestFile> read_manifest_list(std::string_view bytes, const std::string& name);

// deflate as Java writes it (write.manifest… gzip). Field ids, names r2, r102 as the specification
// asks.
std::string write_manifest(const Manifest&);
std::string write_manifest_list(const ManifestListHeader&, const std::vector<ManifestFile>&);

// Fills nulls from the manifest list's row (inheritance of snapshot id and sequence numbers; spec
// id of files).
void inherit(Manifest&, const ManifestFile&);

// Counts, row counts, partition summaries and min sequence number of a manifest about to be listed.
// path, length, added_snapshot_id and sequence_number are the caller's.
ManifestFile summarize(const Manifest&, SequenceNumber next_sequence_number);

}  // namespace firn::iceberg
