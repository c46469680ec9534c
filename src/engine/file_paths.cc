// Expanding paths by listing the store.
#include "engine/file_paths.h"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <regex>
#include <set>
#include <utility>

#include "base/ascii.h"
#include "base/error.h"
#include "formats/value_parser.h"
#include "kernels/timestamp_text.h"

namespace firn::engine {
namespace {

constexpr std::string_view kWildcards = "*?[{\\";

std::string to_regex(std::string_view pattern) {
  std::string regex;
  int braces = 0;
  bool in_class = false;
  for (size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    if (in_class) {
      in_class = c != ']';
      regex += c == '\\' ? "\\\\" : std::string(1, c == '!' && pattern[i - 1] == '[' ? '^' : c);
      continue;
    }
    switch (c) {
      case '\\':  // the next character stands for itself
        if (i + 1 < pattern.size()) regex += std::string("\\") + pattern[++i];
        break;
      case '*':
        regex += "[^/]*";
        break;
      case '?':
        regex += "[^/]";
        break;
      case '[':
        regex += c;
        in_class = true;
        break;
      case '{':
        regex += "(?:";
        ++braces;
        break;
      case '}':
        regex += braces > 0 ? ")" : "\\}";
        braces = std::max(0, braces - 1);
        break;
      case ',':
        regex += braces > 0 ? "|" : ",";
        break;
      default:
        if (std::string_view(R"(\.^$+()|])").find(c) != std::string_view::npos) regex += '\\';
        regex += c;
    }
  }
  return regex;
}

std::string decode(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && std::isxdigit(text[i + 1]) != 0 &&
        std::isxdigit(text[i + 2]) != 0) {
      out.push_back(static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16)));
      i += 2;
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

// Files that jobs leave beside their data.
bool is_hidden(std::string_view name) {
  const bool schema = name.starts_with("_metadata") || name.starts_with("_common_metadata");
  return !schema && ((name[0] == '_' && name.find('=') == std::string_view::npos) ||
                     name[0] == '.' || name.ends_with("._COPYING_"));
}

// The file below `base`; false where it is hidden. Fills the partition from the folders between.
bool place(std::string_view base, const std::string& uri, PlacedFile& out) {
  std::string_view rest = std::string_view(uri).substr(std::min(base.size(), uri.size()));
  out.uri = uri;
  for (size_t start = 0; start <= rest.size();) {
    const size_t slash = std::min(rest.find('/', start), rest.size());
    const std::string_view part = rest.substr(start, slash - start);
    start = slash + 1;
    if (part.empty()) continue;
    const size_t equals = part.find('=');
    const bool is_folder = slash < rest.size();
    const bool is_partition = is_folder && equals != std::string_view::npos && equals > 0;
    if (is_hidden(part)) return false;
    if (is_partition && out.partition.empty())
      out.root = uri.substr(0, static_cast<size_t>(part.data() - uri.data()));
    if (is_partition)
      out.partition.push_back({decode(part.substr(0, equals)), decode(part.substr(equals + 1))});
  }
  return true;
}

// What the options say of a file itself.
class FileFilter {
 public:
  explicit FileFilter(const formats::Options& options)
      : before_(instant(options, "modifiedBefore")), after_(instant(options, "modifiedAfter")) {
    if (const auto glob = options.find("pathGlobFilter")) name_ = std::regex(to_regex(*glob));
  }
  bool takes(const files::FileInfo& info) const {
    if (before_ && info.modified_ms * 1000 >= *before_) return false;
    if (after_ && info.modified_ms * 1000 <= *after_) return false;
    return !name_ || std::regex_match(file_name(info.uri), *name_);
  }

 private:
  static std::optional<int64_t> instant(const formats::Options& options, const char* name) {
    const auto text = options.find(name);
    if (!text) return std::nullopt;
    const auto value = kernels::parse_timestamp(*text, *options.zone());
    if (!value)
      throw_invalid("The timestamp provided for the '" + lower(name) +
                    "' option is invalid. The expected format is 'YYYY-MM-DDTHH:mm:ss', but the "
                    "provided timestamp: " +
                    *text);
    return value;
  }
  static std::string lower(const char* name) { return lower_case(name); }

