// firn sql: statements from the command line, a file, standard input or a prompt.
#include <unistd.h>

#include <iostream>

#include "app/arguments.h"
#include "app/command.h"
#include "app/prompt.h"
#include "app/statement_reader.h"
#include "app/statements.h"

namespace firn::app {
namespace {

struct SqlOptions {
  std::vector<std::string> texts;
  std::string file;
  std::string format = "table";
  bool keep_going = false;
};

constexpr const char* kSqlExamples =
    "Examples:\n"
    "  firn sql                                         a prompt; Tab completes, Ctrl-D ends\n"
    "  firn sql -e \"SELECT count(*) FROM silver.booking\"\n"
    "  firn sql -f report.sql --format csv > report.csv\n"
    "  firn sql -e \"SELECT * FROM csv.`events.csv` LIMIT 5\" --format markdown\n"
    "  firn sql --warehouse ./firn-demo -e \"SHOW TABLES IN silver\"\n"
    "  echo 'SELECT 1' | firn sql --format json\n"
    "\n"
    "Without -e and -f it reads statements from the terminal, or from standard input where that "
    "is\n"
    "no terminal; a statement runs when its `;` ends a line. ${name} in the text stands for the "
    "configuration value `name`.\n"
    "Exit codes: 0, 1 where a statement failed, 2 for wrong options.";

int run_sql(const SqlOptions& options, const ConfOptions& conf_options,
            Interruption& interruption) {
  const Format format = parse_format(options.format);
  const conf::Conf conf = make_conf(conf_options);
  start_logging(conf, LogLevel::kWarn, LogFormat::kText);
  std::vector<SourceText> sources;
  for (const std::string& text : options.texts) sources.push_back({"<-e>", text});
  if (!options.file.empty()) sources.push_back(read_source(options.file));
  const bool at_terminal = isatty(STDIN_FILENO) != 0;
  const bool prompt = sources.empty() && at_terminal;

  LocalProcess process(conf);
  session::Session session(process.shared(), conf);
  const bool timing = prompt || isatty(STDOUT_FILENO) != 0;
  std::ostream& messages = prompt ? std::cout : std::cerr;
  StatementRunner runner(session, {std::cout, messages, format, timing}, interruption);
  if (prompt) {
    std::cout << "firn: Spark SQL over Iceberg tables in " << process.warehouse()
              << ". End a statement with `;`, leave with Ctrl-D.\n";
    run_prompt(interruption,
               [&](const std::string& text) { runner.run({"<prompt>", text}, true); });
    return kSuccess;
  }
  bool good = true;
  const auto goes_on_after = [&](const SourceText& source) {
    good = runner.run(source, options.keep_going) && good;
    return good || options.keep_going;
  };
  if (sources.empty()) {
    StatementReader reader(std::cin);
    for (auto source = reader.next(); source && goes_on_after(*source);) source = reader.next();
  } else {
    for (const SourceText& source : sources) {
      if (!goes_on_after(source)) break;
    }
  }
  return good ? kSuccess : kFailure;
}

}  // namespace

Action declare_sql(CLI::App& parser, Interruption& interruption) {
  const auto options = std::make_shared<SqlOptions>();
  const auto conf = std::make_shared<ConfOptions>();
  parser.add_option("-e,--execute", options->texts, "SQL text to run; may be repeated")
      ->type_name("TEXT")
      ->expected(1)
      ->take_all();
  parser.add_option("-f,--file", options->file, "a file of statements to run")->type_name("FILE");
  parser
      .add_option(
          "--format", options->format,
          "how results are printed: table, csv, json (an object a line), markdown, typed-json "
          "(an object a statement: columns with types, rows, or the error)")
      ->type_name("NAME")
      ->capture_default_str();
  parser.add_flag("--keep-going", options->keep_going, "run what comes after a failed statement");
  declare_conf(parser, conf);
  parser.footer(kSqlExamples);
  return [options, conf, &interruption] { return run_sql(*options, *conf, interruption); };
}

}  // namespace firn::app
