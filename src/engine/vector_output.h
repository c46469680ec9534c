// DuckDB's vectors as the columns that kernels write to.
#pragma once

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "base/error.h"
#include "engine/chunk_body.h"
#include "kernels/kernel.h"

namespace firn::engine {

// The vector outlives it.
class VectorOutput final : public kernels::Output {
 public:
  VectorOutput(duckdb::Vector& vector, uint64_t size) : vector_(vector) { refresh(size); }

  char* new_bytes(size_t size) override {
    auto text = duckdb::StringVector::EmptyString(vector_, size < 16 ? 16 : size);
    return text.GetDataWriteable();
  }

  void keep(std::shared_ptr<const void> owner) override { hold(vector_, std::move(owner)); }

  kernels::Output& child(size_t index) override {
    children_.resize(std::max(children_.size(), index + 1));
    if (!children_[index]) {
      const bool list = physical_ == kernels::Physical::kList;
      duckdb::Vector& child = list ? duckdb::ListVector::GetEntry(vector_)
                                   : *duckdb::StructVector::GetEntries(vector_).at(index);
      children_[index] = std::make_unique<VectorOutput>(
          child, list ? duckdb::ListVector::GetListSize(vector_) : size_);
    }
    return *children_[index];
  }

  // Called on a list's element column by way of its list.
  void resize(uint64_t size) override {
    FIRN_CHECK(physical_ == kernels::Physical::kList, "only a list's elements can be resized");
    duckdb::ListVector::Reserve(vector_, size);
    duckdb::ListVector::SetListSize(vector_, size);
    static_cast<VectorOutput&>(child(0)).refresh(size);
  }

 private:
  void refresh(uint64_t size) {
    size_ = size;
    const kernels::ColumnView view = view_shape(vector_);
    physical_ = view.physical;
    data_ =
        physical_ == kernels::Physical::kStruct ? nullptr : duckdb::FlatVector::GetData(vector_);
    duckdb::ValidityMask& mask = duckdb::FlatVector::Validity(vector_);
    mask.EnsureWritable();
    validity_ = mask.GetData();
    for (auto& child : children_) {
      if (child && physical_ == kernels::Physical::kStruct) child->refresh(size);
    }
  }
  static kernels::ColumnView view_shape(duckdb::Vector& vector) { return view_of(vector, 0); }

  duckdb::Vector& vector_;
  std::vector<std::unique_ptr<VectorOutput>> children_;
};

}  // namespace firn::engine
