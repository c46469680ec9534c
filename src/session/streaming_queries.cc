// Runs of queries, each on a thread of its own.
#include "session/streaming_queries.h"

#include <algorithm>
#include <filesystem>
#include <future>
#include <utility>

#include "base/error.h"
#include "base/log.h"
#include "session/stream_progress.h"
#include "session/stream_sinks.h"
#include "session/streams.h"

namespace firn::session {
namespace {

constexpr size_t kKeptProgress = 100;           // spark.sql.streaming.numRecentProgressUpdates
constexpr int64_t kIdleEventMs = 10000;         // spark.sql.streaming.noDataProgressEventInterval
constexpr int64_t kKeptAfterEndMs = 3'600'000;  // stopped queries stay readable

std::string stream_option(const StreamWrite& write, std::string_view name) {
  const auto same = [](std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](unsigned char x, unsigned char y) {
      return std::tolower(x) == std::tolower(y);
    });
  };
  for (const auto& [key, value] : write.options)
    if (same(key, name)) return value;
  return "";
}

std::string checkpoint_of(Session& session, const StreamWrite& write) {
  if (const std::string given = stream_option(write, "checkpointLocation"); !given.empty())
    return given;
  const auto base = session.conf().get("spark.sql.streaming.checkpointLocation");
  if (base && !base->empty()) {
    return files::join_uri(*base,
                           write.name.empty() ? random_uuid(session.process().random) : write.name);
  }
  const std::string made = (std::filesystem::temp_directory_path() /
                            ("temporary-" + random_uuid(session.process().random)))
                               .string();
  log_warn(
      "the streaming query{} has no checkpointLocation: its checkpoint is {}, and the next start "
      "begins anew",
      write.name.empty() ? "" : " " + write.name, made);
  return made;
}

plan::OutputMode mode_of(const StreamWrite& write) {
  if (write.output_mode.empty()) return plan::OutputMode::kAppend;
  const auto mode = plan::parse_output_mode(write.output_mode);
  if (!mode) throw Error("STREAMING_OUTPUT_MODE.INVALID", {{"outputMode", write.output_mode}});
  return *mode;
}

// Waits in short steps, so that a stop is seen.
template <class Done>
bool wait_until(std::unique_lock<std::mutex>& lock, std::condition_variable& changed,
                std::optional<int64_t> timeout_ms, const StopToken& stop, Done done) {
  const auto start = std::chrono::steady_clock::now();
  while (!done()) {
    throw_if_stopped(stop);
    const auto waited = std::chrono::duration_cast<std::chrono::milliseconds>(
                            std::chrono::steady_clock::now() - start)
                            .count();
    if (timeout_ms && waited >= *timeout_ms) return false;
    const int64_t left = timeout_ms ? std::min<int64_t>(*timeout_ms - waited, 100) : 100;
    changed.wait_for(lock, std::chrono::milliseconds(left));
  }
  return true;
}

}  // namespace

int64_t parse_trigger_interval(const std::string& text) {
  struct Unit {
    std::string_view name;
    double ms;
  };
  constexpr Unit kUnits[] = {{"microsecond", 0.001}, {"millisecond", 1}, {"second", 1000},
                             {"minute", 60000},      {"hour", 3600000},  {"day", 86400000},
                             {"week", 604800000}};
  const auto bad = [&]() -> Error {
    return Error("FIRN_INVALID_INPUT",
                 {{"what", "the trigger's interval '" + text +
                               "' is not of the form '30 seconds' or '1 minute 30 seconds'"}});
  };
  double total = 0;
  const char* at = text.c_str();
  const auto skip = [&] {
    while (*at == ' ' || *at == '\t') ++at;
  };
  skip();
  if (std::string_view(at).starts_with("interval ")) at += 9;
  skip();
  if (*at == '\0') throw bad();
  while (*at != '\0') {
    char* end = nullptr;
    const double count = std::strtod(at, &end);
    if (end == at || count < 0) throw bad();
    at = end;
    skip();
    std::string word;
    while (std::isalpha(static_cast<unsigned char>(*at)) != 0)
      word += static_cast<char>(std::tolower(static_cast<unsigned char>(*at++)));
    if (word.size() > 1 && word.back() == 's') word.pop_back();
    const Unit* const unit = std::find_if(std::begin(kUnits), std::end(kUnits),
                                          [&](const Unit& row) { return row.name == word; });
    if (unit == std::end(kUnits)) throw bad();
    total += count * unit->ms;
    skip();
  }
  return static_cast<int64_t>(total);
}

// ---- one query

StreamingQuery::StreamingQuery(std::unique_ptr<stream::Query> query, std::string name, Clock& clock,
                               std::string explained)
    : clock_(clock),
      query_(std::move(query)),
      id_(query_->id()),
      run_id_(query_->run_id()),
      name_(std::move(name)),
      explained_(std::move(explained)),
      started_ms_(clock.now_ms()),
      last_event_ms_(started_ms_) {}

StreamingQuery::~StreamingQuery() { stop(); }

