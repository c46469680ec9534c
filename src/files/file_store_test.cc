// One set of rules for every store, and what is special to local files.
#include "files/file_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <thread>

#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/test_support.h"

namespace firn::files {
namespace {

std::string fresh_folder() {
  SystemRandom random;
  const auto path = std::filesystem::temp_directory_path() / ("firn-files-" + random_uuid(random));
  std::filesystem::create_directories(path);
  return path.string();
}

class EveryStore : public testing::TestWithParam<int> {
 protected:
  void SetUp() override {
    switch (GetParam()) {
      case 0:
        folder_ = fresh_folder();
        store_ = make_local_store();
        root_ = folder_;
        break;
      case 1:
        folder_ = fresh_folder();
        store_ = make_router_store();
        root_ = "file://" + folder_;
        break;
      case 2:
        store_ = make_router_store();
        root_ = "mem://shelf";
        break;
      default:
        set_up_s3();
    }
  }
  // A server that speaks S3, with credentials in the environment and a bucket named by
  // FIRN_TEST_S3_BUCKET.
  void set_up_s3() {
    SystemRandom random;
    store_ = make_router_store();
    root_ = "s3a://" + std::string(std::getenv("FIRN_TEST_S3_BUCKET")) + "/a b+ä%/" +
            random_uuid(random);
  }
  void TearDown() override {
    if (!folder_.empty()) std::filesystem::remove_all(folder_);
  }
  std::string at(std::string_view name) const { return join_uri(root_, name); }
  void put(std::string_view name, std::string_view bytes, WriteMode mode = WriteMode::kCreateNew) {
    const auto file = store_->create(at(name), mode);
    file->write(bytes);
    file->finish();
  }

