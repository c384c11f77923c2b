// SPDX-License-Identifier: Apache-2.0
// The catalogue: for every traced library, which functions are probed and which fields are read. Data only; here are
// the kinds of its rows, and LIBRARY_catalog.h has the rows of a library.
//
// Names change between releases: candidates are tried in order, and additions are safe. The type of a field is checked,
// so that a field that kept its name and changed its meaning disables the probe instead of giving wrong values.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "attach/programs.h"

namespace nodespan::attach {

// A function whose start is probed.
struct FunctionSpec {
  Program program;
  std::span<const std::string_view> candidates;  // names, or patterns of goinspect/names.h for libraries
};

// A function whose end is probed, with the words of its results that the program reads.
struct EndSpec {
  Program program;
  std::span<const std::string_view> candidates;
  // Its deferred function, whose start is the end of what came to the `defer`; empty: there is none.
  std::span<const std::string_view> deferred;
  std::span<const int> result_words;
  int error_word;  // index into result_words: zero means success; -1 without
  // Only returns of an error that a closure has left in the function's frame; the others are not ends.
  bool is_error_from_closure = false;
  // Also `ret` where the call succeeded, single-stepped: for calls that are rare.
  bool allows_hot_return = false;
  // Only the returns of calls that certainly failed.
  bool failures_only = false;
  // Where there is a deferred function, the returns before the `defer` do not matter.
  bool deferred_only = false;
};

// A field whose offset goes elsewhere than into a parameter block. The struct's name may be a pattern of
// goinspect/names.h.
struct FieldName {
  std::string_view struct_name;
  std::string_view field_name;
  std::span<const std::string_view> type_names;  // accepted types, as reflect prints them
};

// One field to be read. `Params` is a parameter block of bpf/abi.
template <typename Params>
struct FieldSpec {
  std::string_view struct_name;
  std::string_view field_name;
  std::span<const std::string_view> type_names;  // accepted types, as reflect prints them
  uint16_t Params::*offset;
  uint32_t present_bit = 0;       // 0: the library needs it
  std::string_view lost_without;  // what spans lack when an optional field is missing; empty: nothing worth saying
};

}  // namespace nodespan::attach
