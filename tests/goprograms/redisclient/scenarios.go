// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"net"
	"sync"
	"time"

	"nodespan/goprograms/truth"
)

// everywhere runs work outside of any request, in a handler with its context, in a handler without, and on a goroutine
// that a handler has started with its context.
func (w *world) everywhere(scenario string, work func(place)) {
	work(w.root(scenario))
	w.Within(scenario, "handler", func(ctx context.Context, parent string) {
		p := w.root(scenario)
		p.parent, p.name = parent, "goroutine: "
		work(p)
		p.ctx, p.name = ctx, "context: "
		work(p)
		done := make(chan struct{})
		go func() {
			defer close(done)
			p.name = "context elsewhere: "
			work(p)
		}()
		<-done
	})
}

// commands uses a new client each time, so that its first command connects, which is no call of its own.
func (w *world) commands() {
	w.everywhere("commands", func(p place) {
		p.database = 2
		c := newClient(&options{Addr: w.redis, DB: p.database})
		defer c.Close()
		w.do(p, call{name: "delete", operation: "del", text: "del ? ?"}, func() error { return c.Del(p.ctx, "text", "list").Err() })
		w.do(p, call{name: "set", operation: "set", text: "set ? ?"}, func() error { return c.Set(p.ctx, "text", "secret", 0).Err() })
		w.do(p, call{name: "set with options", operation: "set", text: "set ? ? ? ?"}, func() error {
			return c.Set(p.ctx, "text", "secret", time.Minute).Err()
		})
		w.do(p, call{name: "get", operation: "get", text: "get ?"}, func() error { return c.Get(p.ctx, "text").Err() })
		w.do(p, call{name: "get nothing", operation: "get", text: "get ?", missing: true}, func() error {
			return c.Get(p.ctx, "nobody").Err()
		})
		w.do(p, call{name: "push", operation: "rpush", text: "rpush ? ? ?"}, func() error { return c.RPush(p.ctx, "list", 1, "2").Err() })
		w.do(p, call{name: "wrong type", operation: "get", text: "get ?", code: "WRONGTYPE"}, func() error {
			return c.Get(p.ctx, "list").Err()
		})
		w.do(p, call{name: "no such command", operation: "nonsense", text: "nonsense ?", code: "ERR"}, func() error {
			return c.Do(p.ctx, "nonsense", "secret").Err()
		})
		w.do(p, call{name: "no script", operation: "evalsha", text: marks("evalsha", 2), code: "NOSCRIPT"}, func() error {
			return c.EvalSha(p.ctx, "0123456789012345678901234567890123456789", nil).Err()
		})
		w.do(p, call{name: "of a connection", operation: "incr", text: "incr ?"}, func() error {
			return c.Incr(p.ctx, "number").Err()
		})
		w.do(p, call{name: "without arguments", operation: "dbsize", text: "dbsize"}, func() error { return c.DBSize(p.ctx).Err() })
		many := make([]interface{}, 0, 40)
		for i := 0; i < 20; i++ {
			many = append(many, "key", "value")
		}
		w.do(p, call{name: "many arguments", operation: "mset", text: marks("mset", 16) + " ..."}, func() error {
			return c.MSet(p.ctx, many...).Err()
		})
	})
}

