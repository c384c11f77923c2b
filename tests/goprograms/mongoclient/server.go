// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Opcodes and flags of the wire protocol (mongodb.com/docs, MongoDB Wire Protocol).
const (
	opReply      = 1
	opQuery      = 2004
	opCompressed = 2012
	opMessage    = 2013
	moreToCome   = 2
	headerBytes  = 16
)

// How many documents one message may have.
const maxBatch = 1000

// trouble is what the server does to the commands of a collection instead of answering them well.
type trouble struct {
	answer document      // instead of what it would say
	hangUp bool          // closes the connection
	delay  time.Duration // before the answer
	times  int           // so often only; 0: always
}

// server is as much of MongoDB as the scenarios need: one member of a replica set that keeps no documents, but says what
// one would say that has `stored` of them in every collection.
type server struct {
	address  string
	mu       sync.Mutex
	troubles map[string]*trouble
	cursors  map[int64]int // what is left of them
	requests int32
}

const stored = 5

func startServer() (*server, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &server{address: listener.Addr().String(), troubles: map[string]*trouble{}, cursors: map[int64]int{}}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go s.serve(conn)
		}
	}()
	return s, nil
}

// disturb makes trouble for a collection.
func (s *server) disturb(collection string, t trouble) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.troubles[collection] = &t
}

func (s *server) troubleFor(collection string) trouble {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.troubles[collection]
	if t == nil {
		return trouble{}
	}
	if t.times == 1 {
		delete(s.troubles, collection)
	}
	t.times--
	return *t
}

func (s *server) serve(conn net.Conn) {
	defer conn.Close()
	for {
		header := make([]byte, headerBytes)
		if _, err := io.ReadFull(conn, header); err != nil {
			return
		}
		message := make([]byte, binary.LittleEndian.Uint32(header)-headerBytes)
		if _, err := io.ReadFull(conn, message); err != nil {
			return
		}
		command, writes, isSilent, isOld := parse(binary.LittleEndian.Uint32(header[12:]), message)
		if command == nil {
			return
		}
		answer := s.answer(command, writes)
		if answer == nil {
			return
		}
		if isSilent {
			continue
		}
		if _, err := conn.Write(reply(binary.LittleEndian.Uint32(header[4:]), answer, isOld)); err != nil {
			return
		}
	}
}

// parse returns the command of a message and how many documents come with it; nil when it is no command.
func parse(opcode uint32, message []byte) (command raw, writes int, isSilent, isOld bool) {
	switch opcode {
	case opCompressed:
		reader, err := zlib.NewReader(bytes.NewReader(message[9:]))
		if err != nil {
			return nil, 0, false, false
		}
		whole, err := io.ReadAll(reader)
		if err != nil {
			return nil, 0, false, false
		}
		return parse(binary.LittleEndian.Uint32(message), whole)
	case opQuery:
		name := bytes.IndexByte(message[4:], 0)
		return raw(message[4+name+1+8:]), 0, false, true
	case opMessage:
		isSilent = binary.LittleEndian.Uint32(message)&moreToCome != 0
		for rest := message[4:]; len(rest) > 0; {
			size := binary.LittleEndian.Uint32(rest[1:])
			section := rest[1 : 1+size]
			if rest[0] == 0 {
				command = raw(section)
			} else {
				documents := section[4+bytes.IndexByte(section[4:], 0)+1:]
				for len(documents) > 0 {
					documents = documents[binary.LittleEndian.Uint32(documents):]
					writes++
				}
			}
			rest = rest[1+size:]
		}
	}
	return command, writes, isSilent, false
}

func reply(to uint32, answer document, isOld bool) []byte {
	body, err := marshal(answer)
	if err != nil {
		panic(err)
	}
	opcode, before := uint32(opMessage), make([]byte, 5) // flags, kind of the section
	if isOld {
		opcode, before = opReply, make([]byte, 20)
		before[16] = 1 // documents
	}
	message := make([]byte, headerBytes, headerBytes+len(before)+len(body))
	binary.LittleEndian.PutUint32(message, uint32(headerBytes+len(before)+len(body)))
	binary.LittleEndian.PutUint32(message[8:], to)
	binary.LittleEndian.PutUint32(message[12:], opcode)
	return append(append(message, before...), body...)
}

