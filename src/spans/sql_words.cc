// SPDX-License-Identifier: Apache-2.0
#include "spans/sql_words.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>

namespace nodespan::spans {
namespace {

constexpr size_t kMaxWordBytes = 16;

struct Row {
  std::string_view text;
  SqlWord word;
  uint16_t flags;
};

constexpr uint16_t kQuery = kStartsStatement | kStartsQuery;
constexpr uint16_t kTableLike = kObject | kNamed | kCollection;
constexpr uint16_t kRoutine = kObject | kNamed | kHasBody;

constexpr Row kRows[] = {
    // Statements
    {"ABORT", SqlWord::kOrdinary, kStartsStatement | kOpaque},
    {"ALTER", SqlWord::kAlter, kStartsStatement},
    {"ANALYZE", SqlWord::kOrdinary, kStartsStatement | kOpaque},
    {"ATTACH", SqlWord::kOrdinary, kStartsStatement | kOpaque},
    {"BACKUP", SqlWord::kOrdinary, kStartsStatement | kOpaque},
    {"BEGIN", SqlWord::kBegin, kStartsStatement},
    {"CALL", SqlWord::kCall, kStartsStatement},
    {"CHECKPOINT", SqlWord::kOrdinary, kStartsStatement | kOpaque},
    {"CLOSE", SqlWord::kOrdinary, kStartsStatement | kOpaque},
    {"CLUSTER", SqlWord::kOrdinary, kStartsStatement | kOpaque},
    {"COMMENT", SqlWord::kOrdinary, kStartsStatement | kOpaque},
    {"COMMIT", SqlWord::kOrdinary, kStartsStatement | kOpaque},
    {"COPY", SqlWord::kCopy, kStartsStatement},
    {"CREATE", SqlWord::kCreate, kStartsStatement},
    {"DEALLOCATE", SqlWord::kOrdinary, kStartsStatement | kOpaque},
    {"DECLARE", SqlWord::kOrdinary, kStartsStatement},
    {"DELETE", SqlWord::kDelete, kQuery},
    {"DESC", SqlWord::kDescribe, kStartsStatement},
    {"DESCRIBE", SqlWord::kDescribe, kStartsStatement},
    {"DETACH", SqlWord::kOrdinary, kStartsStatement | kOpaque},
    {"DISCARD", SqlWord::kOrdinary, kStartsStatement | kOpaque},
    {"DO", SqlWord::kOrdinary, kStartsStatement | kOpaque},
    {"DROP", SqlWord::kDrop, kStartsStatement},
    {"END", SqlWord::kOrdinary, kStartsStatement | kOpaque},
    {"EXEC", SqlWord::kExec, kStartsStatement},
    {"EXECUTE", SqlWord::kExecute, kStartsStatement},
    {"EXPLAIN", SqlWord::kExplain, kStartsStatement},
    {"FETCH", SqlWord::kOrdinary, kStartsStatement | kEndsTables | kOpaque},
    {"FLUSH", SqlWord::kOrdinary, kStartsStatement | kOpaque},
    {"GRANT", SqlWord::kOrdinary, kStartsStatement | kOpaque},
    {"INSERT", SqlWord::kInsert, kQuery},
    {"KILL", SqlWord::kOrdinary, kStartsStatement | kOpaque},
    {"LISTEN", SqlWord::kOrdinary, kStartsStatement | kOpaque},
    {"LOAD", SqlWord::kOrdinary, kStartsStatement | kOpaque},
    {"LOCK", SqlWord::kOrdinary, kStartsStatement | kOpaque},
    {"MERGE", SqlWord::kMerge, kQuery},
    {"NOTIFY", SqlWord::kOrdinary, kStartsStatement | kOpaque},
    {"OPTIMIZE", SqlWord::kOrdinary, kStartsStatement | kOpaque},
    {"PRAGMA", SqlWord::kOrdinary, kStartsStatement | kOpaque},
    {"PREPARE", SqlWord::kOrdinary, kStartsStatement},
    {"REFRESH", SqlWord::kOrdinary, kStartsStatement | kOpaque},
    {"REINDEX", SqlWord::kOrdinary, kStartsStatement | kOpaque},
    {"RELEASE", SqlWord::kOrdinary, kStartsStatement | kOpaque},
    {"RENAME", SqlWord::kOrdinary, kStartsStatement | kOpaque},
    {"REPLACE", SqlWord::kInsert, kStartsStatement},
    {"RESET", SqlWord::kOrdinary, kStartsStatement | kOpaque},
    {"RESTORE", SqlWord::kOrdinary, kStartsStatement | kOpaque},
    {"REVOKE", SqlWord::kOrdinary, kStartsStatement | kOpaque},
    {"ROLLBACK", SqlWord::kOrdinary, kStartsStatement | kOpaque},
    {"SAVE", SqlWord::kOrdinary, kStartsStatement | kOpaque},
    {"SAVEPOINT", SqlWord::kOrdinary, kStartsStatement | kOpaque},
    {"SELECT", SqlWord::kSelect, kQuery},
    {"SET", SqlWord::kOrdinary, kStartsStatement | kEndsTables},
    {"SHOW", SqlWord::kOrdinary, kStartsStatement | kOpaque},
    {"START", SqlWord::kStart, kStartsStatement | kEndsTables},
    {"TRUNCATE", SqlWord::kTruncate, kStartsStatement},
    {"UNLISTEN", SqlWord::kOrdinary, kStartsStatement | kOpaque},
    {"UNLOCK", SqlWord::kOrdinary, kStartsStatement | kOpaque},
    {"UPDATE", SqlWord::kUpdate, kQuery},
    {"UPSERT", SqlWord::kInsert, kStartsStatement},
    {"USE", SqlWord::kOrdinary, kStartsStatement | kOpaque},
    {"VACUUM", SqlWord::kOrdinary, kStartsStatement | kOpaque},
    {"VALUES", SqlWord::kOrdinary, kStartsStatement | kEndsTables},
    {"WITH", SqlWord::kWith, kStartsStatement | kStartsQuery},
    // Around tables
    {"CONCURRENTLY", SqlWord::kOrdinary, kBeforeTable},
    {"DELAYED", SqlWord::kOrdinary, kBeforeTable},
    {"EXISTS", SqlWord::kOrdinary, kBeforeTable},
    {"FROM", SqlWord::kFrom, 0},
    {"HIGH_PRIORITY", SqlWord::kOrdinary, kBeforeTable},
    {"IF", SqlWord::kOrdinary, kBeforeTable},
    {"IGNORE", SqlWord::kOrdinary, kBeforeTable},
    {"INTO", SqlWord::kOrdinary, kBeforeTable | kEndsTables},
    {"JOIN", SqlWord::kJoin, 0},
    {"LATERAL", SqlWord::kOrdinary, kBeforeTable},
    {"LOW_PRIORITY", SqlWord::kOrdinary, kBeforeTable},
    {"NOT", SqlWord::kOrdinary, kBeforeTable},
    {"ONLY", SqlWord::kOrdinary, kBeforeTable},
    {"OR", SqlWord::kOr, kBeforeTable},
    {"OVERWRITE", SqlWord::kOrdinary, kBeforeTable},
    {"QUICK", SqlWord::kOrdinary, kBeforeTable},
    {"STRAIGHT_JOIN", SqlWord::kJoin, 0},
    {"TOP", SqlWord::kTop, kBeforeTable},
    {"USING", SqlWord::kUsing, 0},
    {"CONNECT", SqlWord::kOrdinary, kEndsTables},
    {"EXCEPT", SqlWord::kOrdinary, kEndsTables},
    {"FOR", SqlWord::kOrdinary, kEndsTables},
    {"FORMAT", SqlWord::kOrdinary, kEndsTables},
    {"GROUP", SqlWord::kOrdinary, kEndsTables},
    {"HAVING", SqlWord::kOrdinary, kEndsTables},
    {"INTERSECT", SqlWord::kOrdinary, kEndsTables},
    {"LIMIT", SqlWord::kOrdinary, kEndsTables},
    {"MINUS", SqlWord::kOrdinary, kEndsTables},
    {"OFFSET", SqlWord::kOrdinary, kEndsTables},
    {"OPTION", SqlWord::kOrdinary, kEndsTables},
    {"ORDER", SqlWord::kOrdinary, kEndsTables},
    {"PREWHERE", SqlWord::kOrdinary, kEndsTables},
    {"QUALIFY", SqlWord::kOrdinary, kEndsTables},
    {"RETURNING", SqlWord::kOrdinary, kEndsTables},
    {"SETTINGS", SqlWord::kOrdinary, kEndsTables},
    {"UNION", SqlWord::kOrdinary, kEndsTables},
    {"WHERE", SqlWord::kOrdinary, kEndsTables},
    {"WINDOW", SqlWord::kOrdinary, kEndsTables},
    // Objects
    {"AGGREGATE", SqlWord::kOrdinary, kRoutine},
    {"DATABASE", SqlWord::kOrdinary, kObject | kNamed},
    {"DICTIONARY", SqlWord::kOrdinary, kTableLike},
    {"DOMAIN", SqlWord::kOrdinary, kObject | kNamed},
    {"EVENT", SqlWord::kOrdinary, kRoutine},
    {"EXTENSION", SqlWord::kOrdinary, kObject | kNamed},
    {"FUNCTION", SqlWord::kOrdinary, kRoutine},
    {"INDEX", SqlWord::kIndex, kObject | kNamed},
    {"KEYSPACE", SqlWord::kOrdinary, kObject | kNamed},
    {"LOGIN", SqlWord::kOrdinary, kObject},
    {"PACKAGE", SqlWord::kOrdinary, kRoutine},
    {"POLICY", SqlWord::kOrdinary, kRoutine},
    {"PROCEDURE", SqlWord::kOrdinary, kRoutine},
    {"PUBLICATION", SqlWord::kOrdinary, kObject | kNamed},
    {"ROLE", SqlWord::kOrdinary, kObject},
    {"RULE", SqlWord::kOrdinary, kRoutine},
    {"SCHEMA", SqlWord::kOrdinary, kObject | kNamed},
    {"SEQUENCE", SqlWord::kOrdinary, kObject | kNamed},
    {"SERVER", SqlWord::kOrdinary, kObject},
    {"SESSION", SqlWord::kOrdinary, kObject},
    {"STATISTICS", SqlWord::kOrdinary, kObject | kNamed},
    {"SUBSCRIPTION", SqlWord::kOrdinary, kObject},
    {"SYNONYM", SqlWord::kOrdinary, kObject | kNamed},
    {"SYSTEM", SqlWord::kOrdinary, kObject},
    {"TABLE", SqlWord::kOrdinary, kTableLike | kBeforeTable},
    {"TABLESPACE", SqlWord::kOrdinary, kObject | kNamed},
    {"TRIGGER", SqlWord::kOrdinary, kRoutine},
    {"TYPE", SqlWord::kOrdinary, kObject | kNamed},
    {"USER", SqlWord::kOrdinary, kObject},
    {"VIEW", SqlWord::kOrdinary, kTableLike},
    // Others
    {"ARRAY", SqlWord::kArray, 0},
    {"AS", SqlWord::kAs, 0},
    {"DISTINCT", SqlWord::kDistinct, 0},
    {"FALSE", SqlWord::kFalse, 0},
    {"IMMEDIATE", SqlWord::kImmediate, 0},
    {"IN", SqlWord::kIn, 0},
    {"ON", SqlWord::kOn, 0},
    {"RECURSIVE", SqlWord::kRecursive, 0},
    {"TRAN", SqlWord::kTransaction, 0},
    {"TRANSACTION", SqlWord::kTransaction, 0},
    {"TRUE", SqlWord::kTrue, 0},
    {"WORK", SqlWord::kTransaction, 0},
};

// A word as two numbers, in upper case: letters lose the bit that makes them small, and what is no letter stays apart
// from all letters.
struct Packed {
  uint64_t low = 0;
  uint64_t high = 0;

