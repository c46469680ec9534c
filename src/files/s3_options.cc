// Options and credentials of an S3 store.
#include "files/s3_options.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <initializer_list>
#include <vector>

#include "base/error.h"
#include "base/nearest.h"

namespace firn::files {
namespace {

struct OptionRow {
  std::string name;
  std::string alias;
  std::vector<std::string> variables;
};
const OptionRow kEndpoint = {"s3.endpoint", "", {"AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"}};
const OptionRow kRegion = {"s3.region", "client.region", {"AWS_REGION", "AWS_DEFAULT_REGION"}};
const OptionRow kPathStyle = {"s3.path-style-access", "", {}};
const OptionRow kKeyId = {"s3.access-key-id", "s3.access-key", {"AWS_ACCESS_KEY_ID"}};
const OptionRow kSecret = {"s3.secret-access-key", "s3.secret-key", {"AWS_SECRET_ACCESS_KEY"}};
const OptionRow kToken = {"s3.session-token", "", {"AWS_SESSION_TOKEN"}};

// Options of Iceberg's S3FileIO that change nothing here, or that only one value is possible for.
struct OtherRow {
  std::string_view name;
  std::string_view only;  // empty: any value, without effect
};
constexpr OtherRow kOthers[] = {
    {"s3.acceleration-enabled", "false"},
    {"s3.checksum-enabled", ""},
    {"s3.client-factory-impl", ""},
    {"s3.connection-pool-size", ""},
    {"s3.cross-region-access-enabled", ""},
    {"s3.crt.enabled", ""},
    {"s3.delete-enabled", "true"},
    {"s3.delete.batch-size", ""},
    {"s3.delete.num-threads", ""},
    {"s3.dualstack-enabled", "false"},
    {"s3.multipart.num-threads", ""},
    {"s3.multipart.part-size-bytes", ""},
    {"s3.multipart.size", ""},
    {"s3.multipart.threshold", ""},
    {"s3.preload-client-enabled", ""},
    {"s3.remote-signing-enabled", "false"},
    {"s3.retry.max-wait-ms", ""},
    {"s3.retry.min-wait-ms", ""},
    {"s3.retry.num-retries", ""},
    {"s3.session-token-expires-at-ms", ""},
    {"s3.sse.type", "none"},
    {"s3.staging-dir", ""},
    {"s3.use-arn-region-enabled", "false"},
};

class Reader {
 public:
  Reader(const std::map<std::string, std::string>& options, const Environment& environment)
      : options_(options), environment_(environment) {}

  std::optional<std::string> option(const OptionRow& row) const {
    for (const std::string& name : {row.name, row.alias}) {
      const auto found = options_.find(name);
      if (found != options_.end() && !found->second.empty()) return found->second;
    }
    return std::nullopt;
  }
  std::optional<std::string> variable(const OptionRow& row) const {
    for (const std::string& name : row.variables) {
      if (std::optional<std::string> value = environment_(name); value && !value->empty()) {
        return value;
      }
    }
    return std::nullopt;
  }
  std::optional<std::string> either(const OptionRow& row) const {
    const std::optional<std::string> value = option(row);
    return value ? value : variable(row);
  }
  AwsCredentials credentials(const OptionRow& id_row = kKeyId,
                             const OptionRow& secret_row = kSecret,
                             const OptionRow& token_row = kToken) const;
  std::optional<AwsCredentials> from_file() const;
  std::optional<std::string> region_of_profile() const;

