// SPDX-License-Identifier: Apache-2.0
#include "attach/route_catalog.h"

namespace nodespan::attach {
namespace {

constexpr std::string_view kString = "string";

// Source: gin.go, (*Engine).ServeHTTP, and context.go. The context goes back to its pool when all handlers are done;
// not when one panics and nobody recovers.
constexpr std::string_view kGinServe[] = {"github.com/gin-gonic/gin.(*Engine).ServeHTTP"};
constexpr RouteStep kGinSteps[] = {{"github.com/gin-gonic/gin.Context", "fullPath", kString}};

// Source: echo.go, (*Echo).ServeHTTP, and context.go.
constexpr std::string_view kEchoFourServe[] = {"github.com/labstack/echo/v4.(*Echo).ServeHTTP"};
constexpr RouteStep kEchoFourSteps[] = {{"github.com/labstack/echo/v4.context", "path", kString}};
constexpr std::string_view kEchoThreeServe[] = {"github.com/labstack/echo.(*Echo).ServeHTTP"};
constexpr RouteStep kEchoThreeSteps[] = {{"github.com/labstack/echo.context", "path", kString}};

// Version 5 defers the call, which the compiler puts into a function of its own; the name depends on the Go version.
constexpr std::string_view kEchoFiveServe[] = {
    "github.com/labstack/echo/v5.(*Echo).serveHTTP.deferwrap1", "github.com/labstack/echo/v5.(*Echo).serveHTTP.func1",
    "github.com/labstack/echo/v5.(*Echo).serveHTTP.func2", "github.com/labstack/echo/v5.(*Echo).ServeHTTP.deferwrap1"};
constexpr RouteStep kEchoFiveSteps[] = {{"github.com/labstack/echo/v5.Context", "path", kString}};

// Source: mux.go, (*Mux).ServeHTTP, and context.go. Only the outermost router has a context to give back.
constexpr std::string_view kChiFiveServe[] = {"github.com/go-chi/chi/v5.(*Mux).ServeHTTP"};
constexpr RouteStep kChiFiveSteps[] = {{"github.com/go-chi/chi/v5.Context", "RoutePatterns", "[]string"}};
constexpr std::string_view kChiServe[] = {"github.com/go-chi/chi.(*Mux).ServeHTTP"};
constexpr RouteStep kChiSteps[] = {{"github.com/go-chi/chi.Context", "RoutePatterns", "[]string"}};

// Source: mux.go and route.go. requestWithRouteAndVars(r, route, vars) is on the way to a release.
constexpr std::string_view kGorillaWithRoute[] = {"github.com/gorilla/mux.requestWithRoute",
                                                  "github.com/gorilla/mux.requestWithRouteAndVars"};
constexpr RouteStep kGorillaSteps[] = {
    {"github.com/gorilla/mux.Route", "routeConf", "mux.routeConf"},
    {"github.com/gorilla/mux.routeConf", "regexp", "mux.routeRegexpGroup"},
    {"github.com/gorilla/mux.routeRegexpGroup", "path", "*mux.routeRegexp", true},
    {"github.com/gorilla/mux.routeRegexp", "template", kString},
};

// Source: net/http/server.go. ServeMux leaves its pattern in the request it got, which need not be the server's.
constexpr std::string_view kServeMux[] = {"net/http.(*ServeMux).ServeHTTP"};

// Source: net/http/server.go up to Go 1.21; servemux121.go since, for programs whose go.mod says so.
constexpr std::string_view kOldServeMux[] = {"net/http.(*serveMux121).handler", "net/http.(*ServeMux).handler"};
constexpr std::string_view kOldServeMuxUnlock[] = {"net/http.(*serveMux121).handler.deferwrap1",
                                                   "net/http.(*ServeMux).handler.deferwrap1",
                                                   "net/http.(*ServeMux).handler.func1"};
constexpr int kPatternResult[] = {2, 3};

constexpr RouteCatalog kCatalogs[] = {
    {.library = "github.com/gin-gonic/gin",
     .source = NS_ROUTE_GIN,
     .kind = NS_ROUTE_STRING,
     .site = RouteSite::kPoolPut,
     .functions = kGinServe,
     .object_type = "*github.com/gin-gonic/gin.Context",
     .steps = kGinSteps},
    {.library = "github.com/labstack/echo/v4",
     .source = NS_ROUTE_ECHO,
     .kind = NS_ROUTE_STRING,
     .site = RouteSite::kPoolPut,
     .functions = kEchoFourServe,
     .object_type = "*github.com/labstack/echo/v4.context",
     .steps = kEchoFourSteps},
    {.library = "github.com/labstack/echo/v5",
     .source = NS_ROUTE_ECHO,
     .kind = NS_ROUTE_STRING,
     .site = RouteSite::kPoolPut,
     .functions = kEchoFiveServe,
     .object_type = "*github.com/labstack/echo/v5.Context",
     .steps = kEchoFiveSteps},
    {.library = "github.com/labstack/echo",
     .source = NS_ROUTE_ECHO,
     .kind = NS_ROUTE_STRING,
     .site = RouteSite::kPoolPut,
     .functions = kEchoThreeServe,
     .object_type = "*github.com/labstack/echo.context",
     .steps = kEchoThreeSteps},
    {.library = "github.com/go-chi/chi/v5",
     .source = NS_ROUTE_CHI,
     .kind = NS_ROUTE_STRINGS,
     .site = RouteSite::kPoolPut,
     .functions = kChiFiveServe,
     .object_type = "*github.com/go-chi/chi/v5.Context",
     .steps = kChiFiveSteps},
    {.library = "github.com/go-chi/chi",
     .source = NS_ROUTE_CHI,
     .kind = NS_ROUTE_STRINGS,
     .site = RouteSite::kPoolPut,
     .functions = kChiServe,
     .object_type = "*github.com/go-chi/chi.Context",
     .steps = kChiSteps},
    {.library = "github.com/gorilla/mux",
     .source = NS_ROUTE_GORILLA,
     .kind = NS_ROUTE_STRING,
     .site = RouteSite::kArgument,
     .functions = kGorillaWithRoute,
     .argument = 1,
     .steps = kGorillaSteps},
    {.library = "net/http.ServeMux",
     .source = NS_ROUTE_SERVE_MUX,
     .kind = NS_ROUTE_REQUEST,
     .site = RouteSite::kArgument,
     .functions = kServeMux,
     .argument = 3,
     .needs_request_field = NS_HTTP_PARAM_PATTERN | NS_HTTP_PARAM_PAT_STR},
    {.library = "net/http.ServeMux of Go 1.21",
     .source = NS_ROUTE_SERVE_MUX,
     .kind = NS_ROUTE_VALUE,
     .site = RouteSite::kEndResults,
     .functions = kOldServeMux,
     .end = {Program::kHttpRoute, kOldServeMux, kOldServeMuxUnlock, kPatternResult, -1}},
};

}  // namespace

constexpr std::span<const RouteCatalog> kRouteCatalogs = kCatalogs;

}  // namespace nodespan::attach
