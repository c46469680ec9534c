// Artifacts that Python functions use, as files: modules (pyfiles/), files for SparkFiles (files/),
// archives.
#pragma once

#include <filesystem>
#include <mutex>
#include <string>
#include <string_view>

namespace firn::server::spark_connect {

struct PythonFiles {
  std::string path;  // for sys.path, ':' between folders and archives of modules
  std::string root;  // SparkFiles.getRootDirectory(); "" while there is no file
};

// The folder of one session; it goes with the object. Safe for concurrent use.
class PythonFolder {
 public:
  PythonFolder() = default;
  ~PythonFolder();
  PythonFolder(const PythonFolder&) = delete;
  PythonFolder& operator=(const PythonFolder&) = delete;

  // Whether functions may ask for an artifact of this name.
  static bool takes(std::string_view name);
  void add(std::string_view name, std::string_view bytes);  // throws FIRN_IO
  PythonFiles files() const;

 private:
  mutable std::mutex mutex_;
  std::filesystem::path folder_;  // GUARDED_BY(mutex_); made with the first file
  std::string path_;              // GUARDED_BY(mutex_)
};

}  // namespace firn::server::spark_connect
