// Names and options in Spark Connect's messages.
#include <algorithm>

#include "base/ascii.h"
#include "server/spark_connect/translate_parts.h"

namespace firn::server::spark_connect {

std::vector<std::string> name_parts(std::string_view text) {
  const auto invalid = [&] {
    return Error("INVALID_ATTRIBUTE_NAME_SYNTAX", {{"name", std::string(text)}});
  };
  std::vector<std::string> parts(1);
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '.') {
      if (i == 0 || i + 1 == text.size() || text[i - 1] == '.') throw invalid();
      parts.emplace_back();
      continue;
    }
    if (text[i] != '`') {
      parts.back() += text[i];
      continue;
    }
    if (!parts.back().empty()) throw invalid();
    for (++i;; ++i) {
      if (i >= text.size()) throw invalid();
      if (text[i] != '`')
        parts.back() += text[i];
      else if (i + 1 < text.size() && text[i + 1] == '`')
        parts.back() += text[i++];
      else
        break;
    }
    if (i + 1 < text.size() && text[i + 1] != '.') throw invalid();
  }
  return parts;
}

std::string option(const plan::Options& options, std::string_view key) {
  for (const auto& [name, value] : options)
    if (lower_case(name) == lower_case(key)) return value;
  return "";
}

std::string case_name(const google::protobuf::Message& message, const char* oneof) {
  const auto* which = message.GetDescriptor()->FindOneofByName(oneof);
  const auto* field =
      which != nullptr ? message.GetReflection()->GetOneofFieldDescriptor(message, which) : nullptr;
  return field != nullptr ? field->name() : "nothing";
}

void refuse(const char* what, const google::protobuf::Message& message, const char* oneof) {
  throw_unsupported(std::string(what) + " " + case_name(message, oneof) + " of Spark Connect");
}

plan::PartitionTransform partition_of(const plan::ExprPtr& expr) {
  const auto dotted = [](const std::vector<std::string>& parts) {
    std::string text;
    for (const std::string& part : parts) text += (text.empty() ? "" : ".") + part;
    return text;
  };
  if (const auto* name = std::get_if<plan::UnresolvedName>(&expr->node))
    return {"identity", {}, dotted(name->parts)};
  const auto* call = std::get_if<plan::UnresolvedCall>(&expr->node);
  plan::PartitionTransform made;
  if (call != nullptr) made.transform = lower_case(call->name);
  if (call != nullptr)
    for (const plan::ExprPtr& argument : call->arguments) {
      if (const auto* column = std::get_if<plan::UnresolvedName>(&argument->node))
        made.column = dotted(column->parts);
      const plan::Literal* constant = plan::as_literal(*argument);
      if (const auto* number =
              constant != nullptr ? std::get_if<int64_t>(&constant->value) : nullptr)
        made.parameter = static_cast<int>(*number);
    }
  if (made.column.empty())
    throw Error("FIRN_INVALID_INPUT",
                {{"what", "A table cannot be partitioned by " + plan::to_string(*expr) +
                              ". Give a column, or years, months, days, hours, bucket or truncate "
                              "of one."}});
  return made;
}

}  // namespace firn::server::spark_connect