  std::optional<int64_t> before_, after_;
  std::optional<std::regex> name_;
};

struct Listing {
  std::vector<PlacedFile> files;
  std::vector<bool> direct;  // not in a sub-folder of the path that gave it
  bool found = false;        // some file is there, whatever the filter says
};

void add(Listing& into, const files::FileInfo& info, std::string_view base, std::string_view path,
         const FileFilter& filter) {
  PlacedFile file;
  if (!place(base, info.uri, file) || is_hidden(file_name(info.uri))) return;
  into.found = true;
  if (!filter.takes(info)) return;
  file.size = info.size;
  file.modified_ms = info.modified_ms;
  std::string_view rest = std::string_view(info.uri).substr(std::min(path.size(), info.uri.size()));
  while (rest.starts_with('/')) rest.remove_prefix(1);
  into.files.push_back(std::move(file));
  into.direct.push_back(rest.find('/') == std::string_view::npos);
}

void add_pattern(files::FileStore& store, const std::string& pattern, const std::string& base,
                 const FileFilter& filter, Listing& into) {
  const size_t slash = pattern.rfind('/', pattern.find_first_of(kWildcards));
  const std::string folder = slash == std::string::npos ? "." : pattern.substr(0, slash + 1);
  const std::regex matches((slash == std::string::npos ? R"((?:\./)?)" : "") + to_regex(pattern) +
                           "(?=/|$)");
  for (const files::FileInfo& info : store.list(folder)) {
    std::smatch match;
    if (!std::regex_search(info.uri, match, matches, std::regex_constants::match_continuous))
      continue;
    const std::string_view path =
        std::string_view(info.uri).substr(0, static_cast<size_t>(match.length()));
    add(into, info, base.empty() ? path : std::string_view(base), path, filter);
  }
}

// "id, day"; in lower case, for names are the same in any.
std::string keys_of(const PlacedFile& file) {
  std::string keys;
  for (const PartitionValue& part : file.partition) keys += (keys.empty() ? "" : ", ") + part.key;
  return keys;
}
std::string folder_of(const std::string& uri) { return uri.substr(0, uri.rfind('/')); }

void check_below(std::string_view base, const std::string& path) {
  if (base.empty() || path.starts_with(base) || path + "/" == base) return;
  const bool plain = files::scheme_of(std::string(base)) == files::scheme_of(path) &&
                     path.find_first_of(kWildcards) == std::string::npos;
  if (plain)
    throw_invalid("Wrong basePath " + std::string(base) + " for the root path: " + path +
                  "; the path is to stand below it");
}

// All files have the same keys, below one folder.
void check_partitions(const std::vector<PlacedFile>& files) {
  std::map<std::string, std::string> lists;  // lower case → as written
  std::set<std::string> roots;
  std::map<std::string, std::string> folders;  // lower case keys → a folder
  for (const PlacedFile& file : files) {
    const std::string keys = keys_of(file);
    lists.emplace(lower_case(keys), keys);
    folders.emplace(lower_case(keys), folder_of(file.uri));
    roots.insert(file.root);
  }
  if (roots.size() > 1) {
    std::string paths;
    for (const std::string& root : roots)
      paths += (paths.empty() ? "\t" : "\n\t") + shown_uri(root);
    throw Error("CONFLICTING_DIRECTORY_STRUCTURES", {{"discoveredBasePaths", paths}});
  }
  if (lists.size() > 1) {
    std::string names, suspicious;
    int number = 0;
    for (const auto& [lower, keys] : lists) {
      names +=
          (number == 0 ? "\tPartition column name list #" : "\n\tPartition column name list #") +
          std::to_string(number) + ": " + keys;
      suspicious += (number == 0 ? "\t" : "\n\t") + shown_uri(folders[lower]);
      ++number;
    }
    throw Error("CONFLICTING_PARTITION_COLUMN_NAMES",
                {{"distinctPartColLists", names}, {"suspiciousPaths", suspicious}});
  }
  std::set<std::string> seen;
  for (size_t i = 0; !files.empty() && i < files.front().partition.size(); ++i) {
    const std::string key = lower_case(files.front().partition[i].key);
    if (!seen.insert(key).second)
      throw Error("COLUMN_ALREADY_EXISTS", {{"columnName", "`" + key + "`"}});
  }
}

}  // namespace

std::string file_name(const std::string& uri) {
  const size_t slash = uri.rfind('/');
  return slash == std::string::npos ? uri : uri.substr(slash + 1);
}

std::vector<PlacedFile> expand_paths(files::FileStore& store, const std::vector<std::string>& paths,
                                     const formats::Options& options) {
  const FileFilter filter(options);
  const bool recursive = options.flag("recursiveFileLookup", false);
  std::string base = options.text("basePath", "");
  if (!base.empty() && !base.ends_with('/')) base += '/';
  Listing listing;
  for (const std::string& path : paths) {
    check_below(base, path);
    listing.found = false;
    bool there = false;
    if (const auto info = store.stat(path)) {
      there = true;
      const size_t slash = path.rfind('/');
      const std::string_view own =
          std::string_view(path).substr(0, slash == std::string::npos ? 0 : slash);
      if (base.empty()) {
        if (filter.takes(*info) && !is_hidden(file_name(path))) {
          listing.files.push_back({path, {}, info->size, info->modified_ms, ""});
          listing.direct.push_back(true);
        }
      } else {
        add(listing, *info, base, own, filter);
      }
    } else if (path.find_first_of(kWildcards) != std::string::npos) {
      add_pattern(store, path, base, filter, listing);
    } else {
      const std::string prefix = path.ends_with('/') ? path : path + "/";
      for (const files::FileInfo& file : store.list(prefix))
        add(listing, file, base.empty() ? prefix : base, prefix, filter);
      there = store.folder_exists(path);
    }
    if (!there && !listing.found) throw Error("PATH_NOT_FOUND", {{"path", path}});
  }
  bool partitioned = false;
  for (PlacedFile& file : listing.files) {
    if (recursive) file.partition.clear();
    if (recursive || !base.empty()) file.root.clear();
    partitioned |= !file.partition.empty();
  }
  std::vector<PlacedFile> files;
  for (size_t i = 0; i < listing.files.size(); ++i) {
    const bool taken =
        partitioned ? !listing.files[i].partition.empty() : recursive || listing.direct[i];
    if (taken) files.push_back(std::move(listing.files[i]));
  }
  std::ranges::sort(files, {}, &PlacedFile::uri);
  check_partitions(files);
  return files;
}

