// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"time"
)

// Orders that are there already have the number of the one before; the pots sell out.
var steps = []struct{ method, path string }{
	{http.MethodGet, "/products/tea"},
	{http.MethodPost, "/orders/tea?number=%d"},
	{http.MethodPost, "/orders/cup?number=%d"},
	{http.MethodGet, "/products/sugar"},
	{http.MethodPost, "/orders/pot?number=%d"},
	{http.MethodPost, "/orders/sugar?number=%d"},
	{http.MethodPost, "/orders/cup?number=0"},
}

// runTraffic sends requests one after the other and says how many were answered.
func runTraffic(ctx context.Context, o options) error {
	ctx, cancel := context.WithTimeout(ctx, time.Duration(o.seconds*float64(time.Second)))
	defer cancel()
	client := &http.Client{Timeout: 5 * time.Second}
	ticker := time.NewTicker(time.Duration(float64(time.Second) / o.rps))
	defer ticker.Stop()
	sent, failed := 0, 0
	first := time.Now().UnixNano()
	for ctx.Err() == nil {
		step := steps[sent%len(steps)]
		path := step.path
		if step.method == http.MethodPost && path[len(path)-1] == 'd' {
			path = fmt.Sprintf(path, first+int64(sent))
		}
		request, err := http.NewRequest(step.method, "http://"+o.front+path, nil)
		if err != nil {
			return err
		}
		request.Header.Set("User-Agent", "shop-traffic/1")
		response, err := client.Do(request)
		if err != nil {
			failed++
			fmt.Fprintln(os.Stderr, err)
		} else {
			_ = response.Body.Close()
		}
		sent++
		select {
		case <-ctx.Done():
		case <-ticker.C:
		}
	}
	fmt.Printf("{\"requests\":%d,\"failed\":%d}\n", sent, failed)
	return nil
}
