// Sinks over output columns; lists grow as they are filled.
#include "kernels/json_output.h"

#include <algorithm>
#include <utility>

namespace firn::kernels {

using types::DataType;
using types::DataTypeId;

// A sink over a result column.
namespace {
JsonSink sink_of(Output& out) {
  JsonSink sink;
  sink.physical = out.physical();
  sink.data = out.values<char>();
  sink.validity = out.validity();
  return sink;
}
}  // namespace

void build_sink(JsonSink& sink, Output& out, const DataType& type) {
  sink = sink_of(out);
  if (type.id() == DataTypeId::kStruct) {
    sink.children.resize(type.fields().size());
    for (size_t i = 0; i < type.fields().size(); ++i)
      build_sink(sink.children[i], out.child(i), type.fields()[i].type);
    return;
  }
  if (type.id() != DataTypeId::kArray && type.id() != DataTypeId::kMap) return;
  const bool map = type.id() == DataTypeId::kMap;
  const DataType element =
      map ? DataType::structure({{"key", type.key(), true, ""}, {"value", type.value(), true, ""}})
          : type.element();
  sink.children.resize(1);
  sink.reserve = [&out, element](JsonSink& list, uint64_t needed) {
    if (needed > list.capacity) {
      list.capacity = std::max<uint64_t>(needed, list.capacity * 2 + 64);
      out.resize(list.capacity);
    }
    JsonSink refreshed;
    build_sink(refreshed, out.child(0), element);
    // Keeps what children of children have used so far.
    const auto carry = [](auto&& self, const JsonSink& from, JsonSink& to) -> void {
      to.used = from.used;
      to.capacity = from.capacity;
      for (size_t i = 0; i < from.children.size() && i < to.children.size(); ++i)
        self(self, from.children[i], to.children[i]);
    };
    carry(carry, list.children[0], refreshed);
    list.children[0] = std::move(refreshed);
  };
  build_sink(sink.children[0], out.child(0), element);
}
void trim_lists(JsonSink& sink, Output& out, const DataType& type) {
  if (type.id() == DataTypeId::kStruct) {
    for (size_t i = 0; i < type.fields().size(); ++i)
      trim_lists(sink.children[i], out.child(i), type.fields()[i].type);
  } else if (type.id() == DataTypeId::kArray || type.id() == DataTypeId::kMap) {
    out.resize(sink.used);
    if (type.id() == DataTypeId::kArray)
      return trim_lists(sink.children[0], out.child(0), type.element());
    trim_lists(sink.children[0].children[0], out.child(0).child(0), type.key());
    trim_lists(sink.children[0].children[1], out.child(0).child(1), type.value());
  }
}

void set_valid(JsonSink& sink, uint64_t row) {
  sink.validity[row >> 6] |= uint64_t{1} << (row & 63);
  if (sink.physical != Physical::kStruct) return;
  for (JsonSink& child : sink.children) set_valid(child, row);
}

}  // namespace firn::kernels
