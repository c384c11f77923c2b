// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"net/http"

	"github.com/gin-gonic/gin"
)

func ginUser(c *gin.Context)    { c.String(http.StatusOK, "user\n") }
func ginFailure(c *gin.Context) { c.Status(http.StatusServiceUnavailable) }
func ginPanic(*gin.Context)     { panic("on purpose") }

type ginShop struct{ name string }

func (s *ginShop) serve(c *gin.Context) { c.String(http.StatusOK, s.name) }

func ginMissing(c *gin.Context) { c.String(http.StatusNotFound, "nothing\n") }

func ginSite() site {
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	engine.GET("/users/:id", ginUser)
	engine.GET("/", ginUser)
	engine.GET("/shop/:id", (&ginShop{"shop\n"}).serve)
	engine.GET("/files/*rest", ginUser)
	engine.POST("/users/:id", ginUser)
	engine.GET("/failure/:id", ginFailure)
	engine.GET("/panic/:id", ginPanic)
	engine.GET("/copied/:id", ginUser)
	engine.GET("/cloned/:id", ginUser)
	engine.GET("/mounted/:id", ginUser)
	engine.NoRoute(ginMissing)
	api := engine.Group("/api", func(c *gin.Context) { c.Next() })
	v1 := api.Group("/v1", func(c *gin.Context) {
		c.Request = c.Request.WithContext(context.WithValue(c.Request.Context(), copiedKey{}, 2))
	})
	v1.GET("/orders/:id/items/:item", ginUser)
	safe := engine.Group("/safe", func(c *gin.Context) {
		defer func() {
			if recover() != nil {
				c.AbortWithStatus(http.StatusInternalServerError)
			}
		}()
		c.Next()
	})
	safe.GET("/panic/:id", ginPanic)
	safe.GET("/aborted/:id", func(c *gin.Context) { c.AbortWithStatus(http.StatusForbidden) }, ginUser)
	return site{"gin", engine, []visit{
		{name: "parameter", path: "/users/%s", route: "/users/:id", status: 200, handler: ginUser},
		{name: "post", method: "POST", path: "/users/%s", route: "/users/:id", status: 200, handler: ginUser},
		{name: "handler is the value of a method", path: "/shop/%s", route: "/shop/:id", status: 200, handler: (*ginShop).serve},
		{name: "root", path: "/?%s", route: "/", status: 200, handler: ginUser},
		{name: "rest of the path", path: "/files/a/%s/b", route: "/files/*rest", status: 200, handler: ginUser},
		{name: "groups and a copied request", path: "/api/v1/orders/%s/items/7", route: "/api/v1/orders/:id/items/:item", status: 200, handler: ginUser},
		{name: "failure", path: "/failure/%s", route: "/failure/:id", status: 503, handler: ginFailure},
		{name: "no route", path: "/nothing/%s", status: 404},
		{name: "wrong method", method: "DELETE", path: "/users/%s", status: 404},
		{name: "recovered panic", path: "/safe/panic/%s", route: "/safe/panic/:id", status: 500, handler: ginPanic},
		{name: "aborted by a middleware", path: "/safe/aborted/%s", route: "/safe/aborted/:id", status: 403, handler: ginUser},
		{name: "panic", path: "/panic/%s", any: true, handler: ginPanic},
		{name: "request copied in front", path: "/copied/%s", route: "/copied/:id", status: 200, handler: ginUser},
		{name: "request cloned in front", path: "/cloned/%s", route: "/cloned/:id", status: 200, handler: ginUser},
		{name: "behind a ServeMux", path: "/mounted/%s", route: "/mounted/:id", status: 200, handler: ginUser},
	}}
}
