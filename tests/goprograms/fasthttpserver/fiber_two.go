// SPDX-License-Identifier: Apache-2.0

package main

import (
	"net"

	"nodespan/goprograms/truth"

	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/recover"
)

func fiberTwoUser(c *fiber.Ctx) error    { return c.SendString("user\n") }
func fiberTwoFailure(c *fiber.Ctx) error { return fiber.ErrServiceUnavailable }
func fiberTwoPanic(*fiber.Ctx) error     { panic("on purpose") }
func fiberTwoNext(c *fiber.Ctx) error    { return c.Next() }

// fiberTwoContext makes client requests with each of the contexts that fiber has.
func fiberTwoContext(c *fiber.Ctx) error {
	id := truth.IDIn(c.Path())
	fetchAs(c.Context(), id, "a", truth.Server(id))
	fetchAs(c.UserContext(), id, "b", truth.Server(id))
	return c.SendString("done\n")
}

func fiberTwo() (func(net.Listener) error, []visit) {
	app := fiber.New(fiber.Config{DisableStartupMessage: true})
	app.Use(fiberTwoNext)
	app.Get("/", fiberTwoUser)
	app.Get("/users/:id", fiberTwoUser)
	app.Post("/users/:id", fiberTwoNext, fiberTwoUser)
	app.Get("/files/*", fiberTwoUser)
	app.Get("/optional/:id/:rest?", fiberTwoUser)
	app.Get("/failure/:id", fiberTwoFailure)
	app.Get("/contexts/:id", fiberTwoContext)
	api := app.Group("/api", fiberTwoNext)
	v1 := api.Group("/v1")
	v1.Get("/orders/:id/items/:item", fiberTwoUser)
	sub := fiber.New()
	sub.Use(recover.New())
	sub.Get("/panic/:id", fiberTwoPanic)
	sub.Get("/orders/:id", fiberTwoUser)
	app.Mount("/mounted", sub)
	app.Use("/prefix", fiberTwoUser)
	return app.Listener, []visit{
		{name: "parameter", path: "/users/%s", route: "/users/:id", handler: fiberTwoUser},
		{name: "head", method: "HEAD", path: "/users/%s", route: "/users/:id", handler: fiberTwoUser},
		{name: "behind a middleware of its own", method: "POST", path: "/users/%s", route: "/users/:id", handler: fiberTwoUser},
		{name: "root", path: "/?%s", route: "/", handler: fiberTwoUser},
		{name: "rest of the path", path: "/files/a/%s/b", route: "/files/*", handler: fiberTwoUser},
		{name: "optional parameter", path: "/optional/%s", route: "/optional/:id/:rest?", handler: fiberTwoUser},
		{name: "failure", path: "/failure/%s", route: "/failure/:id", status: 503, handler: fiberTwoFailure},
		{name: "groups", path: "/api/v1/orders/%s/items/7", route: "/api/v1/orders/:id/items/:item", handler: fiberTwoUser},
		{name: "mounted", path: "/mounted/orders/%s", route: "/mounted/orders/:id", handler: fiberTwoUser},
		{name: "recovered panic", path: "/mounted/panic/%s", route: "/mounted/panic/:id", status: 500, handler: fiberTwoPanic},
		{name: "no route", path: "/nothing/%s", status: 404},
		{name: "wrong method", method: "DELETE", path: "/users/%s", status: 405},
		{name: "only a middleware", path: "/prefix/%s"},
		{name: "contexts", path: "/contexts/%s", route: "/contexts/:id", handler: fiberTwoContext},
	}
}
