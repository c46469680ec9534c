# firn_module(NAME [USES module…] [FOREIGN target…] [EXPOSES target…] [PCH header])
#
# The static library firn_NAME of src/NAME/*.cc and one level of sub-folders, and, from the *_test.cc files among them,
# the test program test/firn_NAME_test. USES lists every module whose headers this one may include (tools/check_layers.py
# holds it to that). A FOREIGN library is seen by this module alone; an EXPOSED one by its users too.
# A folder that has no source yet gives an interface target.
function(firn_module name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "PCH" "USES;FOREIGN;EXPOSES")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "firn_module(${name}): unknown ${arg_UNPARSED_ARGUMENTS}")
  endif()
  set(dir "${PROJECT_SOURCE_DIR}/src/${name}")
  file(GLOB sources CONFIGURE_DEPENDS "${dir}/*.cc" "${dir}/*/*.cc")
  set(tests ${sources})
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  list(FILTER sources EXCLUDE REGEX "_test\\.cc$")
  list(REMOVE_ITEM sources "${dir}/main.cc")
  list(TRANSFORM arg_USES PREPEND firn_)

  if(sources)
    add_library(firn_${name} STATIC ${sources})
    target_link_libraries(firn_${name} PUBLIC firn_options ${arg_USES} ${arg_EXPOSES} PRIVATE ${arg_FOREIGN})
    if(arg_PCH AND EXISTS "${PROJECT_SOURCE_DIR}/src/${arg_PCH}")
      # By its name below src: builds in different folders then share the compiler cache.
      target_precompile_headers(firn_${name} PRIVATE "<${arg_PCH}>")
    endif()
  else()
    add_library(firn_${name} INTERFACE)
    target_link_libraries(firn_${name} INTERFACE firn_options ${arg_USES} ${arg_EXPOSES})
  endif()

  if(EXISTS "${dir}/main.cc")
    add_executable(firn "${dir}/main.cc")
    target_link_libraries(firn PRIVATE firn_${name} ${arg_FOREIGN})
    set_target_properties(firn PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}")
  endif()

  if(FIRN_TESTS AND tests)
    add_executable(firn_${name}_test ${tests})
    target_link_libraries(firn_${name}_test PRIVATE firn_${name} ${arg_FOREIGN} GTest::gtest_main)
    if((CMAKE_BUILD_TYPE STREQUAL "Release" OR FIRN_SANITIZE) AND NOT arg_PCH)
      # What is tested is optimised, the tests themselves need not be: a third of the build was theirs.
      target_compile_options(firn_${name}_test PRIVATE -O0)
    endif()
    if(arg_PCH AND sources AND EXISTS "${PROJECT_SOURCE_DIR}/src/${arg_PCH}")
      target_precompile_headers(firn_${name}_test REUSE_FROM firn_${name})
    endif()
    set_target_properties(firn_${name}_test PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/test")
    add_test(NAME ${name} COMMAND firn_${name}_test WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
  endif()
endfunction()

# firn_per_query(module…): in release builds -O1. Where nothing runs once a row it is as quick and compiles in three
# quarters of the time.
function(firn_per_query)
  if(CMAKE_BUILD_TYPE STREQUAL "Release")
    foreach(module IN LISTS ARGN)
      target_compile_options(firn_${module} PRIVATE -O1)
    endforeach()
  endif()
endfunction()

# firn_unity(count target…): with FIRN_UNITY (release builds and those with sanitizers) `count` of a target's sources are
# compiled as one, in half the time. Names in anonymous namespaces must then differ within the target.
function(firn_unity count)
  if(FIRN_UNITY)
    foreach(target IN LISTS ARGN)
      if(TARGET ${target})
        set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE ${count})
      endif()
    endforeach()
  endif()
endfunction()
