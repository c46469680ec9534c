// Kafka brokers that a script names, and those to use in their place: firn.kafka.map.
#pragma once

#include <map>
#include <string>

#include "conf/conf.h"

namespace firn::session {

// Rewrites the bootstrap servers among a Kafka source's or sink's options: "b-1.msk:9092" by the
// map "b-1.msk:9092=127.0.0.1:9092"; without a port on its left side an entry stands for all ports.
// Throws FIRN_INVALID_INPUT for an entry without '='.
void map_brokers(const conf::Conf& conf, std::map<std::string, std::string>& options);

}  // namespace firn::session
