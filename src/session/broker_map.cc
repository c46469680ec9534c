// Broker by broker, list by list.
#include "session/broker_map.h"

#include <algorithm>
#include <cctype>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace firn::session {
namespace {

std::vector<std::string> split_commas(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const size_t end = std::min(text.find(','), text.size());
    std::string_view part = text.substr(0, end);
    while (part.starts_with(' ')) part.remove_prefix(1);
    while (part.ends_with(' ')) part.remove_suffix(1);
    if (!part.empty()) parts.emplace_back(part);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

std::map<std::string, std::string> entries_of(const std::string& text) {
  std::map<std::string, std::string> entries;
  for (const std::string& pair : split_commas(text)) {
    const size_t at = pair.find('=');
    if (at == std::string::npos || at == 0 || at + 1 == pair.size())
      throw_invalid("firn.kafka.map wants broker=host:port, not '" + pair + "'");
    entries[pair.substr(0, at)] = pair.substr(at + 1);
  }
  return entries;
}

bool names_brokers(std::string key) {
  std::ranges::transform(key, key.begin(), [](unsigned char c) { return std::tolower(c); });
  return key == "kafka.bootstrap.servers" || key == "bootstrapservers";
}

}  // namespace

void map_brokers(const conf::Conf& conf, std::map<std::string, std::string>& options) {
  const std::string text = conf.get_string("firn.kafka.map");
  if (text.empty()) return;
  const auto entries = entries_of(text);
  for (auto& [key, value] : options) {
    if (!names_brokers(key)) continue;
    std::string mapped;
    for (const std::string& broker : split_commas(value)) {
      auto found = entries.find(broker);
      if (found == entries.end()) found = entries.find(broker.substr(0, broker.rfind(':')));
      mapped += (mapped.empty() ? "" : ",") + (found == entries.end() ? broker : found->second);
    }
    value = mapped;
  }
}

}  // namespace firn::session
