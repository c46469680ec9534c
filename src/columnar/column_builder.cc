// One builder a layout: bits, fixed widths, decimals, strings, lists, structs.
#include "columnar/column_builder.h"

#include <cstring>
#include <limits>
#include <utility>
#include <vector>

#include <arrow/array/data.h>
#include <arrow/buffer_builder.h>
#include <arrow/type.h>

#include "columnar/arrow_status.h"

namespace firn::columnar {
namespace {

using kernels::ColumnView;
using kernels::Physical;
using types::DataType;
using types::DataTypeId;

// Validity that costs nothing until the first NULL comes.
class ValidityBuilder {
 public:
  // Whether a NULL came.
  bool append(const ColumnView& view, uint64_t begin, uint64_t count) {
    if (view.validity == nullptr || all_valid(view, begin, count)) {
      append(true, count);
      return false;
    }
    materialize();
    must(bits_.Reserve(static_cast<int64_t>(count)));
    for (uint64_t row = begin; row < begin + count; ++row) {
      const bool valid = view.is_valid(row);
      bits_.UnsafeAppend(valid);
      nulls_ += valid ? 0 : 1;
    }
    rows_ += static_cast<int64_t>(count);
    return true;
  }
  void append(bool valid, uint64_t count) {
    const auto n = static_cast<int64_t>(count);
    if (!valid) materialize();
    if (nulls_ > 0 || !valid) must(bits_.Append(n, valid));
    if (!valid) nulls_ += n;
    rows_ += n;
  }
  int64_t rows() const { return rows_; }
  int64_t nulls() const { return nulls_; }
  std::shared_ptr<arrow::Buffer> finish() {
    std::shared_ptr<arrow::Buffer> buffer;
    if (nulls_ > 0) buffer = must(bits_.Finish());
    rows_ = nulls_ = 0;
    return buffer;
  }

 private:
  static bool all_valid(const ColumnView& view, uint64_t begin, uint64_t count) {
    uint64_t row = begin;
    const uint64_t end = begin + count;
    while (row < end) {
      if ((row & 63) == 0 && row + 64 <= end) {
        if (view.validity[row >> 6] != ~uint64_t{0}) return false;
        row += 64;
      } else if (!view.is_valid(row++)) {
        return false;
      }
    }
    return true;
  }
  void materialize() {
    if (nulls_ == 0 && rows_ > 0 && bits_.length() == 0) must(bits_.Append(rows_, true));
  }

  arrow::TypedBufferBuilder<bool> bits_;
  int64_t rows_ = 0, nulls_ = 0;
};

class NullBuilder final : public ColumnBuilder {
 public:
  explicit NullBuilder(std::shared_ptr<arrow::DataType> type) : type_(std::move(type)) {}
  void append(const ColumnView&, uint64_t, uint64_t count) override { append_nulls(count); }
  void append_nulls(uint64_t count) override { rows_ += static_cast<int64_t>(count); }
  int64_t bytes() const override { return 0; }
  std::shared_ptr<arrow::ArrayData> finish() override {
    return arrow::ArrayData::Make(type_, std::exchange(rows_, 0), {nullptr});
  }

 private:
  std::shared_ptr<arrow::DataType> type_;
  int64_t rows_ = 0;
};

class BooleanBuilder final : public ColumnBuilder {
 public:
  explicit BooleanBuilder(std::shared_ptr<arrow::DataType> type) : type_(std::move(type)) {}
  void append(const ColumnView& view, uint64_t begin, uint64_t count) override {
    validity_.append(view, begin, count);
    must(bits_.Reserve(static_cast<int64_t>(count)));
    const auto* values = view.values<uint8_t>();
    for (uint64_t row = begin; row < begin + count; ++row) bits_.UnsafeAppend(values[row] != 0);
  }
  void append_nulls(uint64_t count) override {
    validity_.append(false, count);
    must(bits_.Append(static_cast<int64_t>(count), false));
  }
  int64_t bytes() const override { return bits_.length() / 8; }
  std::shared_ptr<arrow::ArrayData> finish() override {
    const int64_t rows = validity_.rows(), nulls = validity_.nulls();
    auto validity = validity_.finish();
    return arrow::ArrayData::Make(type_, rows, {std::move(validity), must(bits_.Finish())}, nulls);
  }

