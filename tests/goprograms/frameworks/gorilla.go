// SPDX-License-Identifier: Apache-2.0

package main

import (
	"net/http"

	"github.com/gorilla/mux"
)

func gorillaSite() site {
	router := mux.NewRouter()
	router.HandleFunc("/users/{id}", serveUser).Methods("GET", "POST")
	router.HandleFunc("/", serveUser)
	router.PathPrefix("/files/").HandlerFunc(serveUser)
	router.HandleFunc("/numbers/{id}/{number:[0-9]+}", serveUser).Name("numbers")
	router.HandleFunc("/failure/{id}", serveFailure)
	router.HandleFunc("/panic/{id}", servePanic)
	router.HandleFunc("/copied/{id}", serveUser)
	router.HandleFunc("/cloned/{id}", serveUser)
	router.HandleFunc("/mounted/{id}", serveUser)
	router.Handle("/safe/panic/{id}", recovering(http.HandlerFunc(servePanic)))
	router.Handle("/middleware/{id}", copying(http.HandlerFunc(serveUser)))
	router.Handle("/orders/{id}", &orders{})
	api := router.PathPrefix("/api").Subrouter()
	api.Use(copying)
	api.PathPrefix("/v1").Subrouter().HandleFunc("/orders/{id}/items/{item}", serveUser)
	router.NotFoundHandler = http.HandlerFunc(serveMissing)
	return site{"gorilla", router, []visit{
		{name: "parameter", path: "/users/%s", route: "/users/{id}", status: 200, handler: serveUser},
		{name: "post", method: "POST", path: "/users/%s", route: "/users/{id}", status: 200, handler: serveUser},
		{name: "root", path: "/?%s", route: "/", status: 200, handler: serveUser},
		{name: "prefix", path: "/files/a/%s/b", route: "/files/", status: 200, handler: serveUser},
		{name: "expression", path: "/numbers/%s/17", route: "/numbers/{id}/{number:[0-9]+}", status: 200, handler: serveUser},
		{name: "handler is a method", path: "/orders/%s", route: "/orders/{id}", status: 200, handler: (*orders).ServeHTTP},
		{name: "sub-routers and a copied request", path: "/api/v1/orders/%s/items/7", route: "/api/v1/orders/{id}/items/{item}", status: 200, handler: serveUser},
		{name: "copied by a middleware", path: "/middleware/%s", route: "/middleware/{id}", status: 200},
		{name: "failure", path: "/failure/%s", route: "/failure/{id}", status: 503, handler: serveFailure},
		{name: "no route", path: "/nothing/%s", status: 404},
		{name: "wrong method", method: "DELETE", path: "/users/%s", any: true, status: 405},
		{name: "recovered panic", path: "/safe/panic/%s", route: "/safe/panic/{id}", status: 500},
		{name: "panic", path: "/panic/%s", any: true, handler: servePanic},
		{name: "request copied in front", path: "/copied/%s", route: "/copied/{id}", status: 200, handler: serveUser},
		{name: "request cloned in front", path: "/cloned/%s", route: "/cloned/{id}", status: 200, handler: serveUser},
		{name: "behind a ServeMux", path: "/mounted/%s", route: "/mounted/{id}", status: 200, handler: serveUser},
	}}
}
