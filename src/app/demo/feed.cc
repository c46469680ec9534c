// Sending in the right order, at the right time.
#include "app/demo/feed.h"

#include <algorithm>
#include <chrono>

namespace firn::app {
namespace {

using Steady = std::chrono::steady_clock;

}  // namespace

int64_t QueryState::total(const char* name) const {
  const auto found = totals.find(name);
  return found == totals.end() ? 0 : found->second;
}

int demo_partitions(int64_t events) {
  return static_cast<int>(
      std::max<int64_t>(4, (events + kRecordsPerPartition - 1) / kRecordsPerPartition));
}

int64_t events_up_to(int partition, int64_t offset, int partitions) {
  return offset == 0 ? 0 : (offset - 1) * partitions + partition + 1;
}

DemoFeed::DemoFeed(EmbeddedBroker& broker, const EventOptions& events, int64_t rate,
                   QueryState state, std::function<void()> done)
    : events_(events.events),
      rate_(rate),
      done_(std::move(done)),
      partitions_(demo_partitions(events.events)),
      generator_(events),
      producer_(broker.bootstrap_servers(), kDemoTopic),
      state_(std::move(state)) {}

DemoFeed::~DemoFeed() {
  stop_.request_stop();
  if (thread_.joinable()) thread_.join();
}

void DemoFeed::start() {
  send_until(std::min(state_.events_read, events_), 0);
  producer_.flush();
  thread_ = std::thread([this] {
    try {
      run();
    } catch (...) {
      const std::lock_guard lock(mutex_);
      failure_ = std::current_exception();
    }
    done_();
  });
}

void DemoFeed::run() {
  send_until(generator_.on_time_count(), rate_);
  producer_.flush();
  const int64_t passed = generator_.newest_silver_ms() - kWatermarkDelayMs;
  // A batch's lateness is judged by the watermark of the batch before it: once one was committed
  // with this watermark, all that follow use it or a later one.
  if (generator_.counts().produced < events_) {
    const auto moved = [&] { return state_.watermark_ms.value_or(INT64_MIN) >= passed; };
    if (!wait_until(moved)) return;
    send_until(events_, rate_);
    producer_.flush();
  }
  wait_until([&] { return state_.total("rows_in") >= events_; });
}

void DemoFeed::send_until(int64_t count, int64_t rate) {
  const auto start = Steady::now();
  const int64_t first = generator_.counts().produced;
  std::string json;
  for (int64_t i = first; i < count && !stop_.stop_requested(); ++i) {
    generator_.next(json);
    producer_.send(static_cast<int>(i % partitions_), json);
    if (rate > 0) {
      const auto due = start + std::chrono::microseconds((i + 1 - first) * 1'000'000 / rate);
      std::unique_lock lock(mutex_);
      changed_.wait_until(lock, stop_.get_token(), due, [] { return false; });
    }
  }
}

bool DemoFeed::wait_until(const std::function<bool()>& reached) {
  std::unique_lock lock(mutex_);
  return changed_.wait(lock, stop_.get_token(), reached);
}

void DemoFeed::heard(const stream::Progress& progress) {
  const std::lock_guard lock(mutex_);
  if (progress.watermark_ms) state_.watermark_ms = progress.watermark_ms;
  state_.totals = progress.totals;
  changed_.notify_all();
}

void DemoFeed::finish() {
  stop_.request_stop();
  if (thread_.joinable()) thread_.join();
  const std::lock_guard lock(mutex_);
  if (failure_) std::rethrow_exception(failure_);
}

}  // namespace firn::app
