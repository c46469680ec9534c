// Rows with nested values, made one by one: what metadata tables are made of.
#pragma once

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "engine/chunk_builder.h"
#include "plan/relation.h"
#include "plan/resolve.h"
#include "types/value.h"

namespace firn::session {

// A value of any Spark type: a primitive; or the fields of a struct, the elements of an array, the
// {key, value} pairs of a map.
struct Cell {
  Cell() : value(types::Null{}) {}
  template <class T>
    requires(!std::is_same_v<std::decay_t<T>, Cell>)
  Cell(T&& primitive) : value(std::forward<T>(primitive)) {}
  static Cell nested(std::vector<Cell> cells) {
    Cell cell;
    cell.children = std::move(cells);
    cell.is_nested = true;
    return cell;
  }

  types::Value value;
  std::vector<Cell> children;
  bool is_nested = false;
};

struct BuiltColumn {
  std::string name;
  types::DataType type;
  bool nullable = true;
};

class RowBuilder {
 public:
  explicit RowBuilder(std::vector<BuiltColumn> columns);
  void add(const std::vector<Cell>& row);  // a cell a column
  plan::RelationPtr finish(const std::vector<std::string>& qualifier, plan::IdSource& fresh);

 private:
  void flush();

  std::vector<BuiltColumn> columns_;
  std::vector<types::DataType> types_;
  engine::ChunkBuilder builder_;
  std::vector<engine::Chunk> chunks_;
  uint64_t rows_ = 0;  // of the chunk that is being filled
};

}  // namespace firn::session
