// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io"
	"net/http"
	"time"
)

func serveMuxSite() site {
	router := http.NewServeMux()
	text := http.StatusText(http.StatusOK)
	literal := func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) }
	router.HandleFunc("GET /users/{id}", serveUser)
	router.HandleFunc("POST /users/{id}", serveUser)
	router.HandleFunc("/files/{rest...}", serveUser)
	router.HandleFunc("/tree/", serveUser)
	router.HandleFunc("/failure/{id}", serveFailure)
	router.HandleFunc("/panic/{id}", servePanic)
	router.HandleFunc("/copied/{id}", serveUser)
	router.HandleFunc("/cloned/{id}", serveUser)
	router.Handle("/safe/panic/{id}", recovering(http.HandlerFunc(servePanic)))
	router.Handle("/middleware/{id}", copying(http.HandlerFunc(serveUser)))
	router.Handle("/orders/{id}", &orders{})
	router.HandleFunc("/list/{id}", (&orders{}).list)
	router.Handle("/stateless/{id}", stateless{"stateless\n"})
	router.Handle("/archive/{id}", archive{"archive", &orders{}})
	router.HandleFunc("/literal/{id}", literal)
	router.Handle("/timeout/{id}", http.TimeoutHandler(http.HandlerFunc(serveUser), time.Minute, "too slow\n"))
	router.Handle("/stripped/{id}", http.StripPrefix("/stripped", http.HandlerFunc(serveUser)))
	inner := http.NewServeMux()
	inner.HandleFunc("/nested/{id}", serveUser)
	router.Handle("/nested/", inner)
	return site{"servemux", router, []visit{
		{name: "parameter", path: "/users/%s", route: "/users/{id}", status: 200, handler: serveUser},
		{name: "post", method: "POST", path: "/users/%s", route: "/users/{id}", status: 200, handler: serveUser},
		{name: "rest of the path", path: "/files/a/%s/b", route: "/files/{rest...}", status: 200, handler: serveUser},
		{name: "subtree", path: "/tree/a/%s", route: "/tree/", status: 200, handler: serveUser},
		{name: "handler is a method", path: "/orders/%s", route: "/orders/{id}", status: 200, handler: (*orders).ServeHTTP},
		{name: "handler is the value of a method", path: "/list/%s", route: "/list/{id}", status: 200, handler: (*orders).list},
		{name: "handler is a method of a value", path: "/stateless/%s", route: "/stateless/{id}", status: 200, handler: stateless.ServeHTTP},
		{name: "handler is an embedded method", path: "/archive/%s", route: "/archive/{id}", status: 200, handler: (*orders).ServeHTTP},
		{name: "handler is a function literal", path: "/literal/%s", route: "/literal/{id}", status: 200, handler: literal},
		{name: "handler is hidden by a time limit", path: "/timeout/%s", route: "/timeout/{id}", status: 200, hidden: true},
		{name: "handler is hidden by a shorter path", path: "/stripped/%s", route: "/stripped/{id}", status: 200, hidden: true},
		{name: "failure", path: "/failure/%s", route: "/failure/{id}", status: 503, handler: serveFailure},
		{name: "no route", path: "/nothing/%s", status: 404},
		{name: "wrong method", method: "DELETE", path: "/users/%s", status: 405},
		{name: "copied by a middleware", path: "/middleware/%s", route: "/middleware/{id}", status: 200},
		{name: "recovered panic", path: "/safe/panic/%s", route: "/safe/panic/{id}", status: 500},
		{name: "panic", path: "/panic/%s", route: "/panic/{id}", handler: servePanic},
		{name: "mux in a mux", path: "/nested/%s", route: "/nested/{id}", status: 200, handler: serveUser},
		{name: "request copied in front", path: "/copied/%s", route: "/copied/{id}", status: 200, handler: serveUser},
		{name: "request cloned in front", path: "/cloned/%s", route: "/cloned/{id}", status: 200, handler: serveUser},
	}}
}
