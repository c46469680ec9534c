// The table of RPCs, and one reactor a shape of call. gRPC's threads only pass bytes on: whatever
// may wait runs on workers.
#include "server/spark_connect/service.h"

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/slice.h>

#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "base/error.h"
#include "server/spark_connect/analyze.h"
#include "server/spark_connect/execute.h"

namespace firn::server::spark_connect {
namespace {

using Reactor = grpc::ServerGenericBidiReactor;

grpc::Status to_grpc(const Status& status) {
  return {static_cast<grpc::StatusCode>(status.code), status.message, status.details};
}

// What a handler threw, as a status.
template <class Body>
Status caught(Body&& body) {
  try {
    body();
    return {};
  } catch (const KeptError& kept) {
    return kept.status;
  } catch (const Error& error) {
    return status_of(error, "");
  } catch (const std::exception& foreign) {
    return status_of(Error("FIRN_INTERNAL", {{"what", foreign.what()}}), "");
  }
}

// Bytes that a slice points into live as long as the slice.
grpc::ByteBuffer to_buffer(Operation::Bytes bytes) {
  auto* const owner = new Operation::Bytes(std::move(bytes));
  const grpc::Slice slice(
      const_cast<char*>((*owner)->data()), (*owner)->size(),
      [](void* held) { delete static_cast<Operation::Bytes*>(held); }, owner);
  return {&slice, 1};
}

std::string to_bytes(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  std::string bytes;
  if (!buffer.Dump(&slices).ok()) return bytes;
  bytes.reserve(buffer.Length());
  for (const grpc::Slice& slice : slices)
    bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  return bytes;
}

// A call that is refused before anything is read.
class Refusal final : public Reactor {
 public:
  explicit Refusal(const grpc::Status& status) { Finish(status); }
  void OnDone() override { delete this; }
};

// One message in, one out.
class UnaryCall final : public Reactor {
 public:
  using Handler = std::string (*)(Sessions&, std::string_view);
  UnaryCall(Sessions& sessions, Handler handler) : sessions_(sessions), handler_(handler) {
    StartRead(&request_);
  }

  void OnReadDone(bool ok) override {
    if (!ok) {
      Finish({grpc::StatusCode::INVALID_ARGUMENT, "the call brought no message"});
      return;
    }
    sessions_.workers().run([this] { answer(); });
  }
  void OnDone() override { delete this; }

 private:
  void answer() {
    std::string response;
    const Status status = caught([&] { response = handler_(sessions_, to_bytes(request_)); });
    request_.Clear();
    if (!status.ok()) {
      Finish(to_grpc(status));
      return;
    }
    response_ = to_buffer(std::make_shared<const std::string>(std::move(response)));
    StartWriteAndFinish(&response_, {}, grpc::Status::OK);
  }

  Sessions& sessions_;
  const Handler handler_;
  grpc::ByteBuffer request_, response_;
};

// AddArtifacts: messages in until the client is done, one out.
class ArtifactCall final : public Reactor {
 public:
  explicit ArtifactCall(Sessions& sessions) : sessions_(sessions), receiver_(sessions) {
    StartRead(&request_);
  }

  void OnReadDone(bool ok) override {
    sessions_.workers().run([this, ok] { ok ? take() : finish(); });
  }
  void OnDone() override { delete this; }

 private:
  void take() {
    const Status status = caught([&] { receiver_.add(to_bytes(request_)); });
    request_.Clear();
    status.ok() ? StartRead(&request_) : Finish(to_grpc(status));
  }
  void finish() {
    std::string response;
    const Status status = caught([&] { response = receiver_.finish(); });
    if (!status.ok()) {
      Finish(to_grpc(status));
      return;
    }
    response_ = to_buffer(std::make_shared<const std::string>(std::move(response)));
    StartWriteAndFinish(&response_, {}, grpc::Status::OK);
  }

  Sessions& sessions_;
  ArtifactReceiver receiver_;
  grpc::ByteBuffer request_, response_;
};

// ExecutePlan and ReattachExecute: one message in, an operation's responses out.
class ExecutionCall final : public Reactor {
 public:
  using Opener = Opened (*)(Sessions&, std::string_view);
  ExecutionCall(Sessions& sessions, Opener opener)
      : sessions_(sessions), opener_(opener), link_(std::make_shared<Link>(*this)) {
    StartRead(&request_);
  }

  void OnReadDone(bool ok) override {
    if (!ok) {
      Finish({grpc::StatusCode::INVALID_ARGUMENT, "the call brought no message"});
      return;
    }
    sessions_.workers().run([this] { open(); });
  }
  void OnWriteDone(bool ok) override {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      writing_ = false;
      cancelled_ = cancelled_ || !ok;
    }
    pump();
  }
  void OnCancel() override {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      cancelled_ = true;
    }
    pump();
  }
  void OnDone() override {
    link_->cut();
    if (operation_) {
      operation_->detach(link_.get());
      // Nobody can take this one up again.
      if (!operation_->options().reattachable) session_->remove_operation(operation_->id());
    }
    delete this;
  }