func (w *world) pipelines() {
	w.everywhere("pipelines", func(p place) {
		c := newClient(&options{Addr: w.redis})
		defer c.Close()
		w.do(p, call{name: "alike", operation: "PIPELINE incr", text: "incr ?", batch: 3}, func() error {
			_, err := c.Pipelined(p.ctx, func(pipe pipeliner) error {
				for i := 0; i < 3; i++ {
					pipe.Incr(p.ctx, "counter")
				}
				return nil
			})
			return err
		})
		w.do(p, call{name: "mixed", operation: "PIPELINE", text: "set ? ?; get ?", batch: 2}, func() error {
			_, err := c.Pipelined(p.ctx, func(pipe pipeliner) error {
				pipe.Set(p.ctx, "text", "secret", 0)
				pipe.Get(p.ctx, "text")
				return nil
			})
			return err
		})
		w.do(p, call{name: "long", operation: "PIPELINE", batch: 100}, func() error {
			_, err := c.Pipelined(p.ctx, func(pipe pipeliner) error {
				for i := 0; i < 100; i++ {
					pipe.Incr(p.ctx, "counter")
				}
				return nil
			})
			return err
		})
		w.do(p, call{name: "of one", operation: "strlen", text: "strlen ?"}, func() error {
			_, err := c.Pipelined(p.ctx, func(pipe pipeliner) error { pipe.StrLen(p.ctx, "text"); return nil })
			return err
		})
		w.do(p, call{name: "with a failure", operation: "PIPELINE", text: "lpush ? ?; get ?", batch: 2, code: "WRONGTYPE"}, func() error {
			_, err := c.Pipelined(p.ctx, func(pipe pipeliner) error {
				pipe.LPush(p.ctx, "text", 1)
				pipe.Get(p.ctx, "text")
				return nil
			})
			return err
		})
		w.do(p, call{name: "with nothing", operation: "PIPELINE get", text: "get ?", batch: 2, missing: true}, func() error {
			_, err := c.Pipelined(p.ctx, func(pipe pipeliner) error {
				pipe.Get(p.ctx, "nobody")
				pipe.Get(p.ctx, "text")
				return nil
			})
			return err
		})
		w.do(p, call{name: "transaction", operation: "MULTI incr", text: "incr ?", batch: 2}, func() error {
			_, err := c.TxPipelined(p.ctx, func(pipe pipeliner) error {
				pipe.Incr(p.ctx, "counter")
				pipe.Incr(p.ctx, "counter")
				return nil
			})
			return err
		})
		w.do(p, call{name: "mixed transaction", operation: "MULTI", text: "set ? ?; get ?", batch: 2}, func() error {
			pipe := c.TxPipeline()
			pipe.Set(p.ctx, "text", "secret", 0)
			pipe.Get(p.ctx, "text")
			_, err := pipe.Exec(p.ctx)
			return err
		})
		w.do(p, call{name: "refused transaction", operation: "MULTI", batch: 2, code: "EXECABORT"}, func() error {
			_, err := c.TxPipelined(p.ctx, func(pipe pipeliner) error {
				pipe.Do(p.ctx, "nonsense")
				pipe.Get(p.ctx, "text")
				return nil
			})
			return err
		})
	})
}

func (w *world) watch() {
	w.everywhere("watch", func(p place) {
		c := newClient(&options{Addr: w.redis})
		defer c.Close()
		w.do(p, call{name: "set", operation: "set"}, func() error { return c.Set(p.ctx, "watched", 1, 0).Err() })
		watched := func() error {
			w.do(p, call{name: "watch", operation: "watch", text: "watch ?"}, func() error {
				return c.Watch(p.ctx, func(tx *transaction) error {
					w.do(p, call{name: "watched get", operation: "get"}, func() error { return tx.Get(p.ctx, "watched").Err() })
					w.do(p, call{name: "watched set", operation: "MULTI set", batch: 2}, func() error {
						_, err := tx.TxPipelined(p.ctx, func(pipe pipeliner) error {
							pipe.Set(p.ctx, "watched", 2, 0)
							pipe.Set(p.ctx, "unwatched", 2, 0)
							return nil
						})
						return err
					})
					return nil
				}, "watched")
			})
			return nil
		}
		if unwatchesAfterExec {
			w.do(p, call{name: "unwatch", operation: "unwatch", text: "unwatch"}, watched)
		} else {
			_ = watched()
		}
	})
}

func (w *world) failures() {
	w.everywhere("failures", func(p place) {
		gone, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			w.journal.Fail("redisclient: %v", err)
			return
		}
		nowhere := gone.Addr().String()
		gone.Close()
		c := newClient(&options{Addr: nowhere, MaxRetries: -1})
		there := p
		there.server = nowhere
		w.do(there, call{name: "no server", operation: "get", fails: true}, func() error { return c.Get(p.ctx, "text").Err() })
		w.do(there, call{name: "no server for a pipeline", operation: "PIPELINE get", batch: 2, fails: true}, func() error {
			_, err := c.Pipelined(p.ctx, func(pipe pipeliner) error {
				pipe.Get(p.ctx, "a")
				pipe.Get(p.ctx, "b")
				return nil
			})
			return err
		})
		c.Close()
		w.do(there, call{name: "closed", operation: "get", fails: true}, func() error { return c.Get(p.ctx, "text").Err() })
		// Each command is tried again, in one span.
		c = newClient(&options{Addr: nowhere, MaxRetries: 1, MinRetryBackoff: time.Millisecond, MaxRetryBackoff: time.Millisecond})
		w.do(there, call{name: "no server, twice", operation: "set", fails: true}, func() error {
			return c.Set(p.ctx, "text", "secret", 0).Err()
		})
		c.Close()
		c = newClient(&options{Addr: w.redis, ReadTimeout: 30 * time.Millisecond, MaxRetries: -1})
		w.do(p, call{name: "timeout", operation: "blpop", fails: true}, func() error {
			return c.Do(p.ctx, "blpop", "empty", 1).Err()
		})
		ended, end := context.WithCancel(p.ctx)
		end()
		w.do(p, call{name: "cancelled before", operation: "getdel", fails: true}, func() error { return c.GetDel(ended, "text").Err() })
		c.Close()
	})
}

