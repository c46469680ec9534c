// See parquet_columns.h. The columns of DuckDB's writer are reached once it is made and before it
// writes: they know their levels, so a required one is an optional one with a level less.
#include "engine/parquet_columns.h"

#include <array>
#include <cmath>
#include <cstring>
#include <limits>
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

// ---- Leaves around leaves

// Hands everything on.
class AroundLeaf : public duckdb::ColumnWriter {
 public:
  AroundLeaf(const ColumnWriter& shown, duckdb::unique_ptr<ColumnWriter>&& leaf)
      : ColumnWriter(shown.writer, duckdb::ParquetColumnSchema(shown.column_schema),
                     shown.schema_path),
        leaf_(std::move(leaf)) {
    can_have_nulls = shown.can_have_nulls;
  }

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
  void BeginWrite(duckdb::ColumnWriterState& state) override { leaf_->BeginWrite(state); }
  void Write(duckdb::ColumnWriterState& state, duckdb::Vector& vector, idx_t count) override {
    leaf_->Write(state, vector, count);
  }
  void FinalizeWrite(duckdb::ColumnWriterState& state) override { leaf_->FinalizeWrite(state); }

 private:
  const duckdb::unique_ptr<ColumnWriter> leaf_;
};

// A leaf without definition levels: required itself, and so are its parents. DuckDB would write
// levels of no bits, which the format does not have.
class LeafWithoutLevels final : public AroundLeaf {
 public:
  explicit LeafWithoutLevels(duckdb::unique_ptr<ColumnWriter> leaf)
      : AroundLeaf(*leaf, std::move(leaf)) {}

  void BeginWrite(duckdb::ColumnWriterState& state) override {
    state.definition_levels.clear();
    AroundLeaf::BeginWrite(state);
  }
};

// Without the notes INT_32 and INT_64, which Iceberg's own writers leave out too: Iceberg's
// vectorized reader fails on an annotated int once its column has become a long.
class BareIntegers final : public AroundLeaf {
 public:
  explicit BareIntegers(duckdb::unique_ptr<ColumnWriter> leaf)
      : AroundLeaf(*leaf, std::move(leaf)) {}

  idx_t FinalizeSchema(duckdb::vector<duckdb_parquet::SchemaElement>& schemas) override {
    const idx_t added = AroundLeaf::FinalizeSchema(schemas);
    auto& is_set = schemas.back().__isset;
    is_set.converted_type = is_set.logicalType = false;
    return added;
  }
};

// Floating-point values bit by bit. DuckDB's dictionary takes -0.0 and 0.0 for one value, and NaNs
// for another; its writer of whole numbers of that width keeps them apart. The file's statistics
// are made here, for it would compare bits.
template <class Float>
class ExactFloats final : public AroundLeaf {
 public:
  explicit ExactFloats(const ColumnWriter& replaced)
      : AroundLeaf(replaced, whole_numbers(replaced)) {}