 private:
  std::shared_ptr<arrow::DataType> type_;
  ValidityBuilder validity_;
  arrow::TypedBufferBuilder<bool> bits_;
};

// Values whose layout is the same on both sides.
class FixedBuilder final : public ColumnBuilder {
 public:
  FixedBuilder(std::shared_ptr<arrow::DataType> type, int64_t width)
      : type_(std::move(type)), width_(width) {}
  void append(const ColumnView& view, uint64_t begin, uint64_t count) override {
    const int64_t from = values_.length();
    must(values_.Append(static_cast<const uint8_t*>(view.data) + begin * width_,
                        static_cast<int64_t>(count) * width_));
    if (!validity_.append(view, begin, count)) return;
    // Values of NULL rows are whatever was in that memory: they stay here.
    uint8_t* const values = values_.mutable_data() + from;
    for (uint64_t row = 0; row < count; ++row) {
      if (!view.is_valid(begin + row)) std::memset(values + row * width_, 0, width_);
    }
  }
  void append_nulls(uint64_t count) override {
    validity_.append(false, count);
    must(values_.Append(static_cast<int64_t>(count) * width_, 0));
  }
  int64_t bytes() const override { return values_.length(); }
  std::shared_ptr<arrow::ArrayData> finish() override {
    const int64_t rows = validity_.rows(), nulls = validity_.nulls();
    auto validity = validity_.finish();
    return arrow::ArrayData::Make(type_, rows, {std::move(validity), must(values_.Finish())},
                                  nulls);
  }

 private:
  std::shared_ptr<arrow::DataType> type_;
  int64_t width_;
  ValidityBuilder validity_;
  arrow::BufferBuilder values_;
};

// Decimals come in 16 to 128 bits, by their precision, and go out in 128.
class DecimalBuilder final : public ColumnBuilder {
 public:
  explicit DecimalBuilder(std::shared_ptr<arrow::DataType> type) : type_(std::move(type)) {}
  void append(const ColumnView& view, uint64_t begin, uint64_t count) override {
    validity_.append(view, begin, count);
    must(values_.Reserve(static_cast<int64_t>(count)));
    switch (view.physical) {
      case Physical::kInt16:
        return widen(view, view.values<int16_t>(), begin, count);
      case Physical::kInt32:
        return widen(view, view.values<int32_t>(), begin, count);
      case Physical::kInt64:
        return widen(view, view.values<int64_t>(), begin, count);
      case Physical::kInt128:
        return widen(view, view.values<kernels::Int128Cell>(), begin, count);
      default:
        FIRN_CHECK(false, "a decimal column is of integers");
    }
  }
  void append_nulls(uint64_t count) override {
    validity_.append(false, count);
    must(values_.Append(static_cast<int64_t>(count), Wide{}));
  }
  int64_t bytes() const override { return values_.length() * static_cast<int64_t>(sizeof(Wide)); }
  std::shared_ptr<arrow::ArrayData> finish() override {
    const int64_t rows = validity_.rows(), nulls = validity_.nulls();
    auto validity = validity_.finish();
    return arrow::ArrayData::Make(type_, rows, {std::move(validity), must(values_.Finish())},
                                  nulls);
  }

 private:
  struct Wide {
    uint64_t low = 0;
    int64_t high = 0;
  };
  template <class T>
  void widen(const ColumnView& view, const T* values, uint64_t begin, uint64_t count) {
    for (uint64_t row = begin; row < begin + count; ++row) {
      const __int128 value = view.is_valid(row) ? static_cast<__int128>(values[row]) : 0;
      values_.UnsafeAppend({static_cast<uint64_t>(value), static_cast<int64_t>(value >> 64)});
    }
  }