void StreamingQuery::start(Emit emit, std::function<void(StreamingQuery&)> ended) {
  emit_ = std::move(emit);
  const std::lock_guard lock(joining_);  // another client may stop it already
  thread_ = std::thread([this, ended = std::move(ended)] {
    run(emit_);
    ended(*this);
  });
}

void StreamingQuery::run(const Emit& emit) {
  std::optional<Error> failure;
  std::shared_ptr<stream::Query> query = running();
  try {
    query->run(stop_.get_token());
  } catch (const Error& error) {  // the thread's door
    if (error.code() != Code::kCancelled) failure = error;
  } catch (const std::exception& error) {
    failure = Error("FIRN_INTERNAL", {{"what", error.what()}});
  }
  std::optional<Error> told;
  if (failure) {
    log_error("streaming query {} (run {}) ended: {}", id_, run_id_, failure->what());
    told = Error("STREAM_FAILED",
                 {{"id", id_}, {"runId", run_id_}, {"message", std::string(failure->what())}});
  }
  {
    const std::lock_guard lock(mutex_);
    query_.reset();
  }
  query.reset();  // the checkpoint is free before anybody hears of the end
  {
    const std::lock_guard lock(mutex_);
    active_ = false;
    ended_ms_ = clock_.now_ms();
    failure_ = told;
    changed_.notify_all();
  }
  emit(
      {StreamingEvent::Kind::kTerminated,
       terminated_json(id_, run_id_, told ? std::optional(std::string(told->what())) : std::nullopt,
                       failure ? std::optional(std::string(failure->condition())) : std::nullopt)});
}

std::shared_ptr<stream::Query> StreamingQuery::running() const {
  const std::lock_guard lock(mutex_);
  return query_;
}

void StreamingQuery::observe(const stream::Progress& progress) {
  const std::string json = progress_json(progress, name_);
  {
    const std::lock_guard lock(mutex_);
    recent_.push_back(json);
    if (recent_.size() > kKeptProgress) recent_.pop_front();
    last_event_ms_ = clock_.now_ms();
  }
  emit_({StreamingEvent::Kind::kProgress, "{\"progress\":" + json + "}"});
}

void StreamingQuery::idle() {
  const int64_t now = clock_.now_ms();
  {
    const std::lock_guard lock(mutex_);
    if (now - last_event_ms_ < kIdleEventMs) return;
    last_event_ms_ = now;
  }
  emit_({StreamingEvent::Kind::kIdle, idle_json(id_, run_id_, now)});
}

std::string StreamingQuery::started_json() const {
  return session::started_json(id_, run_id_, name_, started_ms_);
}

bool StreamingQuery::is_active() const {
  const std::lock_guard lock(mutex_);
  return active_;
}

stream::Status StreamingQuery::status() const {
  const std::lock_guard lock(mutex_);
  if (query_ != nullptr) return query_->status();
  if (failure_)
    return {"Terminated with exception: " + std::string(failure_->what()), false, false};
  return {"Stopped", false, false};
}

std::vector<std::string> StreamingQuery::recent_progress() const {
  const std::lock_guard lock(mutex_);
  return {recent_.begin(), recent_.end()};
}

std::optional<Error> StreamingQuery::exception() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

int64_t StreamingQuery::ended_ms() const {
  const std::lock_guard lock(mutex_);
  return ended_ms_;
}

void StreamingQuery::stop() {
  stop_.request_stop();
  const std::lock_guard lock(joining_);
  if (!thread_.joinable()) return;
  if (thread_.get_id() == std::this_thread::get_id())
    thread_.detach();  // from a listener of its own end
  else
    thread_.join();
}

bool StreamingQuery::await_termination(std::optional<int64_t> timeout_ms, const StopToken& stop) {
  std::unique_lock lock(mutex_);
  const bool ended = wait_until(lock, changed_, timeout_ms, stop, [this] { return !active_; });
  if (failure_) throw Error(*failure_);
  return ended;
}

