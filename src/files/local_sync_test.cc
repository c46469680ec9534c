// What a local store has synced when it says that a file is there: kill -9 cannot show a missing
// fsync.
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <string>
#include <vector>

#include "files/file_store.h"

namespace {

std::mutex mutex;                 // other tests of the program sync on several threads
std::vector<std::string> synced;  // paths, in their order

void note(int descriptor) {
  std::error_code error;
  const std::lock_guard lock(mutex);
  synced.push_back(
      std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(descriptor), error).string());
}

}  // namespace

// In the place of the C library's, for this program.
extern "C" int fsync(int descriptor) {
  note(descriptor);
  return static_cast<int>(::syscall(SYS_fsync, descriptor));
}
extern "C" int fdatasync(int descriptor) {
  note(descriptor);
  return static_cast<int>(::syscall(SYS_fdatasync, descriptor));
}

namespace firn::files {
namespace {

class LocalSync : public testing::Test {
 protected:
  LocalSync() {
    std::string name = std::filesystem::temp_directory_path() / "firn-sync-XXXXXX";
    folder_ = std::filesystem::canonical(::mkdtemp(name.data())).string();
  }
  ~LocalSync() override { std::filesystem::remove_all(folder_); }

  // The file's bytes first, under whatever name, then its folder.
  static void expect_file_then_folder(const std::string& folder) {
    ASSERT_GE(synced.size(), 2U);
    EXPECT_EQ(synced.back(), folder);
    const std::string& file = synced[synced.size() - 2];
    EXPECT_NE(file, folder);
    EXPECT_NE(file, "");
  }

  std::string folder_;
  std::unique_ptr<FileStore> store_ = make_local_store();
};

TEST_F(LocalSync, AFinishedFileAndItsFolder) {
  for (const WriteMode mode : {WriteMode::kCreateNew, WriteMode::kOverwrite}) {
    synced.clear();
    auto file = store_->create(folder_ + "/file" + std::to_string(static_cast<int>(mode)), mode);
    file->write("bytes");
    file->finish();
    expect_file_then_folder(folder_);
  }
}

TEST_F(LocalSync, WhatIsPutAndItsFolder) {
  synced.clear();
  ASSERT_TRUE(store_->put_if_absent(folder_ + "/file", "bytes"));
  expect_file_then_folder(folder_);
}

TEST_F(LocalSync, ANewFolderInTheOneAbove) {
  synced.clear();
  ASSERT_TRUE(store_->put_if_absent(folder_ + "/new/file", "bytes"));
  expect_file_then_folder(folder_ + "/new");
  EXPECT_EQ(synced.front(), folder_);
}

}  // namespace
}  // namespace firn::files
