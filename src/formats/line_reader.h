// Lines of a file or of a part of it.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "formats/byte_stream.h"

namespace firn::formats {

class LineReader {
 public:
  // `separator` "": \n, \r\n or \r. A part takes the lines that begin in (start, end], the first
  // part (start 0) also the file's first: parts that touch share nothing and miss nothing. `end` <
  // 0: all. `bytes` stand at `start`.
  LineReader(std::unique_ptr<ByteStream> bytes, std::string separator, int64_t start = 0,
             int64_t end = -1);
  // Without the separator. Valid until the next call; 64 bytes behind it are readable.
  bool next(std::string_view& line);

 private:
  bool take(std::string_view& line);
  bool fill();

  std::unique_ptr<ByteStream> bytes_;
  const std::string separator_;
  int64_t position_;  // in the file, of the next line
  const int64_t end_;
  std::string buffer_;
  size_t at_ = 0, size_ = 0;
  bool ended_ = false;
};

}  // namespace firn::formats
