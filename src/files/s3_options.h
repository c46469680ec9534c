// Where an object store that speaks S3 is, or another service of AWS, and who asks: from options,
// the environment and the shared credentials file.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "files/aws_signature.h"

namespace firn::files {

struct S3Options {
  std::string endpoint;  // "http://localhost:9000"; "" is AWS
  std::string region = "us-east-1";
  bool path_style = false;  // the bucket in the path, not in the host's name
  AwsCredentials credentials;
};

using Environment = std::function<std::optional<std::string>(const std::string& name)>;
Environment process_environment();

// Reads s3.endpoint, s3.region (client.region), s3.path-style-access, s3.access-key-id
// (s3.access-key), s3.secret-access-key (s3.secret-key), s3.session-token. What they leave open
// comes from AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, AWS_REGION, AWS_DEFAULT_REGION,
// AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, then from the profile AWS_PROFILE
// (default) of AWS_SHARED_CREDENTIALS_FILE (~/.aws/credentials). Throws FIRN_UNKNOWN_OPTION for
// another s3.* option, FIRN_PERMISSION where there are no credentials.
S3Options s3_options(const std::map<std::string, std::string>& options,
                     const Environment& environment);

// A service of AWS: "glue".
struct AwsService {
  std::string name;
  std::string endpoint;  // "https://glue.us-east-1.amazonaws.com"
  std::string region;
  AwsCredentials credentials;
};

// Reads NAME.endpoint, NAME.region, client.region, NAME.access-key-id and client.access-key-id with
// their secrets and session tokens, then AWS_ENDPOINT_URL_NAME, AWS_ENDPOINT_URL and what
// s3_options reads. Throws FIRN_PERMISSION where there are no credentials.
AwsService aws_service(const std::string& name, const std::map<std::string, std::string>& options,
                       const Environment& environment);

// Whether options, environment or the credentials file name an endpoint or credentials.
bool names_s3(const std::map<std::string, std::string>& options, const Environment& environment);

// The same for any service of AWS: glue.endpoint, client.access-key-id, AWS_ENDPOINT_URL_GLUE, …
// too.
bool names_aws(const std::map<std::string, std::string>& options, const Environment& environment);

// Hadoop's names (fs.s3a.access.key, …) as the options above, where those are not set.
void add_hadoop_options(const std::map<std::string, std::string>& hadoop,
                        std::map<std::string, std::string>& options);

}  // namespace firn::files
