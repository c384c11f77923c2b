// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"net/http"

	echo5 "github.com/labstack/echo/v5"
)

func echo5User(c *echo5.Context) error    { return c.String(http.StatusOK, "user\n") }
func echo5Failure(c *echo5.Context) error { return c.NoContent(http.StatusServiceUnavailable) }
func echo5Panic(*echo5.Context) error     { panic("on purpose") }
func echo5Error(*echo5.Context) error     { return echo5.NewHTTPError(http.StatusTeapot, "teapot") }

func echoFiveSite() site {
	engine := echo5.New()
	engine.GET("/users/:id", echo5User)
	engine.POST("/users/:id", echo5User)
	engine.GET("/", echo5User)
	engine.GET("/files/*", echo5User)
	engine.GET("/failure/:id", echo5Failure)
	engine.GET("/error/:id", echo5Error)
	engine.GET("/panic/:id", echo5Panic)
	engine.GET("/copied/:id", echo5User)
	engine.GET("/cloned/:id", echo5User)
	engine.GET("/mounted/:id", echo5User)
	api := engine.Group("/api")
	api.Group("/v1").GET("/orders/:id/items/:item", echo5User, func(next echo5.HandlerFunc) echo5.HandlerFunc {
		return func(c *echo5.Context) error {
			c.SetRequest(c.Request().WithContext(context.WithValue(c.Request().Context(), copiedKey{}, 2)))
			return next(c)
		}
	})
	engine.Group("/safe").GET("/panic/:id", echo5Panic, func(next echo5.HandlerFunc) echo5.HandlerFunc {
		return func(c *echo5.Context) (err error) {
			defer func() {
				if recover() != nil {
					err = c.NoContent(http.StatusInternalServerError)
				}
			}()
			return next(c)
		}
	})
	return site{"echofive", engine, []visit{
		{name: "parameter", path: "/users/%s", route: "/users/:id", status: 200, handler: echo5User},
		{name: "post", method: "POST", path: "/users/%s", route: "/users/:id", status: 200, handler: echo5User},
		{name: "root", path: "/?%s", route: "/", status: 200, handler: echo5User},
		{name: "rest of the path", path: "/files/a/%s/b", route: "/files/*", status: 200, handler: echo5User},
		{name: "groups and a copied request", path: "/api/v1/orders/%s/items/7", route: "/api/v1/orders/:id/items/:item", status: 200, handler: echo5User},
		{name: "failure", path: "/failure/%s", route: "/failure/:id", status: 503, handler: echo5Failure},
		{name: "handler returns an error", path: "/error/%s", route: "/error/:id", status: 418, handler: echo5Error},
		{name: "no route", path: "/nothing/%s", status: 404},
		{name: "wrong method", method: "DELETE", path: "/users/%s", any: true, status: 405},
		{name: "recovered panic", path: "/safe/panic/%s", route: "/safe/panic/:id", status: 500, handler: echo5Panic},
		{name: "panic", path: "/panic/%s", any: true, handler: echo5Panic},
		{name: "request copied in front", path: "/copied/%s", route: "/copied/:id", status: 200, handler: echo5User},
		{name: "request cloned in front", path: "/cloned/%s", route: "/cloned/:id", status: 200, handler: echo5User},
		{name: "behind a ServeMux", path: "/mounted/%s", route: "/mounted/:id", status: 200, handler: echo5User},
	}}
}
