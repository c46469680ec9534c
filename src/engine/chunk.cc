// Chunks over DuckDB's vectors: views without copies, selections, shared ownership.
#include "engine/chunk.h"

#include <utility>

#include "base/error.h"
#include "engine/chunk_body.h"

namespace firn::engine {
namespace {

static_assert(sizeof(kernels::StringRef) == sizeof(duckdb::string_t));
static_assert(duckdb::string_t::INLINE_LENGTH == 12 && duckdb::string_t::PREFIX_LENGTH == 4);
static_assert(sizeof(kernels::ListEntry) == sizeof(duckdb::list_entry_t));
static_assert(sizeof(__int128) == sizeof(duckdb::hugeint_t));
static_assert(kChunkRows == STANDARD_VECTOR_SIZE);

kernels::Physical physical_of(duckdb::PhysicalType type) {
  switch (type) {
    case duckdb::PhysicalType::BOOL:
      return kernels::Physical::kBool;
    case duckdb::PhysicalType::INT8:
      return kernels::Physical::kInt8;
    case duckdb::PhysicalType::INT16:
      return kernels::Physical::kInt16;
    case duckdb::PhysicalType::INT32:
      return kernels::Physical::kInt32;
    case duckdb::PhysicalType::INT64:
      return kernels::Physical::kInt64;
    case duckdb::PhysicalType::INT128:
      return kernels::Physical::kInt128;
    case duckdb::PhysicalType::FLOAT:
      return kernels::Physical::kFloat;
    case duckdb::PhysicalType::DOUBLE:
      return kernels::Physical::kDouble;
    case duckdb::PhysicalType::VARCHAR:
      return kernels::Physical::kString;
    case duckdb::PhysicalType::LIST:
      return kernels::Physical::kList;
    case duckdb::PhysicalType::STRUCT:
      return kernels::Physical::kStruct;
    default:
      break;
  }
  throw Error("FIRN_INTERNAL",
              {{"what", "a vector of physical type " + duckdb::TypeIdToString(type) +
                            " has no column view"}});
}

}  // namespace

void flatten(duckdb::Vector& vector, uint64_t size) {
  const bool selected = vector.GetVectorType() == duckdb::VectorType::DICTIONARY_VECTOR &&
                        vector.GetType().InternalType() == duckdb::PhysicalType::VARCHAR;
  if (!selected) {
    vector.Flatten(size);
    return;
  }
  duckdb::UnifiedVectorFormat source;
  vector.ToUnifiedFormat(size, source);
  const auto* const strings = duckdb::UnifiedVectorFormat::GetData<duckdb::string_t>(source);
  duckdb::Vector flat(vector.GetType(), std::max<uint64_t>(size, STANDARD_VECTOR_SIZE));
  auto* const out = duckdb::FlatVector::GetData<duckdb::string_t>(flat);
  for (uint64_t row = 0; row < size; ++row) {
    const auto index = source.sel->get_index(row);
    if (source.validity.RowIsValid(index)) {
      out[row] = strings[index];
    } else {
      duckdb::FlatVector::SetNull(flat, row, true);
    }
  }
  duckdb::StringVector::AddHeapReference(flat, vector);
  vector.Reference(flat);
}

kernels::ColumnView view_of(duckdb::Vector& vector, uint64_t size) {
  flatten(vector, size);
  kernels::ColumnView view;
  view.physical = physical_of(vector.GetType().InternalType());
  view.size = size;
  view.validity = duckdb::FlatVector::Validity(vector).GetData();
  switch (view.physical) {
    case kernels::Physical::kStruct:
      for (const auto& child : duckdb::StructVector::GetEntries(vector)) {
        view.children.push_back(view_of(*child, size));
      }
      break;
    case kernels::Physical::kList:
      view.data = duckdb::FlatVector::GetData(vector);
      view.children.push_back(
          view_of(duckdb::ListVector::GetEntry(vector), duckdb::ListVector::GetListSize(vector)));
      break;
    default:
      view.data = duckdb::FlatVector::GetData(vector);
  }
  return view;
}

namespace {

// Keeps an owner alive for as long as any vector refers to it.
class OwnerBuffer final : public duckdb::VectorBuffer {
 public:
  explicit OwnerBuffer(std::shared_ptr<const void> owner)
      : VectorBuffer(duckdb::VectorBufferType::OPAQUE_BUFFER), owner_(std::move(owner)) {}

