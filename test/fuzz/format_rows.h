// Any bytes as a file of a format: its schema, then its rows, into columns in memory of their own.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "files/file_store.h"
#include "formats/reader.h"
#include "kernels/json_decoder.h"

namespace firn::fuzz {

// Of any type; elements of lists and fields of structs in children.
class Column final : public kernels::Output {
 public:
  Column(types::DataType type, uint64_t rows) : type_(std::move(type)) {
    physical_ = kernels::physical_of(type_);
    reset(rows);
  }
  char* new_bytes(size_t size) override {
    texts_.push_back(std::make_unique<char[]>(size));
    return texts_.back().get();
  }
  void keep(std::shared_ptr<const void> owner) override { owners_.push_back(std::move(owner)); }
  Output& child(size_t index) override {
    if (children_.size() <= index) children_.resize(index + 1);
    if (!children_[index]) {
      const bool structure = type_.id() == types::DataTypeId::kStruct;
      children_[index] = std::make_unique<Column>(child_type(index), structure ? size_ : 0);
    }
    return *children_[index];
  }
  void resize(uint64_t size) override { static_cast<Column&>(child(0)).reset(size); }

 private:
  types::DataType child_type(size_t index) const {
    switch (type_.id()) {
      case types::DataTypeId::kStruct:
        return type_.fields().at(index).type;
      case types::DataTypeId::kArray:
        return type_.element();
      default:
        return types::DataType::structure(
            {{"key", type_.key(), true, ""}, {"value", type_.value(), true, ""}});
    }
  }
  void reset(uint64_t rows) {
    size_ = rows;
    values_.resize(rows * 16);
    bits_.resize((rows >> 6) + 1, ~uint64_t{0});
    data_ = values_.data();
    validity_ = bits_.data();
    if (type_.id() != types::DataTypeId::kStruct) return;
    for (auto& child : children_) {
      if (child) child->reset(rows);
    }
  }

  types::DataType type_;
  std::vector<char> values_;
  std::vector<uint64_t> bits_;
  std::vector<std::unique_ptr<Column>> children_;
  std::vector<std::unique_ptr<char[]>> texts_;
  std::vector<std::shared_ptr<const void>> owners_;
};

// Errors of firn are answers, all but those that say that firn is wrong.
inline void read_as(const formats::Format& format, std::string_view bytes,
                    const std::map<std::string, std::string>& given) {
  constexpr const char* kUri = "mem://fuzz/a.bin";
  constexpr uint64_t kRows = 64;
  try {
    const auto store = files::make_memory_store();
    const auto file = store->create(kUri, files::WriteMode::kOverwrite);
    file->write(bytes);
    file->finish();
    const formats::Options options(given);
    const formats::FilePart part{kUri, 0, -1, static_cast<int64_t>(bytes.size()), 0};
    const types::DataType schema = format.infer(*store, options, {part});
    formats::ReadRequest request{*store, options, schema, {}};
    std::vector<std::unique_ptr<Column>> columns;
    std::vector<kernels::Output*> outputs;
    for (size_t i = 0; i < schema.fields().size(); ++i)
      request.wanted.push_back(static_cast<int>(i));
    const auto reader = format.open(request, part);
    uint64_t rows = 0;
    do {
      columns.clear();
      outputs.clear();
      for (const types::StructField& field : schema.fields()) {
        columns.push_back(std::make_unique<Column>(field.type, kRows));
        outputs.push_back(columns.back().get());
      }
      rows = reader->read(outputs, kRows);
    } while (rows > 0);
  } catch (const Error& error) {
    if (error.code() == Code::kInternal) throw;
  }
}

}  // namespace firn::fuzz