  std::string folder_;
  std::string root_;
  std::unique_ptr<FileStore> store_;
};
std::string store_name(const testing::TestParamInfo<int>& row) {
  const std::string names[] = {"local", "router", "memory", "s3"};
  return names[row.param];
}
// S3 where there is a server for it: test/interop/test_s3.py starts one and runs these rows.
std::vector<int> stores_to_test() {
  std::vector<int> stores = {0, 1, 2};
  if (std::getenv("FIRN_TEST_S3_BUCKET") != nullptr) stores.push_back(3);
  return stores;
}
INSTANTIATE_TEST_SUITE_P(Files, EveryStore, testing::ValuesIn(stores_to_test()), store_name);

TEST_P(EveryStore, WritesAndReads) {
  const std::string big(700'000, 'x');
  {
    const auto file = store_->create(at("a/b/c.bin"), WriteMode::kCreateNew);
    file->write("head");
    file->write(big);
    file->write("tail");
    EXPECT_EQ(file->position(), 700'008);
    EXPECT_FALSE(store_->stat(at("a/b/c.bin"))) << "visible before finish()";
    EXPECT_TRUE(store_->list(root_).empty());
    file->finish();
  }
  EXPECT_EQ(store_->read_all(at("a/b/c.bin")), "head" + big + "tail");
  const auto file = store_->open(at("a/b/c.bin"));
  EXPECT_EQ(file->size(), 700'008);
  char bytes[4];
  file->read_at(700'004, 4, bytes);
  EXPECT_EQ(std::string(bytes, 4), "tail");
  EXPECT_EQ(error_of([&] { file->read_at(700'005, 4, bytes); }).code(), Code::kIo);
  EXPECT_EQ(error_of([&] { file->read_at(-1, 4, bytes); }).code(), Code::kIo);
  const auto info = store_->stat(at("a/b/c.bin"));
  ASSERT_TRUE(info);
  EXPECT_EQ(info->size, 700'008);
  EXPECT_EQ(info->uri, at("a/b/c.bin"));
  EXPECT_NEAR(static_cast<double>(info->modified_ms), static_cast<double>(SystemClock().now_ms()),
              60'000);
}

TEST_P(EveryStore, AnUnfinishedFileNeverExisted) {
  store_->create(at("x"), WriteMode::kCreateNew)->write("lost");
  EXPECT_FALSE(store_->stat(at("x")));
  EXPECT_TRUE(store_->list(root_).empty());
  if (!folder_.empty()) {
    EXPECT_TRUE(std::filesystem::is_empty(folder_));
  }
}

TEST_P(EveryStore, CreateNewDecidesAtTheLatestWhenFinished) {
  const auto late = store_->create(at("x"), WriteMode::kCreateNew);
  late->write("late");
  put("x", "first");
  EXPECT_EQ(error_of([&] { late->finish(); }).condition(), "FIRN_FILE_ALREADY_EXISTS");
  EXPECT_EQ(error_of([&] { put("x", "third"); }).code(), Code::kAlreadyExists);
  EXPECT_EQ(store_->read_all(at("x")), "first");
  put("x", "second", WriteMode::kOverwrite);
  EXPECT_EQ(store_->read_all(at("x")), "second");
}

TEST_P(EveryStore, ListsFilesBelowAFolder) {
  for (const char* name : {"t/b", "t/a/z", "t/a/.hidden", "t2/c"}) put(name, name);
  std::vector<std::string> names;
  for (const FileInfo& file : store_->list(at("t"))) names.push_back(file.uri);
  EXPECT_EQ(names, (std::vector<std::string>{at("t/a/.hidden"), at("t/a/z"), at("t/b")}));
  EXPECT_EQ(store_->list(at("t/")).size(), 3U);
  EXPECT_TRUE(store_->list(at("nowhere")).empty());
}

TEST_P(EveryStore, RemovesWhatMayBeMissing) {
  put("x", "1");
  store_->remove(at("x"));
  store_->remove(at("x"));
  EXPECT_FALSE(store_->stat(at("x")));
  const Error error = error_of([&] { store_->open(at("x")); });
  EXPECT_EQ(error.code(), Code::kNotFound);
  EXPECT_NE(error.message().find("x"), std::string::npos);
}

TEST_P(EveryStore, OnePutWins) {
  std::atomic<int> winners = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      if (store_->put_if_absent(at("prepared/7"), std::string(1000, static_cast<char>('a' + i))))
        ++winners;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(winners, 1);
  const std::string bytes = store_->read_all(at("prepared/7"));
  EXPECT_EQ(bytes, std::string(1000, bytes[0]));
  EXPECT_EQ(store_->list(root_).size(), 1U);
}

TEST_P(EveryStore, LargeFilesAreWhole) {
  std::string big;
  for (int i = 0; big.size() < 20'000'000; ++i) big += std::to_string(i) + ",";
  {
    const auto file = store_->create(at("big"), WriteMode::kCreateNew);
    for (size_t offset = 0; offset < big.size(); offset += 777'777) {
      file->write(std::string_view(big).substr(offset, 777'777));
    }
    file->finish();
  }
  EXPECT_TRUE(store_->read_all(at("big")) == big);
  const auto file = store_->open(at("big"));
  std::vector<std::thread> readers;
  for (size_t reader = 0; reader < 4; ++reader) {
    readers.emplace_back([&, reader] {
      std::string bytes(1'000'000, '\0');
      file->read_at(static_cast<int64_t>(reader) * 4'000'000, 1'000'000, bytes.data());
      EXPECT_TRUE(bytes == big.substr(reader * 4'000'000, 1'000'000));
    });
  }
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(error_of([&] { put("big", std::string(9'000'000, 'x')); }).code(),
            Code::kAlreadyExists);
  EXPECT_EQ(store_->stat(at("big"))->size, static_cast<int64_t>(big.size()));
}

TEST(LocalStore, ErrorsNameThePathAndTheReason) {
  const std::string folder = fresh_folder();
  const auto store = make_local_store();
  std::ofstream(folder + "/file") << "x";
  struct Row {
    std::string path;
    const char* reason;
  };
  for (const Row& row :
       {Row{folder + "/file/x", "Not a directory"}, {"/proc/firn/x", "/proc/firn"}}) {
    const Error error = error_of([&] { store->create(row.path, WriteMode::kCreateNew); });
    EXPECT_NE(error.message().find(row.reason), std::string::npos) << error.what();
  }
  EXPECT_NE(error_of([&] { store->open(folder); }).message().find("Is a directory"),
            std::string::npos);
  if (::geteuid() != 0) {
    ::chmod(folder.c_str(), 0500);
    const Error error = error_of([&] { store->create(folder + "/a/b", WriteMode::kCreateNew); });
    EXPECT_EQ(error.code(), Code::kPermission);
    EXPECT_NE(error.message().find(folder), std::string::npos);
    ::chmod(folder.c_str(), 0700);
  }
  std::filesystem::remove_all(folder);
}

TEST(LocalStore, AFileCutShortIsAnError) {
  const std::string folder = fresh_folder();
  std::ofstream(folder + "/f") << "0123456789";
  const auto file = make_local_store()->open(folder + "/f");
  ASSERT_EQ(::truncate((folder + "/f").c_str(), 4), 0);
  char bytes[8];
  EXPECT_EQ(error_of([&] { file->read_at(0, 8, bytes); }).code(), Code::kIo);
  std::filesystem::remove_all(folder);
}

struct UriRow {
  const char* in;
  const char* want;
};
TEST(LocalStore, AWriterThatIsKilledLeavesNothing) {
  char name[] = "/dev/shm/firn-files-XXXXXX";  // every tmpfs has files without names
  const std::string folder = ::mkdtemp(name);
  const pid_t writer = ::fork();
  if (writer == 0) {
    const auto store = make_local_store();
    const auto file = store->create(folder + "/a", WriteMode::kCreateNew);
    file->write(std::string(1 << 20, 'x'));
    ::kill(::getpid(), SIGKILL);
  }
  int status = 0;
  ::waitpid(writer, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_TRUE(std::filesystem::is_empty(folder));
  std::filesystem::remove_all(folder);
}

TEST(Uri, LocalPaths) {
  for (const UriRow& row : {UriRow{"/a", "/a"},
                            {"a/b", "a/b"},
                            {"file:/a", "/a"},
                            {"file:///a b%20", "/a b%20"},
                            {"FILE:/a", "/a"},
                            {"file://localhost/a", "/a"},
                            {"a:b", "a:b"}}) {
    EXPECT_EQ(local_path(row.in), row.want);
  }
  for (const char* bad : {"s3://b/k", "file://host/a", "mem://x"})
    EXPECT_THROW(local_path(bad), Error) << bad;
}

TEST(Uri, Schemes) {
  for (const UriRow& row : {UriRow{"s3://b/k", "s3"},
                            {"S3A://b", "s3a"},
                            {"/a:/b", ""},
                            {"a", ""},
                            {"", ""},
                            {"file:/a", "file"},
                            {"x.y+z-1://", "x.y+z-1"}}) {
    EXPECT_EQ(scheme_of(row.in), row.want) << row.in;
  }
}

TEST(Uri, Joins) {
  EXPECT_EQ(join_uri("/a", "b"), "/a/b");
  EXPECT_EQ(join_uri("/a//", "/b"), "/a/b");
  EXPECT_EQ(join_uri("/", "b"), "/b");
  EXPECT_EQ(join_uri("mem://", "b"), "mem://b");
  EXPECT_EQ(join_uri("", "b"), "b");
}

TEST(Router, RefusesSchemesByName) {
  const Error error = error_of([] { make_router_store()->open("hdfs://nn/x"); });
  EXPECT_EQ(error.code(), Code::kUnsupported);
  EXPECT_NE(error.message().find("hdfs"), std::string::npos);
}

}  // namespace
}  // namespace firn::files
