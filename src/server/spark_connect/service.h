// The RPCs over gRPC's generic service: raw bytes in and out, no generated stubs.
#pragma once

#include <grpcpp/generic/async_generic_service.h>

#include <string>

#include "server/spark_connect/sessions.h"

namespace firn::server::spark_connect {

class Service final : public grpc::CallbackGenericService {
 public:
  // `token`: demanded of each call where not empty.
  Service(Sessions& sessions, std::string token) : sessions_(sessions), token_(std::move(token)) {}

  grpc::ServerGenericBidiReactor* CreateReactor(
      grpc::GenericCallbackServerContext* context) override;

 private:
  Sessions& sessions_;
  const std::string token_;
};

}  // namespace firn::server::spark_connect
