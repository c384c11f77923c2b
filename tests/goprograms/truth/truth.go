// SPDX-License-Identifier: Apache-2.0

// Package truth is how the test programs say what they did. Every operation that a tracer is to see becomes one JSON
// line with the span it must make; tests/e2e/harness/truth_check.h compares. It uses nothing that Go 1.17 does not have.
package truth

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"reflect"
	"regexp"
	"strings"
	"sync"
	"time"
)

// Span is one line of truth: a span that must arrive, exactly once.
type Span struct {
	Kind     string `json:"kind"` // "span", set by Journal.Write
	ID       string `json:"id"`   // with SpanKind unique in a run; found in the span by its attributes, see IDIn
	SpanKind string `json:"span_kind"`
	Scenario string `json:"scenario"`
	Case     string `json:"case"`
	// Root, or the key of the parent's line ("server:basic-00003"), or Remote, or several of them separated by "|", any of
	// which is right.
	Parent string `json:"parent"`
	// The key of the line that is the parent instead when the tracer propagates contexts; a line without a local parent only.
	Caller string `json:"caller,omitempty"`
	Name   string `json:"name,omitempty"` // of the span; empty: any
	Status string `json:"status"`         // of the span: Error, Unset or Any
	// Of the status; empty: not compared.
	Message string `json:"message,omitempty"`
	// Numbers and strings; lists of them are compared in order. The span may have more.
	Attributes map[string]interface{} `json:"attributes,omitempty"`
	Between    map[string][2]float64  `json:"between,omitempty"` // numbers that lie between two others, or are one of them
	Absent     []string               `json:"absent,omitempty"`  // attributes that must not be there
	// Attributes by which a span that carries no id is recognised. Such operations do not overlap with others alike.
	Match    map[string]string      `json:"match,omitempty"`
	Attempts int                    `json:"attempts,omitempty"` // so many spans alike are right too; the last is compared
	Optional bool                   `json:"optional,omitempty"` // no span is right too
	Events   []Event                `json:"events,omitempty"`   // all of them, in their order; none: not compared
	Links    []string               `json:"links,omitempty"`    // keys or remote contexts that must be linked to, in any order
	Facts    map[string]interface{} `json:"facts,omitempty"`    // for readers and for the tests of one program
	StartNs  int64                  `json:"start_ns"`           // Unix time just before it began; 0: unknown, as where a handler notices late
	EndNs    int64                  `json:"end_ns"`             // Unix time just after it ended
}

// Event is one event of a span. It may have more attributes.
type Event struct {
	Name       string                 `json:"name"`
	Attributes map[string]interface{} `json:"attributes,omitempty"`
}

// Root is the parent of a span that begins a trace.
const Root = "root"

// The values of Span.Status.
const (
	Unset = "unset"
	Error = "error"
	Ok    = "ok"
	Any   = "" // the tracer cannot know, or conventions leave it open
)

// StatusOf is Error when something failed.
func StatusOf(failed bool) string {
	if failed {
		return Error
	}
	return Unset
}

// Either joins parents any of which is right.
func Either(parents ...string) string { return strings.Join(parents, "|") }

// Key is how other lines name a span as their parent.
func Key(spanKind, id string) string { return spanKind + ":" + id }

// Remote is a parent or a link that another process made and that came in a header.
func Remote(traceID, spanID string) string { return "remote:" + traceID + ":" + spanID }

// Server and Client are the keys of such spans.
func Server(id string) string { return Key("server", id) }
func Client(id string) string { return Key("client", id) }

var idPattern = regexp.MustCompile(`[a-z]+-\d{5}(?:\.[a-z0-9]+)*`)

// IDIn finds the id of an operation in a path or a query; "" when there is none.
func IDIn(text string) string { return idPattern.FindString(text) }

// Identifier is an id as SQL takes it for a name: "sqlite_00001". The comparing side knows both.
func Identifier(id string) string { return strings.Replace(id, "-", "_", 1) }

type summary struct {
	Kind     string `json:"kind"` // "summary"
	Spans    int    `json:"spans"`
	Failures int    `json:"failures"` // operations that did not end as their scenario expects
}

// Journal writes truth to standard output; safe for use by several goroutines.
type Journal struct {
	mu       sync.Mutex
	out      *json.Encoder
	spans    int
	failures int
	numbers  map[string]int
	open     sync.WaitGroup
}

func newJournal() *Journal {
	return &Journal{out: json.NewEncoder(os.Stdout), numbers: map[string]int{}}
}

// NewID returns an id that no other operation of this run has. The scenario's name consists of small letters.
func (j *Journal) NewID(scenario string) string {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.numbers[scenario]++
	return fmt.Sprintf("%s-%05d", scenario, j.numbers[scenario])
}

// Open announces a line that is written later, so that the summary waits for it; the result has to be called then.
func (j *Journal) Open() func() {
	j.open.Add(1)
	return j.open.Done
}