  idx_t FinalizeSchema(duckdb::vector<duckdb_parquet::SchemaElement>& schemas) override {
    const idx_t added = AroundLeaf::FinalizeSchema(schemas);
    duckdb_parquet::SchemaElement& element = schemas.back();
    element.type = sizeof(Float) == 4 ? duckdb_parquet::Type::FLOAT : duckdb_parquet::Type::DOUBLE;
    element.__isset.converted_type = element.__isset.logicalType = false;
    return added;
  }
  duckdb::unique_ptr<duckdb::ColumnWriterState> InitializeWriteState(
      duckdb_parquet::RowGroup& row_group) override {
    row_group_ = &row_group;
    column_ = row_group.columns.size();
    low_ = std::numeric_limits<Float>::infinity();
    high_ = -low_;
    has_nan_ = false;
    return AroundLeaf::InitializeWriteState(row_group);
  }
  void Analyze(duckdb::ColumnWriterState& state, duckdb::ColumnWriterState* above,
               duckdb::Vector& vector, idx_t count) override {
    duckdb::Vector bits = bits_of(vector);
    AroundLeaf::Analyze(state, above, bits, count);
  }
  void Prepare(duckdb::ColumnWriterState& state, duckdb::ColumnWriterState* above,
               duckdb::Vector& vector, idx_t count, bool can_span_pages) override {
    const Float* values = duckdb::FlatVector::GetData<Float>(vector);
    const duckdb::ValidityMask& validity = duckdb::FlatVector::Validity(vector);
    const bool all_valid = validity.AllValid();
    for (idx_t row = 0; row < count; ++row) {
      if (!all_valid && !validity.RowIsValid(row)) continue;
      has_nan_ |= std::isnan(values[row]);
      low_ = values[row] < low_ ? values[row] : low_;
      high_ = values[row] > high_ ? values[row] : high_;
    }
    duckdb::Vector bits = bits_of(vector);
    AroundLeaf::Prepare(state, above, bits, count, can_span_pages);
  }
  void Write(duckdb::ColumnWriterState& state, duckdb::Vector& vector, idx_t count) override {
    duckdb::Vector bits = bits_of(vector);
    AroundLeaf::Write(state, bits, count);
  }
  void FinalizeWrite(duckdb::ColumnWriterState& state) override {
    AroundLeaf::FinalizeWrite(state);
    duckdb_parquet::Statistics& statistics = row_group_->columns[column_].meta_data.statistics;
    auto& is_set = statistics.__isset;
    is_set.min = is_set.max = is_set.min_value = is_set.max_value = false;
    is_set.is_min_value_exact = is_set.is_max_value_exact = false;
    if (has_nan_ || low_ > high_) return;
    statistics.__set_min_value(bytes_of(low_ == 0 ? -Float{0} : low_));
    statistics.__set_max_value(bytes_of(high_ == 0 ? Float{0} : high_));
  }

 private:
  static duckdb::LogicalType bits_type() {
    return sizeof(Float) == 4 ? duckdb::LogicalType::INTEGER : duckdb::LogicalType::BIGINT;
  }
  // The same memory under another type.
  static duckdb::Vector bits_of(const duckdb::Vector& vector) {
    duckdb::Vector bits(bits_type(), nullptr);
    bits.Reinterpret(vector);
    return bits;
  }
  static duckdb::unique_ptr<ColumnWriter> whole_numbers(const ColumnWriter& replaced) {
    duckdb::vector<std::string> parents = replaced.schema_path;
    parents.pop_back();  // the new writer adds its own name
    const duckdb::ParquetColumnSchema& schema = replaced.Schema();
    auto made = CreateWriterRecursive(replaced.writer.GetContext(), replaced.writer, parents,
                                      bits_type(), schema.name, false, nullptr, nullptr,
                                      schema.max_repeat, schema.max_define, true);
    made->column_schema.max_define = schema.max_define;
    made->column_schema.repetition_type = schema.repetition_type;
    made->column_schema.field_id = schema.field_id;
    made->can_have_nulls = replaced.can_have_nulls;
    return made;
  }
  static std::string bytes_of(Float value) {
    return std::string(reinterpret_cast<const char*>(&value), sizeof(value));
  }

  duckdb_parquet::RowGroup* row_group_ = nullptr;  // that is written; outlives its state
  idx_t column_ = 0;
  Float low_ = 0, high_ = 0;
  bool has_nan_ = false;
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
  if (type.id() == types::TypeId::kFloat) slot = duckdb::make_uniq<ExactFloats<float>>(*slot);
  if (type.id() == types::TypeId::kDouble) slot = duckdb::make_uniq<ExactFloats<double>>(*slot);
  if (type.id() == types::TypeId::kInt || type.id() == types::TypeId::kLong)
    slot = duckdb::make_uniq<BareIntegers>(std::move(slot));
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
