// The server, then Python, told where the server is; its end is ours.
#include "app/script_run.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string_view>

#include "app/json_text.h"
#include "app/script_process.h"
#include "server/spark_connect/server.h"

namespace firn::app {
namespace {

// What a Glue version's Spark had as defaults where Spark 4's are others.
struct GlueVersion {
  const char* name;
  conf::Values confs;
};

const std::vector<GlueVersion>& glue_versions() {
  static const conf::Values kSpark3 = {{"spark.sql.ansi.enabled", "false"}};
  static const std::vector<GlueVersion> kVersions = {
      {"3.0", kSpark3}, {"4.0", kSpark3}, {"5.0", kSpark3}, {"5.1", kSpark3}};
  return kVersions;
}

// Command line's confs win over the version's.
void add_glue_version(const std::string& name, ConfOptions& conf) {
  if (name.empty()) return;
  std::string known;
  for (const GlueVersion& version : glue_versions()) {
    known += std::string(known.empty() ? "" : ", ") + version.name;
    if (name != version.name) continue;
    conf.pairs.insert(conf.pairs.begin(), "firn.glue.version=" + name);
    for (const auto& [key, value] : version.confs)
      conf.pairs.insert(conf.pairs.begin(), key + "=" + value);
    return;
  }
  throw_invalid("--glue-version " + name + " is not known; there are " + known);
}

void add_broker_map(const std::vector<std::string>& pairs, ConfOptions& conf) {
  std::string joined;
  for (const std::string& pair : pairs) {
    if (pair.find('=') == std::string::npos)
      throw_invalid("--map wants broker=host:port, not '" + pair + "'");
    joined += (joined.empty() ? "" : ",") + pair;
  }
  if (!joined.empty()) conf.pairs.push_back("firn.kafka.map=" + joined);
}

std::string json_list(const std::vector<std::string>& texts) {
  std::string out = "[";
  for (const std::string& text : texts) {
    if (out.size() > 1) out += ',';
    append_json_string(out, text);
  }
  return out + "]";
}

std::string json_object(const std::vector<std::string>& pairs) {
  std::string out = "{";
  for (const std::string& pair : pairs) {
    const size_t at = pair.find('=');
    if (out.size() > 1) out += ',';
    append_json_string(out, pair.substr(0, at));
    out += ':';
    append_json_string(out, pair.substr(at + 1));
  }
  return out + "}";
}

std::vector<std::string> split_list(const std::vector<std::string>& lists) {
  std::vector<std::string> result;
  for (const std::string& list : lists) {
    size_t from = 0;
    while (from <= list.size()) {
      const size_t end = std::min(list.find(',', from), list.size());
      if (end > from) result.push_back(list.substr(from, end - from));
      from = end + 1;
    }
  }
  return result;
}

// Credentials or an endpoint of AWS in the environment: the script means the real services.
bool environment_names_aws() {
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    for (const std::string_view name :
         {"AWS_ACCESS_KEY_ID=", "AWS_PROFILE=", "AWS_ENDPOINT_URL",
          "AWS_WEB_IDENTITY_TOKEN_FILE=", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI="}) {
      if (text.starts_with(name)) return true;
    }
  }
  return false;
}

// What launcher.py reads. The server has the confs of its own sessions; another one is told.
std::string settings_json(const ScriptOptions& options, const ConfOptions& conf) {
  const bool aws = options.aws || environment_names_aws();
  std::string out = std::string("{\"aws\":") + (aws ? "true" : "false");
  out += ",\"py_files\":" + json_list(split_list(options.python_files));
  if (!options.remote.empty()) out += ",\"conf\":" + json_object(conf.pairs);
  return out + "}";
}

// Functions that run in Python workers import what the script does: what lies beside it, and
// --py-files.
void add_python_path(const ScriptOptions& options, ConfOptions& conf) {
  namespace fs = std::filesystem;
  std::string joined = make_conf(conf).get_string("firn.python.path");
  const auto add = [&](const fs::path& path) {
    joined += (joined.empty() ? "" : ":") + fs::absolute(path).lexically_normal().string();
  };
  add(fs::absolute(options.file).parent_path());
  for (const std::string& file : split_list(options.python_files))
    add(file.ends_with(".py") ? fs::absolute(file).parent_path() : fs::path(file));
  conf.pairs.push_back("firn.python.path=" + joined);
}

// Also for the Python workers that the server starts: the same interpreter, our packages.
void set_environment(const std::string& python, const std::string& packages) {
  setenv("FIRN_PYTHON", python.c_str(), 1);
  const char* const path = std::getenv("PYTHONPATH");
  const std::string joined = path == nullptr || *path == '\0' ? packages : path + (":" + packages);
  setenv("PYTHONPATH", joined.c_str(), 1);
}

std::vector<std::string> environment_with(const std::vector<std::string>& added) {
  std::vector<std::string> result;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    bool replaced = text.starts_with("MASTER=");
    for (const std::string& one : added)
      replaced = replaced || text.starts_with(one.substr(0, one.find('=') + 1));
    if (!replaced) result.emplace_back(text);
  }
  result.insert(result.end(), added.begin(), added.end());
  return result;
}

}  // namespace

bool is_script(const std::string& file) { return file.ends_with(".py"); }

int run_script(const ScriptOptions& options, ConfOptions conf_options, Interruption& interruption) {
  if (!std::filesystem::exists(options.file))
    throw Error("FIRN_NOT_FOUND", {{"what", "there is no file " + options.file}});
  add_glue_version(options.glue_version, conf_options);
  add_broker_map(options.broker_map, conf_options);
  if (options.aws) conf_options.pairs.emplace_back("firn.aws=true");
  if (options.remote.empty()) add_python_path(options, conf_options);
  const conf::Conf conf = make_conf(conf_options);
  start_logging(conf, LogLevel::kWarn, LogFormat::kText);
  const std::string python = find_python(conf.get_string("firn.python"));
  const std::string packages = find_python_packages();
  set_environment(python, packages);

  std::optional<LocalProcess> process;
  std::optional<server::spark_connect::Server> server;
  std::string address = options.remote;
  if (address.empty()) {
    process.emplace(conf);
    server::spark_connect::ServerOptions server_options;
    server_options.port = 0;
    server.emplace(server_options, process->shared(), conf);
    server->start();
    address = server->address();
  }
  std::vector<std::string> command = {python, "-u", packages + "/firn/launcher.py", options.file};
  command.insert(command.end(), options.arguments.begin(), options.arguments.end());
  ChildProcess child(
      command, environment_with({"SPARK_REMOTE=" + address,
                                 "FIRN_RUN_SETTINGS=" + settings_json(options, conf_options)}));
  return child.wait(interruption.token());
}

}  // namespace firn::app
