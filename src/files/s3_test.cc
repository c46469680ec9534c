// What S3 needs besides a server: hashes, signatures, options, answers.
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <functional>

#include "base/error.h"
#include "base/test_support.h"
#include "files/aws_signature.h"
#include "files/s3_client.h"
#include "files/s3_options.h"
#include "files/s3_store.h"
#include "files/sha256.h"

namespace firn::files {
namespace {

using Map = std::map<std::string, std::string>;

struct HashRow {
  std::string text;
  const char* want;
};
TEST(Sha256, PublishedVectors) {
  for (const HashRow& row : {
           HashRow{"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
           {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
           {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
           {std::string(1'000'000, 'a'),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
       }) {
    EXPECT_EQ(to_hex(sha256(row.text)), row.want);
  }
  // RFC 4231, cases 2 and 6
  EXPECT_EQ(to_hex(hmac_sha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(to_hex(hmac_sha256(std::string(131, '\xAA'),
                               "Test Using Larger Than Block-Size Key - Hash Key First")),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

// The examples of the documentation of Signature Version 4 for S3.
struct SignatureRow {
  const char* name;
  AwsRequest request;
  const char* want;
};
TEST(AwsSignature, ExamplesOfTheDocumentation) {
  const AwsCredentials credentials{"AKIAIOSFODNN7EXAMPLE",
                                   "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", ""};
  const std::string host = "examplebucket.s3.amazonaws.com";
  const std::string empty = to_hex(sha256(""));
  for (const SignatureRow& row : {
           SignatureRow{"get an object",
                        {"GET", host, "/test.txt", {}, {{"range", "bytes=0-9"}}, empty},
                        "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"},
           {"put an object",
            {"PUT",
             host,
             "/test%24file.text",
             {},
             {{"date", "Fri, 24 May 2013 00:00:00 GMT"},
              {"x-amz-storage-class", "REDUCED_REDUNDANCY"}},
             to_hex(sha256("Welcome to Amazon S3."))},
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"},
           {"an empty parameter",
            {"GET", host, "/", {{"lifecycle", ""}}, {}, empty},
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"},
           {"list",
            {"GET", host, "/", {{"prefix", "J"}, {"max-keys", "2"}}, {}, empty},
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"},
       }) {
    const Map headers = sign(row.request, credentials, "us-east-1", "s3", 1369353600);
    EXPECT_EQ(headers.at("x-amz-date"), "20130524T000000Z");
    EXPECT_TRUE(headers.at("authorization").ends_with(std::string("Signature=") + row.want))
        << row.name;
  }
  const AwsCredentials lent{"A", "B", "C"};
  const Map headers = sign({"GET", host, "/", {}, {}, empty}, lent, "r", "s3", 0);
  EXPECT_EQ(headers.at("x-amz-security-token"), "C");
  EXPECT_NE(headers.at("authorization").find("x-amz-security-token,Signature"), std::string::npos);
}

Environment environment_of(Map values) {
  return [values](const std::string& name) -> std::optional<std::string> {
    const auto found = values.find(name);
    if (found == values.end()) return std::nullopt;
    return found->second;
  };
}

TEST(S3Options, OptionsBeatTheEnvironmentBeatsTheFile) {
  const std::string file = testing::TempDir() + "firn-credentials";
  std::ofstream(file) << "[default]\naws_access_key_id = F\naws_secret_access_key=G\n"
                         "[other]\n# a comment\naws_access_key_id=H\naws_secret_access_key = "
                         "I\naws_session_token=J\n";
  Map variables = {{"AWS_SHARED_CREDENTIALS_FILE", file}};
  EXPECT_EQ(s3_options({}, environment_of(variables)).credentials.access_key_id, "F");
  EXPECT_EQ(s3_options({}, environment_of(variables)).region, "us-east-1");
  EXPECT_FALSE(s3_options({}, environment_of(variables)).path_style);
  variables["AWS_PROFILE"] = "other";
  EXPECT_EQ(s3_options({}, environment_of(variables)).credentials.session_token, "J");
  variables["AWS_ACCESS_KEY_ID"] = "D";
  variables["AWS_SECRET_ACCESS_KEY"] = "E";
  variables["AWS_REGION"] = "eu-central-1";
  EXPECT_EQ(s3_options({}, environment_of(variables)).credentials.access_key_id, "D");
  const S3Options all = s3_options({{"s3.endpoint", "http://localhost:9000/"},
                                    {"s3.access-key", "A"},
                                    {"s3.secret-access-key", "B"},
                                    {"uri", "ignored"}},
                                   environment_of(variables));
  EXPECT_EQ(all.endpoint, "http://localhost:9000");
  EXPECT_TRUE(all.path_style);
  EXPECT_EQ(all.region, "eu-central-1");
  EXPECT_EQ(all.credentials.access_key_id, "A");
  EXPECT_EQ(all.credentials.secret_access_key, "B");
  std::remove(file.c_str());
}

struct HadoopRow {
  Map hadoop;
  const char* endpoint;
};
TEST(S3Options, HadoopsNames) {
  for (const HadoopRow& row : {
           HadoopRow{{{"fs.s3a.endpoint", "http://h:1"}}, "http://h:1"},
           {{{"fs.s3a.endpoint", "h:1"}}, "https://h:1"},
           {{{"fs.s3a.endpoint", "h:1"}, {"fs.s3a.connection.ssl.enabled", "false"}}, "http://h:1"},
       }) {
    Map options;
    add_hadoop_options(row.hadoop, options);
    EXPECT_EQ(options.at("s3.endpoint"), row.endpoint);
  }
  Map options = {{"s3.region", "ours"}};
  add_hadoop_options({{"fs.s3a.endpoint.region", "theirs"}}, options);
  EXPECT_EQ(options.at("s3.region"), "ours");
}

TEST(S3Options, TheRegionOfAProfile) {
  const std::string file = testing::TempDir() + "firn-config";
  std::ofstream(file) << "[default]\nregion = a\n[profile lake]\nregion=b\n";
  Map variables = {
      {"AWS_CONFIG_FILE", file}, {"AWS_ACCESS_KEY_ID", "A"}, {"AWS_SECRET_ACCESS_KEY", "B"}};
  EXPECT_EQ(s3_options({}, environment_of(variables)).region, "a");
  variables["AWS_PROFILE"] = "lake";
  EXPECT_EQ(s3_options({{"s3.multipart.size", "5242880"}}, environment_of(variables)).region, "b");
  variables["AWS_REGION"] = "c";
  EXPECT_EQ(s3_options({}, environment_of(variables)).region, "c");
  std::remove(file.c_str());
}

struct RefusalRow {
  Map options;
  const char* condition;
  const char* text;
};
TEST(S3Options, RefusesByName) {
  for (const RefusalRow& row : {
           RefusalRow{{{"s3.endpont", "x"}}, "FIRN_UNKNOWN_OPTION", "`s3.endpoint`"},
           {{}, "FIRN_PERMISSION", "s3.access-key-id"},
           {{{"s3.access-key-id", "A"}}, "FIRN_INVALID_INPUT", "s3.secret-access-key"},
           {{{"s3.endpoint", "localhost:9000"}}, "FIRN_INVALID_INPUT", "http://"},
           {{{"s3.path-style-access", "yes"}}, "FIRN_INVALID_INPUT", "'yes'"},
           {{{"s3.sse.type", "kms"}}, "UNSUPPORTED_FEATURE.FIRN", "s3.sse.type"},
       }) {
    const Error error =
        error_of([&] { s3_options(row.options, environment_of({{"HOME", "/nowhere"}})); });
    EXPECT_EQ(error.condition(), row.condition) << error.what();
    EXPECT_NE(error.message().find(row.text), std::string::npos) << error.what();
  }
}

TEST(S3Client, ReadsAddressesAndAnswers) {
  EXPECT_EQ(s3_location("s3://b/a b%20/c").key, "a b%20/c");
  EXPECT_EQ(s3_location("s3a://b").bucket, "b");
  EXPECT_THROW(s3_location("s3:///key"), Error);
  EXPECT_EQ(xml_text("<a><Key>x&amp;y&#xE4;&lt;&#10;</Key></a>", "Key"), "x&y\xE4<\n");
  EXPECT_EQ(xml_text("<a/>", "Key"), "");
  EXPECT_EQ(xml_elements("<C>1</C><D/><C>2</C><C>3", "C"), (std::vector<std::string>{"1", "2"}));
  EXPECT_EQ(xml_escape("\"a<b&"), "&quot;a&lt;b&amp;");
}

TEST(S3Store, AnUnreachableServerIsNamed) {
  S3Options options;
  options.endpoint = "http://127.0.0.1:9";
  options.path_style = true;
  options.credentials = {"A", "B", ""};
  const Error error = error_of([&] { make_s3_store(options)->open("s3://bucket/key"); });
  EXPECT_EQ(error.code(), Code::kUnavailable);
  EXPECT_NE(error.message().find("s3://bucket/key"), std::string::npos);
}

}  // namespace
}  // namespace firn::files