// storm: many handlers at once, on one client, with names of commands that tell them apart.
func (w *world) storm() {
	c := newClient(&options{Addr: w.redis})
	defer c.Close()
	var group sync.WaitGroup
	for i := 0; i < truth.SizeOr(100); i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			w.Within("storm", "handler", func(ctx context.Context, parent string) {
				p := w.root("storm")
				p.ctx, p.parent = ctx, parent
				for j := 0; j < 3; j++ {
					name := w.journal.NewID("storm")
					w.do(p, call{name: "command", operation: name, code: "ERR"}, func() error { return c.Do(p.ctx, name).Err() })
				}
			})
		}()
	}
	group.Wait()
}

// asks are the commands by which older clients learn which arguments of commands are keys: one for each key when they
// do not understand the answer.
var asks = []call{{operation: "command"}, {operation: "command"}, {operation: "command"}}

// connects are those of connections that clusters make on goroutines of their own.
var connects = []call{{operation: "hello"}, {operation: "PIPELINE client", batch: 2}}

// ring: its shards are clients of their own.
func (w *world) ring() {
	r := newRing(&ringOptions{Addrs: map[string]string{"only": w.redis}, HeartbeatFrequency: time.Hour, DB: 1})
	defer r.Close()
	w.everywhere("ring", func(p place) {
		p.database = 1
		w.around(p, asks, func() {
			w.do(p, call{name: "set", operation: "set"}, func() error { return r.Set(p.ctx, "text", "secret", 0).Err() })
		})
		elsewhere := p
		if p.ctx == context.Background() {
			elsewhere = p.unsure()
		}
		w.around(p, asks, func() {
			w.do(elsewhere, call{name: "pipeline", operation: "PIPELINE incr", batch: 2}, func() error {
				_, err := r.Pipelined(p.ctx, func(pipe pipeliner) error {
					pipe.Incr(p.ctx, "a")
					pipe.Incr(p.ctx, "b")
					return nil
				})
				return err
			})
		})
	})
}

// cluster: one server that has all slots by the word of this program. Commands go to the client of a node, pipelines to
// several, which their span does not name. The server has a name, because clients replace addresses of loopback.
func (w *world) cluster() {
	_, port, _ := net.SplitHostPort(w.redis)
	address := net.JoinHostPort("localhost", port)
	c := newCluster(&clusterOptions{Addrs: []string{address}, ClusterSlots: func(context.Context) ([]slot, error) {
		return []slot{{Start: 0, End: 16383, Nodes: []node{{Addr: address}}}}, nil
	}})
	defer c.Close()
	w.everywhere("cluster", func(p place) {
		p.server = address
		w.around(p, asks, func() {
			w.do(p, call{name: "set", operation: "set"}, func() error { return c.Set(p.ctx, "text", "secret", 0).Err() })
		})
		all := p
		all.server, all.database = "", -1
		w.around(p, append(asks, connects...), func() {
			w.do(all, call{name: "pipeline", operation: "PIPELINE incr", batch: 2}, func() error {
				_, err := c.Pipelined(p.ctx, func(pipe pipeliner) error {
					pipe.Incr(p.ctx, "a")
					pipe.Incr(p.ctx, "b")
					return nil
				})
				return err
			})
		})
		w.around(p, append(asks, connects...), func() {
			w.do(all, call{name: "transaction", operation: "MULTI decr", batch: 2}, func() error {
				_, err := c.TxPipelined(p.ctx, func(pipe pipeliner) error {
					pipe.Decr(p.ctx, "a")
					pipe.Decr(p.ctx, "a")
					return nil
				})
				return err
			})
		})
	})
}

// hits: nothing but commands on one connection.
func (w *world) hits() {
	c := newClient(&options{Addr: w.redis, PoolSize: 1})
	defer c.Close()
	for i := 0; i < truth.SizeOr(50); i++ {
		w.do(w.root("hits"), call{name: "set", operation: "set"}, func() error {
			return c.Set(context.Background(), "text", "secret", 0).Err()
		})
	}
}
