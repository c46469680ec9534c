// A Python interpreter as a child process that shares our streams and dies with us.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/stop_token.h"

namespace firn::app {

// The interpreter: `configured`, FIRN_PYTHON, PYSPARK_PYTHON, VIRTUAL_ENV's, python3 on PATH.
// Throws FIRN_NOT_FOUND naming where it looked.
std::string find_python(const std::string& configured);

// The folder that holds the packages firn and awsglue: beside the program or in its source tree.
// Throws FIRN_NOT_FOUND.
std::string find_python_packages();

class ChildProcess {
 public:
  // `arguments` with the program first; `environment` as NAME=value, in place of ours.
  ChildProcess(const std::vector<std::string>& arguments,
               const std::vector<std::string>& environment);
  // Kills it where it still runs.
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  // Waits for its end: its exit code, or 128 + the signal's number. A stop is passed on as SIGINT
  // (a terminal's Ctrl-C has reached it already), after ten seconds as SIGKILL.
  int wait(const StopToken& stop);

 private:
  void pass_on_stop();

  pid_t pid_ = -1;
};

}  // namespace firn::app
