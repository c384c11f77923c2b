// SPDX-License-Identifier: Apache-2.0

package truth

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// Ask sends a request over a connection of its own and without an http.Client, so that it makes no client span, and
// returns the status of the answer.
func Ask(address, method, path string) (int, error) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	if _, err := fmt.Fprintf(conn, "%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", method, path, address); err != nil {
		return 0, err
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	return response.StatusCode, err
}
