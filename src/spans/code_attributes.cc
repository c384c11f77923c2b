// SPDX-License-Identifier: Apache-2.0
#include "spans/code_attributes.h"

#include <algorithm>
#include <iterator>

#include "spans/attribute_name.h"
#include "spans/attribute_writer.h"
#include "spans/span_common.h"

namespace nodespan::spans {
namespace {

// The same in every mode: their names are those of today wherever they are emitted.
constexpr AttributeName kFunctionName{"code.function.name", ""};
constexpr AttributeName kFilePath{"code.file.path", ""};
constexpr AttributeName kLineNumber{"code.line.number", ""};

// What hands requests on, or says that there is no handler. A name that ends in "func" stands for that and what
// follows: "func1", "func2.3". Function literals of a package belong to "init", up to Go 1.20 to "glob.".
constexpr std::string_view kForwarding[] = {
    "net/http.(*ServeMux).ServeHTTP",
    "net/http.(*timeoutHandler).ServeHTTP",
    "net/http.AllowQuerySemicolons.func",
    "net/http.MaxBytesHandler.func",
    "net/http.StripPrefix.func",
    "net/http.serverHandler.ServeHTTP",
    "github.com/gin-gonic/gin.(*Engine).ServeHTTP",
    "github.com/gin-gonic/gin.WrapF.func",
    "github.com/gin-gonic/gin.WrapH.func",
    "github.com/go-chi/chi.(*Mux).Mount.func",
    "github.com/go-chi/chi.(*Mux).ServeHTTP",
    "github.com/go-chi/chi.(*Mux).routeHTTP",
    "github.com/go-chi/chi/v5.(*Mux).Mount.func",
    "github.com/go-chi/chi/v5.(*Mux).ServeHTTP",
    "github.com/go-chi/chi/v5.(*Mux).routeHTTP",
    "github.com/gorilla/mux.(*Router).ServeHTTP",
    "github.com/labstack/echo/v4.(*Echo).ServeHTTP",
    "github.com/labstack/echo/v4.WrapHandler.func",
    "github.com/labstack/echo/v4.glob..func",
    "github.com/labstack/echo/v4.init.func",
    "github.com/labstack/echo/v5.(*Echo).ServeHTTP",
    "github.com/labstack/echo/v5.WrapHandler.func",
    "github.com/labstack/echo/v5.glob..func",
    "github.com/labstack/echo/v5.init.func",
    "go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp.(*middleware).serveHTTP",
    "go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp.NewMiddleware.func",
    "golang.org/x/net/http2/h2c.h2cHandler.ServeHTTP",
};

// A closure of a library that was inlined into the program is named after the program's function ("main.main.func1",
// since Go 1.21 "main.main.StripPrefix.func1"), but still comes from the library's file.
struct Library {
  std::string_view file_part;
  std::string_view package;
};
constexpr Library kLibraries[] = {
    {"net/http/server.go", "net/http."},
    {"github.com/gin-gonic/gin", "github.com/gin-gonic/gin."},
    {"github.com/go-chi/chi", "github.com/go-chi/chi"},
    {"github.com/gorilla/mux", "github.com/gorilla/mux."},
    {"github.com/labstack/echo", "github.com/labstack/echo"},
};

bool Stands(std::string_view pattern, std::string_view function) {
  return pattern.ends_with(".func") ? function.starts_with(pattern) : function == pattern;
}

}  // namespace

bool IsHandler(const model::CodeLocation& function) {
  const std::string_view name = function.function;
  const std::string_view file = function.file;
  return !name.empty() &&
         std::none_of(std::begin(kForwarding), std::end(kForwarding),
                      [name](std::string_view pattern) { return Stands(pattern, name); }) &&
         std::none_of(std::begin(kLibraries), std::end(kLibraries), [name, file](const Library& library) {
           return file.find(library.file_part) != std::string_view::npos && !name.starts_with(library.package);
         });
}

void AddHandler(const model::CodeLocation* handler, std::vector<model::Attribute>& attributes) {
  if (handler == nullptr || !IsHandler(*handler)) {
    return;
  }
  AttributeWriter writer(model::SemconvMode::kNew, &attributes);
  writer.AddText(kFunctionName, Clean(std::string_view(handler->function)));
  if (!handler->file.empty()) {
    writer.AddText(kFilePath, Clean(std::string_view(handler->file)));
  }
  if (handler->line != 0) {
    writer.AddInt(kLineNumber, handler->line);
  }
}

}  // namespace nodespan::spans