  std::shared_ptr<arrow::DataType> type_;
  ValidityBuilder validity_;
  arrow::TypedBufferBuilder<Wide> values_;
};

template <class Offset>
class StringBuilder final : public ColumnBuilder {
 public:
  explicit StringBuilder(std::shared_ptr<arrow::DataType> type) : type_(std::move(type)) {}
  void append(const ColumnView& view, uint64_t begin, uint64_t count) override {
    validity_.append(view, begin, count);
    must(offsets_.Reserve(static_cast<int64_t>(count) + 1));
    const auto* strings = view.values<kernels::StringRef>();
    int64_t total = 0;
    for (uint64_t row = begin; row < begin + count; ++row) {
      if (view.is_valid(row)) total += strings[row].length;
    }
    if (text_.length() + total > std::numeric_limits<Offset>::max())
      throw Error("FIRN_RESOURCE", {{"what", "Strings of one batch of results pass 2 GB."}});
    must(text_.Reserve(total));
    for (uint64_t row = begin; row < begin + count; ++row) {
      offsets_.UnsafeAppend(static_cast<Offset>(text_.length()));
      if (view.is_valid(row)) text_.UnsafeAppend(strings[row].data(), strings[row].length);
    }
  }
  void append_nulls(uint64_t count) override {
    validity_.append(false, count);
    must(offsets_.Append(static_cast<int64_t>(count), static_cast<Offset>(text_.length())));
  }
  int64_t bytes() const override {
    return text_.length() + validity_.rows() * static_cast<int64_t>(sizeof(Offset));
  }
  std::shared_ptr<arrow::ArrayData> finish() override {
    const int64_t rows = validity_.rows(), nulls = validity_.nulls();
    must(offsets_.Append(static_cast<Offset>(text_.length())));
    auto validity = validity_.finish();
    auto offsets = must(offsets_.Finish());
    return arrow::ArrayData::Make(
        type_, rows, {std::move(validity), std::move(offsets), must(text_.Finish())}, nulls);
  }

 private:
  std::shared_ptr<arrow::DataType> type_;
  ValidityBuilder validity_;
  arrow::TypedBufferBuilder<Offset> offsets_;
  arrow::BufferBuilder text_;
};

// Arrays and maps: both are lists of one child.
class ListBuilder final : public ColumnBuilder {
 public:
  ListBuilder(std::shared_ptr<arrow::DataType> type, std::unique_ptr<ColumnBuilder> elements)
      : type_(std::move(type)), elements_(std::move(elements)) {}
  void append(const ColumnView& view, uint64_t begin, uint64_t count) override {
    validity_.append(view, begin, count);
    const auto* entries = view.values<kernels::ListEntry>();
    const ColumnView& child = view.children.at(0);
    uint64_t run = 0, run_end = 0;  // entries that follow each other are copied in one go
    for (uint64_t row = begin; row < begin + count; ++row) {
      must(offsets_.Append(checked(length_)));
      if (!view.is_valid(row)) continue;
      const kernels::ListEntry& entry = entries[row];
      if (entry.length == 0) continue;
      if (entry.offset != run_end) {
        if (run_end > run) elements_->append(child, run, run_end - run);
        run = run_end = entry.offset;
      }
      run_end += entry.length;
      length_ += entry.length;
    }
    if (run_end > run) elements_->append(child, run, run_end - run);
  }
  void append_nulls(uint64_t count) override {
    validity_.append(false, count);
    must(offsets_.Append(static_cast<int64_t>(count), checked(length_)));
  }
  int64_t bytes() const override { return elements_->bytes() + validity_.rows() * 4; }
  std::shared_ptr<arrow::ArrayData> finish() override {
    const int64_t rows = validity_.rows(), nulls = validity_.nulls();
    must(offsets_.Append(checked(std::exchange(length_, 0))));
    auto validity = validity_.finish();
    auto offsets = must(offsets_.Finish());
    return arrow::ArrayData::Make(type_, rows, {std::move(validity), std::move(offsets)},
                                  {elements_->finish()}, nulls);
  }

 private:
  static int32_t checked(uint64_t length) {
    if (length > std::numeric_limits<int32_t>::max())
      throw Error("FIRN_RESOURCE", {{"what", "Array elements of one batch of results pass 2^31."}});
    return static_cast<int32_t>(length);
  }

