// Shared options and the reading of input texts.
#include "app/arguments.h"

#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/error.h"
#include "base/nearest.h"

namespace firn::app {

void declare_conf(CLI::App& parser, const std::shared_ptr<ConfOptions>& options) {
  // The callbacks hold the options: they live as long as the parser.
  parser
      .add_option_function<std::vector<std::string>>(
          "--conf", [options](const std::vector<std::string>& pairs) { options->pairs = pairs; },
          "a configuration value, as Spark names it; may be repeated")
      ->type_name("KEY=VALUE")
      ->expected(1)
      ->take_all();
  parser
      .add_option_function<std::string>(
          "--properties-file",
          [options](const std::string& path) { options->properties_file = path; },
          "configuration values in the form of spark-defaults.conf; --conf wins")
      ->type_name("FILE");
  parser
      .add_option_function<std::string>(
          "--warehouse", [options](const std::string& folder) { options->warehouse = folder; },
          "folder of the tables and their catalog (default: ./warehouse)")
      ->type_name("DIR");
  parser.add_flag_function(
      "--aws", [options](int64_t) { options->aws = true; },
      "use AWS itself, also where no credentials are set");
}

LogFormat parse_log_format(const std::string& word) {
  if (word == "json") return LogFormat::kJson;
  if (word == "text") return LogFormat::kText;
  throw Error("FIRN_UNKNOWN_OPTION",
              {{"kind", "value of --log-format"},
               {"option", word},
               {"suggestion", did_you_mean(word, {"json", "text"}) + " Choose text or json."}});
}

void start_logging(const conf::Conf& conf, LogLevel level, LogFormat format) {
  configure_logging(
      conf.is_set("firn.log.level") ? parse_log_level(conf.get_string("firn.log.level")) : level,
      format);
}

SourceText read_source(const std::string& path) {
  std::error_code failed;
  if (!std::filesystem::exists(path, failed))
    throw Error("FIRN_NOT_FOUND", {{"what", "there is no file " + path}});
  if (std::filesystem::is_directory(path, failed)) throw_io(path + " is a folder, not a file");
  std::ifstream file(path, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (!file) throw_io("cannot read " + path);
  return {path, std::move(text)};
}

}  // namespace firn::app
