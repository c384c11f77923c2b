// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"net/http"

	echo4 "github.com/labstack/echo/v4"
)

func echo4User(c echo4.Context) error    { return c.String(http.StatusOK, "user\n") }
func echo4Failure(c echo4.Context) error { return c.NoContent(http.StatusServiceUnavailable) }
func echo4Panic(echo4.Context) error     { panic("on purpose") }
func echo4Error(echo4.Context) error     { return echo4.NewHTTPError(http.StatusTeapot, "teapot") }

func echoFourSite() site {
	engine := echo4.New()
	engine.GET("/users/:id", echo4User)
	engine.POST("/users/:id", echo4User)
	engine.GET("/", echo4User)
	engine.GET("/files/*", echo4User)
	engine.GET("/failure/:id", echo4Failure)
	engine.GET("/error/:id", echo4Error)
	engine.GET("/panic/:id", echo4Panic)
	engine.GET("/copied/:id", echo4User)
	engine.GET("/cloned/:id", echo4User)
	engine.GET("/mounted/:id", echo4User)
	api := engine.Group("/api")
	api.Group("/v1").GET("/orders/:id/items/:item", echo4User, func(next echo4.HandlerFunc) echo4.HandlerFunc {
		return func(c echo4.Context) error {
			c.SetRequest(c.Request().WithContext(context.WithValue(c.Request().Context(), copiedKey{}, 2)))
			return next(c)
		}
	})
	engine.Group("/safe").GET("/panic/:id", echo4Panic, func(next echo4.HandlerFunc) echo4.HandlerFunc {
		return func(c echo4.Context) (err error) {
			defer func() {
				if recover() != nil {
					err = c.NoContent(http.StatusInternalServerError)
				}
			}()
			return next(c)
		}
	})
	return site{"echofour", engine, []visit{
		{name: "parameter", path: "/users/%s", route: "/users/:id", status: 200, handler: echo4User},
		{name: "post", method: "POST", path: "/users/%s", route: "/users/:id", status: 200, handler: echo4User},
		{name: "root", path: "/?%s", route: "/", status: 200, handler: echo4User},
		{name: "rest of the path", path: "/files/a/%s/b", route: "/files/*", status: 200, handler: echo4User},
		{name: "groups and a copied request", path: "/api/v1/orders/%s/items/7", route: "/api/v1/orders/:id/items/:item", status: 200, handler: echo4User},
		{name: "failure", path: "/failure/%s", route: "/failure/:id", status: 503, handler: echo4Failure},
		{name: "handler returns an error", path: "/error/%s", route: "/error/:id", status: 418, handler: echo4Error},
		{name: "no route", path: "/nothing/%s", status: 404},
		{name: "wrong method", method: "DELETE", path: "/users/%s", any: true, status: 405},
		{name: "recovered panic", path: "/safe/panic/%s", route: "/safe/panic/:id", status: 500, handler: echo4Panic},
		{name: "panic", path: "/panic/%s", any: true, handler: echo4Panic},
		{name: "request copied in front", path: "/copied/%s", route: "/copied/:id", status: 200, handler: echo4User},
		{name: "request cloned in front", path: "/cloned/%s", route: "/cloned/:id", status: 200, handler: echo4User},
		{name: "behind a ServeMux", path: "/mounted/%s", route: "/mounted/:id", status: 200, handler: echo4User},
	}}
}
