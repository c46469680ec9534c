// A prompt on the terminal: line editing, history, completion, statements over several lines.
#pragma once

#include <functional>
#include <string>

#include "app/interruption.h"

namespace firn::app {

// Reads statements until end of input (Ctrl-D) or `exit`/`quit`, and hands each text that ends in a
// semicolon to `run`. Ctrl-C drops the text typed so far. History is kept in ~/.firn_history.
void run_prompt(Interruption& interruption, const std::function<void(const std::string&)>& run);

}  // namespace firn::app
