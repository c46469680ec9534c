// See parquet_columns.h. The columns of DuckDB's writer are reached once it is made and before it
// writes: they know their levels, so a required one is an optional one with a level less.
#include "engine/parquet_columns.h"

#include <array>
#include <cstring>
#include <string_view>
#include <utility>

#include "base/error.h"

namespace firn::engine {
namespace {

using duckdb::idx_t;
using ColumnWriters = duckdb::vector<duckdb::unique_ptr<duckdb::ColumnWriter>>;

// The writer's columns are private and have no accessor. An explicit instantiation may name a
// private member: this is the language's own way to reach it, checked by the compiler against the
// header of the pinned version.
template <ColumnWriters duckdb::ParquetWriter::* kMember>
struct ColumnsOfWriter {
  friend ColumnWriters& columns_of(duckdb::ParquetWriter& writer) { return writer.*kMember; }
};
ColumnWriters& columns_of(duckdb::ParquetWriter& writer);
template struct ColumnsOfWriter<&duckdb::ParquetWriter::column_writers>;

// ---- Values of one length

class FixedLengthStatistics final : public duckdb::ColumnWriterStatistics {
 public:
  // `is_signed`: big-endian two's complement, else plain bytes.
  explicit FixedLengthStatistics(bool is_signed) : is_signed_(is_signed) {}

  void update(std::string_view bytes) {
    if (!seen_ || less(bytes, min_)) min_ = bytes;
    if (!seen_ || less(max_, bytes)) max_ = bytes;
    seen_ = true;
  }
  bool HasStats() override { return seen_; }
  std::string GetMin() override { return min_; }
  std::string GetMax() override { return max_; }
  std::string GetMinValue() override { return min_; }
  std::string GetMaxValue() override { return max_; }

 private:
  bool less(std::string_view a, std::string_view b) const {
    if (is_signed_ && a.front() != b.front())
      return static_cast<int8_t>(a.front()) < static_cast<int8_t>(b.front());
    return a < b;  // of equal lengths, and char_traits compares as unsigned bytes
  }

  const bool is_signed_;
  bool seen_ = false;
  std::string min_, max_;
};

using DecimalBuffer = std::array<char, 16>;

std::string_view big_endian(duckdb::hugeint_t value, size_t length, DecimalBuffer& buffer) {
  auto low = value.lower;
  auto high = static_cast<uint64_t>(value.upper);
  for (size_t i = buffer.size(); i-- > 0;) {
    uint64_t& half = i >= sizeof(uint64_t) ? low : high;
    buffer[i] = static_cast<char>(half & 0xFF);
    half >>= 8;
  }
  return std::string_view(buffer.data(), buffer.size()).substr(buffer.size() - length);
}

// fixed[L] from BLOBs of L bytes, decimals from 128-bit numbers.
class FixedLengthWriter final : public duckdb::PrimitiveColumnWriter {
 public:
  FixedLengthWriter(const ColumnWriter& replaced, uint32_t length)
      : PrimitiveColumnWriter(replaced.writer, duckdb::ParquetColumnSchema(replaced.column_schema),
                              replaced.schema_path),
        length_(length),
        is_decimal_(replaced.Type().id() == duckdb::LogicalTypeId::DECIMAL) {
    can_have_nulls = replaced.can_have_nulls;
  }

  idx_t FinalizeSchema(duckdb::vector<duckdb_parquet::SchemaElement>& schemas) override {
    const idx_t added = PrimitiveColumnWriter::FinalizeSchema(schemas);
    duckdb_parquet::SchemaElement& element = schemas.back();
    element.type = duckdb_parquet::Type::FIXED_LEN_BYTE_ARRAY;
    element.type_length = static_cast<int32_t>(length_);
    element.__isset.type_length = true;
    return added;
  }

 protected:
  duckdb::unique_ptr<duckdb::ColumnWriterStatistics> InitializeStatsState() override {
    return duckdb::make_uniq<FixedLengthStatistics>(is_decimal_);
  }

  idx_t GetRowSize(const duckdb::Vector&, const idx_t,
                   const duckdb::PrimitiveColumnWriterState&) const override {
    return length_;
  }

  void WriteVector(duckdb::WriteStream& out, duckdb::ColumnWriterStatistics* statistics,
                   duckdb::ColumnWriterPageState*, duckdb::Vector& input, idx_t begin,
                   idx_t end) override {
    auto& range = static_cast<FixedLengthStatistics&>(*statistics);
    const duckdb::ValidityMask& validity = duckdb::FlatVector::Validity(input);
    DecimalBuffer buffer;
    for (idx_t row = begin; row < end; ++row) {
      if (!validity.RowIsValid(row)) continue;
      const std::string_view bytes = bytes_of(input, row, buffer);
      FIRN_CHECK(bytes.size() == length_, "a value of fixed length has that length");
      range.update(bytes);
      out.WriteData(duckdb::const_data_ptr_cast(bytes.data()), bytes.size());
    }
  }

 private:
  std::string_view bytes_of(duckdb::Vector& input, idx_t row, DecimalBuffer& buffer) const {
    if (is_decimal_)
      return big_endian(duckdb::FlatVector::GetData<duckdb::hugeint_t>(input)[row], length_,
                        buffer);
    const auto& blob = duckdb::FlatVector::GetData<duckdb::string_t>(input)[row];
    return {blob.GetData(), blob.GetSize()};
  }

