// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"strconv"
	"sync"
)

// story is what a handler knows about its panics, one entry each, in their order.
type story struct {
	types     []string
	messages  []string // "" when no tracer can know it
	functions []string // that panics
	places    []string // file:line; "" when the program cannot tell
	survived  bool     // the handler recovered by itself and answers as usual
}

// tell notes a panic that its caller makes on the line behind this call.
func (s *story) tell(typeName, message string) {
	pc, file, line, _ := runtime.Caller(1)
	s.types, s.messages = append(s.types, typeName), append(s.messages, message)
	s.functions = append(s.functions, runtime.FuncForPC(pc).Name())
	s.places = append(s.places, file+":"+strconv.Itoa(line+1))
}

// ledger keeps the stories by the ids of their requests.
type ledger struct {
	mu      sync.Mutex
	stories map[string]*story
}

func newLedger() *ledger { return &ledger{stories: map[string]*story{}} }

func (l *ledger) of(id string) *story {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.stories[id] == nil {
		l.stories[id] = &story{}
	}
	return l.stories[id]
}

// refused is an error that makes its text up.
type refused struct{ what string }

func (r *refused) Error() string { return "refused: " + r.what }

type level int

type word string

var (
	nobody *story
	empty  []int
	zero   int
)

// All of them panic on the line behind the one on which they tell of it, and are not inlined, so that they have a name of
// their own.
//
//go:noinline
func panicString(s *story) {
	s.tell("string", "on purpose")
	panic("on purpose")
}

//go:noinline
func panicError(s *story) {
	s.tell("*errors.errorString", "out of luck")
	panic(errors.New("out of luck"))
}

//go:noinline
func panicWrapped(s *story) {
	err := fmt.Errorf("no luck: %w", errors.New("out of it"))
	s.tell("*fmt.wrapError", "no luck: out of it")
	panic(err)
}

//go:noinline
func panicCustom(s *story) {
	s.tell("*main.refused", "")
	panic(&refused{"everything"})
}

//go:noinline
func panicNumber(s *story) {
	s.tell("int", "-42")
	panic(-42)
}

//go:noinline
func panicLevel(s *story) {
	s.tell("main.level", "7")
	panic(level(7))
}

//go:noinline
func panicWord(s *story) {
	s.tell("main.word", "word")
	panic(word("word"))
}

//go:noinline
func panicIndex(s *story) {
	s.tell("runtime.boundsError", "runtime error: index out of range [5] with length 0")
	_ = empty[zero+5]
}

//go:noinline
func panicSlice(s *story) {
	s.tell("runtime.boundsError", "runtime error: slice bounds out of range [:9] with capacity 0")
	_ = empty[:zero+9]
}

//go:noinline
func panicDivide(s *story) {
	s.tell("runtime.errorString", "runtime error: integer divide by zero")
	zero = 1 / zero
}

//go:noinline
func panicNil(s *story) {
	s.tell("runtime.errorString", "runtime error: invalid memory address or nil pointer dereference")
	nobody.survived = true
}

//go:noinline
func panicAbort(*story) { panic(http.ErrAbortHandler) }

//go:noinline
func panicAgain(s *story) {
	defer func() {
		_ = recover()
		s.tell("string", "second")
		panic("second")
	}()
	s.tell("string", "first")
	panic("first")
}

//go:noinline
func panicAndSurvive(s *story) {
	defer func() { s.survived = recover() != nil }()
	panicString(s)
}

// inlined is part of whoever calls it.
func inlined(s *story) {
	s.types, s.messages = append(s.types, "string"), append(s.messages, "inlined")
	s.functions, s.places = append(s.functions, "main.inlined"), append(s.places, "")
	panic("inlined")
}

//go:noinline
func panicInlined(s *story) { inlined(s) }

//go:noinline
func panicDeep(s *story) { dive(s, 100) }

//go:noinline
func dive(s *story, depth int) int {
	if depth == 0 {
		panicString(s)
	}
	return dive(s, depth-1) + 1
}

var visits = []visit{
	{name: "string", run: panicString},
	{name: "error", run: panicError},
	{name: "wrapped error", run: panicWrapped},
	{name: "custom error", run: panicCustom},
	{name: "number", run: panicNumber},
	{name: "named number", run: panicLevel},
	{name: "named string", run: panicWord},
	{name: "index", run: panicIndex},
	{name: "slice", run: panicSlice},
	{name: "division", run: panicDivide},
	{name: "nil pointer", run: panicNil},
	{name: "inlined", run: panicInlined},
	{name: "deep", run: panicDeep},
	{name: "twice", run: panicAgain},
	{name: "recovered by a middleware", run: panicIndex, recovered: true},
	{name: "recovered by the handler", run: panicAndSurvive},
	{name: "aborted", run: panicAbort, silent: true},
	{name: "nothing", run: func(s *story) { s.survived = true }},
}
