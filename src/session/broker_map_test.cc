// The map of Kafka brokers.
#include "session/broker_map.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace firn::session {
namespace {

TEST(BrokerMap, Rows) {
  struct Row {
    const char *map, *given, *want;
  };
  for (const Row& row : std::initializer_list<Row>{
           {"", "a:1", "a:1"},
           {"a:1=x:2", "a:1", "x:2"},
           {"a:1=x:2", "a:9", "a:9"},
           {"a=x:2", "a:9", "x:2"},
           {"a:1=x:2,b:1=y:2", "a:1, b:1,c:1", "x:2,y:2,c:1"},
       }) {
    conf::Conf conf;
    conf.set("firn.kafka.map", row.map);
    std::map<std::string, std::string> options = {{"Kafka.Bootstrap.Servers", row.given},
                                                  {"subscribe", "a:1"}};
    map_brokers(conf, options);
    EXPECT_EQ(options.at("Kafka.Bootstrap.Servers"), row.want) << row.map;
    EXPECT_EQ(options.at("subscribe"), "a:1");
  }
}

TEST(BrokerMap, EntryWithoutTarget) {
  conf::Conf conf;
  conf.set("firn.kafka.map", "a:1");
  std::map<std::string, std::string> options;
  EXPECT_THROW(map_brokers(conf, options), Error);
}

}  // namespace
}  // namespace firn::session
