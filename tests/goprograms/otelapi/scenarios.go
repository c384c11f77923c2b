// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"nodespan/goprograms/truth"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

func (w *world) scenarios(prefix string) []truth.Scenario {
	all := []truth.Scenario{
		{Name: prefix + "values", Run: func() { w.values(prefix + "values") }},
		{Name: prefix + "changes", Run: func() { w.changes(prefix + "changes") }},
		{Name: prefix + "nesting", Run: func() { w.nesting(prefix + "nesting") }},
		{Name: prefix + "roots", Run: func() { w.roots(prefix + "roots") }},
		{Name: prefix + "threads", Run: func() { w.threads(prefix + "threads") }},
		{Name: prefix + "forgotten", Run: func() { w.forgotten(prefix + "forgotten") }},
		{Name: prefix + "storm", Run: func() { w.storm(prefix + "storm") }},
	}
	return all
}

// values: attributes of every type, kinds, links and chosen times, all given to Start.
func (w *world) values(scenario string) {
	w.within(scenario, "all types of attributes", func(ctx context.Context, parent string) {
		line := w.span(scenario, "all types of attributes", parent)
		line.Name = "values " + line.ID
		_, span := w.tracer.Start(ctx, line.Name, trace.WithAttributes(
			attribute.String("text", "größer"), attribute.String("empty", ""), attribute.Int64("big", 1<<60), attribute.Int("negative", -3),
			attribute.Bool("yes", true), attribute.Bool("no", false), attribute.Float64("half", 0.5)),
			trace.WithAttributes(attribute.StringSlice("texts", []string{"a", "", "c"}), attribute.Int64Slice("numbers", []int64{1, -2}),
				attribute.BoolSlice("answers", []bool{true, false, true}), attribute.Float64Slice("reals", []float64{0.25, 4.5})))
		span.End()
		line.Attributes = map[string]interface{}{
			"text": "größer", "empty": "", "big": int64(1 << 60), "negative": -3, "yes": true, "no": false, "half": 0.5,
			"texts": []string{"a", "", "c"}, "numbers": []int64{1, -2}, "answers": []bool{true, false, true}, "reals": []float64{0.25, 4.5},
		}
		w.ended(line)
	})
	for _, kind := range []trace.SpanKind{trace.SpanKindUnspecified, trace.SpanKindInternal, trace.SpanKindServer,
		trace.SpanKindClient, trace.SpanKindProducer, trace.SpanKindConsumer} {
		line := w.span(scenario, "kind "+kind.String(), truth.Root)
		line.Name = "kind " + line.ID
		_, span := w.tracer.Start(context.Background(), line.Name, trace.WithSpanKind(kind))
		span.End()
		if kind != trace.SpanKindUnspecified {
			line.SpanKind = kind.String()
		}
		w.ended(line)
	}
	w.links(scenario)
	w.times(scenario)
	w.long(scenario)
}

func (w *world) links(scenario string) {
	linked := trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: trace.TraceID{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}, SpanID: trace.SpanID{1, 2, 3, 4, 5, 6, 7, 8},
		TraceFlags: trace.FlagsSampled, Remote: true,
	})
	line := w.span(scenario, "link", truth.Root)
	line.Name = "link " + line.ID
	_, span := w.tracer.Start(context.Background(), line.Name, trace.WithLinks(trace.Link{SpanContext: linked}))
	span.End()
	line.Links = []string{truth.Remote(linked.TraceID().String(), linked.SpanID().String())}
	w.ended(line)
}

// times: chosen by the program, an hour ago.
func (w *world) times(scenario string) {
	line := w.span(scenario, "chosen times", truth.Root)
	line.Name = "times " + line.ID
	start := time.Unix(time.Now().Unix()-3600, 123456789)
	_, span := w.tracer.Start(context.Background(), line.Name, trace.WithTimestamp(start))
	span.End(trace.WithTimestamp(start.Add(1500 * time.Millisecond)))
	line.StartNs, line.EndNs = start.UnixNano(), start.Add(1500*time.Millisecond).UnixNano()
	w.journal.Write(line)
}

// long: what is cut.
func (w *world) long(scenario string) {
	line := w.span(scenario, "many attributes", truth.Root)
	line.Name = "many " + line.ID
	line.Attributes = map[string]interface{}{}
	var attributes []attribute.KeyValue
	for i := 0; i < 40; i++ {
		key := fmt.Sprintf("key.%d", i)
		attributes = append(attributes, attribute.Int(key, i))
		line.Attributes[key] = i
	}
	_, span := w.tracer.Start(context.Background(), line.Name, trace.WithAttributes(attributes...))
	span.End()
	w.ended(line)
}

