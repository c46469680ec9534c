// Functions that format and read text in patterns, take URLs and CSV apart, cipher, and draw at
// random.
#include "functions/rows.h"

namespace firn::functions {

// clang-format off: one row a line
std::vector<Function> format_functions() {
  using enum DataTypeId;
  const Kind scalar = Kind::kScalar;
  return {
    {"to_char", {"to_varchar"}, scalar, {any(), string()}, fixed(kString), kReplaced, "A number in a pattern such as 999,990.00, a time in a pattern such as yyyy-MM-dd, or bytes as hex, base64 or utf-8."},
    {"format_decimal", {}, scalar, {any(), string()}, fixed(kString), kStrict | kCanThrow | kInternal, "A decimal in a pattern."},
    {"to_number", {}, scalar, {string(), foldable_string()}, named("to_number"), kNullOnNull | kCanThrow, "The number of a text in a pattern such as 999,990.00."},
    {"try_to_number", {}, scalar, {string(), foldable_string()}, named("to_number"), kStrict, "As to_number, NULL where the text does not fit."},
    {"try_to_binary", {}, scalar, {string(), optional(foldable_string())}, fixed(kBinary), kStrict, "As to_binary, NULL where the text does not fit."},
    {"try_url_decode", {}, scalar, {string()}, fixed(kString), kStrict, "As url_decode, NULL where the text does not fit."},
    {"parse_url", {}, scalar, {string(), string(), optional(string())}, fixed(kString), kChecked, "A part of a URL: HOST, PATH, QUERY, REF, PROTOCOL, FILE, AUTHORITY, USERINFO; with a key, its value in the query."},
    {"try_parse_url", {}, scalar, {string(), string(), optional(string())}, fixed(kString), kStrict, "As parse_url, NULL where the text is no URL."},
    {"elt", {}, scalar, {integer(), many(string())}, fixed(kString), kCanThrowInAnsi, "The n-th of the arguments behind the first."},
    {"mask", {}, scalar, {string(), optional(string()), optional(string()), optional(string()), optional(string())}, fixed(kString), kReplaced, "Letters, digits and others replaced: X, x, n and nothing by default."},
    {"mask_text", {}, scalar, {string(), string(), string(), string(), string()}, fixed(kString), kInternal, "mask with all its arguments."},
    {"sentences", {}, scalar, {string(), optional(string()), optional(string())}, fixed(DataType::array(DataType::array(kString, false), false)), kPure, "The words of each sentence."},
    {"is_valid_utf8", {}, scalar, {string()}, fixed(kBoolean), kStrict, "Whether the bytes are UTF-8."},
    {"validate_utf8", {}, scalar, {string()}, fixed(kString), kNullOnNull | kCanThrow, "The string; an error where its bytes are not UTF-8."},
    {"try_validate_utf8", {}, scalar, {string()}, fixed(kString), kStrict, "The string; NULL where its bytes are not UTF-8."},
    {"make_valid_utf8", {}, scalar, {string()}, fixed(kString), kStrict, "The string, with U+FFFD for bytes that are not UTF-8."},
    {"randstr", {}, scalar, {integer(), optional(bigint())}, fixed(kString), kVolatile, "Random letters and digits, so many."},
    {"uniform", {}, scalar, {any(), any(), optional(bigint())}, named("uniform"), kReplaced, "A random number between two."},
    {"aes_encrypt", {}, scalar, {binary(), binary(), optional(string()), optional(string()), optional(binary()), optional(binary())}, fixed(kBinary), kNullOnNull | kCanThrow, "Encrypted with AES: key of 16, 24 or 32 bytes, mode GCM (default), CBC or ECB."},
    {"aes_decrypt", {}, scalar, {binary(), binary(), optional(string()), optional(string()), optional(binary())}, fixed(kBinary), kNullOnNull | kCanThrow, "What aes_encrypt encrypted."},
    {"try_aes_decrypt", {}, scalar, {binary(), binary(), optional(string()), optional(string()), optional(binary())}, fixed(kBinary), kStrict, "As aes_decrypt, NULL where the key does not fit."},
    {"bitmap_bucket_number", {}, scalar, {bigint()}, fixed(kLong), kStrict, "Number of the bitmap that holds the value."},
    {"bitmap_bit_position", {}, scalar, {bigint()}, fixed(kLong), kStrict, "Position of the value in its bitmap."},
    {"bitmap_count", {}, scalar, {binary()}, fixed(kLong), kStrict, "Number of bits that are set."},
    {"from_csv", {}, scalar, {string(), foldable_string(), optional(any())}, named("from_json"), kReplaced, "A line of CSV as a struct of a schema; a map of options may follow."},
    {"to_csv", {}, scalar, {any(), optional(any())}, fixed(kString), kReplaced, "A struct as a line of CSV; a map of options may follow."},
    {"schema_of_csv", {}, scalar, {foldable_string(), optional(any())}, fixed(kString), kReplaced, "The schema of a line of CSV as DDL."},
    {"csv_fields", {}, scalar, {string(), string()}, fixed(DataType::array(kString)), kStrict | kInternal, "The fields of a line of CSV."},
    {"csv_line", {}, scalar, {array(), string()}, fixed(kString), kStrict | kInternal, "A line of CSV of its fields."},
  };
}
// clang-format on

}  // namespace firn::functions
