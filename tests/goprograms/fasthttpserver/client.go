// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/tls"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"nodespan/goprograms/truth"

	"github.com/valyala/fasthttp"
)

// sending is a request of a fasthttp client, and what its span must say.
type sending struct {
	scenario, name, method string // method: "" for GET
	url                    string // "%s" stands for the id
	sentURL                string // url.full, where it is another one
	body                   string
	parent                 string // "" for the root of a trace
	do                     func(*fasthttp.Request, *fasthttp.Response) error
	status                 int  // 0 for 200
	unsent                 bool // no server sees it
}

var client = &fasthttp.Client{TLSConfig: &tls.Config{InsecureSkipVerify: true}}

// clients sends requests in all ways of the library but pipelines.
func clients(plain, secure *server, refused string) {
	base := "http://" + plain.address
	host := &fasthttp.HostClient{Addr: plain.address}
	for _, c := range []sending{
		{name: "get", url: base + "/items/%s"},
		{name: "query", url: base + "/items/%s?color=blue&size=3"},
		{name: "empty query", url: base + "/items/%s?", sentURL: base + "/items/%s"},
		{name: "secret in the query", url: base + "/items/%s?sig=secret", sentURL: base + "/items/%s?sig=REDACTED"},
		{name: "path that is escaped", url: base + "/items/%s/a b", sentURL: base + "/items/%s/a%20b"},
		{name: "path that is cleaned", url: base + "//items/./x/../%s#here", sentURL: base + "/items/%s"},
		{name: "credentials", url: "http://me:secret@" + plain.address + "/items/%s",
			sentURL: "http://REDACTED:REDACTED@" + plain.address + "/items/%s"},
		{name: "head", method: "HEAD", url: base + "/items/%s"},
		{name: "post", method: "POST", url: base + "/echo/%s", body: "hello world"},
		{name: "stream", url: base + "/unsized/%s"},
		{name: "not found", url: base + "/unknown/%s", status: 404},
		{name: "failure", url: base + "/error/%s", status: 503},
		{name: "TLS", url: "https://" + secure.address + "/items/%s"},
		{name: "client of one host", url: base + "/items/%s", do: host.Do},
		{name: "with a time limit", url: base + "/items/%s", do: func(request *fasthttp.Request, response *fasthttp.Response) error {
			return client.DoTimeout(request, response, 10*time.Second)
		}},
		{name: "no answer in time", url: base + "/late/%s", do: func(request *fasthttp.Request, response *fasthttp.Response) error {
			return client.DoTimeout(request, response, 5*time.Millisecond)
		}},
		{name: "refused", url: "http://" + refused + "/%s?a=b#c", sentURL: "http://" + refused + "/%s?a=b", unsent: true},
	} {
		c.scenario = "client"
		c.send()
	}
	var group sync.WaitGroup
	for i := 0; i < truth.SizeOr(50); i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			sending{scenario: "client", name: "many at once", url: base + "/slow/%s"}.send()
		}()
	}
	group.Wait()
}

// send sends the request with an id of its own, and writes the lines of both sides.
func (c sending) send() { c.sendAs(journal.NewID(c.scenario)) }

func (c sending) sendAs(id string) {
	request, response := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer fasthttp.ReleaseRequest(request)
	defer fasthttp.ReleaseResponse(response)
	if c.method == "" {
		c.method = http.MethodGet
	}
	if c.do == nil {
		c.do = client.Do
	}
	if c.status == 0 {
		c.status = http.StatusOK
	}
	if c.sentURL == "" {
		c.sentURL = c.url
	}
	request.Header.SetMethod(c.method)
	request.SetRequestURI(strings.Replace(c.url, "%s", id, 1))
	request.SetBodyString(c.body)
	start := time.Now()
	err := c.do(request, response)
	line := c.line(id, string(request.URI().Host()), response, err)
	line.StartNs, line.EndNs = start.UnixNano(), time.Now().UnixNano()
	journal.Write(line)
	if err == nil && response.StatusCode() != c.status {
		journal.Fail("fasthttpserver: %s %s: status %d, expected %d", id, c.name, response.StatusCode(), c.status)
	}
	if c.unsent {
		return
	}
	journal.Write(truth.Span{
		ID: id, SpanKind: "server", Scenario: c.scenario, Case: "its server side", Parent: truth.Root, Name: c.method,
		Status: truth.StatusOf(c.status >= 500), StartNs: line.StartNs,
		EndNs: time.Now().Add(time.Second).UnixNano(), // it may go on without its client
	})
}

func (c sending) line(id, host string, response *fasthttp.Response, err error) truth.Span {
	line := truth.Span{
		ID: id, SpanKind: "client", Scenario: c.scenario, Case: c.name, Parent: truth.Root, Name: c.method, Status: truth.Unset,
		Attributes: map[string]interface{}{"http.request.method": c.method, "url.full": strings.Replace(c.sentURL, "%s", id, 1)},
		Absent:     []string{"http.request.resend_count"},
	}
	if c.parent != "" {
		line.Parent = c.parent
	}
	address, _ := net.ResolveTCPAddr("tcp", host)
	line.Attributes["server.address"], line.Attributes["server.port"] = address.IP.String(), address.Port
	if !c.unsent {
		line.Attributes["network.peer.address"], line.Attributes["network.peer.port"] = address.IP.String(), address.Port
	}
	if c.body != "" {
		line.Attributes["http.request.body.size"] = len(c.body)
	} else {
		line.Absent = append(line.Absent, "http.request.body.size")
	}
	if err != nil {
		line.Status, line.Message = truth.Error, truth.KnownText(err)
		line.Attributes["error.type"] = truth.ErrorType(truth.Cause(err))
		line.Absent = append(line.Absent, "http.response.status_code", "http.response.body.size")
		return line
	}
	line.Attributes["http.response.status_code"], line.Attributes["network.protocol.version"] = response.StatusCode(), "1.1"
	line.Status = truth.StatusOf(response.StatusCode() >= 400)
	if length := response.Header.ContentLength(); length >= 0 {
		line.Attributes["http.response.body.size"] = length
	} else {
		line.Absent = append(line.Absent, "http.response.body.size")
	}
	return line
}
