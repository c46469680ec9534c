// Options that several commands share, declared once.
#pragma once

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <memory>
#include <string>

#include "app/failure.h"
#include "app/process.h"
#include "base/log.h"

namespace firn::app {

// --conf, --properties-file, --warehouse.
void declare_conf(CLI::App& parser, const std::shared_ptr<ConfOptions>& options);

// --log-format as a value; throws FIRN_UNKNOWN_OPTION.
LogFormat parse_log_format(const std::string& word);

// The log's level (firn.log.level where it is set, else `level`) and format.
void start_logging(const conf::Conf& conf, LogLevel level, LogFormat format);

// A file's text. Throws FIRN_NOT_FOUND, FIRN_IO naming it.
SourceText read_source(const std::string& path);

}  // namespace firn::app
