// The prompt over GNU readline.
#include "app/prompt.h"

#include <readline/history.h>
#include <readline/readline.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <memory>

#include "app/statement_reader.h"
#include "sql/parser.h"

namespace firn::app {
namespace {

constexpr int kHistoryLines = 10000;

// readline's callbacks take no argument: what they need while a line is read stands here.
struct Reading {
  Interruption* interruption = nullptr;
  std::string before;  // earlier lines of the statement
  std::vector<std::string> words;
};
thread_local Reading reading;

// Called about ten times a second while readline waits for a key.
int look_for_interruption() {
  if (reading.interruption->requested()) rl_done = 1;
  return 0;
}

char* next_word(const char*, int state) {
  if (static_cast<size_t>(state) >= reading.words.size()) return nullptr;
  return strdup(reading.words[static_cast<size_t>(state)].c_str());
}

char** complete_word(const char* text, int, int) {
  rl_attempted_completion_over = 1;
  reading.words = sql::complete(reading.before + std::string(rl_line_buffer, 0, rl_point));
  return rl_completion_matches(text, next_word);
}

std::string history_file() {
  const char* home = std::getenv("HOME");
  return home == nullptr ? "" : std::string(home) + "/.firn_history";
}

bool is_exit(const std::string& text) {
  for (const char* word : {"exit", "quit", "exit;", "quit;"}) {
    if (text == word) return true;
  }
  return false;
}

void remember(const std::string& text, const std::string& file) {
  add_history(text.c_str());
  if (file.empty()) return;
  write_history(file.c_str());
  history_truncate_file(file.c_str(), kHistoryLines);
}

// A statement of several lines is one line of history.
std::string joined_lines(std::string text) {
  for (char& c : text) {
    if (c == '\n') c = ' ';
  }
  return text;
}

}  // namespace

void run_prompt(Interruption& interruption, const std::function<void(const std::string&)>& run) {
  const std::string file = history_file();
  rl_readline_name = "firn";
  rl_attempted_completion_function = complete_word;
  rl_event_hook = look_for_interruption;
  rl_catch_signals = 0;
  using_history();
  stifle_history(kHistoryLines);
  if (!file.empty()) read_history(file.c_str());
  reading.interruption = &interruption;
  std::string text;
  for (;;) {
    interruption.renew();
    reading.before = text;
    const std::unique_ptr<char, decltype(&std::free)> line(
        readline(text.empty() ? "firn> " : "   -> "), &std::free);
    if (interruption.requested()) {
      std::cout << "^C\n";
      text.clear();
      continue;
    }
    if (line == nullptr) break;
    text += (text.empty() ? "" : "\n") + std::string(line.get());
    if (is_exit(text)) break;
    if (text.find_first_not_of(" \t\n") == std::string::npos) {
      text.clear();
      continue;
    }
    if (!ends_statement(text)) continue;
    remember(joined_lines(text), file);
    run(text);
    text.clear();
  }
  std::cout << "\n";
}

}  // namespace firn::app
