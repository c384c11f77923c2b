// SPDX-License-Identifier: Apache-2.0

package main

import (
	"github.com/go-chi/chi/v5"
)

func chiSite() site {
	router := chi.NewRouter()
	router.Get("/users/{id}", serveUser)
	router.Post("/users/{id}", serveUser)
	router.Get("/", serveUser)
	router.Get("/files/*", serveUser)
	router.Get("/numbers/{id}/{number:[0-9]+}", serveUser)
	router.Get("/failure/{id}", serveFailure)
	router.Get("/panic/{id}", servePanic)
	router.Get("/copied/{id}", serveUser)
	router.Get("/cloned/{id}", serveUser)
	router.Get("/mounted/{id}", serveUser)
	router.With(recovering).Get("/safe/panic/{id}", servePanic)
	router.With(copying).Get("/middleware/{id}", serveUser)
	router.Method("GET", "/orders/{id}", &orders{})
	router.Route("/api", func(api chi.Router) {
		api.Use(copying)
		api.Route("/v1", func(v1 chi.Router) {
			v1.Get("/orders/{id}/items/{item}", serveUser)
			v1.Get("/", serveUser)
		})
	})
	admin := chi.NewRouter()
	admin.Get("/{id}", serveUser)
	router.Mount("/admin", admin)
	return site{"chi", router, []visit{
		{name: "parameter", path: "/users/%s", route: "/users/{id}", status: 200, handler: serveUser},
		{name: "post", method: "POST", path: "/users/%s", route: "/users/{id}", status: 200, handler: serveUser},
		{name: "root", path: "/?%s", route: "/", status: 200, handler: serveUser},
		{name: "rest of the path", path: "/files/a/%s/b", route: "/files/*", status: 200, handler: serveUser},
		{name: "expression", path: "/numbers/%s/17", route: "/numbers/{id}/{number:[0-9]+}", status: 200, handler: serveUser},
		{name: "handler is a method", path: "/orders/%s", route: "/orders/{id}", status: 200, handler: (*orders).ServeHTTP},
		{name: "sub-routers and a copied request", path: "/api/v1/orders/%s/items/7", route: "/api/v1/orders/{id}/items/{item}", status: 200, handler: serveUser},
		{name: "root of a sub-router", path: "/api/v1/?%s", route: "/api/v1", status: 200, handler: serveUser},
		{name: "mount", path: "/admin/%s", route: "/admin/{id}", status: 200, handler: serveUser},
		{name: "copied by a middleware", path: "/middleware/%s", route: "/middleware/{id}", status: 200, handler: serveUser},
		{name: "failure", path: "/failure/%s", route: "/failure/{id}", status: 503, handler: serveFailure},
		{name: "no route", path: "/nothing/%s", status: 404},
		{name: "no route in a mount", path: "/admin/%s/more", any: true, status: 404},
		{name: "wrong method", method: "DELETE", path: "/users/%s", any: true, status: 405},
		{name: "recovered panic", path: "/safe/panic/%s", route: "/safe/panic/{id}", status: 500, handler: servePanic},
		{name: "panic", path: "/panic/%s", any: true, handler: servePanic},
		{name: "request copied in front", path: "/copied/%s", route: "/copied/{id}", status: 200, handler: serveUser},
		{name: "request cloned in front", path: "/cloned/%s", route: "/cloned/{id}", status: 200, handler: serveUser},
		{name: "behind a ServeMux", path: "/mounted/%s", route: "/mounted/{id}", status: 200, handler: serveUser},
	}}
}
