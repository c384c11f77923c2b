// SPDX-License-Identifier: Apache-2.0

package truth

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
)

// Attempt returns the line of a request that a RoundTripper was given, and of what it gave back.
func Attempt(id string, request *http.Request, response *http.Response, err error) Span {
	line := Span{
		ID: id, SpanKind: "client", Name: MethodName(request.Method),
		Attributes: map[string]interface{}{"url.full": request.URL.String()}, Facts: map[string]interface{}{},
	}
	AddMethod(line.Attributes, request.Method)
	addServer(line.Attributes, request)
	if request.ContentLength > 0 {
		line.Attributes["http.request.body.size"] = request.ContentLength
	}
	if err != nil {
		describeError(&line, err)
	} else {
		describeResponse(&line, request, response)
	}
	return line
}

func describeResponse(line *Span, request *http.Request, response *http.Response) {
	line.Attributes["http.response.status_code"] = response.StatusCode
	line.Attributes["network.protocol.version"] = ProtocolVersion(response.Proto)
	line.Facts["content_length"] = response.ContentLength
	if response.ContentLength >= 0 && request.Method != http.MethodHead {
		line.Attributes["http.response.body.size"] = response.ContentLength
	}
	line.Status = StatusOf(response.StatusCode >= 400)
	if response.StatusCode >= 400 {
		line.Attributes["error.type"] = strconv.Itoa(response.StatusCode)
	} else {
		line.Absent = append(line.Absent, "error.type")
	}
}

func describeError(line *Span, err error) {
	var types []string
	for e := err; e != nil; e = errors.Unwrap(e) {
		types = append(types, ErrorType(e))
	}
	line.Facts["error_types"] = types // the outermost first
	line.Facts["error_text"] = err.Error()
	line.Absent = append(line.Absent, "http.response.status_code")
	// Who cancels on purpose has no error. Up to Go 1.22 a time limit of http.Client looks the same to the Transport.
	switch {
	case errors.Is(err, context.Canceled):
		line.Status = Unset
	case strings.HasSuffix(err.Error(), "request canceled"):
		line.Status = Any
	default:
		line.Status = Error
		line.Attributes["error.type"] = ErrorType(Cause(err))
		line.Message = KnownText(err)
	}
}

// addServer says the address and port that the URL names.
func addServer(attributes map[string]interface{}, request *http.Request) {
	if request.URL.Hostname() == "" {
		return
	}
	attributes["server.address"] = request.URL.Hostname()
	switch port, err := strconv.Atoi(request.URL.Port()); {
	case err == nil:
		attributes["server.port"] = port
	case request.URL.Scheme == "https":
		attributes["server.port"] = 443
	case request.URL.Scheme == "http":
		attributes["server.port"] = 80
	}
}

var knownMethods = " GET HEAD POST PUT DELETE CONNECT OPTIONS TRACE PATCH QUERY "

func isKnown(method string) bool { return strings.Contains(knownMethods, " "+method+" ") }

// MethodName is the name of the span of a request without a route.
func MethodName(method string) string {
	if isKnown(method) {
		return method
	}
	return "HTTP"
}

// AddMethod says the method as conventions want it.
func AddMethod(attributes map[string]interface{}, method string) {
	if isKnown(method) {
		attributes["http.request.method"] = method
		return
	}
	attributes["http.request.method"], attributes["http.request.method_original"] = "_OTHER", method
}

// ProtocolVersion is network.protocol.version for what net/http calls the protocol.
func ProtocolVersion(proto string) string {
	if proto == "HTTP/2.0" {
		return "2"
	}
	return strings.TrimPrefix(proto, "HTTP/")
}
