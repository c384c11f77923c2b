// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"net/http"
	"net/url"
	"sync"
	"time"

	"nodespan/goprograms/truth"
)

func (w *world) scenarios() []truth.Scenario {
	return []truth.Scenario{
		{Name: "direct", Run: w.direct},
		{Name: "pool", Run: w.pools},
		{Name: "lazy", Run: w.lazy},
		{Name: "group", Run: w.groups},
		{Name: "flight", Run: w.flights},
		{Name: "batch", Run: w.batches},
		{Name: "after", Run: w.after},
		{Name: "context", Run: w.contexts},
		{Name: "timer", Run: w.timers},
		{Name: "health", Run: w.healthChecks},
		{Name: "keepalive", Run: w.keepAlive},
		{Name: "foreign", Run: w.foreign},
		{Name: "nesting", Run: w.nesting},
		{Name: "reuse", Run: w.reuse},
		{Name: "storm", Run: w.storm},
	}
}

// everybody sends --size requests at a time.
func (w *world) everybody(usual int, scenario, name string, handle handler) {
	together(truth.SizeOr(usual), func(int) { w.request(scenario, name, handle) })
}

func (w *world) direct() {
	const scenario = "direct"
	w.everybody(20, scenario, "handler", func(r *http.Request, id string) {
		server := truth.Server(id)
		w.call(r.Context(), scenario, "same goroutine, context", server)
		w.call(context.Background(), scenario, "same goroutine, background", server)
		w.call(context.TODO(), scenario, "same goroutine, TODO", server)
		w.call(context.WithValue(context.Background(), key(1), 1), scenario, "same goroutine, context of nobody", server)
		apart(func() { w.call(r.Context(), scenario, "fresh goroutine, context", server) })
		apart(func() {
			w.call(context.Background(), scenario, "fresh goroutine, background", truth.Either(server, truth.Root))
		})
		apart(func() {
			apart(func() {
				w.call(context.Background(), scenario, "goroutine of a goroutine, background", truth.Either(server, truth.Root))
			})
		})
		apart(func() {
			apart(func() { w.call(r.Context(), scenario, "goroutine of a goroutine, context", server) })
		})
	})
	w.call(context.Background(), scenario, "main goroutine", truth.Root)
}

func (w *world) pools() {
	const scenario = "pool"
	w.everybody(40, scenario, "submitter", func(r *http.Request, id string) {
		w.onPool(func() { w.call(r.Context(), scenario, "worker, context", truth.Server(id)) })
		w.onPool(func() { w.call(context.Background(), scenario, "worker, background", truth.Root) })
		w.onPool(func() { w.call(r.Context(), scenario, "worker, context again", truth.Server(id)) })
	})
}

// lazy: a worker that a request starts and that outlives it. The goroutine that created it serves further requests of the
// same connection, with which the worker has nothing to do.
func (w *world) lazy() {
	const scenario = "lazy"
	together(truth.SizeOr(10), func(int) {
		client := newClient() // its only connection
		defer client.CloseIdleConnections()
		jobs := make(chan func())
		defer close(jobs)
		do := func(job func()) {
			done := make(chan struct{})
			jobs <- func() { defer close(done); job() }
			<-done
		}
		first := w.requestOver(client, scenario, "starts a worker", func(r *http.Request, id string) {
			go func() {
				for job := range jobs {
					job()
				}
			}()
			do(func() {
				w.call(context.Background(), scenario, "worker during its first request", truth.Either(truth.Server(id), truth.Root))
			})
		})
		w.waitEnded(first)
		do(func() { w.call(context.Background(), scenario, "worker between requests", truth.Root) })
		for i := 0; i < 3; i++ {
			id := w.requestOver(client, scenario, "uses the worker", func(r *http.Request, id string) {
				do(func() {
					w.call(context.Background(), scenario, "worker during a later request of its creator", truth.Root)
				})
				do(func() { w.call(r.Context(), scenario, "worker with a later request's context", truth.Server(id)) })
			})
			w.waitEnded(id)
		}
	})
}

// group is like errgroup.Group: the first error cancels, Wait returns it.
type group struct {
	wait   sync.WaitGroup
	cancel func()
	once   sync.Once
	err    error
}

