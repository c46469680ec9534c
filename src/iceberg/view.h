// A view's metadata as Iceberg's view specification has it (format version 1): plain values and
// their JSON.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "iceberg/metadata.h"

namespace firn::iceberg {

struct ViewVersion {
  int id = 1;
  int schema_id = 0;
  int64_t timestamp_ms = 0;
  Properties summary;
  std::string default_catalog;  // "": the catalog that the view is in
  std::vector<std::string> default_namespace;
  struct Representation {
    std::string sql, dialect;
    bool operator==(const Representation&) const = default;
  };
  std::vector<Representation> representations;
  bool operator==(const ViewVersion&) const = default;
};

struct ViewMetadata {
  std::string uuid, location;
  std::vector<types::Schema> schemas;
  int current_version_id = 1;
  std::vector<ViewVersion> versions;
  struct LogEntry {
    int64_t timestamp_ms = 0;
    int version_id = 0;
    bool operator==(const LogEntry&) const = default;
  };
  std::vector<LogEntry> version_log;
  Properties properties;

  const ViewVersion& current() const;  // Error{kCorrupt} where it is missing
  const types::Schema& schema() const;
  bool operator==(const ViewMetadata& other) const;
};

// Throws Error{kCorrupt} naming the document (its file, where it is one) and the field.
ViewMetadata parse_view_metadata(std::string_view json,
                                 const std::string& document = "view metadata");
std::string write_view_metadata(const ViewMetadata&);

}  // namespace firn::iceberg
