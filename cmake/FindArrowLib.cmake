# ArrowLib::arrow and ArrowLib::s3, from ArrowLib_ROOT (a packager's) or .deps/arrow (`./dev setup` unpacks them from
# the pyarrow wheel, which ships no CMake config). Never libparquet: it exports symbols of OpenSSL and simdjson.
find_path(ARROW_INCLUDE_DIR arrow/util/config.h HINTS "${PROJECT_SOURCE_DIR}/.deps/arrow" PATH_SUFFIXES include)
if(ARROW_INCLUDE_DIR)
  file(STRINGS "${ARROW_INCLUDE_DIR}/arrow/util/config.h" _so REGEX "define ARROW_SO_VERSION")
  string(REGEX REPLACE ".*\"(.*)\".*" "\\1" ARROW_SO_VERSION "${_so}")
endif()
foreach(_lib arrow arrow_s3)
  string(TOUPPER ${_lib} _name)
  find_library(${_name}_LIBRARY NAMES lib${_lib}.so.${ARROW_SO_VERSION} ${_lib}
    HINTS "${PROJECT_SOURCE_DIR}/.deps/arrow" PATH_SUFFIXES lib)
  mark_as_advanced(${_name}_LIBRARY)
endforeach()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(ArrowLib REQUIRED_VARS ARROW_LIBRARY ARROW_S3_LIBRARY ARROW_INCLUDE_DIR
  REASON_FAILURE_MESSAGE "run ./dev setup, or give ArrowLib_ROOT")
if(ArrowLib_FOUND AND NOT TARGET ArrowLib::arrow)
  add_library(ArrowLib::arrow SHARED IMPORTED)
  set_target_properties(ArrowLib::arrow PROPERTIES IMPORTED_LOCATION "${ARROW_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${ARROW_INCLUDE_DIR}")
  add_library(ArrowLib::s3 SHARED IMPORTED)
  set_target_properties(ArrowLib::s3 PROPERTIES IMPORTED_LOCATION "${ARROW_S3_LIBRARY}"
    INTERFACE_LINK_LIBRARIES ArrowLib::arrow)
endif()
mark_as_advanced(ARROW_INCLUDE_DIR)
