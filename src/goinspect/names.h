// SPDX-License-Identifier: Apache-2.0
// Names of library functions and types that do not depend on where and in which major version a program has the
// library.
//
// A pattern is a name as the function table or a type descriptor has it, with "{/vN}" where the major version of a
// module stands in its path: "github.com/labstack/echo{/vN}.(*Echo).ServeHTTP". It matches without a version and with
// "/v2" and up. Paths that begin with a host name also match below a vendor folder ("app/vendor/github.com/...", as
// programs built without modules have it, and "vendor/golang.org/x/..." inside the standard library). All else is
// literal, as are generic functions, "pkg.F[...]", of which there is one for each shape of its type arguments.
//
// Pure functions; no state, any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace nodespan::goinspect {

// Where a program has a library.
struct Placement {
  std::string vendor_prefix;   // "", "vendor/", "example.com/app/vendor/"
  std::string version_suffix;  // "", "/v4"
  bool operator==(const Placement&) const = default;
};

// The placement at which `pattern` stands for `name`, if it does.
std::optional<Placement> MatchName(std::string_view pattern, std::string_view name);

// The name that `pattern` stands for at a placement: with that of a function, types of the same copy of the library.
std::string PlaceName(std::string_view pattern, const Placement& placement);

// "pkg.T.M" for "pkg.(*T).M": with a function of that name the other is a wrapper made by the compiler, as Go has no
// two methods of one name. Empty for everything else.
std::string ValueMethodName(std::string_view name);

}  // namespace nodespan::goinspect
