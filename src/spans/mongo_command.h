// SPDX-License-Identifier: Apache-2.0
// What an operation of MongoDB is, told from the command that was sent, as the semantic conventions for MongoDB want
// it. Pure functions.
#pragma once

#include <string>
#include <string_view>

#include "events/event_base.h"

namespace nodespan::spans {

// All valid UTF-8; empty: not known.
struct MongoCommand {
  std::string operation;   // "find": the name of the command, which is its first key
  std::string collection;  // only of commands that are known to have one there
  // {"find":"users","filter":{"age":{"$gt":"?"}}}: every value but the collection is "?", lists of values are one. What
  // the driver adds for the session and the cluster is left out; "..." ends a command that is longer than what is
  // known of it. Empty unless asked for.
  std::string text;
};

// The name of the command that a function of the driver makes: "find" of "path/of/mongo.(*findOp).command", or of
// "path/of/operation.(*Find).command". Empty: it is another function.
std::string MongoOperationOf(std::string_view function);

// `command`: a BSON document; whatever is malformed ends it.
MongoCommand ReadMongoCommand(const events::EventString& command, bool with_text);

}  // namespace nodespan::spans
