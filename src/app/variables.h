// ${name} in SQL text, as spark.sql.variable.substitute has it: values are configuration keys.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "conf/conf.h"

namespace firn::app {

struct Substituted {
  std::string text;
  std::vector<std::string> unknown;  // references without a value: they stay as written
};

// ${key}, ${spark:key}, ${sparkconf:key}, ${hiveconf:key}, ${hivevar:key} take a configuration's
// value, ${env:NAME} the environment's. A SET in the text counts for the statements after it.
Substituted substitute_variables(std::string_view text, const conf::Conf& conf);

}  // namespace firn::app
