// Functions over strings and binaries.
#include "functions/rows.h"

namespace firn::functions {

// clang-format off: one row a line
std::vector<Function> string_functions() {
  using enum DataTypeId;
  const Kind scalar = Kind::kScalar;
  return {
    {"length", {"char_length", "character_length", "len"}, scalar, {string_or_binary()}, fixed(kInteger), kStrict, "Characters of a string, bytes of a binary."},
    {"octet_length", {}, scalar, {string_or_binary()}, fixed(kInteger), kStrict, "Bytes in UTF-8."},
    {"bit_length", {}, scalar, {string_or_binary()}, fixed(kInteger), kStrict, "Bits in UTF-8."},
    {"upper", {"ucase"}, scalar, {string()}, fixed(kString), kStrict, "In upper case."},
    {"lower", {"lcase"}, scalar, {string()}, fixed(kString), kStrict, "In lower case."},
    {"initcap", {}, scalar, {string()}, fixed(kString), kStrict, "The first letter of each word in upper case, the others in lower case."},
    {"trim", {}, scalar, {string(), optional(string())}, fixed(kString), kStrict, "Without spaces (or the characters of the second argument) at both ends."},
    {"btrim", {}, scalar, {string(), optional(string())}, fixed(kString), kStrict, "As trim."},
    {"ltrim", {}, scalar, {string(), optional(string())}, fixed(kString), kStrict, "Without spaces (or the characters of the second argument) at the start."},
    {"rtrim", {}, scalar, {string(), optional(string())}, fixed(kString), kStrict, "Without spaces (or the characters of the second argument) at the end."},
    {"substring", {"substr"}, scalar, {string_or_binary(), integer(), optional(integer())}, type_of(0), kStrict, "From a position (1 is the first; negative counts from the end; 0 is 1), at most as many characters as the third argument says."},
    {"substring_index", {}, scalar, {string(), string(), integer()}, fixed(kString), kStrict, "What stands before the n-th delimiter; a negative n counts from the end."},
    {"left", {}, scalar, {string_or_binary(), integer()}, type_of(0), kStrict, "The first n characters."},
    {"right", {}, scalar, {string(), integer()}, fixed(kString), kStrict, "The last n characters."},
    {"concat", {"||"}, scalar, {many(any())}, named("concat"), kNullOnNull, "Arguments put together: strings, binaries or arrays; NULL where one is NULL."},
    {"concat_ws", {}, scalar, {string(), many(one_of({kString, kArray}))}, fixed(kString), kPure, "Strings and arrays of strings with a separator between; NULLs are skipped."},
    {"replace", {}, scalar, {string(), string(), optional(string())}, fixed(kString), kStrict, "Every occurrence of the second argument replaced by the third."},
    {"translate", {}, scalar, {string(), string(), string()}, fixed(kString), kStrict, "Characters of the second argument replaced by those at the same place of the third."},
    {"overlay", {}, scalar, {string_or_binary(), same_as(0), integer(), optional(integer())}, type_of(0), kStrict, "The second argument put over the first from a position."},
    {"reverse", {}, scalar, {one_of({kString, kArray})}, type_of(0), kStrict, "Characters or elements in reverse order."},
    {"repeat", {}, scalar, {string(), integer()}, fixed(kString), kStrict, "The string n times."},
    {"space", {}, scalar, {integer()}, fixed(kString), kStrict, "n spaces."},
    {"lpad", {}, scalar, {string_or_binary(), integer(), optional(same_as(0))}, type_of(0), kStrict, "Filled at the left, or cut, to n characters."},
    {"rpad", {}, scalar, {string_or_binary(), integer(), optional(same_as(0))}, type_of(0), kStrict, "Filled at the right, or cut, to n characters."},
    {"instr", {}, scalar, {string(), string()}, fixed(kInteger), kStrict, "Position of the second argument in the first, from 1; 0 where it is not in it."},
    {"locate", {"position"}, scalar, {string(), string(), optional(integer())}, fixed(kInteger), kPure, "Position of the first argument in the second, looked for from the third on; 0 where it is not in it."},
    {"startswith", {}, scalar, {string_or_binary(), same_as(0)}, fixed(kBoolean), kStrict, "Whether the first argument starts with the second."},
    {"endswith", {}, scalar, {string_or_binary(), same_as(0)}, fixed(kBoolean), kStrict, "Whether the first argument ends with the second."},
    {"contains", {}, scalar, {string_or_binary(), same_as(0)}, fixed(kBoolean), kStrict, "Whether the second argument stands in the first."},
    {"find_in_set", {}, scalar, {string(), string()}, fixed(kInteger), kStrict, "Position of the first argument in the comma-separated second, from 1."},
    {"split_part", {}, scalar, {string(), string(), integer()}, fixed(kString), kNullOnNull | kCanThrow, "The n-th part of a string split at a delimiter; a negative n counts from the end."},
    {"ascii", {}, scalar, {string()}, fixed(kInteger), kStrict, "Code point of the first character; 0 for the empty string."},
    {"chr", {"char"}, scalar, {bigint()}, fixed(kString), kStrict, "The character of a code point modulo 256; empty where it is negative."},
    {"base64", {}, scalar, {binary()}, fixed(kString), kStrict, "Bytes in base 64."},
    {"unbase64", {}, scalar, {string()}, fixed(kBinary), kChecked, "Bytes of text in base 64."},
    {"hex", {}, scalar, {one_of({kLong, kBinary, kString})}, fixed(kString), kStrict, "In hexadecimal digits."},
    {"unhex", {}, scalar, {string()}, fixed(kBinary), kStrict, "Bytes of hexadecimal digits; NULL where there are others."},
    {"bin", {}, scalar, {bigint()}, fixed(kString), kStrict, "In binary digits."},
    {"conv", {}, scalar, {string(), integer(), integer()}, fixed(kString), kChecked, "A number in one base written in another."},
    {"encode", {}, scalar, {string(), string()}, fixed(kBinary), kNullOnNull | kCanThrow, "Bytes of a string in a character set."},
    {"decode", {}, scalar, {binary(), string()}, fixed(kString), kNullOnNull | kCanThrow, "The string of bytes in a character set."},
    {"format_number", {}, scalar, {numeric(), one_of({kInteger, kString})}, fixed(kString), kStrict, "With thousands separators and that many decimals."},
    {"format_string", {"printf"}, scalar, {string(), many(any())}, fixed(kString), kCanThrow, "Arguments in a format of printf's kind."},
    {"levenshtein", {}, scalar, {string(), string(), optional(integer())}, fixed(kInteger), kStrict, "Number of edits between two strings."},
    {"soundex", {}, scalar, {string()}, fixed(kString), kStrict, "Soundex code."},
    {"luhn_check", {}, scalar, {string()}, fixed(kBoolean), kStrict, "Whether the digits satisfy Luhn's check."},
    {"uuid", {}, scalar, {optional(bigint())}, fixed(kString), kVolatile, "A random identifier, another for each row."},
    {"quote", {}, scalar, {string()}, fixed(kString), kStrict, "As a string literal."},
    {"to_binary", {}, scalar, {string(), optional(foldable_string())}, fixed(kBinary), kNullOnNull | kCanThrow, "Bytes of text in hex, utf-8 or base64."},
    {"url_encode", {}, scalar, {string()}, fixed(kString), kStrict, "As application/x-www-form-urlencoded."},
    {"url_decode", {}, scalar, {string()}, fixed(kString), kNullOnNull | kCanThrow, "From application/x-www-form-urlencoded."},
  };
}

std::vector<Function> regex_functions() {
  using enum DataTypeId;
  const Kind scalar = Kind::kScalar;
  return {
    {"like", {}, scalar, {string(), string(), optional(foldable_string())}, fixed(kBoolean), kNullOnNull | kCanThrow, "Matches a pattern of % and _; the third argument is the escape character, `\\` by default."},
    {"ilike", {}, scalar, {string(), string(), optional(foldable_string())}, fixed(kBoolean), kNullOnNull | kCanThrow, "As like, whatever the case."},
    {"rlike", {"regexp", "regexp_like"}, scalar, {string(), string()}, fixed(kBoolean), kNullOnNull | kCanThrow, "Whether a regular expression is found in the string."},
    {"regexp_extract", {}, scalar, {string(), string(), optional(integer())}, fixed(kString), kNullOnNull | kCanThrow, "A group (1 by default) of the first match; empty where there is none."},
    {"regexp_extract_all", {}, scalar, {string(), string(), optional(integer())}, fixed(DataType::array(kString)), kNullOnNull | kCanThrow, "A group (1 by default) of all matches."},
    {"regexp_replace", {}, scalar, {string(), string(), string(), optional(integer())}, fixed(kString), kNullOnNull | kCanThrow, "Every match replaced, from a position on."},
    {"regexp_count", {}, scalar, {string(), string()}, fixed(kInteger), kNullOnNull | kCanThrow, "Number of matches."},
    {"regexp_substr", {}, scalar, {string(), string()}, fixed(kString), kNullOnNull | kCanThrow, "The first match; NULL where there is none."},
    {"regexp_instr", {}, scalar, {string(), string(), optional(integer())}, fixed(kInteger), kNullOnNull | kCanThrow, "Position of the first match, from 1; 0 where there is none."},
    {"split", {}, scalar, {string(), string(), optional(integer())}, fixed(DataType::array(kString, false)), kNullOnNull | kCanThrow, "Parts between the matches of a regular expression; at most as many as the third argument says."},
  };
}
// clang-format on

}  // namespace firn::functions
