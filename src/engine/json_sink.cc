// Sinks follow the vectors' nesting; lists grow through DuckDB and refresh their pointers.
#include "engine/json_sink.h"

namespace firn::engine {
namespace {

using types::DataTypeId;

types::DataType entry_type(const types::DataType& map) {
  return types::DataType::structure({{"key", map.key()}, {"value", map.value()}});
}

types::DataType child_type(const types::DataType& list) {
  return list.id() == DataTypeId::kMap ? entry_type(list) : list.element();
}

uint64_t* writable_validity(duckdb::Vector& vector, uint64_t capacity) {
  auto& mask = duckdb::FlatVector::Validity(vector);
  if (mask.GetData() == nullptr) mask.Initialize(capacity);
  return mask.GetData();
}

// Pointers of an existing sink to where the vector's memory is now; counts stay.
void refresh(kernels::JsonSink& sink, duckdb::Vector& vector, const types::DataType& type,
             uint64_t capacity) {
  sink.validity = writable_validity(vector, capacity);
  if (type.id() == DataTypeId::kStruct) {
    auto& entries = duckdb::StructVector::GetEntries(vector);
    for (size_t i = 0; i < entries.size(); ++i)
      refresh(sink.children[i], *entries[i], type.fields()[i].type, capacity);
    return;
  }
  sink.data = duckdb::FlatVector::GetData(vector);
}

}  // namespace

kernels::JsonSink make_json_sink(duckdb::Vector& vector, const types::DataType& type,
                                 uint64_t capacity) {
  kernels::JsonSink sink;
  sink.physical = kernels::physical_of(type);
  sink.validity = writable_validity(vector, capacity);
  std::fill_n(sink.validity, (capacity + 63) / 64, ~uint64_t{0});
  if (type.id() == DataTypeId::kStruct) {
    auto& entries = duckdb::StructVector::GetEntries(vector);
    for (size_t i = 0; i < entries.size(); ++i)
      sink.children.push_back(make_json_sink(*entries[i], type.fields()[i].type, capacity));
    return sink;
  }
  sink.data = duckdb::FlatVector::GetData(vector);
  if (sink.physical == kernels::Physical::kList) {
    sink.capacity = std::max<uint64_t>(duckdb::ListVector::GetListCapacity(vector), 1);
    duckdb::ListVector::Reserve(vector, sink.capacity);
    sink.children.push_back(
        make_json_sink(duckdb::ListVector::GetEntry(vector), child_type(type), sink.capacity));
    sink.reserve = [&vector, child = child_type(type)](kernels::JsonSink& list, uint64_t needed) {
      duckdb::ListVector::Reserve(vector, needed);
      list.capacity = duckdb::ListVector::GetListCapacity(vector);
      refresh(list.children[0], duckdb::ListVector::GetEntry(vector), child, list.capacity);
    };
  }
  return sink;
}

void close_json_sink(kernels::JsonSink& sink, duckdb::Vector& vector, const types::DataType& type,
                     uint64_t rows) {
  auto& mask = duckdb::FlatVector::Validity(vector);
  if (mask.CheckAllValid(rows)) mask.Reset();
  if (type.id() == DataTypeId::kStruct) {
    auto& entries = duckdb::StructVector::GetEntries(vector);
    for (size_t i = 0; i < entries.size(); ++i)
      close_json_sink(sink.children[i], *entries[i], type.fields()[i].type, rows);
  } else if (sink.physical == kernels::Physical::kList) {
    duckdb::ListVector::SetListSize(vector, sink.used);
    close_json_sink(sink.children[0], duckdb::ListVector::GetEntry(vector), child_type(type),
                    sink.used);
  }
}

}  // namespace firn::engine
