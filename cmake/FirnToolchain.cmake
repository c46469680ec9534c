# Language level, warnings, sanitizers, and the fast tools (ccache, mold) where the machine has them.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_BUILD_RPATH_USE_ORIGIN ON)

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()
if(CMAKE_BUILD_TYPE STREQUAL "Release" OR FIRN_SANITIZE)
  option(FIRN_UNITY "compile several sources of a module as one" ON)
endif()
set(CMAKE_CXX_FLAGS_DEBUG "-O1 -g1 -fno-omit-frame-pointer")
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # The compiler collects its garbage less often, which saves a tenth of its time; a job stays below 1.5 GB.
  string(APPEND CMAKE_CXX_FLAGS_RELEASE " --param ggc-min-expand=1000 --param ggc-min-heapsize=1000000")
endif()

find_program(FIRN_CCACHE ccache)
if(FIRN_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # The sloppiness lets objects built with a precompiled header be cached; the base folder lets clones share the cache.
  set(CMAKE_CXX_COMPILER_LAUNCHER /usr/bin/env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${FIRN_CCACHE})
endif()

find_program(FIRN_MOLD mold)
if(FIRN_MOLD)
  add_link_options(-fuse-ld=mold)
endif()
add_link_options(-Wl,--as-needed)

find_package(Threads REQUIRED)

# What every target of ours compiles with.
add_library(firn_options INTERFACE)
target_include_directories(firn_options INTERFACE "${PROJECT_SOURCE_DIR}/src")
target_compile_options(firn_options INTERFACE -Wall -Wextra -Wnon-virtual-dtor -Woverloaded-virtual
  -Wno-missing-field-initializers)
target_link_libraries(firn_options INTERFACE Threads::Threads)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # ccache stores objects built with a precompiled header only with this flag.
  target_compile_options(firn_options INTERFACE -fpch-preprocess)
endif()
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  target_compile_options(firn_options INTERFACE -Wthread-safety)
endif()
if(FIRN_WERROR)
  target_compile_options(firn_options INTERFACE -Werror)
endif()
if(FIRN_SANITIZE)
  # vptr checks need the type information of foreign classes, which hidden symbols do not give.
  target_compile_options(firn_options INTERFACE -fsanitize=${FIRN_SANITIZE} -fno-sanitize=vptr)
  target_link_options(firn_options INTERFACE -fsanitize=${FIRN_SANITIZE})
  if(FIRN_SANITIZE MATCHES "undefined")
    target_compile_options(firn_options INTERFACE -fno-sanitize-recover=undefined)
  endif()
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND FIRN_SANITIZE MATCHES "address")
    # As shared libraries the two runtimes of g++ disturb each other: log_path is then not heeded.
    target_link_options(firn_options INTERFACE -static-libasan -static-libubsan)
  endif()
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # g++ 12 reports false positives in inlined standard containers once sanitizers instrument them.
    target_compile_options(firn_options INTERFACE -Wno-maybe-uninitialized -Wno-array-bounds -Wno-stringop-overflow -Wno-restrict)
  endif()
endif()
