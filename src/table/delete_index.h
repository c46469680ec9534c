// Which delete files apply to a data file (specification, "Scan Planning").
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "iceberg/manifest.h"

namespace firn::table {

class DeleteIndex {
 public:
  using File = std::shared_ptr<const iceberg::DataFile>;

  // `is_global`: the file's spec is unpartitioned, so that equality deletes hold for every
  // partition. Deletion vectors are refused by name.
  void add(File file, iceberg::SequenceNumber sequence_number, bool is_global);
  bool empty() const { return by_path_.empty() && by_partition_.empty() && global_.empty(); }

  struct Matches {
    std::vector<File> position_deletes, equality_deletes;
  };
  // Position deletes of the same partition (or naming the file) that are not older; equality
  // deletes of the same partition, or global, that are strictly newer.
  Matches find(const iceberg::DataFile& data_file, iceberg::SequenceNumber sequence_number) const;

 private:
  struct Delete {
    File file;
    iceberg::SequenceNumber sequence_number = 0;
  };
  std::unordered_map<std::string, std::vector<Delete>>
      by_path_;  // position deletes of one data file
  std::unordered_map<std::string, std::vector<Delete>> by_partition_;  // of both kinds
  std::vector<Delete> global_;                                         // equality deletes
};

}  // namespace firn::table
