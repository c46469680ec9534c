// Spark's log of the files of a stream (FileStreamSourceLog, FileStreamSinkLog are alike): one file
// a batch, "v1" and a JSON object a line; every tenth batch a `.compact` file with everything so
// far.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "files/file_store.h"

namespace firn::stream {

class FileLog {
 public:
  FileLog(files::FileStore& store, std::string folder);

  std::optional<int64_t> latest() const { return latest_; }  // newest batch in the log
  // False where the batch is there already: its lines are not changed.
  bool add(int64_t batch, const std::vector<std::string>& lines);
  struct Entry {
    std::string line;  // the JSON that the other fields are from
    std::string path;
    int64_t batch = -1;  // -1 in the log of a sink
  };
  // The entries of a batch; of a compacted one they hold the batches before too. Throws
  // STREAM_CHECKPOINT_CORRUPT naming the file, where a line is no entry.
  std::vector<Entry> entries(int64_t batch);
  // Everything up to the newest batch.
  std::vector<Entry> all();
  const std::string& folder() const { return folder_; }

 private:
  static constexpr int64_t kCompactEvery =
      10;  // spark.sql.streaming.fileSource.log.compactInterval
  static bool is_compact(int64_t batch) { return batch % kCompactEvery == kCompactEvery - 1; }
  std::string path(int64_t batch) const;
  std::vector<Entry> read(const std::string& uri);

  files::FileStore& store_;
  const std::string folder_;
  std::optional<int64_t> latest_;
};

}  // namespace firn::stream