func (j *Journal) encode(line interface{}) {
	if err := j.out.Encode(line); err != nil {
		os.Exit(3) // the reader went away: nothing this program says can be checked any more
	}
}

// Write writes one span's line.
func (j *Journal) Write(s Span) {
	s.Kind = "span"
	j.mu.Lock()
	defer j.mu.Unlock()
	j.spans++
	j.encode(s)
}

// Fail says that an operation did not end as expected: the program, not the tracer, is wrong.
func (j *Journal) Fail(format string, arguments ...interface{}) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.failures++
	fmt.Fprintf(os.Stderr, format+"\n", arguments...)
}

// Note says what could not be done here, e.g. for want of IPv6; its operations are left out.
func (j *Journal) Note(format string, arguments ...interface{}) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.encode(map[string]string{"kind": "note", "text": fmt.Sprintf(format, arguments...)})
}

func (j *Journal) finish() bool {
	settled := make(chan struct{})
	go func() { j.open.Wait(); close(settled) }()
	select {
	case <-settled:
	case <-time.After(10 * time.Second):
		j.Fail("an operation did not end")
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.encode(summary{"summary", j.spans, j.failures})
	return j.failures == 0
}

// Scenario is a part of a program's traffic that can be chosen by name.
type Scenario struct {
	Name string
	Run  func()
}

// Size is what --size says: how many operations at a time where a scenario has many.
var Size = flag.Int("size", 0, "operations at a time in scenarios that have many; 0: each scenario's own number")

// SizeOr is Size, or what a scenario does by itself.
func SizeOr(usual int) int {
	if *Size > 0 {
		return *Size
	}
	return usual
}

// Main is the whole life of a test program. It parses the flags, calls prepare, which starts servers and returns an
// address to show and the scenarios, and runs the chosen ones in their order.
//
// Output, one line each: "ready pid=P addr=A" with --wait, then Span lines and notes, at last the summary. With --wait it
// holds its traffic until a line comes on standard input and stays alive until standard input is closed, so that a tracer
// can be attached before and can drain after. Exit status: 0 all as expected, 1 not, 2 wrong arguments.
func Main(program string, prepare func(*Journal) (address string, scenarios []Scenario, err error)) {
	chosen := flag.String("scenario", "all", "comma-separated scenarios, or all")
	wait := flag.Bool("wait", false, "wait for a line on standard input before the traffic and for its end afterwards")
	list := flag.Bool("list", false, "print the names of the scenarios and exit")
	flag.Parse()
	journal := newJournal()
	address, scenarios, err := prepare(journal)
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", program, err)
		os.Exit(1)
	}
	if *list {
		for _, s := range scenarios {
			fmt.Println(s.Name)
		}
		return
	}
	wanted, err := choose(scenarios, *chosen)
	if err == nil && flag.NArg() > 0 {
		err = fmt.Errorf("unexpected argument %q", flag.Arg(0))
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", program, err)
		os.Exit(2)
	}
	input := bufio.NewReader(os.Stdin)
	if *wait {
		fmt.Printf("ready pid=%d addr=%s\n", os.Getpid(), address)
		if _, err := input.ReadString('\n'); err != nil {
			return // nobody wants the traffic any more
		}
	}
	for _, s := range wanted {
		s.Run()
	}
	ok := journal.finish()
	if *wait {
		_, _ = io.Copy(io.Discard, input)
	}
	if !ok {
		os.Exit(1)
	}
}

func choose(scenarios []Scenario, text string) ([]Scenario, error) {
	if text == "all" {
		return scenarios, nil
	}
	var wanted []Scenario
	for _, name := range strings.Split(text, ",") {
		found := false
		for _, s := range scenarios {
			if s.Name == name {
				wanted, found = append(wanted, s), true
			}
		}
		if !found {
			return nil, fmt.Errorf("unknown scenario %q; --list names them", name)
		}
	}
	return wanted, nil
}

// Cause is the error behind those that only say more about it.
func Cause(err error) error {
	for reflect.TypeOf(err).String() == "*fmt.wrapError" && errors.Unwrap(err) != nil {
		err = errors.Unwrap(err)
	}
	return err
}

// KnownText is what an error says if its type is one of those that a tracer can be expected to look into; empty otherwise.
func KnownText(err error) string {
	switch reflect.TypeOf(err).String() {
	case "*errors.errorString", "*fmt.wrapError", "context.deadlineExceededError":
		return err.Error()
	}
	return ""
}

// ErrorType names the type of an error as OpenTelemetry's Go SDK does in error.type.
func ErrorType(err error) string {
	t := reflect.TypeOf(err)
	if t.PkgPath() == "" && t.Name() == "" {
		return t.String()
	}
	return t.PkgPath() + "." + t.Name()
}
