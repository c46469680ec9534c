// For tests: a writer over a folder of its own, and DuckDB to read back what it wrote.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "engine/chunk_body.h"
#include "engine/table_writer.h"
#include "types/test_support.h"

namespace firn::engine {

class TableWriterFixture : public testing::Test {
 protected:
  TableWriterFixture()
      : database_(nullptr), connection_(database_), store_(files::make_local_store()) {
    folder_ = testing::TempDir() + "table_writer_" +
              testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(folder_);
    options_.data_location = folder_;
    options_.file_prefix = "00000-test";
  }
  ~TableWriterFixture() override { std::filesystem::remove_all(folder_); }

  // Calls `use` with every chunk of a query's result.
  template <class Use>
  void for_each_chunk(const std::string& sql, Use&& use) {
    const auto result = connection_.Query(sql);
    ASSERT_FALSE(result->HasError()) << result->GetError();
    while (auto rows = result->Fetch()) {
      Chunk chunk;
      chunk.body().chunk.Move(*rows);
      use(chunk);
    }
  }

  std::vector<iceberg::DataFile> write(const std::string& sql) {
    const auto writer = make_table_writer(options_, *store_);
    for_each_chunk(sql, [&](Chunk& chunk) { writer->append(chunk); });
    return writer->finish();
  }

  // Rows of a query, columns joined by '|'.
  std::vector<std::string> rows(const std::string& sql) {
    const auto result = connection_.Query(sql);
    EXPECT_FALSE(result->HasError()) << result->GetError();
    std::vector<std::string> lines;
    for (auto chunk = result->Fetch(); chunk != nullptr; chunk = result->Fetch()) {
      for (duckdb::idx_t row = 0; row < chunk->size(); ++row) {
        std::string line;
        for (duckdb::idx_t column = 0; column < chunk->ColumnCount(); ++column) {
          line += (column == 0 ? "" : "|") + chunk->GetValue(column, row).ToString();
        }
        lines.push_back(line);
      }
    }
    return lines;
  }
  std::string scan() const {
    return "parquet_scan('" + folder_ + "/**/*.parquet', hive_partitioning=false)";
  }

  size_t files_left() const {
    if (!std::filesystem::exists(folder_)) return 0;
    size_t files = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_))
      files += entry.is_regular_file();
    return files;
  }

  duckdb::DuckDB database_;
  duckdb::Connection connection_;
  std::unique_ptr<files::FileStore> store_;
  std::string folder_;
  TableWriterOptions options_;
};

inline types::Type plain(types::TypeId id) { return types::Type::primitive(id); }

}  // namespace firn::engine