  const uint32_t length_;
  const bool is_decimal_;
};

// ---- Required columns

// A leaf without definition levels: required itself, and so are its parents. DuckDB would write
// levels of no bits, which the format does not have.
class LeafWithoutLevels final : public duckdb::ColumnWriter {
 public:
  explicit LeafWithoutLevels(duckdb::unique_ptr<ColumnWriter> leaf)
      : ColumnWriter(leaf->writer, duckdb::ParquetColumnSchema(leaf->column_schema),
                     leaf->schema_path),
        leaf_(std::move(leaf)) {}

  idx_t FinalizeSchema(duckdb::vector<duckdb_parquet::SchemaElement>& schemas) override {
    return leaf_->FinalizeSchema(schemas);
  }
  duckdb::unique_ptr<duckdb::ColumnWriterState> InitializeWriteState(
      duckdb_parquet::RowGroup& row_group) override {
    return leaf_->InitializeWriteState(row_group);
  }
  bool HasAnalyze() override { return leaf_->HasAnalyze(); }
  void Analyze(duckdb::ColumnWriterState& state, duckdb::ColumnWriterState* above,
               duckdb::Vector& vector, idx_t count) override {
    leaf_->Analyze(state, above, vector, count);
  }
  void FinalizeAnalyze(duckdb::ColumnWriterState& state) override { leaf_->FinalizeAnalyze(state); }
  void Prepare(duckdb::ColumnWriterState& state, duckdb::ColumnWriterState* above,
               duckdb::Vector& vector, idx_t count, bool can_span_pages) override {
    leaf_->Prepare(state, above, vector, count, can_span_pages);
  }
  void BeginWrite(duckdb::ColumnWriterState& state) override {
    state.definition_levels.clear();
    leaf_->BeginWrite(state);
  }
  void Write(duckdb::ColumnWriterState& state, duckdb::Vector& vector, idx_t count) override {
    leaf_->Write(state, vector, count);
  }
  void FinalizeWrite(duckdb::ColumnWriterState& state) override { leaf_->FinalizeWrite(state); }

 private:
  const duckdb::unique_ptr<ColumnWriter> leaf_;
};

// ---- The walk

ColumnWriters& children_of(duckdb::ColumnWriter& writer) {
  // The accessor gives a constant reference to a member that is not constant.
  return const_cast<ColumnWriters&>(writer.ChildWriters());
}

void conform_leaf(duckdb::unique_ptr<duckdb::ColumnWriter>& slot, const types::Type& type) {
  if (type.id() == types::TypeId::kFixed)
    slot = duckdb::make_uniq<FixedLengthWriter>(*slot, static_cast<uint32_t>(type.length()));
  if (type.id() == types::TypeId::kDecimal && type.precision() > 18)
    slot = duckdb::make_uniq<FixedLengthWriter>(*slot, decimal_bytes(type.precision()));
  if (slot->MaxDefine() == 0) slot = duckdb::make_uniq<LeafWithoutLevels>(std::move(slot));
}

// `lifted`: how many of the column's parents are required, which DuckDB took for optional.
void conform_column(duckdb::unique_ptr<duckdb::ColumnWriter>& slot, const types::Field& field,
                    idx_t lifted) {
  duckdb::ColumnWriter& writer = *slot;
  if (field.required && writer.can_have_nulls) {  // a map's keys are required already
    writer.column_schema.repetition_type = duckdb_parquet::FieldRepetitionType::REQUIRED;
    writer.can_have_nulls = false;
    ++lifted;
  }
  writer.column_schema.max_define -= lifted;
  switch (field.type.id()) {
    case types::TypeId::kStruct: {
      ColumnWriters& children = children_of(writer);
      FIRN_CHECK(children.size() == field.type.fields().size(), "a struct's writer has its fields");
      for (size_t i = 0; i < children.size(); ++i)
        conform_column(children[i], field.type.fields()[i], lifted);
      break;
    }
    case types::TypeId::kList:
      conform_column(children_of(writer).at(0), field.type.element(), lifted);
      break;
    case types::TypeId::kMap: {
      duckdb::ColumnWriter& entries = *children_of(writer).at(0);
      entries.column_schema.max_define -= lifted;
      conform_column(children_of(entries).at(0), field.type.key(), lifted);
      conform_column(children_of(entries).at(1), field.type.value(), lifted);
      break;
    }
    default:
      conform_leaf(slot, field.type);
  }
}

}  // namespace

uint32_t decimal_bytes(int precision) {
  unsigned __int128 largest = 1;
  for (int i = 0; i < precision; ++i) largest *= 10;
  uint32_t bytes = 1;
  while (((static_cast<unsigned __int128>(1) << (8 * bytes - 1)) - 1) < largest - 1) ++bytes;
  return bytes;
}

void conform_columns(duckdb::ParquetWriter& writer, const std::vector<types::Field>& fields) {
  ColumnWriters& columns = columns_of(writer);
  FIRN_CHECK(columns.size() == fields.size(), "a Parquet writer has one column a field");
  for (size_t i = 0; i < fields.size(); ++i) conform_column(columns[i], fields[i], 0);
}

}  // namespace firn::engine
