// Which folder a query goes on from: rows of what is there and what the file says.
#include "stream/flow_checkpoint.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace firn::stream {
namespace {

using Names = std::vector<std::string>;

constexpr const char* kBase = "mem://checkpoints";

struct Earlier {
  std::string name;
  Names flows;  // empty: a checkpoint without the list
};
struct FlowRow {
  const char* name;
  std::vector<Earlier> earlier;
  Names flows, others;
  std::string want;                // the flow, or
  std::vector<std::string> error;  // parts of the message
};

TEST(FlowCheckpoint, GoesOnWhereAFlowWas) {
  const FlowRow rows[] = {
      {"nothing there", {}, {"a", "b"}, {}, "a", {}},
      {"the same order", {{"a", {"a", "b"}}}, {"a", "b"}, {}, "a", {}},
      {"another order", {{"a", {"a", "b"}}}, {"b", "a"}, {}, "a", {}},
      {"a flow more, and first", {{"a", {"a", "b"}}}, {"c", "a", "b"}, {}, "a", {}},
      {"a flow less", {{"a", {"a", "b"}}}, {"a"}, {}, "a", {}},
      {"without a list", {{"b", {}}}, {"a", "b"}, {}, "b", {}},
      {"somebody else's", {{"x", {"x", "y"}}}, {"a", "b"}, {}, "a", {}},
      {"now a query of its own", {{"a", {"a", "b"}}}, {"b"}, {"a"}, "b", {}},
      {"the name has left",
       {{"a", {"a", "b"}}},
       {"b", "c"},
       {},
       "",
       {"flow b", "query a", "mem://checkpoints/a", "to mem://checkpoints/b"}},
      {"two have one",
       {{"a", {"a"}}, {"b", {"b"}}},
       {"a", "b"},
       {},
       "",
       {"mem://checkpoints/a, mem://checkpoints/b", "Move away"}},
  };
  for (const FlowRow& row : rows) {
    const auto store = files::make_memory_store();
    for (const Earlier& earlier : row.earlier) {
      const std::string folder = files::join_uri(kBase, earlier.name);
      store->put_if_absent(folder + "/metadata", "{}");
      if (!earlier.flows.empty()) note_flows(*store, folder, earlier.flows);
    }
    Names all = row.flows;
    all.insert(all.end(), row.others.begin(), row.others.end());
    try {
      EXPECT_EQ(flow_with_checkpoint(*store, kBase, row.flows, all), row.want) << row.name;
      EXPECT_TRUE(row.error.empty()) << row.name;
    } catch (const Error& error) {
      EXPECT_FALSE(row.error.empty()) << row.name << ": " << error.what();
      for (const std::string& part : row.error)
        EXPECT_NE(error.message().find(part), std::string::npos)
            << row.name << ": " << error.what();
    }
  }
}

TEST(FlowCheckpoint, TheListFollowsTheFile) {
  const auto store = files::make_memory_store();
  const std::string folder = files::join_uri(kBase, "a");
  store->put_if_absent(folder + "/metadata", "{}");
  note_flows(*store, folder, {"a", "b"});
  note_flows(*store, folder, {"a"});
  EXPECT_EQ(flow_with_checkpoint(*store, kBase, {"b"}, {"b"}), "b");
}

}  // namespace
}  // namespace firn::stream