 private:
  const std::map<std::string, std::string>& options_;
  const Environment& environment_;
};

std::string trimmed(std::string text) {
  const size_t first = text.find_first_not_of(" \t\r");
  if (first == std::string::npos) return "";
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

// One [section] of an ini file.
std::map<std::string, std::string> read_profile(const std::string& path, const std::string& name) {
  std::map<std::string, std::string> values;
  std::ifstream file(path);
  bool inside = false;
  for (std::string line; std::getline(file, line);) {
    line = trimmed(line);
    if (line.starts_with('[')) inside = line == "[" + name + "]";
    const size_t equals = line.find('=');
    if (!inside || line.starts_with('#') || equals == std::string::npos) continue;
    values[trimmed(line.substr(0, equals))] = trimmed(line.substr(equals + 1));
  }
  return values;
}

std::optional<AwsCredentials> Reader::from_file() const {
  const std::string home = environment_("HOME").value_or("");
  const std::string path =
      environment_("AWS_SHARED_CREDENTIALS_FILE").value_or(home + "/.aws/credentials");
  const std::string profile = environment_("AWS_PROFILE").value_or("default");
  auto values = read_profile(path, profile);
  AwsCredentials found{values["aws_access_key_id"], values["aws_secret_access_key"],
                       values["aws_session_token"]};
  if (found.access_key_id.empty() || found.secret_access_key.empty()) return std::nullopt;
  return found;
}

// Of the profile in ~/.aws/config, where sections but the default one are called "profile NAME".
std::optional<std::string> Reader::region_of_profile() const {
  const std::string home = environment_("HOME").value_or("");
  const std::string path = environment_("AWS_CONFIG_FILE").value_or(home + "/.aws/config");
  const std::string profile = environment_("AWS_PROFILE").value_or("default");
  auto values = read_profile(path, profile == "default" ? profile : "profile " + profile);
  const std::string region = values["region"];
  return region.empty() ? std::nullopt : std::optional(region);
}

// A key id and its secret come from one place.
AwsCredentials Reader::credentials(const OptionRow& id_row, const OptionRow& secret_row,
                                   const OptionRow& token_row) const {
  const std::string service =
      &id_row == &kKeyId ? "S3" : id_row.name.substr(0, id_row.name.find('.'));
  for (const auto from : {&Reader::option, &Reader::variable}) {
    const std::optional<std::string> id = (this->*from)(id_row);
    const std::optional<std::string> secret = (this->*from)(secret_row);
    if (id.has_value() != secret.has_value()) {
      throw_invalid("Credentials for " + service + " are incomplete: set both " + id_row.name +
                    " and " + secret_row.name);
    }
    if (id) return {*id, *secret, (this->*from)(token_row).value_or("")};
  }
  if (std::optional<AwsCredentials> found = from_file()) return *found;
  throw Error("FIRN_PERMISSION",
              {{"what", "There are no credentials for " + service + ". Set the options " +
                            id_row.name + " and " + secret_row.name +
                            ", the variables AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a "
                            "profile in ~/.aws/credentials"}});
}

void check_names(const std::map<std::string, std::string>& options) {
  std::vector<std::string> names;
  for (const OptionRow* row : {&kEndpoint, &kRegion, &kPathStyle, &kKeyId, &kSecret, &kToken}) {
    names.push_back(row->name);
    if (!row->alias.empty()) names.push_back(row->alias);
  }
  for (const auto& [name, value] : options) {
    if (!name.starts_with("s3.") || std::find(names.begin(), names.end(), name) != names.end())
      continue;
    const auto* other = std::find_if(std::begin(kOthers), std::end(kOthers),
                                     [&](const OtherRow& row) { return row.name == name; });
    if (other == std::end(kOthers)) throw_unknown_option("option of S3", name, names);
    if (!other->only.empty() && value != other->only)
      throw_unsupported("the option " + name + " = " + value + " of S3");
  }
}

}  // namespace

Environment process_environment() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr) return std::nullopt;
    return value;
  };
}

S3Options s3_options(const std::map<std::string, std::string>& options,
                     const Environment& environment) {
  check_names(options);
  const Reader reader(options, environment);
  S3Options made;
  made.endpoint = reader.either(kEndpoint).value_or("");
  while (made.endpoint.ends_with('/')) made.endpoint.pop_back();
  if (!made.endpoint.empty() && !made.endpoint.starts_with("http://") &&
      !made.endpoint.starts_with("https://")) {
    throw_invalid("s3.endpoint '" + made.endpoint + "' does not begin with http:// or https://");
  }
  made.region = reader.either(kRegion).value_or(reader.region_of_profile().value_or("us-east-1"));
  const std::string style =
      reader.option(kPathStyle).value_or(made.endpoint.empty() ? "false" : "true");
  if (style != "true" && style != "false") {
    throw_invalid("s3.path-style-access is true or false, not '" + style + "'");
  }
  made.path_style = style == "true";
  made.credentials = reader.credentials();
  return made;
}