func withContext(ctx context.Context) (*group, context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	return &group{cancel: cancel}, ctx
}

func (g *group) goDo(work func() error) {
	g.wait.Add(1)
	go func() {
		defer g.wait.Done()
		if err := work(); err != nil {
			g.once.Do(func() { g.err = err; g.cancel() })
		}
	}()
}

func (g *group) waitAll() error {
	g.wait.Wait()
	g.cancel()
	return g.err
}

func (w *world) groups() {
	const scenario = "group"
	w.everybody(20, scenario, "handler", func(r *http.Request, id string) {
		g, ctx := withContext(r.Context())
		for i := 0; i < 5; i++ {
			g.goDo(func() error {
				w.call(ctx, scenario, "member", truth.Server(id))
				return nil
			})
		}
		_ = g.waitAll()
	})
}

// flight does the work of one key once for all who ask at the same time.
type flight struct {
	mu    sync.Mutex
	calls map[int]*flightCall
}

type flightCall struct {
	done chan struct{}
}

// do returns true for the one whose work was done.
func (f *flight) do(k int, work func()) bool {
	f.mu.Lock()
	if running := f.calls[k]; running != nil {
		f.mu.Unlock()
		<-running.done
		return false
	}
	mine := &flightCall{make(chan struct{})}
	f.calls[k] = mine
	f.mu.Unlock()
	work()
	f.mu.Lock()
	delete(f.calls, k)
	f.mu.Unlock()
	close(mine.done)
	return true
}

func (w *world) flights() {
	const scenario = "flight"
	shared := &flight{calls: map[int]*flightCall{}}
	together(truth.SizeOr(60), func(i int) {
		w.request(scenario, "caller", func(r *http.Request, id string) {
			shared.do(i/10, func() {
				time.Sleep(2 * time.Millisecond) // so that others come to wait
				w.call(r.Context(), scenario, "leader's work", truth.Server(id))
				apart(func() {
					w.call(context.Background(), scenario, "leader's work in a goroutine, background", truth.Either(truth.Server(id), truth.Root))
				})
			})
		})
	})
}

type batchJob struct {
	ctx  context.Context
	id   string
	done chan struct{}
}

// batches: one goroutine makes one call for several requests.
func (w *world) batches() {
	const scenario = "batch"
	jobs := make(chan batchJob)
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		for first := range jobs {
			batch := []batchJob{first}
			for full := time.After(2 * time.Millisecond); len(batch) < 10; {
				var more batchJob
				var ok bool
				select {
				case more, ok = <-jobs:
				case <-full:
				}
				if !ok {
					break
				}
				batch = append(batch, more)
			}
			w.call(context.Background(), scenario, "batch, background", truth.Root)
			w.call(first.ctx, scenario, "batch, context of the first", truth.Server(first.id))
			for _, job := range batch {
				close(job.done)
			}
		}
	}()
	w.everybody(40, scenario, "submitter", func(r *http.Request, id string) {
		job := batchJob{r.Context(), id, make(chan struct{})}
		jobs <- job
		<-job.done
	})
	close(jobs)
	<-stopped
}

// after: goroutines that go on when the answer is sent.
func (w *world) after() {
	const scenario = "after"
	var group sync.WaitGroup
	w.everybody(20, scenario, "leaves work behind", func(r *http.Request, id string) {
		ctx, kept := r.Context(), withoutCancel(r.Context())
		for _, work := range []func(){
			func() { w.call(ctx, scenario, "cancelled context of the request", truth.Server(id)) },
			func() { w.call(kept, scenario, "context that outlives the request", truth.Server(id)) },
			func() { w.call(context.WithValue(kept, key(3), 3), scenario, "derived from that", truth.Server(id)) },
			func() { w.call(context.Background(), scenario, "background, request over", truth.Root) },
		} {
			work := work
			group.Add(1)
			go func() {
				defer group.Done()
				w.waitEnded(id)
				work()
			}()
		}
	})
	group.Wait()
}

