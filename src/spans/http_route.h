// SPDX-License-Identifier: Apache-2.0
// http.route of a server span: what the router that handled the request calls the route. Pure functions.
//
// Which router is heard when several are mounted in each other is decided in the kernel
// (bpf/programs/http_route.bpf.c); here its words become a route. The syntax of each router is passed through: ":id",
// "*any", "{id}", "{id:[0-9]+}".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "events/http_event.h"

namespace nodespan::spans {

// Valid UTF-8; empty when no route is known. `code`: of the response.
std::string HttpRoute(const events::HttpServerEvent& event, std::optional<uint16_t> code);

// The patterns of chi's routers, joined, as one route: "/api/*" + "/v1/*" + "/{id}" is "/api/v1/{id}". As chi's own
// Context.RoutePattern does it. `cut`: the end is missing.
std::string RouteOfChi(std::string_view patterns, bool cut);

// Whether echo only repeated the path of a request that matched no route, as versions before 4.3 do.
bool IsPathAndNoRoute(std::string_view route, std::string_view path);

}  // namespace nodespan::spans
