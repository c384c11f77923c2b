// SPDX-License-Identifier: Apache-2.0
// error.type of Go errors, and what they say. Pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "model/type_names.h"

namespace nodespan::spans {

// The name of the error's concrete type as the Go SDK writes it (semconv.ErrorType): "*net.OpError" for a pointer, with
// the last element of its package path, "net/http.timeoutError" for a value, with all of it. "_OTHER" when the type is
// not known.
std::string GoErrorType(const model::TypeNames* types, uint64_t type_vaddr);

// What an error of a type says: `message`, as it was read, or else, for types whose errors all say the same, that.
// `type`: as GoErrorType writes it.
std::string GoErrorMessage(std::string_view type, std::string message);

}  // namespace nodespan::spans
