// See evaluator.h.
#include "evaluator.h"

#include <cstdio>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/error.h"
#include "base/hash128.h"
#include "engine/table_writer.h"
#include "stream/state/key_set.h"
#include "whole.h"

namespace firn::simulation {

std::string write_rows(const std::vector<int64_t>& ids) {
  std::string rows;
  for (const int64_t id : ids) rows += std::to_string(id) + "\n";
  return "TINY " + std::to_string(ids.size()) + " " + std::to_string(hash128(rows).first) + "\n" +
         rows;
}

std::vector<int64_t> read_rows(const std::string& uri, const std::string& bytes) {
  if (uri.ends_with(".parquet")) return read_parquet_ids(uri, bytes);
  std::istringstream in(bytes);
  std::string word;
  size_t count = 0;
  uint64_t hash = 0;
  in >> word >> count >> hash;
  const size_t rows = bytes.find('\n');
  if (word != "TINY" || rows == std::string::npos || hash128(bytes.substr(rows + 1)).first != hash)
    throw_corrupt("data file " + uri + " is damaged");
  std::vector<int64_t> ids(count);
  for (int64_t& id : ids) in >> id;
  return ids;
}

iceberg::DataFile describe_file(const std::string& uri, const std::vector<int64_t>& ids,
                                size_t bytes) {
  iceberg::DataFile file;
  file.file_path = uri;
  file.record_count = static_cast<int64_t>(ids.size());
  file.file_size_in_bytes = static_cast<int64_t>(bytes);
  return file;
}

namespace {

class TinyWriter final : public engine::TableWriter {
 public:
  TinyWriter(files::FileStore& store, std::string uri, std::vector<int64_t> ids)
      : store_(store), uri_(std::move(uri)), ids_(std::move(ids)) {}
  void append(engine::Chunk&) override { throw_unsupported("chunks in a simulation"); }
  std::vector<iceberg::DataFile> finish() override {
    const std::string bytes = write_rows(ids_);
    const auto file = store_.create(uri_, files::WriteMode::kCreateNew);
    file->write(bytes);
    file->finish();
    return {describe_file(uri_, ids_, bytes.size())};
  }
  int64_t rows() const override { return static_cast<int64_t>(ids_.size()); }
  int64_t buffered_bytes() const override { return 0; }

 private:
  files::FileStore& store_;
  std::string uri_;
  std::vector<int64_t> ids_;
};

class Evaluator final : public stream::Pipeline {
 public:
  Evaluator(World& world, const Plan& plan, files::FileStore& store,
            const std::string& state_folder, std::vector<std::string> folders)
      : plan_(plan),
        store_(store),
        folders_(std::move(folders)),
        writer_id_(random_uuid(world.random)),
        rows_(folders_.size()),
        keys_({.folder = state_folder, .memory_keys = 12, .max_runs = 2, .max_deltas = 3}, store,
              world.random) {}

  void begin_epoch(int64_t late_ms, int64_t watermark_ms, int64_t) override {
    time_.late_ms = late_ms;
    time_.watermark_ms = watermark_ms;
    counters_ = {};
  }

  int64_t push(stream::SourceBatch batch) override {
    const auto& records = std::get<std::shared_ptr<const engine::RecordBatch>>(batch)->records;
    for (const engine::Record& record : records)
      take(std::string(record.value, record.value_length));
    return static_cast<int64_t>(records.size());
  }

  void end_epoch() override {}
  bool is_stateful() const override { return plan_.is_deduplicated; }
  int64_t next_watermark_ms() const override { return time_.next_watermark_ms(); }
  bool has_watermark() const override { return plan_.is_deduplicated; }
  const stream::StageCounters& counters() const override { return counters_; }
  int64_t malformed() const override { return malformed_; }
  std::vector<int64_t> target_rows() const override {
    std::vector<int64_t> counts;
    for (const auto& rows : rows_) counts.push_back(static_cast<int64_t>(rows.size()));
    return counts;
  }
  int64_t state_keys() const override { return keys_.keys(); }
  int64_t state_bytes() const override { return keys_.memory_bytes(); }

  std::vector<std::unique_ptr<engine::TableWriter>> take_writers() override {
    std::vector<std::unique_ptr<engine::TableWriter>> writers;
    for (size_t i = 0; i < rows_.size(); ++i) {
      writers.push_back(nullptr);
      if (rows_[i].empty()) continue;
      writers.back() = std::make_unique<TinyWriter>(
          store_, folders_[i] + "/" + writer_id_ + "-" + std::to_string(++files_) + ".tiny",
          std::exchange(rows_[i], {}));
    }
    return writers;
  }
  std::vector<std::vector<engine::Chunk>> take_batches() override {
    return std::vector<std::vector<engine::Chunk>>(rows_.size());
  }
  void restore_state(const std::string& version) override {
    if (plan_.is_deduplicated)
      keys_.restore(nlohmann::json::parse(version).value("0", std::string()));
  }
  std::string prepare_state(int64_t epoch) override {
    nlohmann::json json = nlohmann::json::object();
    if (plan_.is_deduplicated) json["0"] = keys_.prepare(epoch);
    return json.dump();
  }
  void collect_state(const std::string& version, int64_t epoch) override {
    if (plan_.is_deduplicated)
      keys_.collect(nlohmann::json::parse(version).value("0", std::string()), epoch);
  }

 private:
  void take(const std::string& value) {
    long long id = 0, key = 0, time = 0;
    if (std::sscanf(value.c_str(), "%lld %lld %lld", &id, &key, &time) != 3) {
      ++malformed_;
      if (rows_.size() > 1) rows_[1].push_back(std::stoll(value.substr(value.find('#') + 1)));
      return;
    }
    if (plan_.is_deduplicated) {
      auto [newest, is_first] = time_.newest_ms.try_emplace(0, time - plan_.delay_ms);
      newest->second = std::max<int64_t>(newest->second, time - plan_.delay_ms);
      if (time <= time_.late_ms) {
        ++counters_.late;
        return;
      }
      const Hash128 hash = hash128(std::to_string(key));
      std::vector<uint8_t> is_new;
      keys_.insert({&hash, 1}, is_new);
      if (is_new[0] == 0) {
        ++counters_.duplicates;
        return;
      }
    }
    rows_[0].push_back(id);
  }

  const Plan plan_;
  files::FileStore& store_;
  const std::vector<std::string> folders_;
  const std::string writer_id_;
  std::vector<std::vector<int64_t>> rows_;
  stream::KeySet keys_;
  stream::EventTime time_;
  stream::StageCounters counters_;
  int64_t malformed_ = 0, files_ = 0;
};

class NoEngine final : public engine::Engine {
 public:
  std::unique_ptr<engine::Prepared> prepare(const plan::RelationPtr&,
                                            std::vector<types::DataType>) override {
    no();
  }
  std::unique_ptr<engine::RowStream> run(const plan::RelationPtr&, StopToken) override { no(); }
  std::string explain_lowered(const plan::RelationPtr&) override { no(); }
  std::string explain_physical(const plan::RelationPtr&) override { no(); }

 private:
  [[noreturn]] static void no() { throw_unsupported("an engine in a simulation"); }
};

}  // namespace

std::unique_ptr<stream::Pipeline> make_evaluator(World& world, const Plan& plan,
                                                 files::FileStore& store,
                                                 const std::string& state_folder,
                                                 const std::vector<std::string>& data_folders) {
  return std::make_unique<Evaluator>(world, plan, store, state_folder, data_folders);
}

std::unique_ptr<engine::Engine> make_no_engine() { return std::make_unique<NoEngine>(); }

}  // namespace firn::simulation