// answer is nil when the server hangs up.
func (s *server) answer(command raw, writes int) document {
	elements, err := command.Elements()
	if err != nil || len(elements) == 0 {
		return nil
	}
	name := elements[0].Key()
	if name == "hello" || strings.EqualFold(name, "ismaster") {
		return s.hello()
	}
	if name == "nonsense" {
		return failure(59, "CommandNotFound", "no such command: 'nonsense'")
	}
	collection, _ := elements[0].Value().StringValueOK()
	if name == "getMore" {
		collection, _ = command.Lookup("collection").StringValueOK()
	}
	t := s.troubleFor(collection)
	time.Sleep(t.delay)
	if t.hangUp {
		return nil
	}
	if t.answer != nil {
		return t.answer
	}
	database, _ := command.Lookup("$db").StringValueOK()
	return append(s.result(name, command, database+"."+collection, writes), document{{"ok", 1.0}}...)
}

func failure(code int, name, message string) document {
	return document{{"ok", 0.0}, {"code", code}, {"codeName", name}, {"errmsg", message}}
}

func (s *server) hello() document {
	return document{
		{"helloOk", true}, {"ismaster", true}, {"isWritablePrimary", true}, {"secondary", false}, {"setName", "set"},
		{"hosts", list{s.address}}, {"primary", s.address}, {"me", s.address}, {"setVersion", 1},
		{"maxBsonObjectSize", 16777216}, {"maxMessageSizeBytes", 48000000}, {"maxWriteBatchSize", maxBatch},
		{"logicalSessionTimeoutMinutes", 30}, {"connectionId", 1}, {"minWireVersion", 0}, {"maxWireVersion", 25},
		{"compression", list{"zlib"}}, {"readOnly", false}, {"ok", 1.0},
	}
}

// result is what a command is answered that succeeds, without its "ok".
func (s *server) result(name string, command raw, namespace string, writes int) document {
	switch name {
	case "find", "aggregate", "listCollections", "listIndexes":
		size, ok := command.Lookup("batchSize").AsInt64OK()
		if !ok || size == 0 || name != "find" {
			size = stored
		}
		return s.batch("firstBatch", namespace, s.open(), int(size))
	case "getMore":
		size, ok := command.Lookup("batchSize").AsInt64OK()
		if !ok {
			size = stored
		}
		return s.batch("nextBatch", namespace, command.Lookup("getMore").AsInt64(), int(size))
	case "insert", "update", "delete":
		return document{{"n", writes}, {"nModified", writes}}
	case "bulkWrite":
		return append(s.batch("firstBatch", "admin.$cmd.bulkWrite", s.open(), stored), document{{"nErrors", 0},
			{"nInserted", writes}, {"nMatched", 0}, {"nModified", 0}, {"nUpserted", 0}, {"nDeleted", 0}}...)
	case "count":
		return document{{"n", stored}}
	case "distinct":
		return document{{"values", list{"a", "b"}}}
	case "findAndModify":
		return document{{"value", document{{"n", 1}}}}
	case "listDatabases":
		return document{{"databases", list{}}, {"totalSize", 0}}
	}
	return document{}
}

// open makes a cursor.
func (s *server) open() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := int64(atomic.AddInt32(&s.requests, 1))
	s.cursors[id] = stored
	return id
}

// batch takes documents from a cursor; the last one closes it.
func (s *server) batch(key, namespace string, id int64, size int) document {
	s.mu.Lock()
	defer s.mu.Unlock()
	documents := list{}
	for ; size > 0 && s.cursors[id] > 0; size-- {
		documents = append(documents, document{{"n", s.cursors[id]}, {"name", "c"}, {"idx", 0}, {"ok", 1}})
		s.cursors[id]--
	}
	if s.cursors[id] == 0 {
		delete(s.cursors, id)
		id = 0
	}
	return document{{"cursor", document{{key, documents}, {"id", id}, {"ns", namespace}}}}
}