// contexts: every way to wrap a context, on a worker, so that nothing but the context leads to the request.
func (w *world) contexts() {
	const scenario = "context"
	w.everybody(10, scenario, "handler", func(r *http.Request, id string) {
		for _, wrapping := range wrappings() {
			ctx, end := wrapping.wrap(r.Context())
			parent := truth.Server(id)
			if !wrapping.knowable {
				parent = truth.Either(parent, truth.Root)
			}
			name := wrapping.name
			w.onPool(func() { w.call(ctx, scenario, name, parent) })
			end()
		}
	})
}

func (w *world) timers() {
	const scenario = "timer"
	w.everybody(20, scenario, "handler", func(r *http.Request, id string) {
		var group sync.WaitGroup
		group.Add(2)
		time.AfterFunc(time.Millisecond, func() {
			defer group.Done()
			w.call(r.Context(), scenario, "AfterFunc with context", truth.Server(id))
		})
		time.AfterFunc(time.Millisecond, func() {
			defer group.Done()
			w.call(context.Background(), scenario, "AfterFunc without context", truth.Either(truth.Server(id), truth.Root))
		})
		group.Wait()
		late := w.journal.Open()
		time.AfterFunc(3*time.Millisecond, func() {
			defer late()
			w.waitEnded(id)
			w.call(context.Background(), scenario, "AfterFunc without context, request over", truth.Root)
		})
		w.contextAfterFunc(r, id)
	})
	time.Sleep(20 * time.Millisecond)
}

// healthCheck is one round of a loop that never ends; parent is what the rules give for it.
type healthCheck struct {
	name, parent string
	done         chan struct{}
}

func (w *world) checkHealth(rounds chan healthCheck) {
	for round := range rounds {
		w.call(context.Background(), "health", round.name, round.parent)
		close(round.done)
	}
}

func check(rounds chan healthCheck, name, parent string) {
	round := healthCheck{name, parent, make(chan struct{})}
	rounds <- round
	<-round.done
}

func (w *world) healthChecks() {
	const scenario = "health"
	check(w.health, "loop of the start, nothing open", truth.Root)
	lazy := make(chan healthCheck)
	client := newClient()
	defer client.CloseIdleConnections()
	id := w.requestOver(client, scenario, "starts the loop", func(_ *http.Request, id string) {
		check(w.health, "loop of the start, a request open", truth.Root)
		go w.checkHealth(lazy)
		check(lazy, "loop of a request, during it", truth.Either(truth.Server(id), truth.Root))
	})
	w.waitEnded(id)
	check(lazy, "loop of a request, after it", truth.Root)
	for i := 0; i < 5; i++ {
		id = w.requestOver(client, scenario, "later on the same connection", func(*http.Request, string) {
			check(lazy, "loop of a request, during later ones", truth.Root)
		})
		w.waitEnded(id)
	}
	w.everybody(20, scenario, "unrelated", func(_ *http.Request, id string) {
		w.call(context.Background(), scenario, "unrelated call", truth.Server(id))
		check(lazy, "loop of a request, among others", truth.Root)
		check(w.health, "loop of the start, among others", truth.Root)
	})
	close(lazy)
}

// keepAlive: one goroutine of the server serves many requests in turn.
func (w *world) keepAlive() {
	const scenario = "keepalive"
	together(truth.SizeOr(10), func(int) {
		client := newClient()
		defer client.CloseIdleConnections()
		for i := 0; i < 20; i++ {
			i := i
			w.requestOver(client, scenario, "handler", func(r *http.Request, id string) {
				if i%3 != 2 { // every third calls nobody
					w.call(context.Background(), scenario, "background", truth.Server(id))
				}
				if i%2 == 0 {
					w.onPool(func() { w.call(r.Context(), scenario, "worker, context", truth.Server(id)) })
				}
			})
		}
	})
}

// foreign: two open requests, the handler of one works with the context of the other.
func (w *world) foreign() {
	const scenario = "foreign"
	together(truth.SizeOr(20), func(int) {
		type lent struct {
			ctx context.Context
			id  string
		}
		given, returned := make(chan lent), make(chan struct{})
		together(2, func(side int) {
			if side == 0 {
				w.request(scenario, "lends its context", func(r *http.Request, id string) {
					given <- lent{r.Context(), id}
					<-returned
				})
				return
			}
			w.request(scenario, "borrows a context", func(r *http.Request, id string) {
				other := <-given
				w.call(other.ctx, scenario, "borrowed context", truth.Server(other.id))
				w.call(r.Context(), scenario, "own context", truth.Server(id))
				w.call(context.Background(), scenario, "background", truth.Server(id))
				close(returned)
			})
		})
	})
}

