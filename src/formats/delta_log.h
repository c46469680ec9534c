// Delta Lake's transaction log as values: actions in, the table's state out. No I/O.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "types/data_type.h"

namespace firn::formats {

struct DeletionVector {
  std::string storage;  // u: a file below the table, p: an absolute path, i: inline
  std::string place;    // as the log has it
  int64_t offset = 0, size = 0;
  // The file that holds it, for u and p.
  std::string uri(const std::string& table) const;
};

struct DeltaFile {
  std::string path;  // relative to the table, or a whole URI; decoded
  std::map<std::string, std::optional<std::string>> partition;  // by physical name
  int64_t size = 0, modified_ms = 0;
  std::optional<DeletionVector> deleted;
};

class DeltaTable {
 public:
  // One action of a commit or of a checkpoint, as JSON. Throws FIRN_CORRUPT_FILE,
  // UNSUPPORTED_FEATURE.FIRN naming a reader feature that is missing.
  void apply(std::string_view action);

  bool has_schema() const { return has_schema_; }
  const types::DataType& schema() const { return schema_; }  // struct
  // The same with the names that the files have (column mapping).
  const types::DataType& physical_schema() const { return physical_; }
  const std::vector<std::string>& partition_columns() const { return partitions_; }
  std::vector<DeltaFile> files() const;

 private:
  bool has_schema_ = false;
  types::DataType schema_, physical_;
  std::vector<std::string> partitions_;
  std::map<std::string, DeltaFile> files_;  // by path and deletion vector
};

// Rows that a deletion vector names, ascending. `bytes`: of an inline vector decoded, of a stored
// one from its offset on. Throws FIRN_CORRUPT_FILE.
std::vector<uint64_t> read_deletion_vector(const DeletionVector& vector, std::string_view bytes);
std::string decode_base85(std::string_view text);  // the Z85 alphabet

}  // namespace firn::formats
