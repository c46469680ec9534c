// firn run: a pipeline file as a whole, until stopped; or a Python script.
#include <unistd.h>

#include <iostream>
#include <string_view>
#include <utility>

#include "app/arguments.h"
#include "app/command.h"
#include "app/printing.h"
#include "app/progress.h"
#include "app/script_run.h"
#include "app/variables.h"
#include "base/log.h"
#include "conf/value_text.h"
#include "server/metrics/metrics.h"
#include "session/pipeline.h"
#include "sql/parser.h"

namespace firn::app {
namespace {

struct RunOptions {
  std::string file;
  bool once = false;
  std::string trigger_interval;
  std::string log_format = "text";
  int metrics_port = 0;
  std::string crash_at;
};

constexpr const char* kExamples =
    "Examples:\n"
    "  firn run pipeline.sql --conf brokers=localhost:9092       until Ctrl-C\n"
    "  firn run pipeline.sql --once                              what is there now, then end\n"
    "  firn run pipeline.sql --trigger-interval '10 seconds'     a batch every 10 s\n"
    "  firn run pipeline.sql --log-format json --metrics-port 9464\n"
    "  firn run --glue-version 5.0 job.py --JOB_NAME daily --source_path s3://bucket/in/\n"
    "  firn run --on sc://cluster:15002 job.py                   the same script on a Spark "
    "cluster\n"
    "\n"
    "The file defines streaming tables, flows and materialized views; other statements run in "
    "their\n"
    "place. ${name} stands for the configuration value `name`. Progress goes to standard error,\n"
    "results of SELECT to standard output. Ctrl-C ends after the batch under way; a second one "
    "kills\n"
    "at once; either way nothing is lost or repeated when it is started again.\n"
    "A script (FILE.py) runs in Python with PySpark's client against a server in this process;\n"
    "what follows its name is its own, and its exit code is firn's.\n"
    "Exit codes: 0, 1 on failure, 2 for wrong options.";

session::PipelineOptions pipeline_options(const RunOptions& options) {
  session::PipelineOptions result;
  result.once = options.once;
  result.crash_at = options.crash_at;
  if (!options.trigger_interval.empty()) {
    const auto interval = conf::parse_millis(options.trigger_interval, 1000);
    if (!interval || *interval < 0)
      throw_invalid("--trigger-interval wants a time as '1 second' or '500 ms', not '" +
                    options.trigger_interval + "'");
    result.trigger_interval_ms = *interval;
  }
  return result;
}

session::PipelineListener listener(ProgressPrinter& printer, server::Metrics& metrics,
                                   session::Session& session, const StopToken& stop) {
  session::PipelineListener result;
  result.note = [&printer](const std::string& text) { printer.note(text); };
  result.progress = [&printer, &metrics](const stream::Progress& progress) {
    metrics.observe(progress);  // first: who has read the line finds its numbers there
    printer.batch(progress);
  };
  result.refreshed = [&printer](const std::string& view, int64_t rows, double seconds) {
    printer.refreshed(view, rows, seconds);
  };
  result.result = [&session, stop](const plan::Statement&, session::Result rows) {
    if (!rows.columns.empty())
      print_rows(std::cout, rows, Format::kTable, *session_zone(session.conf()), stop);
  };
  return result;
}

int run_file(const RunOptions& options, const ConfOptions& conf_options,
             Interruption& interruption) {
  const LogFormat format = parse_log_format(options.log_format);
  const conf::Conf conf = make_conf(conf_options);
  start_logging(conf, LogLevel::kInfo, format);
  const session::PipelineOptions pipeline = pipeline_options(options);
  SourceText source = read_source(options.file);
  try {
    const Substituted substituted = substitute_variables(source.text, conf);
    source.text = substituted.text;
    for (const std::string& name : substituted.unknown)
      log_warn("${{{}}} in {} has no value: give it with --conf {}=…", name, source.name, name);
    const std::vector<plan::Statement> statements = sql::parse_script(source.text);
    LocalProcess process(conf);
    session::Session session(process.shared(), conf);
    ProgressPrinter printer(std::cerr, format, isatty(STDERR_FILENO) != 0);
    server::Metrics metrics;
    const int port = options.metrics_port != 0
                         ? options.metrics_port
                         : static_cast<int>(conf.get_long("firn.metrics.port"));
    std::optional<server::MetricsEndpoint> endpoint;
    if (port != 0) endpoint.emplace(metrics, port);
    const StopToken stop = interruption.token();
    const std::stop_callback announce(
        stop, [] { log_info("stopping after the batch under way; a second signal kills"); });
    session::run_pipeline(session, statements, pipeline, listener(printer, metrics, session, stop),
                          stop);
    printer.finish();
    if (stop.stop_requested()) printer.note("stopped");
    return kSuccess;
  } catch (const Error& error) {
    if (error.code() == Code::kCancelled && interruption.requested()) return kSuccess;
    std::cout.flush();
    if (format == LogFormat::kJson)
      std::cerr << failure_json(error, &source) << '\n';
    else
      std::cerr << failure_text(error, &source);
    return kFailure;
  }
}

void declare_script(CLI::App& parser, ScriptOptions& options) {
  parser
      .add_option("--glue-version", options.glue_version,
                  "a script's defaults: those of Spark in that version of AWS Glue (5.0: ANSI off)")
      ->type_name("VERSION");
  parser
      .add_option("--map", options.broker_map,
                  "a Kafka broker that the script names, and the one to use in its place")
      ->type_name("BROKER=HOST:PORT")
      ->expected(1)
      ->take_all();
  parser
      .add_option("--py-files", options.python_files,
                  "modules, archives or folders for the script's imports, comma separated")
      ->type_name("LIST")
      ->expected(1)
      ->take_all();
  parser
      .add_option("--on", options.remote,
                  "run the script against that Spark Connect server, not one of firn's own")
      ->type_name("sc://HOST:PORT");
}

// What jobs are written in as well, and firn does not run.
constexpr std::pair<std::string_view, std::string_view> kOtherLanguages[] = {
    {".scala", "jobs in Scala"},
    {".jar", "programs of the JVM"},
    {".java", "jobs in Java"},
    {".ipynb", "notebooks; export it as a script, or connect the notebook to `firn server`"},
};

}  // namespace

Action declare_run(CLI::App& parser, Interruption& interruption) {
  const auto options = std::make_shared<RunOptions>();
  const auto conf = std::make_shared<ConfOptions>();
  const auto script = std::make_shared<ScriptOptions>();
  parser.add_option("file", options->file, "the pipeline, or the script")
      ->required()
      ->type_name("FILE.sql|FILE.py");
  parser.add_option("arguments", script->arguments, "the script's arguments")
      ->type_name("ARGUMENT");
  declare_script(parser, *script);
  parser.add_flag("--once", options->once, "process what is available now, then end");
  parser
      .add_option("--trigger-interval", options->trigger_interval,
                  "time from batch to batch (default: as fast as possible)")
      ->type_name("TIME");
  parser.add_option("--log-format", options->log_format, "progress and log lines: text or json")
      ->type_name("NAME")
      ->capture_default_str();
  parser
      .add_option("--metrics-port", options->metrics_port,
                  "serve Prometheus metrics on http://127.0.0.1:PORT/metrics")
      ->type_name("PORT");
  parser.add_option("--test-crash", options->crash_at)->group("");  // for crash tests: STEP:BATCH
  declare_conf(parser, conf);
  parser.footer(kExamples);
  return [options, conf, script, &interruption] {
    if (is_script(options->file)) {
      script->file = options->file;
      for (std::string& word : script->arguments)
        if (word.starts_with(kVerbatim)) word.erase(0, 1);
      script->aws = conf->aws;
      return run_script(*script, *conf, interruption);
    }
    for (const auto& [ending, kind] : kOtherLanguages)
      if (options->file.ends_with(ending))
        throw_unsupported(std::string(kind) + " ('" + options->file +
                          "'); firn runs scripts in Python (.py) and pipelines in SQL (.sql).");
    if (!script->arguments.empty())
      throw_invalid("a pipeline takes no arguments, but there is '" + script->arguments.front() +
                    "'; give it values with --conf name=value");
    return run_file(*options, *conf, interruption);
  };
}

}  // namespace firn::app