  std::shared_ptr<arrow::DataType> type_;
  std::unique_ptr<ColumnBuilder> elements_;
  ValidityBuilder validity_;
  arrow::TypedBufferBuilder<int32_t> offsets_;
  uint64_t length_ = 0;  // elements that came, those of a run that is still open included
};

class StructBuilder final : public ColumnBuilder {
 public:
  StructBuilder(std::shared_ptr<arrow::DataType> type,
                std::vector<std::unique_ptr<ColumnBuilder>> fields)
      : type_(std::move(type)), fields_(std::move(fields)) {}
  // The view may have a child more: engines fill structs without fields.
  void append(const ColumnView& view, uint64_t begin, uint64_t count) override {
    validity_.append(view, begin, count);
    for (size_t i = 0; i < fields_.size(); ++i)
      fields_[i]->append(view.children.at(i), begin, count);
  }
  void append_nulls(uint64_t count) override {
    validity_.append(false, count);
    for (const auto& field : fields_) field->append_nulls(count);
  }
  int64_t bytes() const override {
    int64_t total = 0;
    for (const auto& field : fields_) total += field->bytes();
    return total;
  }
  std::shared_ptr<arrow::ArrayData> finish() override {
    const int64_t rows = validity_.rows(), nulls = validity_.nulls();
    std::vector<std::shared_ptr<arrow::ArrayData>> children;
    for (const auto& field : fields_) children.push_back(field->finish());
    auto validity = validity_.finish();
    return arrow::ArrayData::Make(type_, rows, {std::move(validity)}, std::move(children), nulls);
  }

 private:
  std::shared_ptr<arrow::DataType> type_;
  std::vector<std::unique_ptr<ColumnBuilder>> fields_;
  ValidityBuilder validity_;
};

std::unique_ptr<ColumnBuilder> struct_builder(std::shared_ptr<arrow::DataType> arrow,
                                              const std::vector<DataType>& types) {
  std::vector<std::unique_ptr<ColumnBuilder>> fields;
  for (size_t i = 0; i < types.size(); ++i)
    fields.push_back(make_column_builder(types[i], arrow->field(static_cast<int>(i))->type()));
  return std::make_unique<StructBuilder>(std::move(arrow), std::move(fields));
}

}  // namespace

std::unique_ptr<ColumnBuilder> make_column_builder(const DataType& type,
                                                   std::shared_ptr<arrow::DataType> arrow) {
  switch (type.id()) {
    case DataTypeId::kNull:
      return std::make_unique<NullBuilder>(std::move(arrow));
    case DataTypeId::kBoolean:
      return std::make_unique<BooleanBuilder>(std::move(arrow));
    case DataTypeId::kDecimal:
      return std::make_unique<DecimalBuilder>(std::move(arrow));
    case DataTypeId::kString:
    case DataTypeId::kBinary:
      if (arrow->id() == arrow::Type::LARGE_STRING || arrow->id() == arrow::Type::LARGE_BINARY)
        return std::make_unique<StringBuilder<int64_t>>(std::move(arrow));
      return std::make_unique<StringBuilder<int32_t>>(std::move(arrow));
    case DataTypeId::kArray: {
      auto elements = make_column_builder(type.element(), arrow->field(0)->type());
      return std::make_unique<ListBuilder>(std::move(arrow), std::move(elements));
    }
    case DataTypeId::kMap: {
      auto entries = struct_builder(arrow->field(0)->type(), {type.key(), type.value()});
      return std::make_unique<ListBuilder>(std::move(arrow), std::move(entries));
    }
    case DataTypeId::kStruct: {
      std::vector<DataType> types;
      for (const types::StructField& field : type.fields()) types.push_back(field.type);
      return struct_builder(std::move(arrow), types);
    }
    default: {
      const int64_t width = arrow->byte_width();
      return std::make_unique<FixedBuilder>(std::move(arrow), width);
    }
  }
}

}  // namespace firn::columnar
