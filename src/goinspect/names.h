// SPDX-License-Identifier: Apache-2.0
// Names of library functions and types that do not depend on where and in which major version a program has the
// library.
//
// A pattern is a name as the function table has it, with a mark where the major version of a module stands in its path:
//   "github.com/labstack/echo{/vN}.(*Echo).ServeHTTP"   without a version and with "/v2" and up
//   "gopkg.in/yaml{.vN}.Unmarshal"                      with ".v0" and up, as every path of gopkg.in has one
// Paths that begin with a host name also match below a vendor folder ("app/vendor/github.com/...", as programs built
// without modules have it, and "vendor/golang.org/x/..." inside the standard library). All else is literal, as are
// generic functions, "pkg.F[...]", of which there is one for each shape of its type arguments.
//
// Symbols have dots of the last element of a path escaped, and patterns like them:
// "github.com/nats-io/nats%2ego.Connect", "gopkg.in/yaml%2ev3.Unmarshal" (Go's cmd/internal/objabi/path.go,
// PathToPrefix). What "{.vN}" stands for is escaped where it has to be. Names of types have no escapes; patterns of
// types are written like those of functions all the same.
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
  std::string version_suffix;  // "", "/v4", ".v3"
  bool operator==(const Placement&) const = default;
};

// The placement at which `pattern` stands for `name`, if it does. `name` is of a function.
std::optional<Placement> MatchName(std::string_view pattern, std::string_view name);

// The same for a type's qualified name ("gopkg.in/yaml.v3.Node").
std::optional<Placement> MatchTypeName(std::string_view pattern, std::string_view name);

// The name of the type that `pattern` stands for at a placement: with that of a function, types of the same copy of the
// library.
std::string PlaceName(std::string_view pattern, const Placement& placement);

// "pkg.T.M" for "pkg.(*T).M": with a function of that name the other is a wrapper made by the compiler, as Go has no
// two methods of one name. Empty for everything else.
std::string ValueMethodName(std::string_view name);

// A function's name as runtime.Func.Name gives it (runtime/symtab.go, funcNameForPrint): "pkg.F[...]" for any shape of
// a generic function, of which the table has the whole since Go 1.21.
std::string PrintedName(std::string_view name);

}  // namespace nodespan::goinspect
