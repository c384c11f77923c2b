// SPDX-License-Identifier: Apache-2.0

package main

import "net/http"

func serveMuxSite() site {
	router := http.NewServeMux()
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
	inner := http.NewServeMux()
	inner.HandleFunc("/nested/{id}", serveUser)
	router.Handle("/nested/", inner)
	return site{"servemux", router, []visit{
		{name: "parameter", path: "/users/%s", route: "/users/{id}", status: 200, handler: serveUser},
		{name: "post", method: "POST", path: "/users/%s", route: "/users/{id}", status: 200, handler: serveUser},
		{name: "rest of the path", path: "/files/a/%s/b", route: "/files/{rest...}", status: 200, handler: serveUser},
		{name: "subtree", path: "/tree/a/%s", route: "/tree/", status: 200, handler: serveUser},
		{name: "handler is a method", path: "/orders/%s", route: "/orders/{id}", status: 200, handler: (*orders).ServeHTTP},
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
