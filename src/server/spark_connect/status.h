// Errors as Spark Connect's client wants them: google.rpc.Status with an ErrorInfo.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace firn::server::spark_connect {

// What a call ends with; the numbers are gRPC's status codes.
struct Status {
  enum Code {
    kOk = 0,
    kInvalidArgument = 3,
    kUnimplemented = 12,
    kInternal = 13,
    kUnauthenticated = 16
  };
  int code = kOk;
  std::string message;  // at most 2 KB
  std::string details;  // a serialized google.rpc.Status, for grpc-status-details-bin
  bool ok() const { return code == kOk; }
};

// Java's classes of the exception that Spark would have thrown, the most exact first. The client
// takes the first that it knows.
std::vector<std::string_view> exception_classes(const Error& error);

// `error_id`: under it FetchErrorDetails gives the whole message; "" where nobody keeps it.
Status status_of(const Error& error, const std::string& error_id);

// Thrown in place of an Error whose status is made already.
struct KeptError {
  Status status;
};

// {"a":"b"}
std::string json_object(const Params& params);

}  // namespace firn::server::spark_connect
