// XML text as values of Spark's types, by way of JSON, and the schema that such a text has.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "types/data_type.h"

namespace firn::kernels {

struct XmlOptions {
  std::string attribute_prefix = "_";
  std::string value_tag = "_VALUE";  // the text of an element that has attributes or children
  std::string row_tag = "ROW";       // to_xml
  bool exclude_attributes = false;
  std::string packed() const;  // as kernels take them
  static XmlOptions unpacked(std::string_view packed);
};

// A struct; nullopt where the text is no XML.
std::optional<types::DataType> xml_schema(std::string_view text, const XmlOptions& options);

}  // namespace firn::kernels
