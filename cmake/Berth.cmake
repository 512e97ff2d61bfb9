# Compiler settings that every target shares, and berth_library / berth_program, which declare one folder
# as one target and refuse a dependency that the layering forbids.
include_guard(GLOBAL)

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
# One setting for libraries and programs alike, so that both can share a precompiled header; what is not static is
# linked accordingly by clang itself.
add_compile_options(-fPIE)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1 -DNDEBUG")
set(CMAKE_CXX_FLAGS_DEBUG "-O1 -g1")

set(BERTH_SANITIZE "" CACHE STRING "Sanitizers, as -fsanitize takes them")

find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(Boost 1.74 REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(CURL REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(CLI11 REQUIRED)
find_package(cpprestsdk REQUIRED)
find_package(date REQUIRED)
find_package(Protobuf REQUIRED)
pkg_check_modules(SYSTEMD REQUIRED IMPORTED_TARGET libsystemd)
pkg_check_modules(RE2 REQUIRED IMPORTED_TARGET re2)
# It brings -pthread, which precompiled headers were made without.
set_property(TARGET PkgConfig::RE2 PROPERTY INTERFACE_COMPILE_OPTIONS "")
pkg_check_modules(LDNS REQUIRED IMPORTED_TARGET ldns)
pkg_check_modules(SECCOMP REQUIRED IMPORTED_TARGET libseccomp)
pkg_check_modules(ZLIB REQUIRED IMPORTED_TARGET zlib)
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)
pkg_check_modules(JEMALLOC REQUIRED IMPORTED_TARGET jemalloc)

add_library(berth_flags INTERFACE)
target_include_directories(berth_flags INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(berth_flags INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Werror)
target_link_options(berth_flags INTERFACE -fuse-ld=lld)
target_link_libraries(berth_flags INTERFACE Threads::Threads)
if(BERTH_SANITIZE)
  target_compile_options(berth_flags INTERFACE -fsanitize=${BERTH_SANITIZE} -fno-omit-frame-pointer
                         -fno-sanitize-recover=all)
  target_link_options(berth_flags INTERFACE -fsanitize=${BERTH_SANITIZE})
  if(BERTH_SANITIZE MATCHES "undefined")
    # Boost 1.74 calls coroutine handlers through pointers of another type.
    target_compile_options(berth_flags INTERFACE -fno-sanitize=function)
  endif()
endif()

# Asio with coroutines: Boost 1.74 does not recognise clang 19's coroutines by itself.
add_library(berth_asio INTERFACE)
target_link_libraries(berth_asio INTERFACE Boost::headers)
target_compile_definitions(berth_asio INTERFACE BOOST_ASIO_HAS_CO_AWAIT=1 BOOST_ASIO_HAS_STD_COROUTINE=1
                           BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION)
target_compile_options(berth_asio INTERFACE -Wno-deprecated-declarations)

# Which part may know which: a <- b means b may depend on a.
set(BERTH_MAY_KNOW_common common)
set(BERTH_MAY_KNOW_proto common proto)
set(BERTH_MAY_KNOW_agent common proto agent)
set(BERTH_MAY_KNOW_controller common proto controller)
set(BERTH_MAY_KNOW_cli common proto cli)
set(BERTH_MAY_KNOW_tests common proto agent controller cli tests)

# Folders whose code is a function of values: no sockets, files, threads, clocks, JSON.
set(BERTH_PURE agent/model agent/ports agent/engine agent/secrets controller/model controller/ports
    controller/scheduler controller/services controller/jobs cli/find cli/table)
# Adapters of the programs; logic never depends on them, only wiring (the program target) does.
set(BERTH_ADAPTERS agent/kernel agent/layers agent/network agent/resources agent/runtimes/containerd agent/runtimes/docker
    agent/stats agent/state agent/config
    agent/secrets/sources agent/endpoints/host agent/endpoints/rest controller/state controller/config
    controller/dns controller/zones)

function(berth_check_layers folder)
  string(REGEX REPLACE "/.*" "" part ${folder})
  foreach(dep ${ARGN})
    string(REGEX REPLACE "/.*" "" dep_part ${dep})
    if(NOT dep_part IN_LIST BERTH_MAY_KNOW_${part})
      message(FATAL_ERROR "${folder} may not depend on ${dep}: ${part} knows only ${BERTH_MAY_KNOW_${part}}")
    endif()
    if(dep IN_LIST BERTH_ADAPTERS AND NOT folder IN_LIST BERTH_ADAPTERS AND NOT part STREQUAL "tests")
      message(FATAL_ERROR "${folder} may not depend on the adapter ${dep}: only a program's wiring sees it")
    endif()
  endforeach()
endfunction()

function(berth_target_name folder out)
  string(REPLACE "/" "_" name "berth_${folder}")
  set(${out} ${name} PARENT_SCOPE)
endfunction()

# berth_library(FOLDER [SOURCES ...] [DEPS folder ...] [THIRD_PARTY target ...])
# A folder without SOURCES becomes an interface library. Third-party libraries are linked PRIVATE.
function(berth_library folder)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS;THIRD_PARTY" ${ARGN})
  berth_check_layers(${folder} ${ARG_DEPS})
  berth_target_name(${folder} target)
  if(folder IN_LIST BERTH_PURE AND ARG_THIRD_PARTY)
    message(FATAL_ERROR "${folder} is pure: it may not link ${ARG_THIRD_PARTY}")
  endif()
  if(ARG_SOURCES)
    add_library(${target} STATIC ${ARG_SOURCES})
    set(scope PUBLIC)
    target_link_libraries(${target} PRIVATE ${ARG_THIRD_PARTY})
  else()
    add_library(${target} INTERFACE)
    set(scope INTERFACE)
  endif()
  target_link_libraries(${target} ${scope} berth_flags)
  foreach(dep ${ARG_DEPS})
    berth_target_name(${dep} dep_target)
    target_link_libraries(${target} ${scope} ${dep_target})
  endforeach()
  berth_use_pch(${target})
endfunction()

# berth_program(NAME SOURCES ... DEPS ... THIRD_PARTY ...): an executable; it may see adapters.
function(berth_program name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS;THIRD_PARTY" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE berth_flags ${ARG_THIRD_PARTY})
  foreach(dep ${ARG_DEPS})
    berth_target_name(${dep} dep_target)
    target_link_libraries(${name} PRIVATE ${dep_target})
  endforeach()
  berth_use_pch(${name})
endfunction()

# Precompiled headers, made once and reused, as these headers cost seconds in each file: one for everything that
# links Asio (its library has Asio's and Beast's separately compiled parts), one for what only handles JSON. Other
# files are cheap without.
add_library(berth_pch STATIC ${CMAKE_CURRENT_LIST_DIR}/pch.cpp)
target_link_libraries(berth_pch PRIVATE berth_flags berth_asio nlohmann_json::nlohmann_json OpenSSL::SSL)
target_precompile_headers(berth_pch PRIVATE ${CMAKE_CURRENT_LIST_DIR}/pch.hpp)
add_library(berth_pch_json STATIC ${CMAKE_CURRENT_LIST_DIR}/pch_json.cpp)
target_link_libraries(berth_pch_json PRIVATE berth_flags nlohmann_json::nlohmann_json)
target_precompile_headers(berth_pch_json PRIVATE ${CMAKE_CURRENT_LIST_DIR}/pch_json.hpp)

function(berth_use_pch target)
  get_target_property(type ${target} TYPE)
  if(type STREQUAL "INTERFACE_LIBRARY")
    return()
  endif()
  get_target_property(libs ${target} LINK_LIBRARIES)
  if("berth_asio" IN_LIST libs)
    target_link_libraries(${target} PRIVATE berth_pch nlohmann_json::nlohmann_json)
    target_precompile_headers(${target} REUSE_FROM berth_pch)
  elseif("nlohmann_json::nlohmann_json" IN_LIST libs)
    target_precompile_headers(${target} REUSE_FROM berth_pch_json)
  endif()
endfunction()
