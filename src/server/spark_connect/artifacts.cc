// AddArtifacts: small artifacts in batches, large ones in chunks, each with its CRC-32.
#include <spark/connect/base.pb.h>
#include <zlib.h>

#include "base/error.h"
#include "server/spark_connect/analyze.h"
#include "server/spark_connect/messages.h"

namespace firn::server::spark_connect {
namespace {

namespace sc = ::spark::connect;

bool crc_is_right(const sc::AddArtifactsRequest::ArtifactChunk& chunk) {
  const uLong crc = crc32(0, reinterpret_cast<const Bytef*>(chunk.data().data()),
                          static_cast<uInt>(chunk.data().size()));
  return static_cast<int64_t>(crc) == chunk.crc();
}

constexpr int64_t kMostArtifactBytes = int64_t{4} << 30;

}  // namespace

void ArtifactReceiver::add(std::string_view bytes) {
  const auto request = parsed<sc::AddArtifactsRequest>(bytes);
  if (!session_) {
    session_ = sessions_.open(request.user_context().user_id(), request.session_id(),
                              request.client_observed_server_side_session_id());
  }
  const bool continues = request.has_chunk();
  if (continues != (chunks_left_ > 0))
    throw_invalid("AddArtifacts: the chunks of " + name_ + " are not as many as were announced.");
  if (request.has_batch()) {
    for (const auto& artifact : request.batch().artifacts()) {
      const bool right = crc_is_right(artifact.data());
      if (right) session_->keep_artifact(artifact.name(), artifact.data().data());
      summaries_.push_back({artifact.name(), right});
    }
  } else if (request.has_begin_chunk()) {
    const auto& begin = request.begin_chunk();
    if (begin.total_bytes() < 0 || begin.total_bytes() > kMostArtifactBytes ||
        begin.num_chunks() < 1)
      throw_invalid("AddArtifacts: " + begin.name() + " is announced with " +
                    std::to_string(begin.total_bytes()) + " bytes in " +
                    std::to_string(begin.num_chunks()) + " chunks.");
    name_ = begin.name();
    total_ = begin.total_bytes();
    chunks_left_ = begin.num_chunks() - 1;
    bytes_ = begin.initial_chunk().data();
    crc_is_right_ = crc_is_right(begin.initial_chunk());
    if (chunks_left_ == 0) finish_chunked();
  } else if (continues) {
    if (static_cast<int64_t>(bytes_.size() + request.chunk().data().size()) > total_)
      throw_invalid("AddArtifacts: " + name_ + " has more bytes than were announced.");
    bytes_ += request.chunk().data();
    crc_is_right_ = crc_is_right_ && crc_is_right(request.chunk());
    if (--chunks_left_ == 0) finish_chunked();
  } else {
    throw_invalid("AddArtifacts: a message without a payload.");
  }
}

void ArtifactReceiver::finish_chunked() {
  if (static_cast<int64_t>(bytes_.size()) != total_)
    throw_invalid("AddArtifacts: " + name_ + " has " + std::to_string(bytes_.size()) +
                  " bytes instead of " + std::to_string(total_) + ".");
  if (crc_is_right_) session_->keep_artifact(name_, std::move(bytes_));
  summaries_.push_back({name_, crc_is_right_});
  bytes_.clear();
}

std::string ArtifactReceiver::finish() {
  if (chunks_left_ > 0)
    throw_invalid("AddArtifacts: the stream ended in the midst of " + name_ + ".");
  sc::AddArtifactsResponse response;
  if (session_) {
    response.set_session_id(session_->key().id);
    response.set_server_side_session_id(session_->server_side_id());
  }
  for (const Summary& summary : summaries_) {
    auto& row = *response.add_artifacts();
    row.set_name(summary.name);
    row.set_is_crc_successful(summary.crc_is_right);
  }
  return response.SerializeAsString();
}

}  // namespace firn::server::spark_connect
