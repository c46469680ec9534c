// The buffer of responses: order, reattaching, releasing, giving up.
#include "server/spark_connect/operation.h"

#include <gtest/gtest.h>
#include <spark/connect/base.pb.h>

#include <atomic>
#include <thread>

#include "base/error.h"

namespace firn::server::spark_connect {
namespace {

using Response = ::spark::connect::ExecutePlanResponse;

struct Counter final : Listener {
  std::atomic<int> wakes = 0;
  void wake() override { ++wakes; }
};

OperationOptions reattachable() {
  OperationOptions options;
  options.id = "operation";
  options.reattachable = true;
  return options;
}

void send(Operation& operation, const std::string& data) {
  Response response;
  response.mutable_arrow_batch()->set_data(data);
  operation.send(response);
}

Response read(Operation& operation, int64_t cursor, const Listener& listener) {
  const Operation::Next next = operation.next(cursor, &listener);
  Response response;
  if (next.bytes) {
    EXPECT_TRUE(response.ParseFromString(*next.bytes));
  } else {
    ADD_FAILURE() << "nothing at " << cursor;
  }
  return response;
}

TEST(Operation, GivesResponsesInOrder) {
  Operation operation(reattachable());
  const auto listener = std::make_shared<Counter>();
  EXPECT_EQ(operation.attach(listener, ""), 0);
  EXPECT_FALSE(operation.next(0, listener.get()).bytes);
  send(operation, "a");
  send(operation, "b");
  operation.complete();
  EXPECT_EQ(listener->wakes, 3);
  EXPECT_EQ(read(operation, 0, *listener).arrow_batch().data(), "a");
  EXPECT_EQ(read(operation, 1, *listener).arrow_batch().data(), "b");
  EXPECT_TRUE(read(operation, 2, *listener).has_result_complete());
  const auto end = operation.next(3, listener.get());
  ASSERT_TRUE(end.finish.has_value());
  EXPECT_TRUE(end.finish->ok());
}

TEST(Operation, GoesOnWhereTheClientWas) {
  Operation operation(reattachable());
  const auto first = std::make_shared<Counter>(), second = std::make_shared<Counter>();
  operation.attach(first, "");
  send(operation, "a");
  send(operation, "b");
  const std::string id = read(operation, 0, *first).response_id();
  EXPECT_EQ(operation.attach(second, id), 1);
  EXPECT_EQ(read(operation, 1, *second).arrow_batch().data(), "b");
  // The one before is told that it is cut off.
  const auto cut = operation.next(1, first.get());
  ASSERT_TRUE(cut.finish.has_value());
  EXPECT_NE(cut.finish->message.find("INVALID_CURSOR.DISCONNECTED"), std::string::npos);
}

TEST(Operation, ReleasedResponsesAreGone) {
  Operation operation(reattachable());
  const auto listener = std::make_shared<Counter>();
  operation.attach(listener, "");
  send(operation, "a");
  send(operation, "b");
  const std::string a = read(operation, 0, *listener).response_id();
  const std::string b = read(operation, 1, *listener).response_id();
  operation.release_until(a);
  EXPECT_EQ(operation.attach(listener, a), 1);
  EXPECT_EQ(read(operation, 1, *listener).response_id(), b);
  EXPECT_THROW(operation.attach(listener, ""), Error);
  EXPECT_THROW(operation.attach(listener, "never was"), Error);
}

TEST(Operation, FailureComesAfterWhatWasSent) {
  Operation operation(reattachable());
  const auto listener = std::make_shared<Counter>();
  operation.attach(listener, "");
  send(operation, "a");
  operation.fail(status_of(Error("FIRN_INVALID_INPUT", {{"what", "no"}}), ""));
  EXPECT_TRUE(operation.next(0, listener.get()).bytes);
  const auto end = operation.next(1, listener.get());
  ASSERT_TRUE(end.finish.has_value());
  EXPECT_FALSE(end.finish->ok());
  EXPECT_FALSE(operation.interrupt());
}

TEST(Operation, ProducerWaitsForTheClientAndForNobodyForever) {
  Operation operation(reattachable());
  const std::string large(20 << 20, 'x');
  std::atomic<int> sent = 0;
  std::atomic<bool> cancelled = false;
  std::thread producer([&] {
    try {
      for (int i = 0; i < 10; ++i, ++sent) send(operation, large);
    } catch (const Error& error) {
      cancelled = error.condition() == "OPERATION_CANCELED";
    }
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  EXPECT_LE(sent, 2);
  EXPECT_TRUE(operation.interrupt());
  producer.join();
  EXPECT_TRUE(cancelled);
}

TEST(Operation, KeepsLittleOfWhatWasSent) {
  Operation operation(reattachable());
  const auto listener = std::make_shared<Counter>();
  operation.attach(listener, "");
  const std::string part(4 << 20, 'x');
  for (int i = 0; i < 10; ++i) {
    send(operation, part);
    (void)read(operation, i, *listener);
  }
  EXPECT_THROW(operation.attach(listener, ""), Error);  // the first ones are gone
}

TEST(Operation, NobodyListensSince) {
  Operation operation(reattachable());
  EXPECT_TRUE(operation.detached_since().has_value());
  const auto listener = std::make_shared<Counter>();
  operation.attach(listener, "");
  EXPECT_FALSE(operation.detached_since().has_value());
  operation.detach(listener.get());
  EXPECT_TRUE(operation.detached_since().has_value());
}

}  // namespace
}  // namespace firn::server::spark_connect