void StreamingQuery::process_all_available(const StopToken& stop) {
  for (std::shared_ptr<stream::Query> query = running(); query != nullptr; query = running()) {
    if (query->process_all_available(stop)) return;
    throw_if_stopped(stop);
    query.reset();
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  await_termination(std::nullopt, stop);
}

// ---- all of a session

StreamingQueries::StreamingQueries() = default;
StreamingQueries::~StreamingQueries() { stop_all(); }

std::shared_ptr<StreamingQuery> StreamingQueries::start(Session& session, StreamWrite write,
                                                        std::string* started) {
  if (!write.continuous_interval.empty())
    throw_unsupported(
        "trigger(continuous=…); the default trigger starts a batch as soon as the one "
        "before has ended");
  const plan::OutputMode mode = mode_of(write);
  if (!write.name.empty()) {
    for (const auto& other : active()) {
      if (other->name() == write.name)
        throw_invalid("Cannot start query with name " + write.name +
                      " as a query with that name is already active in this SparkSession");
    }
  }
  const plan::RelationPtr resolved = session.resolve(write.query, true);
  if (!resolved->streaming) throw Error("WRITE_STREAM_NOT_ALLOWED");
  plan::cut_streams({resolved}, mode);  // what a stream can't do is told before a table is made
  std::vector<stream::Target> targets;
  targets.push_back(make_stream_target(session, write, mode, resolved));
  stream::QueryOptions options;
  options.checkpoint = checkpoint_of(session, write);
  options.name = write.name.empty() ? targets.front().name : write.name;
  options.trigger = write.trigger;
  options.output_mode = mode;
  options.crash_at = session.conf().get_string("firn.test.crash");
  if (engine_ == nullptr) engine_ = engine::make_engine({1, 0, ""}, session.process().store);
  // Its events need the handle, which needs the query.
  const auto handle = std::make_shared<std::weak_ptr<StreamingQuery>>();
  const std::string explained = plan::to_string(*resolved);
  auto made =
      stream::make_query(std::move(options), std::move(targets), stream_services(session, *engine_),
                         {[handle](const stream::Progress& progress) {
                            if (const auto query = handle->lock()) query->observe(progress);
                          },
                          [handle] {
                            if (const auto query = handle->lock()) query->idle();
                          }});
  const auto query = std::make_shared<StreamingQuery>(std::move(made), write.name,
                                                      session.process().clock, explained);
  *handle = query;
  const std::string event = query->started_json();
  if (started != nullptr) *started = event;
  {
    const std::lock_guard lock(mutex_);
    const int64_t now = session.process().clock.now_ms();
    std::erase_if(queries_, [&](const auto& one) {
      return one->ended_ms() != 0 && now - one->ended_ms() > kKeptAfterEndMs;
    });
    queries_.push_back(query);
  }
  query->start([this](const StreamingEvent& one) { emit(one); },
               [this](const StreamingQuery& one) { ended(one); });
  return query;
}

std::vector<std::shared_ptr<StreamingQuery>> StreamingQueries::active() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<StreamingQuery>> found;
  std::copy_if(queries_.begin(), queries_.end(), std::back_inserter(found),
               [](const auto& query) { return query->is_active(); });
  return found;
}

std::shared_ptr<StreamingQuery> StreamingQueries::find(const std::string& id,
                                                       const std::string& run_id) const {
  const std::lock_guard lock(mutex_);
  for (const auto& query : queries_)
    if (query->id() == id && query->run_id() == run_id) return query;
  return nullptr;
}

std::shared_ptr<StreamingQuery> StreamingQueries::find_active(const std::string& id) const {
  for (auto& query : active())
    if (query->id() == id) return query;
  return nullptr;
}

bool StreamingQueries::await_any_termination(std::optional<int64_t> timeout_ms,
                                             const StopToken& stop) {
  std::unique_lock lock(mutex_);
  const bool done = wait_until(lock, changed_, timeout_ms, stop, [this] { return any_ended_; });
  if (ended_with_) throw Error(*ended_with_);
  return done;
}

void StreamingQueries::reset_terminated() {
  const std::lock_guard lock(mutex_);
  any_ended_ = false;
  ended_with_.reset();
}

void StreamingQueries::ended(const StreamingQuery& query) {
  const auto failure = query.exception();
  const std::lock_guard lock(mutex_);
  any_ended_ = true;
  if (failure && !ended_with_) ended_with_ = failure;
  changed_.notify_all();
}

void EventBus::put(const StreamingEvent& event) {
  constexpr size_t kMostWaiting = 10000;  // as Spark's bus: beyond, the oldest are dropped
  const std::lock_guard lock(mutex_);
  if (closed_) return;
  events_.push_back(event);
  if (events_.size() > kMostWaiting) events_.pop_front();
  changed_.notify_all();
}

std::optional<StreamingEvent> EventBus::next(const StopToken& stop) {
  std::unique_lock lock(mutex_);
  while (events_.empty()) {
    if (closed_) return std::nullopt;
    throw_if_stopped(stop);
    changed_.wait_for(lock, std::chrono::milliseconds(100));
  }
  StreamingEvent event = std::move(events_.front());
  events_.pop_front();
  return event;
}

void EventBus::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  changed_.notify_all();
}

std::shared_ptr<EventBus> StreamingQueries::open_bus() {
  const std::lock_guard lock(listening_);
  if (bus_ != nullptr) bus_->close();
  bus_ = std::make_shared<EventBus>();
  return bus_;
}

void StreamingQueries::close_bus() {
  const std::lock_guard lock(listening_);
  if (bus_ != nullptr) bus_->close();
  bus_.reset();
}

bool StreamingQueries::has_listeners() const {
  const std::lock_guard lock(listening_);
  return bus_ != nullptr;
}

void StreamingQueries::emit(const StreamingEvent& event) {
  const std::lock_guard lock(listening_);
  if (bus_ != nullptr) bus_->put(event);
}

void StreamingQueries::stop_all() {
  std::vector<std::shared_ptr<StreamingQuery>> all;
  {
    const std::lock_guard lock(mutex_);
    all = queries_;
  }
  for (const auto& query : all) query->stop_.request_stop();
  for (const auto& query : all) query->stop();
}

}  // namespace firn::session
