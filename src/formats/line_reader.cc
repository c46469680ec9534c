// A buffer that holds one line at least.
#include "formats/line_reader.h"

#include <cstring>
#include <utility>

namespace firn::formats {
namespace {

constexpr size_t kLinePiece = 1 << 20, kPadding = 64;

}  // namespace

LineReader::LineReader(std::unique_ptr<ByteStream> bytes, std::string separator, int64_t start,
                       int64_t end)
    : bytes_(std::move(bytes)), separator_(std::move(separator)), position_(start), end_(end) {
  buffer_.resize(kLinePiece + kPadding);
  std::string_view broken;
  if (start > 0) {
    take(broken);  // belongs to the part before
  } else if (fill() && size_ >= 3 && std::memcmp(buffer_.data(), "\xef\xbb\xbf", 3) == 0) {
    at_ = 3;  // a byte order mark
    position_ = 3;
  }
}

bool LineReader::fill() {
  if (ended_) return false;
  if (at_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + at_, size_ - at_);
    size_ -= at_;
    at_ = 0;
  }
  if (buffer_.size() - kPadding - size_ < kLinePiece / 2) buffer_.resize(buffer_.size() * 2);
  const size_t got = bytes_->read(buffer_.data() + size_, buffer_.size() - kPadding - size_);
  size_ += got;
  ended_ = got == 0;
  return got > 0;
}

bool LineReader::next(std::string_view& line) {
  if (end_ >= 0 && position_ > end_) return false;
  return take(line);
}

bool LineReader::take(std::string_view& line) {
  size_t seen = 0;  // bytes of the line that hold no separator
  for (;;) {
    const std::string_view rest(buffer_.data() + at_, size_ - at_);
    size_t stop = std::string_view::npos, width = 0;
    if (separator_.empty()) {
      stop = rest.find_first_of("\n\r", seen);
      const bool last = stop != std::string_view::npos && stop + 1 == rest.size();
      if (last && rest[stop] == '\r' && !ended_ && fill()) continue;  // is a \n behind it?
      width = stop == std::string_view::npos                                           ? 0
              : rest[stop] == '\r' && stop + 1 < rest.size() && rest[stop + 1] == '\n' ? 2
                                                                                       : 1;
    } else {
      stop = rest.find(separator_, seen);
      width = separator_.size();
    }
    if (stop != std::string_view::npos) {
      line = rest.substr(0, stop);
      at_ += stop + width;
      position_ += static_cast<int64_t>(stop + width);
      return true;
    }
    seen = separator_.empty() ? rest.size()
                              : rest.size() - std::min(rest.size(), separator_.size() - 1);
    if (fill()) continue;
    if (at_ == size_) return false;
    line = {buffer_.data() + at_, size_ - at_};
    position_ += static_cast<int64_t>(line.size());
    at_ = size_;
    return true;
  }
}

}  // namespace firn::formats
