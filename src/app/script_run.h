// firn run job.py: a Python script against a Spark Connect server in this process.
#pragma once

#include <string>
#include <vector>

#include "app/arguments.h"
#include "app/interruption.h"

namespace firn::app {

struct ScriptOptions {
  std::string file;
  std::vector<std::string> arguments;     // the script's own
  std::string glue_version;               // "": Spark's defaults
  std::vector<std::string> broker_map;    // host:port=host:port
  std::vector<std::string> python_files;  // comma separated lists
  std::string remote;                     // sc://…: that server in place of ours
  bool aws = false;                       // AWS itself, whatever the environment says
};

// True for what run_script takes: a file that ends in .py.
bool is_script(const std::string& file);

// The script's exit code; 128 + n where signal n ended it. Throws Error where it cannot be started.
int run_script(const ScriptOptions& options, ConfOptions conf_options, Interruption& interruption);

}  // namespace firn::app
