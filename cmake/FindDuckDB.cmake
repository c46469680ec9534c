# DuckDB::duckdb: the library and its internal C++ headers, both of exactly DUCKDB_VERSION_WANTED (internal layouts
# change with every patch version). Looks in DuckDB_ROOT (a packager's), then in .deps/duckdb (`./dev setup`).
#
# Only the include folders below: others under third_party shadow Debian's <zstd.h> and <re2/re2.h>.
set(DUCKDB_VERSION_WANTED 1.5.5)

find_path(DUCKDB_INCLUDE_DIR duckdb/main/client_context.hpp
  HINTS "${PROJECT_SOURCE_DIR}/.deps/duckdb" PATH_SUFFIXES src/include include)
find_library(DUCKDB_LIBRARY duckdb HINTS "${PROJECT_SOURCE_DIR}/.deps/duckdb" PATH_SUFFIXES lib)

set(_duckdb_includes "${DUCKDB_INCLUDE_DIR}")
get_filename_component(_duckdb_root "${DUCKDB_INCLUDE_DIR}/../.." ABSOLUTE)
foreach(_dir extension/parquet/include extension/json/include third_party/parquet third_party/thrift third_party/fastpforlib)
  if(IS_DIRECTORY "${_duckdb_root}/${_dir}")
    list(APPEND _duckdb_includes "${_duckdb_root}/${_dir}")
  endif()
endforeach()

# The version of the library that was found: asked once for each library, by running it.
if(DUCKDB_LIBRARY AND NOT DUCKDB_VERSION_OF STREQUAL DUCKDB_LIBRARY)
  set(_source "${CMAKE_BINARY_DIR}/CMakeFiles/duckdb_version.cc")
  file(WRITE "${_source}" "#include <cstdio>\nextern \"C\" const char* duckdb_library_version();\n"
    "int main() { std::puts(duckdb_library_version()); }\n")
  try_run(_ran _compiled "${CMAKE_BINARY_DIR}/CMakeFiles/duckdb_version" "${_source}"
    LINK_LIBRARIES "${DUCKDB_LIBRARY}" RUN_OUTPUT_VARIABLE _version)
  string(REGEX MATCH "[0-9]+\\.[0-9]+\\.[0-9]+" _version "${_version}")
  set(DUCKDB_LIBRARY_VERSION "${_version}" CACHE INTERNAL "")
  set(DUCKDB_VERSION_OF "${DUCKDB_LIBRARY}" CACHE INTERNAL "")
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(DuckDB REQUIRED_VARS DUCKDB_LIBRARY DUCKDB_INCLUDE_DIR
  REASON_FAILURE_MESSAGE "run ./dev setup, or give DuckDB_ROOT")
if(DuckDB_FOUND AND NOT DUCKDB_LIBRARY_VERSION VERSION_EQUAL DUCKDB_VERSION_WANTED)
  message(FATAL_ERROR "${DUCKDB_LIBRARY} is DuckDB '${DUCKDB_LIBRARY_VERSION}'; firn needs exactly ${DUCKDB_VERSION_WANTED}")
endif()

if(DuckDB_FOUND AND NOT TARGET DuckDB::duckdb)
  add_library(DuckDB::duckdb SHARED IMPORTED)
  set_target_properties(DuckDB::duckdb PROPERTIES IMPORTED_LOCATION "${DUCKDB_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${_duckdb_includes}")
endif()
mark_as_advanced(DUCKDB_INCLUDE_DIR DUCKDB_LIBRARY)
