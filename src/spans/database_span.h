// SPDX-License-Identifier: Apache-2.0
// A call of a database becomes a client span: name, status and attributes as SPEC section 3.4 wants them.
//
// Decisions where the conventions leave room:
// - db.query.text is sent only on request (OTEL_GO_AUTO_INCLUDE_DB_STATEMENT) and never with literals, parameterised or
//   not: a program may put some values into parameters and others into the text.
// - db.operation.name and db.collection.name are those of the statement, nested queries do not matter. Of a text with
//   several statements they are left out, and the summary tells; the old names are those of the first statement.
// - BEGIN, COMMIT, ROLLBACK and PING are operations with the database as target ("BEGIN shop") and have no summary.
//   Preparing is the operation PREPARE with the summary of the text behind it ("PREPARE SELECT users").
// - Name in old mode: "{operation} {database}.{table}", "{operation} {database}", "{database}", as far as known, at
// last
//   the operation or the system.
// - Every error that the call returned makes an error span; error.type is the status code, else the Go type, else
//   "_OTHER". Messages of databases quote values ("Duplicate entry 'bob' for key"), so what is in quotes, parentheses
//   or braces becomes "?" unless the statement may be shown.
// - Names that were cut (address, database, code) name something else, so they are left out.
// - pgx: a batch of several statements is BATCH, one of a single statement that statement; CopyFrom is COPY.
// - Redis: an operation is named as the client sends it ("set"), several are PIPELINE or MULTI. The conventions keep
// the
//   number of the database out of names. The answer that there is no such key is no error; the status code is what the
//   server's error begins with. db.namespace is that of the client's options: SELECT does not change it.
// - MongoDB: the operation and the collection are those of the command that was sent last; one that was never sent has
//   no collection, and the operation that the driver's own function for it is named after. The summary is both of them
//   ("find users"). Commands about anything but a collection have the database as target. A write that nobody was asked
//   to acknowledge has not failed, though the driver has an error for it.
// - The port is left out when it is the usual one of the system, and for Unix sockets.
//
// Thread: one thread per builder (scratch memory is kept between spans); in nodespan the reader thread.
#pragma once

#include <string>
#include <string_view>

#include "events/database_event.h"
#include "model/resource.h"
#include "model/semconv.h"
#include "model/span.h"
#include "spans/sql_text.h"
#include "spans/wall_clock.h"

namespace nodespan::spans {

struct DatabaseOptions {
  bool include_statement = false;
  bool parse_statement = true;  // false: nothing is named after the text, neither the span nor attributes
  model::SemconvMode mode = model::SemconvMode::kNew;
};

class DatabaseSpanBuilder {
 public:
  struct Facts;

  // Fills `span`, which is new. In place, because a Span is large and is made for every call.
  void Build(const events::DatabaseEvent& event, const DatabaseOptions& options, const model::ResourcePtr& resource,
             const WallClock& clock, model::Span& span);

 private:
  void ReadSql(const events::DatabaseEvent& event, const DatabaseOptions& options, Facts& facts);

  SqlText text_;
};

// `message` with everything from the first quote, parenthesis or brace to the last one replaced by "?"; of a message
// that was cut everything behind the first one.
std::string HideQuotedValues(std::string_view message, bool cut);

}  // namespace nodespan::spans
