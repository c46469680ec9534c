// The schema of many JSON texts, as Spark infers it: one type that fits all records.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "kernels/json_decoder.h"

namespace firn::kernels {

struct JsonInference {
  JsonOptions json;
  bool primitives_as_string = false;
  bool prefers_decimal = false;
  bool infer_timestamp = false;
  bool drop_field_if_all_null = false;
};

class JsonSchema {
 public:
  explicit JsonSchema(JsonInference rules);

  // A record (or an array of records). False where it is no JSON, or no object: it then counts as
  // malformed and leaves the schema as it was.
  bool add(std::string_view text);
  // A struct with fields in the order of their names; without fields where no record had any.
  types::DataType schema() const;

 private:
  struct Node {
    types::DataType type;  // leaves; VOID: nothing seen yet
    bool is_struct = false, is_array = false;
    std::map<std::string, Node, std::less<>> fields;
    std::unique_ptr<Node> element;
  };
  class Walk;
  static void merge(Node& node, const types::DataType& leaf);
  std::optional<types::DataType> settled(const Node& node) const;

  JsonInference rules_;
  std::shared_ptr<const TimeZone> zone_;
  Node root_;
};

}  // namespace firn::kernels