 private:
  // What the operation wakes; outlives the call where the operation is about to.
  class Link final : public Listener {
   public:
    explicit Link(ExecutionCall& call) : call_(&call) {}
    void wake() override {
      const std::lock_guard<std::recursive_mutex> lock(mutex_);
      if (call_ != nullptr) call_->pump();
    }
    void cut() {
      const std::lock_guard<std::recursive_mutex> lock(mutex_);
      call_ = nullptr;
    }

   private:
    std::recursive_mutex mutex_;  // gRPC may run reactions within the call that caused them
    ExecutionCall* call_;         // GUARDED_BY(mutex_)
  };

  void open() {
    Status status = caught([&] {
      Opened opened = opener_(sessions_, to_bytes(request_));
      request_.Clear();
      session_ = std::move(opened.session);
      operation_ = std::move(opened.operation);
      cursor_ = operation_->attach(link_, opened.last_response_id);
    });
    const std::shared_ptr<Link> link = link_;  // from here on a cancelled call may be gone any time
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      opened_ = true;
      if (!status.ok()) failure_ = std::move(status);
    }
    link->wake();
  }

  // Sends what there is to send, if nothing is under way. Any thread.
  void pump() {
    std::optional<grpc::Status> finish;
    bool write = false;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (!opened_ || writing_ || finished_) return;
      if (failure_) {
        finish = to_grpc(*failure_);
      } else if (cancelled_) {
        finish = grpc::Status(grpc::StatusCode::CANCELLED, "the client has gone");
      } else {
        Operation::Next next = operation_->next(cursor_, link_.get());
        if (next.bytes) {
          ++cursor_;
          response_ = to_buffer(std::move(next.bytes));
          write = writing_ = true;
        } else if (next.finish) {
          finish = next.finish->ok() ? grpc::Status::OK : to_grpc(*next.finish);
        }
      }
      if (finish) finished_ = true;
    }
    if (write) StartWrite(&response_);
    if (finish) Finish(*finish);
  }

  Sessions& sessions_;
  const Opener opener_;
  const std::shared_ptr<Link> link_;
  grpc::ByteBuffer request_, response_;
  std::shared_ptr<ClientSession> session_;
  std::shared_ptr<Operation> operation_;
  std::mutex mutex_;
  int64_t cursor_ = 0;             // GUARDED_BY(mutex_) once opened
  bool opened_ = false;            // GUARDED_BY(mutex_)
  bool writing_ = false;           // GUARDED_BY(mutex_)
  bool finished_ = false;          // GUARDED_BY(mutex_)
  bool cancelled_ = false;         // GUARDED_BY(mutex_)
  std::optional<Status> failure_;  // GUARDED_BY(mutex_)
};

struct Rpc {
  std::string_view name;
  UnaryCall::Handler unary = nullptr;
  ExecutionCall::Opener execution = nullptr;
};
constexpr std::string_view kService = "/spark.connect.SparkConnectService/";
constexpr Rpc kRpcs[] = {
    {"AddArtifacts"},
    {"AnalyzePlan", analyze_plan},
    {"ArtifactStatus", artifact_status},
    {"CloneSession", clone_session},
    {"Config", configure},
    {"ExecutePlan", nullptr, start_execution},
    {"FetchErrorDetails", fetch_error_details},
    {"Interrupt", interrupt},
    {"ReattachExecute", nullptr, find_execution},
    {"ReleaseExecute", release_execute},
    {"ReleaseSession", release_session},
};

// Takes as long whatever the first difference is.
bool equal_secrets(std::string_view a, std::string_view b) {
  unsigned char different = a.size() != b.size() ? 1 : 0;
  for (size_t i = 0; i < a.size(); ++i)
    different |= static_cast<unsigned char>(a[i] ^ (b.empty() ? 0 : b[i % b.size()]));
  return different == 0;
}

bool bears(const grpc::GenericCallbackServerContext& context, const std::string& token) {
  const auto& metadata = context.client_metadata();
  const auto found = metadata.find("authorization");
  if (found == metadata.end()) return false;
  const std::string_view given(found->second.data(), found->second.size());
  constexpr std::string_view kScheme = "Bearer ";
  return given.starts_with(kScheme) && equal_secrets(given.substr(kScheme.size()), token);
}

}  // namespace

grpc::ServerGenericBidiReactor* Service::CreateReactor(
    grpc::GenericCallbackServerContext* context) {
  if (!token_.empty() && !bears(*context, token_)) {
    return new Refusal({grpc::StatusCode::UNAUTHENTICATED,
                        "This server demands a token: add ;token=… to the sc:// address."});
  }
  const std::string& method = context->method();
  for (const Rpc& rpc : kRpcs) {
    if (!method.starts_with(kService) || method.substr(kService.size()) != rpc.name) continue;
    if (rpc.unary != nullptr) return new UnaryCall(sessions_, rpc.unary);
    if (rpc.execution != nullptr) return new ExecutionCall(sessions_, rpc.execution);
    return new ArtifactCall(sessions_);
  }
  return new Refusal({grpc::StatusCode::UNIMPLEMENTED, "firn has no method " + method});
}

}  // namespace firn::server::spark_connect
