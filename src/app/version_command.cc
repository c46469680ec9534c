// firn version: what is installed.
#include <CLI/Version.hpp>
#include <iostream>

#include "app/command.h"
#include "base/version.h"

namespace firn::app {

Action declare_version(CLI::App& parser, Interruption&) {
  parser.footer("Example:\n  firn version");
  return [] {
    std::cout << "firn " << kVersion << '\n';
    return kSuccess;
  };
}

}  // namespace firn::app
