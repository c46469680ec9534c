// uses: formats columnar iceberg kernels files types base
// Any bytes as an Arrow stream: rows of a client, answers of a Python worker.
#include <cstdint>
#include <memory>
#include <string>

#include "attempt.h"
#include "columnar/ipc.h"
#include "format_rows.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  firn::fuzz::attempt([&] {
    firn::columnar::IpcDecoder stream(
        std::make_shared<const std::string>(reinterpret_cast<const char*>(data), size));
    const auto& fields = stream.columns().fields();
    while (stream.next()) {
      for (size_t i = 0; i < fields.size(); ++i) {
        const uint64_t rows = std::min<uint64_t>(stream.rows(), 2048);
        firn::fuzz::Column column(fields[i].type, rows);
        stream.write(i, 0, rows, column);
      }
    }
  });
  return 0;
}
