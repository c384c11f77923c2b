// SPDX-License-Identifier: Apache-2.0
#include "attach/route_catalog.h"

namespace nodespan::attach {
namespace {

constexpr std::string_view kString = "string";

// Source: gin.go, (*Engine).ServeHTTP, and context.go. The context goes back to its pool when all handlers are done;
// not when one panics and nobody recovers.
constexpr std::string_view kGinServe[] = {"github.com/gin-gonic/gin.(*Engine).ServeHTTP"};
constexpr RouteStep kGinSteps[] = {{"github.com/gin-gonic/gin.Context", "fullPath", kString}};
// The handlers of the route: middlewares first.
constexpr RouteHandler kGinHandler = {NS_HANDLER_LAST_FUNC, "github.com/gin-gonic/gin.Context", "handlers",
                                      "gin.HandlersChain"};

// Source: echo.go, (*Echo).ServeHTTP, and context.go.
constexpr std::string_view kEchoFourServe[] = {"github.com/labstack/echo/v4.(*Echo).ServeHTTP"};
constexpr RouteStep kEchoFourSteps[] = {{"github.com/labstack/echo/v4.context", "path", kString}};
constexpr std::string_view kEchoThreeServe[] = {"github.com/labstack/echo.(*Echo).ServeHTTP"};
constexpr RouteStep kEchoThreeSteps[] = {{"github.com/labstack/echo.context", "path", kString}};
// What add() registers is a closure that applies the middlewares of the route to its handler.
constexpr RouteHandler kEchoFourHandler = {
    NS_HANDLER_FUNC,    "github.com/labstack/echo/v4.context",           "handler",
    "echo.HandlerFunc", "github.com/labstack/echo/v4.(*Echo).add.func1", "github.com/labstack/echo/v4.applyMiddleware"};

// Version 5 defers the call, which the compiler puts into a function of its own; the name depends on the Go version.
constexpr std::string_view kEchoFiveServe[] = {
    "github.com/labstack/echo/v5.(*Echo).serveHTTP.deferwrap1", "github.com/labstack/echo/v5.(*Echo).serveHTTP.func1",
    "github.com/labstack/echo/v5.(*Echo).serveHTTP.func2", "github.com/labstack/echo/v5.(*Echo).ServeHTTP.deferwrap1"};
constexpr RouteStep kEchoFiveSteps[] = {{"github.com/labstack/echo/v5.Context", "path", kString}};
// Since 5.4 the context has what the route was registered with, after its middlewares: only a function that captures
// nothing is certainly none of them, as each captures the next one.
constexpr RouteHandler kEchoFiveHandler = {NS_HANDLER_STATIC_FUNC, "github.com/labstack/echo/v5.Context", "handler",
                                           "echo.HandlerFunc"};

// Source: mux.go, (*Mux).routeHTTP, and tree.go, (*node).FindRoute(rctx, method, path), which adds to the patterns of
// the context and returns the node, its endpoints and the handler.
constexpr std::string_view kChiFiveRoute[] = {"github.com/go-chi/chi/v5.(*Mux).routeHTTP"};
constexpr std::string_view kChiRoute[] = {"github.com/go-chi/chi.(*Mux).routeHTTP"};
constexpr int kFindRouteHandler[] = {2, 3};
constexpr RouteHandler kHandlerInWords = {NS_HANDLER_WORDS, "", "", ""};

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

constexpr RouteHandler kGorillaHandler = {NS_HANDLER_INTERFACE, "github.com/gorilla/mux.Route", "handler",
                                          "http.Handler"};

// Source: net/http/server.go, (*ServeMux).ServeHTTP since Go 1.22: findHandler returns the handler and the pattern.
constexpr int kHandlerAndPattern[] = {0, 1, 2, 3};

// Source: net/http/server.go. ServeMux leaves its pattern in the request it got, which need not be the server's.
constexpr std::string_view kServeMux[] = {"net/http.(*ServeMux).ServeHTTP"};

// Source: net/http/server.go up to Go 1.21; servemux121.go since, for programs whose go.mod says so.
constexpr std::string_view kOldServeMux[] = {"net/http.(*serveMux121).handler", "net/http.(*ServeMux).handler"};
constexpr std::string_view kOldServeMuxUnlock[] = {"net/http.(*serveMux121).handler.deferwrap1",
                                                   "net/http.(*ServeMux).handler.deferwrap1",
                                                   "net/http.(*ServeMux).handler.func1"};
constexpr int kPatternResult[] = {2, 3};

// Source: router.go, (*App).handler (since 2.49 at the latest) and requestHandler, whose `defer app.ReleaseCtx(c)` runs
// when all handlers have returned; path and use of a Route are those of the last one that matched. A middleware that
// was asked last is no route.
constexpr std::string_view kFiberThreeRelease[] = {
    "github.com/gofiber/fiber/v3.(*App).requestHandler.deferwrap1",
    "github.com/gofiber/fiber/v3.(*App).defaultRequestHandler.deferwrap1"};
constexpr RouteStep kFiberThreeSteps[] = {{"github.com/gofiber/fiber/v3.DefaultCtx", "route", "*fiber.Route", true},
                                          {"github.com/gofiber/fiber/v3.Route", "Path", kString}};
constexpr RouteHandler kFiberThreeHandler = {.kind = NS_HANDLER_LAST_FUNC,
                                             .struct_name = "github.com/gofiber/fiber/v3.Route",
                                             .field_name = "Handlers",
                                             .type_name = "[]func(fiber.Ctx) error",
                                             .is_behind = true};
constexpr std::string_view kFiberTwoRelease[] = {"github.com/gofiber/fiber/v2.(*App).handler.deferwrap1",
                                                 "github.com/gofiber/fiber/v2.(*App).handler.func1"};
constexpr RouteStep kFiberTwoSteps[] = {{"github.com/gofiber/fiber/v2.Ctx", "route", "*fiber.Route", true},
                                        {"github.com/gofiber/fiber/v2.Route", "Path", kString}};
constexpr RouteHandler kFiberTwoHandler = {.kind = NS_HANDLER_LAST_FUNC,
                                           .struct_name = "github.com/gofiber/fiber/v2.Route",
                                           .field_name = "Handlers",
                                           .type_name = "[]func(*fiber.Ctx) error",
                                           .is_behind = true};

constexpr RouteCatalog kCatalogs[] = {
    {.library = "github.com/gin-gonic/gin",
     .source = NS_ROUTE_GIN,
     .kind = NS_ROUTE_STRING,
     .site = RouteSite::kPoolPut,
     .functions = kGinServe,
     .object_type = "*github.com/gin-gonic/gin.Context",
     .steps = kGinSteps,
     .handler = kGinHandler},
    {.library = "github.com/labstack/echo/v4",
     .source = NS_ROUTE_ECHO,
     .kind = NS_ROUTE_STRING,
     .site = RouteSite::kPoolPut,
     .functions = kEchoFourServe,
     .object_type = "*github.com/labstack/echo/v4.context",
     .steps = kEchoFourSteps,
     .handler = kEchoFourHandler},
    {.library = "github.com/labstack/echo/v5",
     .source = NS_ROUTE_ECHO,
     .kind = NS_ROUTE_STRING,
     .site = RouteSite::kPoolPut,
     .functions = kEchoFiveServe,
     .object_type = "*github.com/labstack/echo/v5.Context",
     .steps = kEchoFiveSteps,
     .handler = kEchoFiveHandler},
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
     .site = RouteSite::kBehindCall,
     .functions = kChiFiveRoute,
     .callee = "github.com/go-chi/chi/v5.(*node).FindRoute",
     .results = kFindRouteHandler,
     .argument = 1,
     .steps = kChiFiveSteps,
     .handler = kHandlerInWords},
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
     .site = RouteSite::kBehindCall,
     .functions = kChiRoute,
     .callee = "github.com/go-chi/chi.(*node).FindRoute",
     .results = kFindRouteHandler,
     .argument = 1,
     .steps = kChiSteps,
     .handler = kHandlerInWords},
    {.library = "github.com/go-chi/chi",
     .source = NS_ROUTE_CHI,
     .kind = NS_ROUTE_STRINGS,
     .site = RouteSite::kPoolPut,
     .functions = kChiServe,
     .object_type = "*github.com/go-chi/chi.Context",
     .steps = kChiSteps},
    {.library = "github.com/gofiber/fiber/v3",
     .source = NS_ROUTE_FIBER,
     .kind = NS_ROUTE_STRING,
     .site = RouteSite::kCaptured,
     .functions = kFiberThreeRelease,
     .steps = kFiberThreeSteps,
     .handler = kFiberThreeHandler,
     .owner = {"github.com/gofiber/fiber/v3.DefaultCtx", "app", "*fiber.App"},
     .unless = {"github.com/gofiber/fiber/v3.Route", "use", "bool"}},
    {.library = "github.com/gofiber/fiber/v2",
     .source = NS_ROUTE_FIBER,
     .kind = NS_ROUTE_STRING,
     .site = RouteSite::kCaptured,
     .functions = kFiberTwoRelease,
     .steps = kFiberTwoSteps,
     .handler = kFiberTwoHandler,
     .owner = {"github.com/gofiber/fiber/v2.Ctx", "app", "*fiber.App"},
     .unless = {"github.com/gofiber/fiber/v2.Route", "use", "bool"}},
    {.library = "github.com/gorilla/mux",
     .source = NS_ROUTE_GORILLA,
     .kind = NS_ROUTE_STRING,
     .site = RouteSite::kArgument,
     .functions = kGorillaWithRoute,
     .argument = 1,
     .steps = kGorillaSteps,
     .handler = kGorillaHandler},
    {.library = "net/http.ServeMux",
     .source = NS_ROUTE_SERVE_MUX,
     .kind = NS_ROUTE_VALUE,
     .site = RouteSite::kBehindCall,
     .functions = kServeMux,
     .callee = "net/http.(*ServeMux).findHandler",
     .results = kHandlerAndPattern,
     .handler = kHandlerInWords,
     .needs_request_field = NS_HTTP_PARAM_PATTERN | NS_HTTP_PARAM_PAT_STR},
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
     .end = {Program::kHttpRoute, kOldServeMux, kOldServeMuxUnlock, kHandlerAndPattern, -1},
     .handler = kHandlerInWords},
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
