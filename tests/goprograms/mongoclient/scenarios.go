// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"net"
	"sync"
	"time"

	"nodespan/goprograms/truth"
)

// everywhere runs work outside of any request, in a handler with its context, in a handler without, and on a goroutine
// that a handler has started with its context; all of them with the client of p.
func (w *world) everywhere(p place, work func(place)) {
	work(p)
	w.Within(p.scenario, "handler", func(ctx context.Context, parent string) {
		p := p
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

func one(n int) document { return document{{"name", "secret"}, {"n", n}} }

// documents: an operation each of those that a collection has.
func (w *world) documents() {
	p := w.root("documents")
	w.everywhere(p, func(p place) {
		w.do(p, call{name: "insert", operation: "insert", text: `{"insert":"%","ordered":"?"}`}, func(name string) error {
			_, err := p.collection(name).InsertOne(p.ctx, one(1))
			return err
		})
		w.do(p, call{name: "insert many", operation: "insert", batch: 3}, func(name string) error {
			_, err := p.collection(name).InsertMany(p.ctx, []interface{}{one(1), one(2), one(3)})
			return err
		})
		w.do(p, call{name: "find one", operation: "find",
			text: `{"find":"%","filter":{"name":"?","n":{"$in":["?"]}},"limit":"?","singleBatch":"?"}`}, func(name string) error {
			result := p.collection(name).FindOne(p.ctx, document{{"name", "secret"}, {"n", document{{"$in", list{1, 2}}}}})
			if w.server == nil {
				return nil // there is nothing
			}
			return result.Err()
		})
		w.do(p, call{name: "update", operation: "update", text: `{"update":"%","ordered":"?"}`}, func(name string) error {
			_, err := p.collection(name).UpdateOne(p.ctx, one(1), document{{"$set", one(2)}})
			return err
		})
		w.do(p, call{name: "replace", operation: "update"}, func(name string) error {
			_, err := p.collection(name).ReplaceOne(p.ctx, one(1), one(2))
			return err
		})
		w.do(p, call{name: "delete", operation: "delete"}, func(name string) error {
			_, err := p.collection(name).DeleteMany(p.ctx, one(1))
			return err
		})
		w.do(p, call{name: "aggregate", operation: "aggregate",
			text: `{"aggregate":"%","pipeline":[{"$match":{"name":"?"}},{"$limit":"?"}],"cursor":{}}`}, func(name string) error {
			_, err := p.collection(name).Aggregate(p.ctx, pipeline{{{"$match", document{{"name", "secret"}}}}, {{"$limit", 1}}})
			return err
		})
		w.do(p, call{name: "estimate", operation: "count", text: `{"count":"%"}`}, func(name string) error {
			_, err := p.collection(name).EstimatedDocumentCount(p.ctx)
			return err
		})
		w.do(p, call{name: "distinct", operation: "distinct", text: `{"distinct":"%","key":"?","query":{}}`},
			func(name string) error { return distinct(p.ctx, p.collection(name)) })
		w.do(p, call{name: "find and update", operation: "findAndModify"}, func(name string) error {
			result := p.collection(name).FindOneAndUpdate(p.ctx, one(1), document{{"$set", one(2)}})
			if w.server == nil {
				return nil
			}
			return result.Err()
		})
		long := make(document, 0, 200)
		for i := 0; i < 200; i++ {
			long = append(long, document{{fmt.Sprintf("field%d", i), "secret"}}...)
		}
		w.do(p, call{name: "long", operation: "find"}, func(name string) error {
			_, err := p.collection(name).Find(p.ctx, long)
			return err
		})
	})
}

// cursors: they ask for more, and are closed early.
func (w *world) cursors() {
	p := w.root("cursors")
	const name = "cursors"
	if w.server == nil {
		w.do(p, call{name: "prepare", operation: "insert", collection: name, batch: stored}, func(string) error {
			_, err := p.collection(name).InsertMany(p.ctx, []interface{}{one(1), one(2), one(3), one(4), one(5)})
			return err
		})
	}
	w.everywhere(p, func(p place) {
		find := func(batch int32) *cursor {
			var cursor *cursor
			w.do(p, call{name: "find", operation: "find", collection: name}, func(string) (err error) {
				cursor, err = p.collection(name).Find(p.ctx, document{}, findOptions().SetBatchSize(batch))
				return err
			})
			return cursor
		}
		next := func(cursor *cursor, documents int) {
			for ; documents > 0; documents-- {
				if !cursor.Next(p.ctx) {
					w.journal.Fail("mongoclient: %d documents are missing: %v", documents, cursor.Err())
				}
			}
		}
		whole := find(2)
		next(whole, 2)
		for _, more := range []int{2, stored - 4} {
			w.do(p, call{name: "more", operation: "getMore", collection: name,
				text: `{"getMore":"?","collection":"%","batchSize":"?"}`}, func(string) error {
				next(whole, more)
				return nil
			})
		}
		_ = whole.Close(p.ctx)
		early := find(2)
		next(early, 1)
		w.do(p, call{name: "close", operation: "killCursors", collection: name, text: `{"killCursors":"%","cursors":["?"]}`},
			func(string) error { return early.Close(p.ctx) })
	})
}

// commands: about a database, or about a collection as such.
func (w *world) commands() {
	p := w.root("commands")
	w.everywhere(p, func(p place) {
		w.do(p, call{name: "ping", operation: "ping", database: "admin", text: `{"ping":"?"}`}, func(string) error {
			return p.client.Ping(p.ctx, nil)
		})
		w.do(p, call{name: "any command", operation: "collStats", text: `{"collStats":"%","scale":"?"}`}, func(name string) error {
			err := p.client.Database(database).RunCommand(p.ctx, document{{"collStats", name}, {"scale", 1}}).Err()
			if w.server == nil {
				return nil // what it says of an empty one is its own affair
			}
			return err
		})
		w.do(p, call{name: "unknown", operation: "nonsense", database: database, code: "59"}, func(string) error {
			return p.client.Database(database).RunCommand(p.ctx, document{{"nonsense", "secret"}}).Err()
		})
		w.do(p, call{name: "create", operation: "create", text: `{"create":"%"}`}, func(name string) error {
			return p.client.Database(database).CreateCollection(p.ctx, name)
		})
		w.do(p, call{name: "create an index", operation: "createIndexes"}, func(name string) error {
			_, err := p.collection(name).Indexes().CreateOne(p.ctx, indexModel{Keys: document{{"name", 1}}})
			return err
		})
		w.do(p, call{name: "list collections", operation: "listCollections", database: database}, func(string) error {
			_, err := p.client.Database(database).ListCollectionNames(p.ctx, document{})
			return err
		})
		w.do(p, call{name: "list databases", operation: "listDatabases", database: "admin"}, func(string) error {
			_, err := p.client.ListDatabaseNames(p.ctx, document{})
			return err
		})
		w.do(p, call{name: "drop", operation: "drop", text: `{"drop":"%"}`}, func(name string) error {
			return p.collection(name).Drop(p.ctx)
		})
		w.do(p, call{name: "drop the database", operation: "dropDatabase", database: "nothing"}, func(string) error {
			return p.client.Database("nothing").Drop(p.ctx)
		})
	})
}

// bulk: one operation for each kind of write, however many messages it needs.
func (w *world) bulk() {
	p := w.root("bulk")
	const name = "bulk"
	w.everywhere(p, func(p place) {
		writes := func(ordered bool, models ...writeModel) func(string) error {
			return func(string) error {
				_, err := p.collection(name).BulkWrite(p.ctx, models, bulkOptions().SetOrdered(ordered))
				return err
			}
		}
		insert := insertModel().SetDocument(one(1))
		update := updateModel().SetFilter(one(1)).SetUpdate(document{{"$set", one(2)}})
		deletion := deleteModel().SetFilter(one(1))
		w.together(p, []call{
			{name: "inserts", operation: "insert", collection: name, batch: 2},
			{name: "updates", operation: "update", collection: name, batch: 3},
			{name: "deletion", operation: "delete", collection: name},
		}, writes(true, insert, insert, update, update, update, deletion))
		w.together(p, []call{
			{name: "unordered insert", operation: "insert", collection: name},
			{name: "unordered updates", operation: "update", collection: name, batch: 2},
		}, writes(false, update, insert, update))
		many := make([]interface{}, 0, 2*maxBatch+1)
		for i := 0; i < cap(many); i++ {
			many = append(many, one(i))
		}
		w.do(p, call{name: "more than a message has", operation: "insert", batch: len(many)}, func(name string) error {
			_, err := p.collection(name).InsertMany(p.ctx, many)
			return err
		})
		if hasBatchSizes && w.server != nil {
			w.do(p, call{name: "of several collections", operation: "bulkWrite", database: "admin"}, func(string) error {
				return writeToSeveral(p.ctx, p.client, database, "first", "second")
			})
		}
	})
}

// sessions: transactions, with what begins and ends them.
func (w *world) sessions() {
	p := w.root("sessions")
	w.everywhere(p, func(p place) {
		session, err := p.client.StartSession()
		if err != nil {
			w.journal.Fail("mongoclient: %v", err)
			return
		}
		defer session.EndSession(context.Background())
		for _, end := range []string{"commitTransaction", "abortTransaction"} {
			if err := session.StartTransaction(); err != nil {
				w.journal.Fail("mongoclient: %v", err)
			}
			w.do(p, call{name: "within a transaction", operation: "insert", text: `{"insert":"%","ordered":"?"}`}, func(name string) error {
				_, err := p.collection(name).InsertOne(sessionContext(p.ctx, session), one(1))
				return err
			})
			w.do(p, call{name: "end of a transaction", operation: end, database: "admin", text: `{"` + end + `":"?"}`}, func(string) error {
				if end == "commitTransaction" {
					return session.CommitTransaction(p.ctx)
				}
				return session.AbortTransaction(p.ctx)
			})
		}
	})
	w.leave(p)
}

// once is a client that tries everything once.
func once(o *clientOptions) { o.SetRetryReads(false).SetRetryWrites(false) }

// failures of servers, connections and contexts.
func (w *world) failures() {
	p := w.root("failures", once)
	find := func(ctx context.Context, p place, name string) error {
		_, err := p.collection(name).Find(ctx, one(1))
		return err
	}
	insert := func(ctx context.Context, p place, name string) error {
		_, err := p.collection(name).InsertOne(ctx, one(1))
		return err
	}
	w.everywhere(p, func(p place) {
		w.do(p, call{name: "not allowed", operation: "find", code: "13"}, func(name string) error {
			w.server.disturb(name, trouble{answer: failure(13, "Unauthorized", "not authorized on shop")})
			return find(p.ctx, p, name)
		})
		w.do(p, call{name: "duplicate", operation: "insert", code: "11000"}, func(name string) error {
			w.server.disturb(name, trouble{answer: document{{"ok", 1.0}, {"n", 0}, {"writeErrors", list{document{{"index", 0},
				{"code", 11000}, {"errmsg", `E11000 duplicate key error dup key: { name: "secret" }`}}}}}})
			return insert(p.ctx, p, name)
		})
		w.do(p, call{name: "not written everywhere", operation: "insert", code: "64"}, func(name string) error {
			w.server.disturb(name, trouble{answer: document{{"ok", 1.0}, {"n", 1}, {"writeConcernError",
				document{{"code", 64}, {"codeName", "WriteConcernFailed"}, {"errmsg", "waiting for replication timed out"}}}}})
			return insert(p.ctx, p, name)
		})
		w.do(p, call{name: "deadline", operation: "find", errorType: lateError}, func(name string) error {
			w.server.disturb(name, trouble{delay: 2 * time.Second})
			ctx, cancel := context.WithTimeout(p.ctx, 300*time.Millisecond)
			defer cancel()
			return find(ctx, p, name)
		})
		w.do(p, call{name: "server is gone", operation: "find", errorType: connectionError}, func(name string) error {
			w.server.disturb(name, trouble{hangUp: true})
			return find(p.ctx, p, name)
		})
	})
}

// retries of what may succeed when it is tried again are part of one operation.
func (w *world) retries() {
	p := w.root("retries")
	w.everywhere(p, func(p place) {
		w.do(p, call{name: "read", operation: "find"}, func(name string) error {
			w.server.disturb(name, trouble{hangUp: true, times: 1})
			_, err := p.collection(name).Find(p.ctx, one(1))
			return err
		})
		w.do(p, call{name: "write", operation: "insert"}, func(name string) error {
			w.server.disturb(name, trouble{answer: append(failure(91, "ShutdownInProgress", "shutting down"),
				document{{"errorLabels", list{"RetryableWriteError"}}}...), times: 1})
			_, err := p.collection(name).InsertOne(p.ctx, one(1))
			return err
		})
		w.do(p, call{name: "in vain", operation: "insert", code: "91"}, func(name string) error {
			w.server.disturb(name, trouble{answer: append(failure(91, "ShutdownInProgress", "shutting down"),
				document{{"errorLabels", list{"RetryableWriteError"}}}...)})
			_, err := p.collection(name).InsertOne(p.ctx, one(1))
			return err
		})
	})
}

// nobody: no server answers, and what was to be done is not known.
func (w *world) nobody() {
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		w.journal.Fail("mongoclient: %v", err)
		return
	}
	nowhere := gone.Addr().String()
	gone.Close()
	p := w.root("nobody", func(o *clientOptions) {
		o.SetHosts([]string{nowhere}).SetServerSelectionTimeout(100 * time.Millisecond)
	})
	w.everywhere(p, func(p place) {
		w.do(p, call{name: "no server", operation: "find", isUnsent: true, errorType: selectionError}, func(name string) error {
			_, err := p.client.Database(name).Collection("users").Find(p.ctx, one(1))
			return err
		})
		w.do(p, call{name: "cancelled before", operation: "insert", isUnsent: true, errorType: selectionError}, func(name string) error {
			ended, end := context.WithCancel(p.ctx)
			end()
			_, err := p.client.Database(name).Collection("users").InsertOne(ended, one(1))
			return err
		})
	})
}

// silent: writes that nobody answers.
func (w *world) silent() {
	p := w.root("silent")
	w.everywhere(p, func(p place) {
		w.do(p, call{name: "unacknowledged", operation: "insert", returns: unacknowledgedFails}, func(name string) error {
			c := p.client.Database(database).Collection(name, collectionOptions().SetWriteConcern(unacknowledged()))
			_, err := c.InsertOne(p.ctx, one(1))
			return err
		})
	})
}

// compressed: what is sent cannot be read on its way.
func (w *world) compressed() {
	p := w.root("compressed", func(o *clientOptions) { o.SetCompressors([]string{"zlib"}) })
	w.everywhere(p, func(p place) {
		w.do(p, call{name: "insert", operation: "insert", text: `{"insert":"%","ordered":"?"}`}, func(name string) error {
			_, err := p.collection(name).InsertOne(p.ctx, one(1))
			return err
		})
	})
}

// heartbeats: the driver talks to the server all the time, which is nobody's operation.
func (w *world) heartbeats() {
	p := w.root("heartbeats", func(o *clientOptions) { o.SetHeartbeatInterval(500 * time.Millisecond).SetMinPoolSize(3) })
	w.Within("heartbeats", "handler", func(ctx context.Context, parent string) {
		p := p
		p.ctx, p.parent = ctx, parent
		w.do(p, call{name: "insert", operation: "insert"}, func(name string) error {
			_, err := p.collection(name).InsertOne(p.ctx, one(1))
			return err
		})
		time.Sleep(1600 * time.Millisecond)
	})
	w.leave(p)
}

// storm: many handlers at once, on one client.
func (w *world) storm() {
	p := w.root("storm")
	var group sync.WaitGroup
	for i := 0; i < truth.SizeOr(100); i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			w.Within("storm", "handler", func(ctx context.Context, parent string) {
				p := p
				p.ctx, p.parent = ctx, parent
				for j := 0; j < 3; j++ {
					w.do(p, call{name: "insert", operation: "insert"}, func(name string) error {
						_, err := p.collection(name).InsertOne(p.ctx, one(j))
						return err
					})
				}
			})
		}()
	}
	group.Wait()
}

// hits: nothing but operations on one connection.
func (w *world) hits() {
	p := w.root("hits", func(o *clientOptions) { o.SetMaxPoolSize(1).SetHeartbeatInterval(time.Hour) })
	for i := 0; i < truth.SizeOr(50); i++ {
		w.do(p, call{name: "insert", operation: "insert"}, func(name string) error {
			_, err := p.collection(name).InsertOne(p.ctx, one(i))
			return err
		})
	}
}
