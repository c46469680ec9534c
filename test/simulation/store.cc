// The file store double: a file is there once finish() has returned; what a process had not
// finished when it was killed is gone. Where the power may be cut, the local store writes the same
// files, and what it syncs is what lasts.
#include "base/error.h"
#include "world.h"

namespace firn::simulation {
namespace {

using Bytes = std::shared_ptr<const std::string>;

class SimulatedInput final : public files::InputFile {
 public:
  SimulatedInput(std::string uri, Bytes bytes) : uri_(std::move(uri)), bytes_(std::move(bytes)) {}
  int64_t size() const override { return static_cast<int64_t>(bytes_->size()); }
  void read_at(int64_t offset, int64_t length, char* out) const override {
    if (offset < 0 || length < 0 || offset + length > size())
      throw_io("file " + uri_ + " is shorter than asked for");
    bytes_->copy(out, static_cast<size_t>(length), static_cast<size_t>(offset));
  }

 private:
  std::string uri_;
  Bytes bytes_;
};

class SimulatedStore final : public files::FileStore {
 public:
  SimulatedStore(World& world, Process& process) : world_(world), process_(process) {}

  std::unique_ptr<files::InputFile> open(const std::string& uri) override {
    world_.point(process_, "open " + uri);
    if (fault(Counter::kOpen) != nullptr) {
      world_.took_effect("read fails");
      throw_io("cannot read " + uri + ": the simulated disk says no");
    }
    const auto found = world_.files.find(uri);
    if (found == world_.files.end())
      throw Error("FIRN_NOT_FOUND", {{"what", "there is no file " + uri}});
    return std::make_unique<SimulatedInput>(uri, found->second);
  }

  std::unique_ptr<files::OutputFile> create(const std::string& uri, files::WriteMode mode) override;

  std::optional<files::FileInfo> stat(const std::string& uri) override {
    world_.point(process_, "stat " + uri);
    const auto found = world_.files.find(uri);
    if (found == world_.files.end()) return std::nullopt;
    return files::FileInfo{uri, static_cast<int64_t>(found->second->size()), 0};
  }

  std::vector<files::FileInfo> list(const std::string& folder) override {
    world_.point(process_, "list " + folder);
    const std::string prefix = folder + "/";
    std::vector<files::FileInfo> found;
    for (auto file = world_.files.lower_bound(prefix);
         file != world_.files.end() && file->first.starts_with(prefix); ++file)
      found.push_back({file->first, static_cast<int64_t>(file->second->size()), 0});
    return found;
  }

  // Destructors call it: a process that is killed here goes on to its next step.
  void remove(const std::string& uri) override {
    try {
      world_.point(process_, "remove " + uri);
      if (is_on_disk()) world_.disk->remove(uri, there(uri));
      world_.files.erase(uri);
      world_.point(process_, "");
    } catch (const Killed&) {
      return;
    }
  }

  bool put_if_absent(const std::string& uri, std::string_view bytes) override {
    world_.point(process_, "put " + uri);
    const Fault* const fault = this->fault(Counter::kPut);
    const std::string name = fault == nullptr ? "" : fault->kind->name;
    if (fault != nullptr) world_.took_effect(name);
    if (name == "put fails") throw_io("cannot write " + uri + ": the simulated disk says no");
    if (name == "disk full for a put") throw_full(uri);
    const std::string text(bytes);
    note_putter(uri, text);
    if (is_on_disk())
      on_disk(
          [&](const auto& before_sync) { world_.disk->put(uri, there(uri), text, before_sync); });
    const bool is_new = world_.files.emplace(uri, std::make_shared<const std::string>(text)).second;
    if (name == "put reply lost")
      throw_io("writing " + uri + ": the simulated disk does not answer");
    world_.point(process_, "");
    return is_new;
  }

  // Where the file becomes durable.
  void publish(const std::string& uri, const std::string& bytes, files::WriteMode mode) {
    world_.point(process_, "finish " + uri);
    if (const Fault* const fault = this->fault(Counter::kFinish)) {
      world_.took_effect(fault->kind->name);
      if (std::string(fault->kind->name) == "disk full") throw_full(uri);
      throw_io("cannot write " + uri + ": it broke off");
    }
    if (mode == files::WriteMode::kCreateNew && world_.files.contains(uri))
      throw Error("FIRN_FILE_ALREADY_EXISTS", {{"path", uri}});
    note_putter(uri, bytes);
    if (is_on_disk())
      on_disk([&](const auto& before_sync) {
        world_.disk->write(uri, there(uri), bytes, mode, before_sync);
      });
    world_.files[uri] = std::make_shared<const std::string>(bytes);
    world_.point(process_, "");
  }

 private:
  bool is_on_disk() const { return world_.disk != nullptr && !process_.is_foreign; }
  Bytes there(const std::string& uri) const {
    const auto found = world_.files.find(uri);
    return found == world_.files.end() ? nullptr : found->second;
  }
  // The power may be cut at each fsync.
  template <class Deed>
  void on_disk(Deed&& deed) {
    const std::function<void()> before_sync = [this] {
      if (world_.due(Counter::kSync) != nullptr) throw Killed{};
    };
    try {
      deed(before_sync);
    } catch (const Killed&) {
      world_.took_effect("power cut in a sync");
      world_.cut_power();
      throw;
    }
  }
  [[noreturn]] static void throw_full(const std::string& uri) {
    throw Error("FIRN_RESOURCE", {{"what", "cannot write " + uri + ": no space left"}});
  }
  const Fault* fault(Counter counter) {
    return process_.is_foreign ? nullptr : world_.due(counter);
  }
  void note_putter(const std::string& uri, const std::string& bytes) {
    if (uri.find("/firn/prepared/") != std::string::npos) world_.putters[bytes] = process_.number;
  }

  World& world_;
  Process& process_;
};

class SimulatedOutput final : public files::OutputFile {
 public:
  SimulatedOutput(SimulatedStore& store, std::string uri, files::WriteMode mode)
      : store_(store), uri_(std::move(uri)), mode_(mode) {}
  void write(std::string_view bytes) override { bytes_.append(bytes); }
  int64_t position() const override { return static_cast<int64_t>(bytes_.size()); }
  void finish() override { store_.publish(uri_, bytes_, mode_); }

 private:
  SimulatedStore& store_;
  std::string uri_, bytes_;
  files::WriteMode mode_;
};

std::unique_ptr<files::OutputFile> SimulatedStore::create(const std::string& uri,
                                                          files::WriteMode mode) {
  return std::make_unique<SimulatedOutput>(*this, uri, mode);
}

}  // namespace

std::unique_ptr<files::FileStore> make_store(World& world, Process& process) {
  return std::make_unique<SimulatedStore>(world, process);
}

}  // namespace firn::simulation
