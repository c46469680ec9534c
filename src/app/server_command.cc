// firn server: Spark Connect for notebooks and tools.
#include <chrono>
#include <condition_variable>
#include <iostream>
#include <mutex>

#include "app/arguments.h"
#include "app/command.h"
#include "app/process.h"
#include "server/spark_connect/server.h"

namespace firn::app {
namespace {

constexpr const char* kServerExamples =
    "Examples:\n"
    "  firn server                                    sc://127.0.0.1:15002\n"
    "  firn server --port 0 --warehouse ./lake        a free port, which is printed\n"
    "  firn server --bind 0.0.0.0 --token secret --tls-cert cert.pem --tls-key key.pem\n"
    "\n"
    "A client: SparkSession.builder.remote(\"sc://127.0.0.1:15002\").getOrCreate()\n"
    "The address is printed when the server is ready. Ctrl-C ends it.";

int run_server(server::spark_connect::ServerOptions options, const ConfOptions& conf_options,
               Interruption& interruption) {
  const conf::Conf conf = make_conf(conf_options);
  options.session_timeout =
      std::chrono::milliseconds(conf.get_millis("firn.server.session-timeout"));
  options.detached_timeout =
      std::chrono::milliseconds(conf.get_millis("firn.server.detached-timeout"));
  start_logging(conf, LogLevel::kWarn, LogFormat::kText);
  LocalProcess process(conf);
  server::spark_connect::Server server(options, process.shared(), conf);
  server.start();
  std::cout << server.address() << '\n' << std::flush;
  std::mutex mutex;
  std::condition_variable_any stopped;
  std::unique_lock<std::mutex> lock(mutex);
  stopped.wait(lock, interruption.token(), [] { return false; });
  server.stop();
  return kSuccess;
}

}  // namespace

Action declare_server(CLI::App& parser, Interruption& interruption) {
  const auto options = std::make_shared<server::spark_connect::ServerOptions>();
  const auto conf = std::make_shared<ConfOptions>();
  parser.add_option("--port", options->port, "the port; 0: a free one")
      ->type_name("PORT")
      ->check(CLI::Range(0, 65535))
      ->capture_default_str();
  parser.add_option("--bind", options->bind, "the address; others than loopback need --token")
      ->type_name("ADDRESS")
      ->capture_default_str();
  parser.add_option("--token", options->token, "what clients must know: sc://…/;token=…")
      ->envname("SPARK_CONNECT_AUTHENTICATE_TOKEN")
      ->type_name("TEXT");
  parser.add_option("--tls-cert", options->tls_certificate, "PEM file: encrypt, with --tls-key")
      ->type_name("FILE");
  parser.add_option("--tls-key", options->tls_key, "PEM file of the certificate's key")
      ->type_name("FILE");
  declare_conf(parser, conf);
  parser.footer(kServerExamples);
  return [options, conf, &interruption] { return run_server(*options, *conf, interruption); };
}

}  // namespace firn::app