// changes: what happens to a span between its start and its end.
func (w *world) changes(scenario string) {
	w.within(scenario, "changed in every way", func(ctx context.Context, parent string) {
		line := w.span(scenario, "changed in every way", parent)
		ctx, span := w.tracer.Start(ctx, "not yet", trace.WithAttributes(attribute.String("once", "first"), attribute.Int("kept", 1)))
		line.Name = "changed " + line.ID
		span.SetName(line.Name)
		span.SetAttributes(attribute.String("once", "second"), attribute.Bool("added", true))
		trace.SpanFromContext(ctx).SetAttributes(attribute.Int("by.context", 7))
		span.AddEvent("first event", trace.WithAttributes(attribute.String("event.key", "event value")))
		span.AddEvent("second event")
		span.RecordError(errors.New("it broke"), trace.WithAttributes(attribute.Int("try", 2)))
		span.SetStatus(codes.Error, "it broke for good")
		trace.SpanFromContext(ctx).End()
		span.SetAttributes(attribute.Bool("late", true))
		line.Status = truth.Error
		line.Attributes = map[string]interface{}{"once": "second", "kept": 1, "added": true, "by.context": 7}
		line.Absent = []string{"late"}
		line.Events = []truth.Event{
			{Name: "first event", Attributes: map[string]interface{}{"event.key": "event value"}},
			{Name: "second event"},
			{Name: "exception", Attributes: map[string]interface{}{
				"exception.type": "*errors.errorString", "exception.message": "it broke", "try": 2}},
		}
		w.ended(line)
	})
	line := w.span(scenario, "ended twice", truth.Root)
	line.Name = "twice " + line.ID
	_, span := w.tracer.Start(context.Background(), line.Name)
	span.SetStatus(codes.Error, "not so bad")
	span.SetStatus(codes.Ok, "")
	span.SetStatus(codes.Error, "too late")
	span.End()
	span.End()
	line.Status = truth.Ok
	if w.isSDK {
		line.Status = truth.Error
	}
	w.ended(line)
}

// nesting: spans of the API and of libraries within each other.
func (w *world) nesting(scenario string) {
	w.within(scenario, "outer", func(ctx context.Context, parent string) {
		outer := w.span(scenario, "outer", parent)
		outer.Name = "outer " + outer.ID
		key := truth.Key(outer.SpanKind, outer.ID)
		ctx, span := w.tracer.Start(ctx, outer.Name)
		w.call(ctx, scenario, "call within a span", key)
		inner := w.span(scenario, "inner", key)
		inner.Name = "inner " + inner.ID
		innerContext, innerSpan := w.tracer.Start(ctx, inner.Name)
		withTimeout, cancel := context.WithTimeout(innerContext, time.Minute)
		w.call(withTimeout, scenario, "call within the inner span", truth.Key(inner.SpanKind, inner.ID))
		cancel()
		innerSpan.End()
		w.ended(inner)
		w.call(ctx, scenario, "call behind the inner span", key)
		span.End()
		w.call(ctx, scenario, "call behind the end", key)
		w.ended(outer)
	})
}

// roots: spans that have no parent, although one is near.
func (w *world) roots(scenario string) {
	w.within(scenario, "root", func(ctx context.Context, _ string) {
		line := w.span(scenario, "context.Background on purpose", truth.Root)
		line.Name = "background " + line.ID
		_, span := w.tracer.Start(context.Background(), line.Name)
		span.End()
		w.ended(line)
		if w.isSDK {
			return
		}
		line = w.span(scenario, "WithNewRoot", truth.Root)
		line.Name = "new root " + line.ID
		ctx, span = w.tracer.Start(ctx, line.Name, trace.WithSpanKind(trace.SpanKindInternal), trace.WithNewRoot())
		w.call(ctx, scenario, "call below a new root", truth.Key(line.SpanKind, line.ID))
		span.End()
		w.ended(line)
	})
}

// threads: a span that is ended by another goroutine, and its children there.
func (w *world) threads(scenario string) {
	w.within(scenario, "other goroutine", func(ctx context.Context, parent string) {
		line := w.span(scenario, "other goroutine", parent)
		line.Name = "handed over " + line.ID
		ctx, span := w.tracer.Start(ctx, line.Name)
		done := make(chan struct{})
		go func() {
			defer close(done)
			w.call(ctx, scenario, "call by another goroutine", truth.Key(line.SpanKind, line.ID))
			span.End()
			w.ended(line)
		}()
		<-done
	})
}

// forgotten: spans that nobody ends make no span, and do no harm to those that follow.
func (w *world) forgotten(scenario string) {
	for i := 0; i < truth.SizeOr(2000); i++ {
		_, _ = w.tracer.Start(context.Background(), "forgotten")
	}
	line := w.span(scenario, "after many that were never ended", truth.Root)
	line.Name = "remembered " + line.ID
	_, span := w.tracer.Start(context.Background(), line.Name)
	span.End()
	w.ended(line)
}

// storm: many at a time.
func (w *world) storm(scenario string) {
	var all sync.WaitGroup
	for i := 0; i < truth.SizeOr(200); i++ {
		all.Add(1)
		go func() {
			defer all.Done()
			w.within(scenario, "storm", func(ctx context.Context, parent string) {
				outer := w.span(scenario, "storm outer", parent)
				outer.Name = "storm " + outer.ID
				ctx, span := w.tracer.Start(ctx, outer.Name)
				for j := 0; j < 3; j++ {
					inner := w.span(scenario, "storm inner", truth.Key(outer.SpanKind, outer.ID))
					inner.Name = "storm " + inner.ID
					_, innerSpan := w.tracer.Start(ctx, inner.Name)
					innerSpan.SetAttributes(attribute.Int("j", j))
					inner.Attributes = map[string]interface{}{"j": j}
					innerSpan.End()
					w.ended(inner)
				}
				span.End()
				w.ended(outer)
			})
		}()
	}
	all.Wait()
}
