// The arguments, read with CLI11; what it does not know is answered with the nearest right word.
#include "app/command_line.h"

#include <exception>
#include <iostream>

#include "app/failure.h"
#include "base/nearest.h"
#include "base/version.h"

namespace firn::app {
namespace {

constexpr const char* kFooter =
    "Examples:\n"
    "  firn demo                          see it work, from a broker to a Gold table\n"
    "  firn sql                           a prompt over the tables in ./warehouse\n"
    "  firn sql -e \"SELECT 1\" --format json\n"
    "  firn run pipeline.sql --conf brokers=localhost:9092\n"
    "  firn run job.py --JOB_NAME daily   a PySpark or Glue script, unchanged\n"
    "\n"
    "`firn COMMAND --help` shows a command's options.";

std::vector<std::string> option_names(const CLI::App& parser) {
  std::vector<std::string> names;
  for (const CLI::Option* option : parser.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    for (const std::string& name : option->get_snames()) names.push_back("-" + name);
  }
  return names;
}

int usage_error(const std::string& message, const std::string& help) {
  std::cerr << "error: [FIRN_UNKNOWN_OPTION] " << message << "\n"
            << "See `" << help << "`.\n";
  return kUsage;
}

// `run … job.py …`: what follows the script is the script's own, so a "--" goes before it, and
// kVerbatim before each word (CLI11 would take "[1, 2]" for a list).
std::vector<std::string> with_script_marked(std::vector<std::string> words) {
  if (words.empty() || words.front() != "run") return words;
  for (size_t i = 1; i < words.size() && words[i] != "--"; ++i) {
    const bool is_value = words[i - 1] == "--py-files" || words[i - 1] == "--conf";
    if (is_value || words[i].starts_with('-') || !words[i].ends_with(".py")) continue;
    for (size_t k = i + 1; k < words.size(); ++k) words[k].insert(0, 1, kVerbatim);
    words.insert(words.begin() + static_cast<std::ptrdiff_t>(i), "--");
    break;
  }
  return words;
}

class CommandLine {
 public:
  CommandLine(std::span<const Command> commands, Interruption& interruption)
      : parser_("Streams and SQL over Apache Iceberg tables, in one process.", "firn") {
    parser_.footer(kFooter);
    parser_.allow_extras();
    parser_.set_version_flag("--version", std::string("firn ") + kVersion);
    parser_.get_formatter()->column_width(34);
    for (const Command& command : commands) {
      CLI::App* const added = parser_.add_subcommand(command.name, command.summary);
      added->allow_extras();
      actions_.emplace_back(added, command.declare(*added, interruption));
    }
  }

  int run(int argc, const char* const* argv) {
    try {
      const std::vector<std::string> words = with_script_marked({argv + 1, argv + argc});
      parser_.parse(std::vector<std::string>(words.rbegin(), words.rend()));
    } catch (const CLI::CallForHelp&) {
      std::cout << chosen().help(chosen().get_parent() == nullptr ? "" : "firn");
      return kSuccess;
    } catch (const CLI::CallForAllHelp&) {
      std::cout << parser_.help("", CLI::AppFormatMode::All);
      return kSuccess;
    } catch (const CLI::CallForVersion&) {
      std::cout << "firn " << kVersion << '\n';
      return kSuccess;
    } catch (const CLI::ParseError& error) {
      if (const auto unknown = first_unknown()) return refuse(*unknown);
      return usage_error(error.what(), help_of_chosen());
    }
    if (const auto unknown = first_unknown()) return refuse(*unknown);
    for (const auto& [added, action] : actions_) {
      if (added->parsed()) return action();
    }
    std::cerr << parser_.help();
    return kUsage;
  }

 private:
  CLI::App& chosen() {
    for (const auto& [added, action] : actions_) {
      if (added->parsed()) return *added;
    }
    return parser_;
  }

  std::string help_of_chosen() {
    const CLI::App& app = chosen();
    return app.get_parent() == nullptr ? "firn --help" : "firn " + app.get_name() + " --help";
  }

  std::optional<std::string> first_unknown() {
    for (const std::string& word : parser_.remaining(true)) {
      if (word != "--") return word;
    }
    return std::nullopt;
  }

  int refuse(const std::string& word) {
    const CLI::App& app = chosen();
    const std::string of = app.get_parent() == nullptr ? "of firn" : "of firn " + app.get_name();
    if (word.size() > 1 && word.front() == '-') {
      const std::string name = word.substr(0, word.find('='));
      return usage_error(
          "Unknown option " + of + ": " + name + "." + did_you_mean(name, option_names(app)),
          help_of_chosen());
    }
    if (app.get_parent() != nullptr)
      return usage_error("Unexpected argument " + of + ": " + word + ".", help_of_chosen());
    std::vector<std::string> names;
    for (const auto& [added, action] : actions_) names.push_back(added->get_name());
    return usage_error("Unknown command: " + word + "." + did_you_mean(word, names),
                       help_of_chosen());
  }

  CLI::App parser_;
  std::vector<std::pair<CLI::App*, Action>> actions_;
};

}  // namespace

int run_command_line(std::span<const Command> commands, Interruption& interruption, int argc,
                     const char* const* argv) {
  try {
    return CommandLine(commands, interruption).run(argc, argv);
  } catch (const Error& error) {
    std::cout.flush();
    std::cerr << failure_text(error);
    const std::string_view condition = error.condition();
    return condition == "FIRN_UNKNOWN_OPTION" ? kUsage : kFailure;
  } catch (const std::exception& error) {
    std::cout.flush();
    std::cerr << "error: [FIRN_INTERNAL] A bug in firn: " << error.what()
              << ". Please report it.\n";
    return kFailure;
  }
}

}  // namespace firn::app