// tokens is a RoundTripper that makes a call of its own before each.
type tokens struct {
	world  *world
	next   http.RoundTripper
	parent string
}

func (t tokens) RoundTrip(request *http.Request) (*http.Response, error) {
	t.world.call(request.Context(), "nesting", "token", t.parent)
	return t.next.RoundTrip(request)
}

func (w *world) nesting() {
	const scenario = "nesting"
	w.everybody(20, scenario, "handler", func(r *http.Request, id string) {
		server := truth.Server(id)
		w.callOver(&http.Client{Transport: tokens{w, w.client.Transport, server}}, r.Context(), scenario, "with token", server)
		w.callOver(&http.Client{Transport: tokens{w, w.client.Transport, server}}, context.Background(), scenario, "with token, background", server)
		// A Transport asks this function in the middle of an attempt, on the same goroutine.
		var inner int
		asking := &http.Transport{DisableKeepAlives: true, Proxy: func(request *http.Request) (*url.URL, error) {
			inner++
			outer := truth.Client(truth.IDIn(request.URL.Path))
			w.call(request.Context(), scenario, "call inside of a call", truth.Either(server, outer))
			return nil, nil
		}}
		w.callOver(&http.Client{Transport: asking}, r.Context(), scenario, "call with a call inside", server)
		w.call(context.Background(), scenario, "afterwards", server)
	})
}

// reuse: goroutines end and their memory serves new ones, which have nothing to do with the old ones.
func (w *world) reuse() {
	const scenario = "reuse"
	for round := 0; round < 3; round++ {
		together(truth.SizeOr(20), func(int) {
			client := newClient()
			id := w.requestOver(client, scenario, "handler", func(r *http.Request, id string) {
				w.call(context.Background(), scenario, "background", truth.Server(id))
			})
			client.CloseIdleConnections() // ends the goroutine of the server
			w.waitEnded(id)
		})
		together(truth.SizeOr(20), func(int) { w.call(context.Background(), scenario, "nobody's goroutine", truth.Root) })
	}
}

// storm mixes everything at once.
func (w *world) storm() {
	const scenario = "storm"
	var late sync.WaitGroup
	kinds := wrappings()
	together(truth.SizeOr(200), func(i int) {
		w.request(scenario, "handler", func(r *http.Request, id string) {
			server := truth.Server(id)
			switch i % 8 {
			case 0:
				w.call(context.Background(), scenario, "same goroutine, background", server)
			case 1:
				w.onPool(func() { w.call(r.Context(), scenario, "worker, context", server) })
			case 2:
				w.onPool(func() { w.call(context.Background(), scenario, "worker, background", truth.Root) })
			case 3:
				apart(func() {
					w.call(context.Background(), scenario, "fresh goroutine, background", truth.Either(server, truth.Root))
				})
			case 4:
				g, ctx := withContext(r.Context())
				for j := 0; j < 3; j++ {
					g.goDo(func() error { w.call(ctx, scenario, "member of a group", server); return nil })
				}
				_ = g.waitAll()
			case 5:
				wrapping := kinds[(i/8)%len(kinds)]
				parent := server
				if !wrapping.knowable {
					parent = truth.Either(server, truth.Root)
				}
				ctx, end := wrapping.wrap(r.Context())
				w.onPool(func() { w.call(ctx, scenario, "worker, wrapped context: "+wrapping.name, parent) })
				end()
			case 6:
				late.Add(1)
				ctx := withoutCancel(r.Context())
				go func() {
					defer late.Done()
					w.waitEnded(id)
					w.call(ctx, scenario, "context that outlives the request", server)
				}()
			case 7:
				check(w.health, "loop of the start, in a storm", truth.Root)
			}
		})
	})
	late.Wait()
}
