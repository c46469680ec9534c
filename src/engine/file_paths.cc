// Expanding paths by listing the store.
#include "engine/file_paths.h"

#include <algorithm>
#include <regex>
#include <utility>

#include "base/error.h"

namespace firn::engine {
namespace {

constexpr std::string_view kWildcards = "*?[{";

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
    if ((part[0] == '_' && !is_partition) || part[0] == '.') return false;
    if (is_partition)
      out.partition.push_back({decode(part.substr(0, equals)), decode(part.substr(equals + 1))});
  }
  return true;
}

void add_folder(files::FileStore& store, const std::string& folder, std::vector<PlacedFile>& out) {
  const std::string prefix = folder.ends_with('/') ? folder : folder + "/";
  for (const files::FileInfo& info : store.list(prefix)) {
    PlacedFile file;
    if (place(prefix, info.uri, file)) out.push_back(std::move(file));
  }
}

void add_pattern(files::FileStore& store, const std::string& pattern,
                 std::vector<PlacedFile>& out) {
  const size_t slash = pattern.rfind('/', pattern.find_first_of(kWildcards));
  const std::string folder = slash == std::string::npos ? "." : pattern.substr(0, slash + 1);
  const std::regex matches((slash == std::string::npos ? R"((?:\./)?)" : "") + to_regex(pattern) +
                           "(?=/|$)");
  for (const files::FileInfo& info : store.list(folder)) {
    std::smatch match;
    if (!std::regex_search(info.uri, match, matches, std::regex_constants::match_continuous))
      continue;
    PlacedFile file;
    if (place(std::string_view(info.uri).substr(0, static_cast<size_t>(match.length())), info.uri,
              file)) {
      out.push_back(std::move(file));
    }
  }
}

bool same_keys(const PlacedFile& a, const PlacedFile& b) {
  return std::ranges::equal(a.partition, b.partition, {}, &PartitionValue::key,
                            &PartitionValue::key);
}

}  // namespace

std::vector<PlacedFile> expand_paths(files::FileStore& store,
                                     const std::vector<std::string>& paths) {
  std::vector<PlacedFile> files;
  for (const std::string& path : paths) {
    const size_t before = files.size();
    if (store.stat(path))
      files.push_back({path, {}});
    else if (path.find_first_of(kWildcards) != std::string::npos)
      add_pattern(store, path, files);
    else
      add_folder(store, path, files);
    if (files.size() == before) throw Error("PATH_NOT_FOUND", {{"path", path}});
  }
  std::ranges::sort(files, {}, &PlacedFile::uri);
  const auto odd = std::ranges::find_if_not(
      files, [&](const PlacedFile& file) { return same_keys(file, files.front()); });
  if (odd != files.end()) {
    throw_invalid("the files '" + files.front().uri + "' and '" + odd->uri +
                  "' stand in folders with different partition keys; query them one by one");
  }
  return files;
}

}  // namespace firn::engine