AwsService aws_service(const std::string& name, const std::map<std::string, std::string>& options,
                       const Environment& environment) {
  std::string upper = name;
  std::transform(upper.begin(), upper.end(), upper.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  const OptionRow endpoint = {
      name + ".endpoint", "", {"AWS_ENDPOINT_URL_" + upper, "AWS_ENDPOINT_URL"}};
  const OptionRow region = {name + ".region", "client.region", kRegion.variables};
  const OptionRow id = {name + ".access-key-id", "client.access-key-id", kKeyId.variables};
  const OptionRow secret = {name + ".secret-access-key", "client.secret-access-key",
                            kSecret.variables};
  const OptionRow token = {name + ".session-token", "client.session-token", kToken.variables};
  const Reader reader(options, environment);
  AwsService made;
  made.name = name;
  made.region = reader.either(region).value_or(reader.region_of_profile().value_or("us-east-1"));
  made.endpoint =
      reader.either(endpoint).value_or("https://" + name + "." + made.region + ".amazonaws.com");
  while (made.endpoint.ends_with('/')) made.endpoint.pop_back();
  if (!made.endpoint.starts_with("http://") && !made.endpoint.starts_with("https://")) {
    throw_invalid(endpoint.name + " '" + made.endpoint +
                  "' does not begin with http:// or https://");
  }
  made.credentials = reader.credentials(id, secret, token);
  return made;
}

bool names_s3(const std::map<std::string, std::string>& options, const Environment& environment) {
  const Reader reader(options, environment);
  return reader.either(kEndpoint) || reader.either(kKeyId) || reader.either(kSecret) ||
         reader.from_file();
}

bool names_aws(const std::map<std::string, std::string>& options, const Environment& environment) {
  static const OptionRow kRows[] = {
      {"glue.endpoint", "", {"AWS_ENDPOINT_URL_GLUE"}},
      {"glue.access-key-id", "client.access-key-id", {}},
  };
  const Reader reader(options, environment);
  return names_s3(options, environment) ||
         std::any_of(std::begin(kRows), std::end(kRows),
                     [&](const OptionRow& row) { return reader.either(row).has_value(); });
}

void add_hadoop_options(const std::map<std::string, std::string>& hadoop,
                        std::map<std::string, std::string>& options) {
  static const std::pair<const char*, const OptionRow*> kRows[] = {
      {"fs.s3a.endpoint", &kEndpoint},    {"fs.s3a.endpoint.region", &kRegion},
      {"fs.s3a.access.key", &kKeyId},     {"fs.s3a.secret.key", &kSecret},
      {"fs.s3a.session.token", &kToken},  {"fs.s3a.path.style.access", &kPathStyle},
      {"fs.s3.awsAccessKeyId", &kKeyId},  {"fs.s3.awsSecretAccessKey", &kSecret},
      {"fs.s3n.awsAccessKeyId", &kKeyId}, {"fs.s3n.awsSecretAccessKey", &kSecret},
  };
  const auto encryption = hadoop.find("fs.s3a.connection.ssl.enabled");
  const bool encrypted = encryption == hadoop.end() || encryption->second != "false";
  for (const auto& [name, row] : kRows) {
    const auto found = hadoop.find(name);
    if (found == hadoop.end() || found->second.empty()) continue;
    std::string value = found->second;
    const bool bare = row == &kEndpoint && value.find("://") == std::string::npos;
    if (bare) value.insert(0, encrypted ? "https://" : "http://");
    options.emplace(row->name, std::move(value));
  }
}

}  // namespace firn::files
