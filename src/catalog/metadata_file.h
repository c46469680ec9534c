// The files that catalogs point to: named, written, read, and removed once they are superseded.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "files/file_store.h"
#include "iceberg/metadata.h"
#include "iceberg/view.h"
#include "table/table.h"

namespace firn::catalog {

// `%05d-<uuid>.metadata.json` (gzip: .gz.metadata.json), numbered after `previous_file`, in the
// table's metadata folder.
std::string next_metadata_file(const iceberg::TableMetadata&,
                               const std::optional<std::string>& previous_file, Random&);
// Error where the folder cannot be written, naming it.
void write_metadata_file(files::FileStore&, const std::string& uri, const iceberg::TableMetadata&);
// Errors name the file and, where it is missing, the table.
std::shared_ptr<const iceberg::TableMetadata> read_metadata_file(files::FileStore&,
                                                                 const std::string& uri);

// The same for views.
std::string next_view_file(const iceberg::ViewMetadata&,
                           const std::optional<std::string>& previous_file, Random&);
void write_view_file(files::FileStore&, const std::string& uri, const iceberg::ViewMetadata&);
iceberg::ViewMetadata read_view_file(files::FileStore&, const std::string& uri);

// Where write.metadata.delete-after-commit.enabled says so: the files that fell out of the metadata
// log with this commit.
std::vector<std::string> superseded_files(const table::State& before,
                                          const iceberg::TableMetadata& after);

}  // namespace firn::catalog
