// An object store without a server: the buckets of s3:// URIs are folders below a local root. Where
// no AWS credentials and no endpoint are set, scripts written for S3 run over it unchanged.
#pragma once

#include <memory>
#include <string>

#include "files/file_store.h"

namespace firn::files {

// s3://bucket/key, s3a: and s3n: alike → <root>/bucket/key. Buckets come into being with their
// first file. URIs in answers begin as they were asked for.
std::unique_ptr<FileStore> make_bucket_folders(std::string root);

// The local path behind an s3:// URI. Throws FIRN_INVALID_INPUT where the bucket's or an element's
// name would lead out of the root.
std::string bucket_path(const std::string& root, const std::string& uri);

}  // namespace firn::files
