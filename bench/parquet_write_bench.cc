// What a booking event costs on its way into Parquet: CPU time and bytes a row of the table writer,
// by row group size.
//   parquet_write_bench [rows] [row group rows]… [--key=value table property]…
// uses: base types files engine DuckDB::duckdb
#include <ctime>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/clock.h"
#include "engine/chunk_body.h"
#include "engine/table_writer.h"

namespace {

using firn::types::Field;
using firn::types::Type;
using firn::types::TypeId;

// Counts bytes and keeps none: the disk is not what is measured here.
class NullStore final : public firn::files::FileStore {
 public:
  class Out final : public firn::files::OutputFile {
   public:
    explicit Out(int64_t& total) : total_(total) {}
    void write(std::string_view bytes) override { position_ += static_cast<int64_t>(bytes.size()); }
    int64_t position() const override { return position_; }
    void finish() override { total_ += position_; }

   private:
    int64_t& total_;
    int64_t position_ = 0;
  };
  std::unique_ptr<firn::files::InputFile> open(const std::string&) override { std::abort(); }
  std::unique_ptr<firn::files::OutputFile> create(const std::string&,
                                                  firn::files::WriteMode) override {
    return std::make_unique<Out>(bytes);
  }
  std::optional<firn::files::FileInfo> stat(const std::string&) override { return {}; }
  std::vector<firn::files::FileInfo> list(const std::string&) override { return {}; }
  void remove(const std::string&) override {}
  bool put_if_absent(const std::string&, std::string_view) override { return true; }
  int64_t bytes = 0;
};

firn::types::Schema booking_schema() {
  firn::types::Schema schema;
  const std::pair<const char*, TypeId> columns[] = {
      {"event_id", TypeId::kString},         {"user_id", TypeId::kString},
      {"occurred_at", TypeId::kTimestamptz}, {"gdpr_consent", TypeId::kBoolean},
      {"listing_id", TypeId::kString},       {"price", TypeId::kDouble},
      {"currency", TypeId::kString},         {"event_type", TypeId::kString},
      {"payload", TypeId::kString}};
  int id = 0;
  for (const auto& [name, type] : columns)
    schema.fields.push_back({++id, name, false, Type::primitive(type)});
  return schema;
}

firn::engine::Chunk booking_chunk(firn::Random& random, int64_t first) {
  using duckdb::LogicalType;
  firn::engine::Chunk chunk;
  firn::engine::initialize(
      chunk, {LogicalType::VARCHAR, LogicalType::VARCHAR, LogicalType::TIMESTAMP_TZ,
              LogicalType::BOOLEAN, LogicalType::VARCHAR, LogicalType::DOUBLE, LogicalType::VARCHAR,
              LogicalType::VARCHAR, LogicalType::VARCHAR});
  duckdb::DataChunk& rows = chunk.body().chunk;
  const char* currencies[] = {"EUR", "USD", "GBP", "CHF"};
  const char* kinds[] = {"booking_created", "booking_paid", "booking_cancelled"};
  const auto put = [&](size_t column, uint64_t row, const std::string& text) {
    duckdb::FlatVector::GetData<duckdb::string_t>(rows.data[column])[row] =
        duckdb::StringVector::AddString(rows.data[column], text);
  };
  for (uint64_t row = 0; row < firn::engine::kChunkRows; ++row) {
    put(0, row, firn::random_uuid(random));
    put(1, row, "user-" + std::to_string(random.next() % 500000));
    duckdb::FlatVector::GetData<int64_t>(rows.data[2])[row] =
        1'790'000'000'000'000 + (first + static_cast<int64_t>(row)) * 137 +
        static_cast<int64_t>(random.next() % 5000000);
    duckdb::FlatVector::GetData<bool>(rows.data[3])[row] = true;
    put(4, row, "listing-" + std::to_string(random.next() % 20000));
    duckdb::FlatVector::GetData<double>(rows.data[5])[row] =
        static_cast<double>(random.next() % 100000) / 100;
    put(6, row, currencies[random.next() % 4]);
    put(7, row, kinds[random.next() % 3]);
    put(8, row,
        R"({"nights":)" + std::to_string(random.next() % 14) + R"(,"guests":)" +
            std::to_string(random.next() % 6) + R"(,"source":"app","v":1})");
  }
  rows.SetCardinality(firn::engine::kChunkRows);
  return chunk;
}

double cpu_seconds() {
  timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

}  // namespace

int main(int argc, char** argv) {
  int64_t rows = 1'000'000;
  std::vector<uint64_t> groups;
  firn::engine::TableWriterOptions options;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument.starts_with("--")) {
      const size_t equals = argument.find('=');
      options.properties[argument.substr(2, equals - 2)] = argument.substr(equals + 1);
    } else if (i == 1) {
      rows = std::atoll(argv[i]);
    } else {
      groups.push_back(static_cast<uint64_t>(std::atoll(argv[i])));
    }
  }
  if (groups.empty()) groups = {8192, 16384, 32768, 65536, 122880};
  firn::SeededRandom random(7);
  std::vector<firn::engine::Chunk> chunks;
  for (int64_t made = 0; made < 200'000; made += firn::engine::kChunkRows)
    chunks.push_back(booking_chunk(random, made));
  options.schema = booking_schema();
  options.data_location = "null://data";
  options.file_prefix = "bench";
  for (const uint64_t group : groups) {
    NullStore store;
    options.row_group_rows = group;
    const auto writer = firn::engine::make_table_writer(options, store);
    const double start = cpu_seconds();
    int64_t written = 0;
    for (size_t i = 0; written < rows; ++i) {
      firn::engine::Chunk chunk = chunks[i % chunks.size()].share();
      writer->append(chunk);
      written += firn::engine::kChunkRows;
    }
    writer->finish();
    const double seconds = cpu_seconds() - start;
    std::printf("row group %7lu: %6.0f ns a row, %5.1f bytes a row\n", group,
                seconds * 1e9 / static_cast<double>(written),
                static_cast<double>(store.bytes) / static_cast<double>(written));
  }
}