  constexpr bool operator==(const Packed&) const = default;
};

constexpr uint64_t kUpperMask = 0xDFDFDFDFDFDFDFDF;

constexpr Packed Pack(std::string_view text) {
  Packed packed;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<uint64_t>(static_cast<uint8_t>(text[i]));
    (i < 8 ? packed.low : packed.high) |= byte << (8 * (i % 8));
  }
  return {packed.low & kUpperMask, packed.high & kUpperMask};
}

constexpr size_t kSlotBits = 9;
constexpr size_t kSlots = 1 << kSlotBits;
static_assert(std::size(kRows) * 3 < kSlots, "the table is searched by probing: keep it sparse");

constexpr size_t SlotOf(const Packed& packed) {
  const uint64_t mixed = (packed.low ^ (packed.high * 0x9E3779B97F4A7C15)) * 0xD6E8FEB86659FD93;
  return mixed >> (64 - kSlotBits);
}

struct Slot {
  Packed packed;
  SqlWordInfo info;
};

constexpr std::array<Slot, kSlots> MakeSlots() {
  std::array<Slot, kSlots> slots{};
  for (const Row& row : kRows) {
    const Packed packed = Pack(row.text);
    size_t slot = SlotOf(packed);
    while (slots[slot].info.word != SqlWord::kNone) {
      slot = (slot + 1) % kSlots;
    }
    slots[slot] = {packed, {row.word, row.flags}};
  }
  return slots;
}
constexpr std::array<Slot, kSlots> kTable = MakeSlots();

}  // namespace

SqlWordInfo LookUpSqlWord(std::string_view text) {
  if (text.size() > kMaxWordBytes) {
    return {};
  }
  const Packed packed = Pack(text);
  for (size_t slot = SlotOf(packed); kTable[slot].info.word != SqlWord::kNone; slot = (slot + 1) % kSlots) {
    if (kTable[slot].packed == packed) {
      return kTable[slot].info;
    }
  }
  return {};
}

}  // namespace nodespan::spans
