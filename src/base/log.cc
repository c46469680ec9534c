// Logging through spdlog's default logger: its home is here.
#include "base/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cctype>
#include <memory>

#include "base/error.h"

namespace firn {
namespace {

struct LevelRow {
  std::string_view word;
  LogLevel level;
};
constexpr LevelRow kLevels[] = {
    {"all", LogLevel::kTrace},   {"trace", LogLevel::kTrace}, {"debug", LogLevel::kDebug},
    {"info", LogLevel::kInfo},   {"warn", LogLevel::kWarn},   {"warning", LogLevel::kWarn},
    {"error", LogLevel::kError}, {"fatal", LogLevel::kError}, {"off", LogLevel::kOff},
};

spdlog::level::level_enum to_spdlog(LogLevel level) {
  switch (level) {
    case LogLevel::kTrace:
      return spdlog::level::trace;
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarn:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
    default:
      return spdlog::level::off;
  }
}

// A message as the content of a JSON string.
std::string escape_json(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '"' || c == '\\')
      out += fmt::format("\\{}", c);
    else if (c == '\n')
      out += "\\n";
    else if (static_cast<unsigned char>(c) < 0x20)
      out += fmt::format("\\u{:04x}", static_cast<int>(c));
    else
      out += c;
  }
  return out;
}

bool is_json(const std::shared_ptr<spdlog::logger>& logger) { return logger->name() == "json"; }

}  // namespace

LogLevel parse_log_level(std::string_view word) {
  std::string lower(word);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  for (const LevelRow& row : kLevels) {
    if (row.word == lower) return row.level;
  }
  throw_invalid("'" + std::string(word) +
                "' is no log level; choose trace, debug, info, warn, error or off");
}

void configure_logging(LogLevel level, LogFormat format) {
  auto logger = std::make_shared<spdlog::logger>(format == LogFormat::kJson ? "json" : "",
                                                 std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_pattern(format == LogFormat::kJson
                          ? R"({"time":"%Y-%m-%dT%H:%M:%S.%e%z","level":"%l","message":"%v"})"
                          : "%H:%M:%S.%e %l %v");
  logger->set_level(to_spdlog(level));
  spdlog::set_default_logger(std::move(logger));
}

bool logs(LogLevel level) { return spdlog::default_logger_raw()->should_log(to_spdlog(level)); }

void log_line(LogLevel level, std::string_view message) {
  const auto logger = spdlog::default_logger();
  const std::string text = is_json(logger) ? escape_json(message) : std::string(message);
  logger->log(to_spdlog(level), "{}", text);
}

}  // namespace firn
