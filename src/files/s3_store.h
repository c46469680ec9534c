// Files in an object store that speaks S3 (AWS, MinIO, Ceph, …): s3://, s3a://, s3n://.
#pragma once

#include <memory>

#include "files/file_store.h"
#include "files/s3_options.h"

namespace firn::files {

// Names are taken by conditional puts (If-None-Match: *); a store that ignores those cannot keep
// kCreateNew's promise.
std::unique_ptr<FileStore> make_s3_store(S3Options options);

}  // namespace firn::files