 private:
  std::shared_ptr<const void> owner_;
};

void hold_buffer(duckdb::Vector& vector, const duckdb::buffer_ptr<duckdb::VectorBuffer>& owner) {
  if (vector.GetVectorType() == duckdb::VectorType::DICTIONARY_VECTOR) {
    hold_buffer(duckdb::DictionaryVector::Child(vector), owner);
    return;
  }
  switch (vector.GetType().InternalType()) {
    case duckdb::PhysicalType::VARCHAR:
      duckdb::StringVector::AddBuffer(vector, owner);
      break;
    case duckdb::PhysicalType::LIST:
      hold_buffer(duckdb::ListVector::GetEntry(vector), owner);
      break;
    case duckdb::PhysicalType::STRUCT:
      for (auto& child : duckdb::StructVector::GetEntries(vector)) hold_buffer(*child, owner);
      break;
    default:
      break;
  }
}

}  // namespace

void hold(duckdb::Vector& vector, std::shared_ptr<const void> owner) {
  hold_buffer(vector, duckdb::buffer_ptr<duckdb::VectorBuffer>(
                          duckdb::make_shared_ptr<OwnerBuffer>(std::move(owner))));
}

Chunk::Chunk() : body_(std::make_unique<Body>()) {}
Chunk::Chunk(Chunk&&) noexcept = default;
Chunk& Chunk::operator=(Chunk&&) noexcept = default;
Chunk::~Chunk() = default;

uint64_t Chunk::size() const { return body_->chunk.size(); }
uint64_t Chunk::column_count() const { return body_->chunk.ColumnCount(); }

kernels::ColumnView Chunk::column(uint64_t index) const {
  FIRN_CHECK(index < column_count(), "the chunk has no such column");
  return view_of(body_->chunk.data[index], size());
}

void Chunk::select(std::span<const uint32_t> rows) {
  duckdb::SelectionVector selection(rows.size());
  for (size_t i = 0; i < rows.size(); ++i) selection.set_index(i, rows[i]);
  body_->chunk.Slice(selection, rows.size());
}

void Chunk::keep_columns(uint64_t count) {
  if (count >= column_count()) return;
  duckdb::vector<duckdb::LogicalType> types = body_->chunk.GetTypes();
  types.resize(count);
  duckdb::DataChunk kept;
  kept.InitializeEmpty(types);
  for (uint64_t i = 0; i < count; ++i) kept.data[i].Reference(body_->chunk.data[i]);
  kept.SetCardinality(body_->chunk.size());
  body_->chunk.Move(kept);
}

void Chunk::clear() {
  body_->chunk.Reset();
  body_->owners.clear();
}

Chunk Chunk::share() const {
  Chunk copy;
  copy.body_->chunk.InitializeEmpty(body_->chunk.GetTypes());
  copy.body_->chunk.Reference(body_->chunk);
  copy.body_->owners = body_->owners;
  return copy;
}

int64_t Chunk::memory_bytes() const {
  return static_cast<int64_t>(body_->chunk.GetAllocationSize());
}

void initialize(Chunk& chunk, const duckdb::vector<duckdb::LogicalType>& types) {
  chunk = Chunk();
  chunk.body().chunk.Initialize(duckdb::Allocator::DefaultAllocator(), types);
}

void lend(Chunk& chunk, const std::vector<uint64_t>& columns, duckdb::DataChunk& out) {
  Chunk::Body& body = chunk.body();
  for (const std::shared_ptr<const void>& owner : body.owners) {
    const duckdb::buffer_ptr<duckdb::VectorBuffer> holder =
        duckdb::make_shared_ptr<OwnerBuffer>(owner);
    for (duckdb::Vector& vector : body.chunk.data) hold_buffer(vector, holder);
  }
  body.owners.clear();
  for (size_t i = 0; i < out.ColumnCount(); ++i) {
    if (columns.at(i) < body.chunk.ColumnCount()) {
      FIRN_CHECK(body.chunk.data[columns[i]].GetType() == out.data[i].GetType(),
                 "a slot got a chunk whose columns have other types");
      out.data[i].Reference(body.chunk.data[columns[i]]);
    } else {  // a row number that nobody reads: the query counts rows only
      out.data[i].SetVectorType(duckdb::VectorType::CONSTANT_VECTOR);
      duckdb::ConstantVector::SetNull(out.data[i], true);
    }
  }
  out.SetCardinality(body.chunk.size());
}

}  // namespace firn::engine
