// SPDX-License-Identifier: Apache-2.0
#include "spans/sql_outline.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/string_view.h"

namespace nodespan::spans {
namespace {

absl::string_view ToAbsl(std::string_view text) { return {text.data(), text.size()}; }

bool Has(SqlWordInfo info, uint16_t flag) { return (info.flags & flag) != 0; }

bool IsDdl(SqlWord word) { return word == SqlWord::kCreate || word == SqlWord::kAlter || word == SqlWord::kDrop; }

}  // namespace

SqlOutline::SqlOutline(const SqlTextOptions& options, SqlText* result)
    : string_names_(SyntaxOf(options.dialect).string_names),
      execute_is_call_(options.dialect != SqlDialect::kPostgreSql),
      result_(*result) {
  AppendToSummary(options.summary_prefix);
}

bool SqlOutline::Take(const SqlToken& token, SqlWordInfo info, char following) {
  bool is_name = false;
  if (token.kind == SqlTokenKind::kSemicolon) {
    EndStatement();
  } else if (token.kind == SqlTokenKind::kOpen) {
    Open();
  } else if (token.kind == SqlTokenKind::kClose) {
    depth_ -= depth_ > 0 ? 1 : 0;
  } else if (!opaque_ && !rest_is_body_ && depth_ < kMaxDepth) {
    switch (token.kind) {
      case SqlTokenKind::kWord: is_name = TakeWord(token, info, following); break;
      case SqlTokenKind::kName:
      case SqlTokenKind::kNameOrString:
      case SqlTokenKind::kString: is_name = TakeName(token, following); break;
      case SqlTokenKind::kComma:
        if (level().in_list) {
          level().expect = Expect::kTable;
        } else if (level().after_with) {
          level().expect = Expect::kWithName;
        }
        break;
      default: TakeOther(token); break;
    }
  }
  previous_word_ = info.word;
  previous_kind_ = token.kind;
  return is_name;
}

void SqlOutline::EndStatement() {
  if (rest_is_body_) {
    return;
  }
  depth_ = 0;
  level() = {};
  at_start_ = true;
  seeking_ = opaque_ = expect_object_ = keep_expecting_ = false;
  main_is_open_ = main_is_open_ && result_.statement_count == 0;
  with_name_count_ = 0;
  has_main_collection_ = !result_.collection.empty();
}

void SqlOutline::Open() {
  expect_object_ = false;
  Level inner;
  if (depth_ < kMaxDepth) {
    Level& outer = level();
    if (keep_expecting_) {
      keep_expecting_ = false;
    } else {
      // FROM (a JOIN b ON ...)
      if (outer.expect == Expect::kTable && outer.in_from) {
        inner.expect = Expect::kTable;
        inner.in_list = inner.in_from = true;
      }
      outer.expect = Expect::kNothing;
    }
  }
  ++depth_;
  if (depth_ < kMaxDepth) {
    level() = inner;
  }
}

bool SqlOutline::TakeWord(const SqlToken& token, SqlWordInfo info, char following) {
  if (expect_object_) {
    if (Has(info, kObject)) {
      TakeObject(token.text, info);
    }
    return false;
  }
  if (level().expect == Expect::kWithName) {
    return info.word != SqlWord::kRecursive && TakeName(token, following);
  }
  if (StartsOperation(info)) {
    StartOperation(token.text, info);
    return false;
  }
  at_start_ = false;
  if (level().expect != Expect::kNothing) {
    if (SkipsBeforeTable(info)) {
      return false;
    }
    if (level().expect != Expect::kNothing) {
      return TakeName(token, following);
    }
  }
  if (level().operation == SqlWord::kStart && info.word == SqlWord::kTransaction) {
    AppendToOperation(token.text);
    opaque_ = true;
    return false;
  }
  TakeClause(info);
  return false;
}

bool SqlOutline::StartsOperation(SqlWordInfo info) const {
  if (info.word == SqlWord::kSelect || (at_start_ && Has(info, kStartsStatement))) {
    return true;
  }
  const bool may_start = seeking_ || previous_kind_ == SqlTokenKind::kOpen || previous_word_ == SqlWord::kAs ||
                         (level().after_with && previous_kind_ == SqlTokenKind::kClose);
  return may_start && Has(info, kStartsQuery);
}

void SqlOutline::StartOperation(std::string_view text, SqlWordInfo info) {
  result_.statement_count += at_start_ ? 1 : 0;
  at_start_ = seeking_ = false;
  Level& here = level();
  const bool nested_in_with = levels_[0].after_with && depth_ > 0;
  here = {.operation = info.word};
  if (info.word == SqlWord::kWith) {
    here.after_with = true;
    here.expect = Expect::kWithName;
    return;
  }
  ++result_.operation_count;
  AppendToSummary(text);
  if (main_is_open_ && !nested_in_with) {
    main_is_open_ = false;
    result_.operation.assign(text);
    absl::AsciiStrToUpper(&result_.operation);
  }
  switch (info.word) {
    case SqlWord::kInsert:
    case SqlWord::kMerge:
    case SqlWord::kDelete:
    case SqlWord::kCopy:
    case SqlWord::kDescribe: ExpectTable(/*in_list=*/false, /*in_from=*/false); break;
    case SqlWord::kUpdate:
    case SqlWord::kTruncate: ExpectTable(/*in_list=*/true, /*in_from=*/false); break;
    case SqlWord::kCreate:
    case SqlWord::kAlter:
    case SqlWord::kDrop: expect_object_ = true; break;
    case SqlWord::kCall:
    case SqlWord::kExec:
    case SqlWord::kExecute: here.expect = Expect::kProcedure; break;
    case SqlWord::kExplain:
    case SqlWord::kBegin: seeking_ = true; break;
    default: opaque_ = Has(info, kOpaque); break;
  }
}

void SqlOutline::TakeObject(std::string_view text, SqlWordInfo info) {
  expect_object_ = false;
  object_ = info;
  AppendToOperation(text);
  if (!Has(info, kNamed)) {
    opaque_ = true;
    return;
  }
  level().expect = Has(info, kCollection) ? Expect::kTable : Expect::kObjectName;
  level().in_list = level().operation == SqlWord::kDrop && Has(info, kCollection);
}

// A word where a name is expected: true if it is one that may stand before the name. Otherwise nothing is expected any
// more if it cannot be the name.
bool SqlOutline::SkipsBeforeTable(SqlWordInfo info) {
  Level& here = level();
  if (previous_word_ == SqlWord::kOr) {  // INSERT OR IGNORE INTO
    return true;
  }
  if (Has(info, kBeforeTable)) {
    keep_expecting_ = info.word == SqlWord::kTop;
    return true;
  }
  const bool cannot_be_name = Has(info, kEndsTables) || info.word == SqlWord::kFrom || info.word == SqlWord::kJoin ||
                              info.word == SqlWord::kOn || info.word == SqlWord::kUsing || info.word == SqlWord::kAs ||
                              info.word == SqlWord::kImmediate;
  if (cannot_be_name) {
    here.expect = Expect::kNothing;
  }
  return false;
}

void SqlOutline::ExpectTable(bool in_list, bool in_from) {
  level().expect = Expect::kTable;
  level().in_list = in_list;
  level().in_from = in_from;
}

void SqlOutline::TakeClause(SqlWordInfo info) {
  Level& here = level();
  const bool reads =
      here.operation == SqlWord::kSelect || here.operation == SqlWord::kDelete || here.operation == SqlWord::kUpdate;
  switch (info.word) {
    case SqlWord::kFrom:
      if (reads && previous_word_ != SqlWord::kDistinct) {  // IS DISTINCT FROM
        ExpectTable(/*in_list=*/true, /*in_from=*/true);
      }
      break;
    case SqlWord::kJoin:
      if ((reads || here.in_list) && previous_word_ != SqlWord::kArray) {  // ARRAY JOIN of ClickHouse names a column
        ExpectTable(/*in_list=*/true, /*in_from=*/true);
      }
      break;
    case SqlWord::kUsing:
      if (here.operation == SqlWord::kDelete || here.operation == SqlWord::kMerge) {
        ExpectTable(/*in_list=*/here.operation == SqlWord::kDelete, /*in_from=*/true);
      }
      break;
    case SqlWord::kOn:
      if (object_.word == SqlWord::kIndex && IsDdl(here.operation)) {
        object_.flags |= kCollection;
        ExpectTable(/*in_list=*/false, /*in_from=*/false);
      }
      break;
    default:
      if (Has(info, kEndsTables)) {
        here.in_list = false;
      }
      break;
  }
}

bool SqlOutline::TakeName(const SqlToken& token, char following) {
  Level& here = level();
  const Expect expected = here.expect;
  if (expected == Expect::kNothing) {
    return false;
  }
  here.expect = Expect::kNothing;
  if (token.kind == SqlTokenKind::kString &&
      !(expected == Expect::kTable && string_names_ && token.text.front() == '\'')) {
    return false;
  }
  if (following == '.') {  // The rest of the name could not be read.
    return true;
  }
  switch (expected) {
    case Expect::kNothing: break;
    case Expect::kWithName:
      if (with_name_count_ < kMaxWithNames) {
        with_names_[with_name_count_++] = token.text;
      }
      break;
    case Expect::kTable:
      if (!here.in_from || following != '(') {
        AddTarget(token.text, /*is_collection=*/true);
      }
      break;
    case Expect::kObjectName:
      AddTarget(token.text, /*is_collection=*/false);
      rest_is_body_ = Has(object_, kHasBody);
      break;
    case Expect::kProcedure:
      AddTarget(token.text, /*is_collection=*/false);
      if (result_.stored_procedure.empty() && (execute_is_call_ || here.operation != SqlWord::kExecute)) {
        result_.stored_procedure = token.text;
      }
      break;
  }
  return true;
}

void SqlOutline::TakeOther(const SqlToken& token) {
  Level& here = level();
  // EXEC @result = procedure
  const bool assigns = token.kind == SqlTokenKind::kPlaceholder || token.text == "=";
  if (here.expect != Expect::kProcedure || !assigns) {
    here.expect = Expect::kNothing;
  }
}

void SqlOutline::AddTarget(std::string_view name, bool is_collection) {
  ++result_.target_count;
  AppendToSummary(name);
  if (!is_collection || has_main_collection_ || IsWithName(name)) {
    return;
  }
  if (depth_ == 0) {
    has_main_collection_ = true;
    result_.collection = name;
  } else if (result_.collection.empty()) {
    result_.collection = name;
  }
}

bool SqlOutline::IsWithName(std::string_view name) const {
  return std::any_of(with_names_.begin(), with_names_.begin() + static_cast<ptrdiff_t>(with_name_count_),
                     [name](std::string_view with) { return absl::EqualsIgnoreCase(ToAbsl(with), ToAbsl(name)); });
}

void SqlOutline::AppendToOperation(std::string_view word) {
  AppendToSummary(word);
  if (result_.operation_count == 1) {
    result_.operation += ' ';
    for (const char c : word) {
      result_.operation += absl::ascii_toupper(static_cast<unsigned char>(c));
    }
  }
}

void SqlOutline::AppendToSummary(std::string_view part) {
  const size_t separator = result_.summary.empty() ? 0 : 1;
  summary_is_full_ = summary_is_full_ || result_.summary.size() + separator + part.size() > kMaxSummaryBytes;
  if (summary_is_full_) {
    return;
  }
  if (separator != 0) {
    result_.summary += ' ';
  }
  result_.summary += part;
}

}  // namespace nodespan::spans
