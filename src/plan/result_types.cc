// Result types that need code: decimals' arithmetic, aggregates, containers, from_json.
#include <algorithm>

#include "kernels/number_pattern.h"
#include "plan/fold.h"
#include "plan/resolver.h"

namespace firn::plan {
DataType nullable_throughout(const DataType& type) {
  switch (type.id()) {
    case DataTypeId::kArray:
      return DataType::array(nullable_throughout(type.element()), true);
    case DataTypeId::kMap:
      return DataType::map(nullable_throughout(type.key()), nullable_throughout(type.value()),
                           true);
    case DataTypeId::kStruct: {
      std::vector<types::StructField> fields = type.fields();
      for (types::StructField& field : fields)
        field.type = nullable_throughout(field.type), field.nullable = true;
      return DataType::structure(std::move(fields));
    }
    default:
      return type;
  }
}

void Resolver::throw_json_input(const CallSite& at, const DataType& given) {
  throw_at(at.unresolved->origin, "DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE",
           {{"sqlExpr", sql_of(display(at.unresolved))},
            {"paramIndex", "first"},
            {"requiredType", "\"STRING\""},
            {"inputSql", input_text(at, 0)},
            {"inputType", quoted_type(given)}});
}

void Resolver::throw_elements(const CallSite& at, const DataType& array, const DataType& other) {
  throw_at(at.unresolved->origin, "DATATYPE_MISMATCH.ARRAY_FUNCTION_DIFF_TYPES",
           {{"sqlExpr", sql_of(display(at.unresolved))},
            {"functionName", backquoted(at.node.name)},
            {"dataType", "\"ARRAY\""},
            {"leftType", quoted_type(array)},
            {"rightType", quoted_type(other)}});
}

DataType Resolver::named_result(CallSite& at) {
  const std::string_view rule = at.function.result.named;
  std::vector<ExprPtr>& arguments = at.arguments;
  const auto type = [&](size_t index) -> const DataType& { return arguments.at(index)->type; };
  const auto constant_int = [&](size_t index, int otherwise) {
    if (index >= arguments.size()) return otherwise;
    const ExprPtr value = fold(arguments[index]);
    const Literal* constant = as_literal(*value);
    const auto* number = constant != nullptr ? std::get_if<int64_t>(&constant->value) : nullptr;
    if (number == nullptr)
      throw_at(at.unresolved->origin, "DATATYPE_MISMATCH.NON_FOLDABLE_INPUT",
               {{"sqlExpr", sql_of(display(at.unresolved))},
                {"inputName", "`scale`"},
                {"inputType", "\"INT\""},
                {"inputExpr", input_text(at, index)}});
    arguments[index] = value;
    return static_cast<int>(*number);
  };
  if (rule == "concat") {
    std::vector<ExprPtr*> values;
    bool arrays = false, binary = !arguments.empty();
    for (ExprPtr& argument : arguments) {
      values.push_back(&argument);
      arrays |= argument->type.id() == DataTypeId::kArray;
      binary &= argument->type.id() == DataTypeId::kBinary;
    }
    if (arrays) {
      common_of(at, values);
      return type(0);
    }
    if (binary) return DataTypeId::kBinary;
    for (size_t i = 0; i < arguments.size(); ++i) {
      const auto target =
          arguments[i]->type.id() == DataTypeId::kBinary
              ? std::optional<DataType>(DataTypeId::kString)
              : implicit_type(arguments[i]->type, DataTypeId::kString, options_.ansi);
      if (!target) throw_input_type(at, i, "(\"STRING\" or \"BINARY\" or \"ARRAY\")");
      arguments[i] = coerce(arguments[i], *target);
    }
    return DataTypeId::kString;
  }
  if (rule == "ceil") {
    if (arguments.size() == 2) {
      const int scale = constant_int(1, 0);
      arguments[0] = coerce(arguments[0], decimal_for(type(0)));
      const DataType given = type(0);
      const int whole = given.precision() - given.scale() + 1;
      return scale < 0 ? DataType::decimal(std::min(38, std::max(whole, -scale + 1)), 0)
                       : bounded_decimal(whole + std::min(given.scale(), scale),
                                         std::min(given.scale(), scale));
    }
    if (type(0).id() == DataTypeId::kDecimal)
      return bounded_decimal(type(0).precision() - type(0).scale() + (type(0).scale() > 0 ? 1 : 0),
                             0);
    if (!type(0).is_integral()) {
      const auto target = implicit_type(type(0), DataTypeId::kDouble, options_.ansi);
      if (!target) throw_input_type(at, 0, "(\"DOUBLE\" or \"DECIMAL\" or \"BIGINT\")");
      arguments[0] = coerce(arguments[0], DataTypeId::kDouble);
    } else {
      arguments[0] = coerce(arguments[0], DataTypeId::kLong);
    }
    return DataTypeId::kLong;
  }
  if (rule == "round") {
    const int scale = constant_int(1, 0);
    if (arguments.size() == 1) arguments.push_back(integer_literal(0));
    if (type(0).id() != DataTypeId::kDecimal) return type(0);
    const int p = type(0).precision(), s = type(0).scale(), whole = p - s + 1;
    if (scale < 0) return DataType::decimal(std::min(38, std::max(whole, -scale + 1)), 0);
    return bounded_decimal(whole + std::min(s, scale), std::min(s, scale));
  }
  if (rule == "sum" || rule == "avg") {
    const DataType given = type(0);
    const bool interval =
        given.id() == DataTypeId::kYearMonthInterval || given.id() == DataTypeId::kDayTimeInterval;
    if (interval) return rule == "sum" ? given : DataType(given.id());
    if (given.id() == DataTypeId::kDecimal)
      return rule == "sum" ? bounded_decimal(given.precision() + 10, given.scale())
                           : bounded_decimal(given.precision() + 4, given.scale() + 4);
    if (given.is_integral() && rule == "sum") {
      return DataTypeId::kLong;
    }
    if (!given.is_numeric()) {
      const auto target = implicit_type(given, DataTypeId::kDouble, options_.ansi);
      if (!target) throw_input_type(at, 0, "(\"NUMERIC\" or \"ANSI INTERVAL\")");
      arguments[0] = coerce(arguments[0], DataTypeId::kDouble);
    }
    return DataTypeId::kDouble;
  }
  if (rule == "percentile_of" || rule == "percentile_approx") {
    DataType one = DataTypeId::kDouble;
    if (rule == "percentile_approx") {
      one = type(0);
      const bool fits =
          one.is_numeric() || one.id() == DataTypeId::kDate || one.id() == DataTypeId::kTimestamp ||
          one.id() == DataTypeId::kTimestampNtz || one.id() == DataTypeId::kYearMonthInterval ||
          one.id() == DataTypeId::kDayTimeInterval;
      if (!fits) {
        const auto target = implicit_type(one, DataTypeId::kDouble, options_.ansi);
        if (!target)
          throw_input_type(at, 0,
                           "(\"NUMERIC\" or \"DATE\" or \"TIMESTAMP\" or \"TIMESTAMP_NTZ\" or "
                           "\"INTERVAL YEAR TO MONTH\" or \"INTERVAL DAY TO SECOND\")");
        arguments[0] = coerce(arguments[0], DataTypeId::kDouble);
        one = DataTypeId::kDouble;
      }
    }
    return type(1).id() == DataTypeId::kArray ? DataType::array(one, false) : one;
  }
  if (rule == "nanvl") {
    if (type(0).id() != type(1).id())
      for (ExprPtr& argument : arguments) argument = coerce(argument, DataTypeId::kDouble);
    return type(0);
  }
  if (rule == "to_number") {
    const auto* text = std::get_if<std::string>(&as_literal(*arguments[1])->value);
    if (text == nullptr) return DataType::decimal(38, 0);
    const kernels::NumberPattern pattern = kernels::parse_number_pattern(*text);
    return DataType::decimal(std::min(38, pattern.precision()), pattern.scale());
  }
  if (rule == "quantile_of_sketch" || rule == "rank_in_sketch") {
    const std::string_view name = at.function.name;
    const DataTypeId item = name.ends_with("_bigint")  ? DataTypeId::kLong
                            : name.ends_with("_float") ? DataTypeId::kFloat
                                                       : DataTypeId::kDouble;
    const bool many = type(1).id() == DataTypeId::kArray;
    const bool nullable = many && type(1).contains_null();
    const DataType asked = rule == "rank_in_sketch" ? item : DataTypeId::kDouble;
    const DataType given = rule == "rank_in_sketch" ? DataTypeId::kDouble : item;
    const DataType wanted = many ? DataType::array(asked, nullable) : asked;
    if (!implicit_type(many ? type(1).element() : type(1), asked.id(), options_.ansi))
      throw_input_type(at, 1, quoted_type(asked));
    arguments[1] = coerce(arguments[1], wanted);
    return many ? DataType::array(given, nullable) : given;
  }
  if (rule == "histogram") {
    const DataType given = type(0);
    const bool fits =
        given.is_numeric() || given.id() == DataTypeId::kDate ||
        given.id() == DataTypeId::kTimestamp || given.id() == DataTypeId::kTimestampNtz ||
        given.id() == DataTypeId::kYearMonthInterval || given.id() == DataTypeId::kDayTimeInterval;
    const std::optional<DataType> target =
        fits ? std::optional<DataType>(given)
             : implicit_type(given, DataTypeId::kDouble, options_.ansi);
    if (!target)
      throw_input_type(at, 0,
                       "(\"NUMERIC\" or \"DATE\" or \"TIMESTAMP\" or \"TIMESTAMP_NTZ\" or "
                       "\"INTERVAL YEAR TO MONTH\" or \"INTERVAL DAY TO SECOND\")");
    if (!given.is_numeric()) throw_unsupported("histogram_numeric of " + given.simple_string());
    arguments[0] = coerce(arguments[0], *target);
    return DataType::array(
        DataType::structure({{"x", type(0), true, ""}, {"y", DataTypeId::kDouble, true, ""}}));
  }
  if (rule == "collect") return DataType::array(type(0), false);
  if (rule == "array") {
    bool nullable = false;
    for (const ExprPtr& argument : arguments) nullable |= argument->nullable;
    return DataType::array(arguments.empty() ? DataType() : type(0), nullable);
  }
  if (rule == "arrays_zip") {
    std::vector<types::StructField> fields;
    for (size_t i = 0; i < arguments.size(); ++i) {
      std::string name = std::to_string(i);
      const ExprPtr& written =
          at.node.arguments.size() == arguments.size() ? at.node.arguments[i] : arguments[i];
      if (const auto* ref = std::get_if<UnresolvedName>(&written->node)) name = ref->parts.back();
      if (const auto* ref = std::get_if<ColumnRef>(&written->node)) name = ref->attribute.name;
      if (const auto* named = std::get_if<Alias>(&written->node)) name = named->name;
      fields.push_back({name, type(i).element(), true, ""});
    }
    return DataType::array(DataType::structure(std::move(fields)), false);
  }
  if (rule == "array_insert") {
    if (as_literal(*fold(arguments[1])) != nullptr &&
        types::is_null(as_literal(*fold(arguments[1]))->value))
      throw_input_type(at, 1, "\"INT\"");
    const auto element = type(0).element().id() == DataTypeId::kNull &&
                                 type(2).id() != DataTypeId::kNull && as_literal(*arguments[0])
                             ? std::nullopt
                             : element_type(type(0).element(), type(2), options_.ansi);
    if (!element) throw_elements(at, type(0), type(2));
    const DataType result = DataType::array(*element, true);
    arguments[0] = coerce(arguments[0], result), arguments[2] = coerce(arguments[2], *element);
    return result;
  }
  if (rule == "array_with") {
    if (as_literal(*arguments[0]) != nullptr && type(0).element().id() == DataTypeId::kNull) {
      arguments[0] = null_of({});
      throw_input_type(at, 0, "\"ARRAY\"");
    }
    const auto element = element_type(type(0).element(), type(1), options_.ansi);
    if (!element) throw_elements(at, type(0), type(1));
    const DataType result =
        DataType::array(*element, type(0).contains_null() || arguments[1]->nullable);
    arguments[0] = coerce(arguments[0], result), arguments[1] = coerce(arguments[1], *element);
    return result;
  }
  if (rule == "map") {
    if (arguments.size() % 2 != 0)
      throw_at(at.unresolved->origin, "WRONG_NUM_ARGS.WITHOUT_SUGGESTION",
               {{"functionName", "`map`"},
                {"expectedNum", "2n (n > 0)"},
                {"actualNum", std::to_string(arguments.size())},
                {"docroot", "https://spark.apache.org/docs/latest"}});
    std::vector<ExprPtr*> keys, values;
    bool nullable = false;
    for (size_t i = 0; i < arguments.size(); ++i) {
      (i % 2 == 0 ? keys : values).push_back(&arguments[i]);
      nullable |= i % 2 == 1 && arguments[i]->nullable;
    }
    if (keys.empty()) return DataType::map({}, {}, false);
    common_of(at, keys), common_of(at, values);
    return DataType::map(type(0), type(1), nullable);
  }
  if (rule == "map_from_arrays")
    return DataType::map(type(0).element(), type(1).element(), type(1).contains_null());
  if (rule == "map_from_entries") {
    const DataType entry = type(0).element();
    if (entry.id() != DataTypeId::kStruct || entry.fields().size() != 2)
      throw_input_type(at, 0, "\"ARRAY\" of pair \"STRUCT\"");
    return DataType::map(entry.fields()[0].type, entry.fields()[1].type,
                         entry.fields()[1].nullable);
  }
  if (rule == "map_keys") return DataType::array(type(0).key(), false);
  if (rule == "map_values") return DataType::array(type(0).value(), type(0).contains_null());
  if (rule == "map_entries")
    return DataType::array(
        DataType::structure({{"key", type(0).key(), false, ""},
                             {"value", type(0).value(), type(0).contains_null(), ""}}),
        false);
  if (rule == "map_value") return type(0).value();
  if (rule == "element_at") {
    if (type(0).id() == DataTypeId::kMap) {
      arguments[1] = coerce(arguments[1], type(0).key());
      return type(0).value();
    }
    if (!type(1).is_integral()) throw_input_type(at, 1, "\"INT\"");
    arguments[1] = coerce(arguments[1], DataTypeId::kInteger);
    return type(0).element();
  }
  if (rule == "named_struct") {
    std::vector<types::StructField> fields;
    if (arguments.size() % 2 != 0 || arguments.empty())
      throw_at(at.unresolved->origin, "WRONG_NUM_ARGS.WITHOUT_SUGGESTION",
               {{"functionName", "`named_struct`"},
                {"expectedNum", "2n (n > 0)"},
                {"actualNum", std::to_string(arguments.size())},
                {"docroot", "https://spark.apache.org/docs/latest"}});
    for (size_t i = 0; i < arguments.size(); i += 2) {
      arguments[i] = fold(arguments[i]);
      const Literal* constant = as_literal(*arguments[i]);
      const auto* name = constant != nullptr ? std::get_if<std::string>(&constant->value) : nullptr;
      if (name == nullptr)
        throw_at(at.unresolved->origin,
                 "DATATYPE_MISMATCH.CREATE_NAMED_STRUCT_WITHOUT_FOLDABLE_STRING",
                 {{"sqlExpr", sql_of(display(at.unresolved))},
                  {"inputExprs", "[" + input_text(at, i) + "]"}});
      fields.push_back({*name, type(i + 1), arguments[i + 1]->nullable, ""});
    }
    return DataType::structure(std::move(fields));
  }
  if (rule == "from_json") {
    const auto* text = std::get_if<std::string>(&as_literal(*arguments[1])->value);
    const auto* read_as = std::get_if<Cast>(&arguments[0]->node);
    if (read_as != nullptr && read_as->implicit) throw_json_input(at, read_as->child->type);
    if (text == nullptr)
      throw_at(at.unresolved->origin, "INVALID_SCHEMA.NON_STRING_LITERAL",
               {{"inputSchema", input_text(at, 1)}});
    const DataType schema = surroundings_.parse_schema(*text);
    if (arguments.size() > 2) {
      arguments[2] = fold(arguments[2]);
      if (arguments[2]->type.id() != DataTypeId::kMap)
        throw_input_type(at, 2, "\"MAP<STRING, STRING>\"");
    }
    return nullable_throughout(schema);
  }
  if (rule == "sequence") {
    const DataType first = type(0);
    const bool temporal = first.id() == DataTypeId::kDate || first.id() == DataTypeId::kTimestamp ||
                          first.id() == DataTypeId::kTimestampNtz;
    if (!first.is_integral() && !temporal)
      throw_input_type(at, 0, "(\"INTEGRAL\" or \"DATE\" or \"TIMESTAMP\")");
    if (temporal) {
      const auto common = common_type(first, type(1), options_.ansi);
      if (!common) throw_input_type(at, 1, quoted_type(first));
      arguments[0] = coerce(arguments[0], *common), arguments[1] = coerce(arguments[1], *common);
    } else {
      std::vector<ExprPtr*> values;
      for (ExprPtr& argument : arguments) values.push_back(&argument);
      common_of(at, values);
    }
    return DataType::array(type(0), false);
  }
  if (rule == "interval_of_first")
    return type(0).id() == DataTypeId::kYearMonthInterval ? DataType(DataTypeId::kYearMonthInterval)
                                                          : DataType(DataTypeId::kDayTimeInterval);
  throw Error("FIRN_INTERNAL", {{"what", "the function table names the result rule " +
                                             std::string(rule) + ", which nobody knows"}});
}

}  // namespace firn::plan
