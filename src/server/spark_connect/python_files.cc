// Files of a session in a folder of the system's temporary ones.
#include "server/spark_connect/python_files.h"

#include <cstdlib>
#include <fstream>
#include <system_error>

#include "base/error.h"

namespace firn::server::spark_connect {
namespace {

constexpr std::string_view kModules = "pyfiles/";
constexpr std::string_view kFolders[] = {kModules, "files/", "archives/"};

[[noreturn]] void throw_artifact(const std::string& path) {
  throw_io("an artifact cannot be written: " + path);
}

}  // namespace

PythonFolder::~PythonFolder() {
  std::error_code ignored;
  if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
}

bool PythonFolder::takes(std::string_view name) {
  for (const std::string_view folder : kFolders)
    if (name.starts_with(folder)) return true;
  return false;
}

void PythonFolder::add(std::string_view name, std::string_view bytes) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (folder_.empty()) {
    std::string made = (std::filesystem::temp_directory_path() / "firn-artifacts-XXXXXX").string();
    if (::mkdtemp(made.data()) == nullptr) throw_artifact(made);
    folder_ = made;
  }
  // SparkFiles finds files by their bare names; "name#alias" is for archives.
  const std::string_view folder = name.substr(0, name.find('/') + 1);
  const std::string_view rest = name.substr(folder.size());
  const std::filesystem::path path =
      folder == kModules ? folder_ / "pyfiles" / rest : folder_ / "files" / rest;
  std::error_code problem;
  std::filesystem::create_directories(path.parent_path(), problem);
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  out.close();
  if (problem || !out) throw_artifact(path.string());
  if (folder != kModules) return;
  const std::string extension = path.extension().string();
  const bool archive = extension == ".zip" || extension == ".egg" || extension == ".jar";
  const std::string entry = archive ? path.string() : path.parent_path().string();
  if ((":" + path_ + ":").find(":" + entry + ":") == std::string::npos)
    path_ += (path_.empty() ? "" : ":") + entry;
}

PythonFiles PythonFolder::files() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return {path_, folder_.empty() ? "" : (folder_ / "files").string()};
}

}  // namespace firn::server::spark_connect