namespace {

using types::DataType;
using types::DataTypeId;

// "1e3" is a whole number, as BigDecimal reads it.
DataType exponent_type(const std::string& value) {
  const size_t e = value.find_first_of("eE");
  const size_t digits = e - (value[0] == '-' || value[0] == '+' ? 1 : 0);
  const size_t zeros = std::stoul(value.substr(e + 1));
  if (digits + zeros > 38) return DataTypeId::kDouble;
  return DataType::decimal(static_cast<int>(digits + zeros), 0);
}

DataType value_type(const std::string& value, const formats::ValueFormats& formats) {
  int64_t whole = 0;
  double number = 0;
  if (value == kNullPartition) return {};
  if (formats::is_java_integer(value, INT32_MIN, INT32_MAX, whole)) return DataTypeId::kInteger;
  if (formats::is_java_integer(value, INT64_MIN, INT64_MAX, whole)) return DataTypeId::kLong;
  const bool digits = value.find_first_not_of("0123456789") == std::string::npos;
  if (!value.empty() && digits && value.size() <= 38)
    return DataType::decimal(static_cast<int>(value.size()), 0);
  static const std::regex kExponent(R"([-+]?[0-9]+[eE]\+?[0-9]{1,2})");
  if (std::regex_match(value, kExponent)) return exponent_type(value);
  if (formats::is_java_double(value, number)) return DataTypeId::kDouble;
  static const std::regex kTimestamp(
      R"([0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9])?)");
  static const std::regex kDate(R"([0-9]{4}-[0-9]{2}-[0-9]{2})");
  if (std::regex_match(value, kTimestamp) && formats::read_timestamp(value, formats))
    return DataTypeId::kTimestamp;
  if (std::regex_match(value, kDate) && formats::read_date(value, formats))
    return DataTypeId::kDate;
  return DataTypeId::kString;
}

DataType wider(const DataType& a, const DataType& b) {
  if (a == b || b.id() == DataTypeId::kNull) return a;
  if (a.id() == DataTypeId::kNull) return b;
  if (a.is_numeric() && b.is_numeric()) {
    const DataTypeId other = a.id() == DataTypeId::kDouble ? b.id() : a.id();
    if (a.id() == DataTypeId::kDouble || b.id() == DataTypeId::kDouble)  // the digits would suffer
      return other == DataTypeId::kInteger ? DataTypeId::kDouble : DataTypeId::kString;
    const auto digits = [](const DataType& type) {
      return type.id() == DataTypeId::kInteger ? 10
             : type.id() == DataTypeId::kLong  ? 20
                                               : type.precision();
    };
    if (a.id() == DataTypeId::kDecimal || b.id() == DataTypeId::kDecimal)
      return DataType::decimal(std::max(digits(a), digits(b)), 0);
    return DataTypeId::kLong;
  }
  const auto is_time = [](const DataType& type) {
    return type.id() == DataTypeId::kDate || type.id() == DataTypeId::kTimestamp;
  };
  return is_time(a) && is_time(b) ? DataTypeId::kTimestamp : DataTypeId::kString;
}

}  // namespace

std::vector<types::StructField> partition_fields(const std::vector<PlacedFile>& files,
                                                 const formats::Options& options) {
  std::vector<types::StructField> fields;
  if (files.empty()) return fields;
  formats::ValueFormats formats;
  formats.zone = options.zone();
  const bool typed = options.flag("__partitioninference", true);
  for (size_t i = 0; i < files.front().partition.size(); ++i) {
    DataType type;
    for (const PlacedFile& file : files) {
      if (!typed) break;
      type = wider(type, value_type(file.partition[i].value, formats));
    }
    if (type.id() == DataTypeId::kNull && !typed) type = DataTypeId::kString;
    fields.push_back({files.front().partition[i].key, type, true, ""});
  }
  return fields;
}

std::string shown_uri(const std::string& uri) {
  const std::string scheme = files::scheme_of(uri);
  if (!scheme.empty() && scheme != "file") return uri;
  const std::string path =
      std::filesystem::absolute(files::local_path(uri)).lexically_normal().string();
  std::string out = "file://";
  static constexpr char kHex[] = "0123456789ABCDEF";
  for (const char c : path) {  // as java.net.URI quotes paths
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = byte > ' ' && byte < 0x7f &&
                       std::string_view("\"%<>[\\]^`{|}?#").find(c) == std::string_view::npos;
    if (plain || byte >= 0x80)
      out += c;
    else
      out += {'%', kHex[byte >> 4], kHex[byte & 15]};
  }
  return out;
}

}  // namespace firn::engine
