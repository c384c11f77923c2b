// SPDX-License-Identifier: Apache-2.0

//go:build !modules_older

package main

import (
	"context"
	"net"
	"time"

	"nodespan/goprograms/truth"

	"github.com/gofiber/fiber/v3"
	"github.com/gofiber/fiber/v3/middleware/recover"
)

func fiberThreeUser(c fiber.Ctx) error  { return c.SendString("user\n") }
func fiberThreeFailure(fiber.Ctx) error { return fiber.ErrServiceUnavailable }
func fiberThreePanic(fiber.Ctx) error   { panic("on purpose") }
func fiberThreeNext(c fiber.Ctx) error  { return c.Next() }

// fiberThreeContext makes client requests with each of the contexts that fiber has.
func fiberThreeContext(c fiber.Ctx) error {
	id := truth.IDIn(c.Path())
	fetchAs(c.RequestCtx(), id, "a", truth.Server(id))
	fetchAs(c.Context(), id, "b", truth.Server(id))
	done := make(chan struct{})
	limited, end := context.WithTimeout(c, 10*time.Second)
	defer end()
	worker <- func() { fetchAs(limited, id, "c", truth.Server(id)); close(done) }
	<-worked
	<-done
	return c.SendString("done\n")
}

func fiberThree() (func(net.Listener) error, []visit) {
	app := fiber.New()
	app.Use(fiberThreeNext)
	app.Get("/", fiberThreeUser)
	app.Get("/users/:id", fiberThreeUser)
	app.Post("/users/:id", fiberThreeNext, fiberThreeUser)
	app.Get("/files/*", fiberThreeUser)
	app.Get("/failure/:id", fiberThreeFailure)
	app.Get("/contexts/:id", fiberThreeContext)
	v1 := app.Group("/api", fiberThreeNext).Group("/v1")
	v1.Get("/orders/:id<int>/items/:item", fiberThreeUser)
	sub := fiber.New()
	sub.Use(recover.New())
	sub.Get("/panic/:id", fiberThreePanic)
	sub.Get("/orders/:id", fiberThreeUser)
	app.Use("/mounted", sub)
	app.Use("/prefix", fiberThreeUser)
	serve := func(listener net.Listener) error {
		return app.Listener(listener, fiber.ListenConfig{DisableStartupMessage: true})
	}
	return serve, []visit{
		{name: "parameter", path: "/users/%s", route: "/users/:id", handler: fiberThreeUser},
		{name: "head", method: "HEAD", path: "/users/%s", route: "/users/:id", handler: fiberThreeUser},
		{name: "behind a middleware of its own", method: "POST", path: "/users/%s", route: "/users/:id", handler: fiberThreeUser},
		{name: "root", path: "/?%s", route: "/", handler: fiberThreeUser},
		{name: "rest of the path", path: "/files/a/%s/b", route: "/files/*", handler: fiberThreeUser},
		{name: "failure", path: "/failure/%s", route: "/failure/:id", status: 503, handler: fiberThreeFailure},
		{name: "groups and a constraint", path: "/api/v1/orders/7/items/%s", route: "/api/v1/orders/:id<int>/items/:item", handler: fiberThreeUser},
		{name: "mounted", path: "/mounted/orders/%s", route: "/mounted/orders/:id", handler: fiberThreeUser},
		{name: "recovered panic", path: "/mounted/panic/%s", route: "/mounted/panic/:id", status: 500, handler: fiberThreePanic},
		{name: "no route", path: "/nothing/%s", status: 404},
		{name: "wrong method", method: "DELETE", path: "/users/%s", status: 405},
		{name: "only a middleware", path: "/prefix/%s"},
		{name: "contexts", path: "/contexts/%s", route: "/contexts/:id", handler: fiberThreeContext},
	}
}

func init() { frameworkSites = append(frameworkSites, frameworkSite{"fiberthree", fiberThree}) }
