// What inference leaves open becomes STRING.
#include "kernels/settled_type.h"

#include <utility>
#include <vector>

namespace firn::kernels {

using types::DataType;
using types::DataTypeId;

DataType settled_type(const DataType& type) {
  if (type.id() == DataTypeId::kNull) return DataTypeId::kString;
  if (type.id() == DataTypeId::kArray) return DataType::array(settled_type(type.element()));
  if (type.id() != DataTypeId::kStruct) return type;
  std::vector<types::StructField> list;
  for (const types::StructField& field : type.fields())
    list.push_back({field.name, settled_type(field.type), true, ""});
  return DataType::structure(std::move(list));
}

}  // namespace firn::kernels
