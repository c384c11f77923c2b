// SPDX-License-Identifier: Apache-2.0
// A Kafka event becomes a span: name, kind, links and attributes as SPEC section 3.5 wants them.
//
// Decisions where the conventions leave room:
// - One PRODUCER span for each call that sends messages, "send TOPIC". It links to the contexts that the messages have
//   brought along: such a message was created by someone else, or its span is made by another instrumentation.
// - A fetched message has two spans: the call that got it (CLIENT, "receive TOPIC"; CONSUMER in old mode), and the work
//   of its goroutine until it came for the next one (CONSUMER, "process TOPIC"), as child of the former. Both link to
//   the context of the message, and neither has it as parent.
// - error.type is Kafka's name of the error ("UNKNOWN_TOPIC_OR_PARTITION"), else the Go type. Kafka's errors have no
//   description, which would only say their name again.
// - A key is told if it is UTF-8 and whole. What was cut (topic, group, address) names something else and is left out.
// - The partition that a message is sent to is told where the library says it with the result: sarama does, also the
//   offset of a single message, kafka-go does not.
//
// Thread: pure function.
#pragma once

#include "events/kafka_event.h"
#include "model/resource.h"
#include "model/semconv.h"
#include "model/span.h"
#include "model/type_names.h"
#include "spans/wall_clock.h"

namespace nodespan::spans {

// Fills `span`, which is new. `types` may be null.
void BuildKafkaSpan(const events::KafkaEvent& event, model::SemconvMode mode, const model::ResourcePtr& resource,
                    const model::TypeNames* types, const WallClock& clock, model::Span& span);

}  // namespace nodespan::spans
