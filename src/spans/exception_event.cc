// SPDX-License-Identifier: Apache-2.0
#include "spans/exception_event.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <iterator>
#include <utility>

#include "fmt/format.h"
#include "spans/attribute_writer.h"
#include "spans/span_common.h"

namespace nodespan::spans {
namespace {

using events::PanicEvent;
using model::CodeType;

constexpr std::string_view kRuntimeError = "runtime error: ";
constexpr std::string_view kNilPanic = "panic called with nil argument";
constexpr std::string_view kAbortHandler = "net/http: abort Handler";  // net/http/server.go, ErrAbortHandler

// Types that are a string, or whose pointers lead to one, and what stands before it in their Error().
struct TextType {
  std::string_view name;
  std::string_view prefix;
};
constexpr TextType kTextTypes[] = {
    {"*errors.errorString", ""},  // errors/errors.go
    {"*fmt.wrapError", ""},       // fmt/errors.go, as the next
    {"*fmt.wrapErrors", ""},
    {"runtime.errorString", kRuntimeError},  // runtime/error.go, as the next
    {"runtime.errorAddressString", kRuntimeError},
    {"runtime.plainError", ""},
};

template <typename T>
std::optional<T> ValueAt(const PanicEvent& event, size_t off) {
  if (off + sizeof(T) > event.value_bytes) {
    return std::nullopt;
  }
  T value;
  std::memcpy(&value, event.value.data() + off, sizeof(value));
  return value;
}

// What runtime.boundsError says, by its code; %x and %y stand for its numbers. Source: Go's runtime/error.go
// (boundsError, boundsErrorFmts, boundsNegErrorFmts): {x int64, y int, signed bool, code uint8}.
struct BoundsText {
  std::string_view usual;
  std::string_view negative;  // when x is
};
constexpr std::array<BoundsText, 9> kBoundsTexts = {{
    {"index out of range [%x] with length %y", "index out of range [%x]"},
    {"slice bounds out of range [:%x] with length %y", "slice bounds out of range [:%x]"},
    {"slice bounds out of range [:%x] with capacity %y", "slice bounds out of range [:%x]"},
    {"slice bounds out of range [%x:%y]", "slice bounds out of range [%x:]"},
    {"slice bounds out of range [::%x] with length %y", "slice bounds out of range [::%x]"},
    {"slice bounds out of range [::%x] with capacity %y", "slice bounds out of range [::%x]"},
    {"slice bounds out of range [:%x:%y]", "slice bounds out of range [:%x:]"},
    {"slice bounds out of range [%x:%y:]", "slice bounds out of range [%x::]"},
    {"cannot convert slice with length %y to array or pointer to array with length %x", ""},
}};

std::optional<std::string> BoundsMessage(const PanicEvent& event) {
  constexpr size_t kLengthOff = 8;
  constexpr size_t kSignedOff = 16;
  constexpr size_t kCodeOff = 17;
  const auto x = ValueAt<int64_t>(event, 0);
  const auto y = ValueAt<int64_t>(event, kLengthOff);
  const auto is_signed = ValueAt<uint8_t>(event, kSignedOff);
  const auto code = ValueAt<uint8_t>(event, kCodeOff);
  if (!code || *code >= kBoundsTexts.size() || *is_signed > 1) {
    return std::nullopt;
  }
  const bool is_negative = *is_signed != 0 && *x < 0;
  std::string text(is_negative ? kBoundsTexts[*code].negative : kBoundsTexts[*code].usual);
  const auto put = [&text](std::string_view mark, const std::string& number) {
    if (const size_t at = text.find(mark); at != std::string::npos) {
      text.replace(at, mark.size(), number);
    }
  };
  put("%x", *is_signed != 0 ? fmt::format("{}", *x) : fmt::format("{}", static_cast<uint64_t>(*x)));
  put("%y", fmt::format("{}", *y));
  return text.empty() ? std::nullopt : std::optional(std::string(kRuntimeError) + text);
}

std::optional<std::string> NumberMessage(const PanicEvent& event, const CodeType& type) {
  std::array<uint8_t, sizeof(uint64_t)> bytes{};
  if (type.size_bytes == 0 || type.size_bytes > bytes.size() || event.value_bytes < type.size_bytes) {
    return std::nullopt;
  }
  std::copy_n(event.value.begin(), type.size_bytes, bytes.begin());
  uint64_t number;
  std::memcpy(&number, bytes.data(), sizeof(number));
  if (type.kind == CodeType::Kind::kSigned) {
    const int unused_bits = static_cast<int>(8 * (sizeof(number) - type.size_bytes));
    return fmt::format("{}", static_cast<int64_t>(number << unused_bits) >> unused_bits);
  }
  return fmt::format("{}", number);
}

// The runtime's own functions between the one that panicked and gopanic: panicIndex, panicmem, sigpanic.
bool IsRuntime(std::string_view function) { return function.starts_with("runtime."); }

}  // namespace

std::optional<std::string> PanicMessage(const PanicEvent& event, const CodeType& type) {
  const auto* text_type = std::find_if(std::begin(kTextTypes), std::end(kTextTypes),
                                       [&type](const TextType& known) { return known.name == type.name; });
  if (text_type != std::end(kTextTypes)) {
    return event.text.empty() ? std::nullopt : std::optional(std::string(text_type->prefix) + Clean(event.text));
  }
  if (type.name == "runtime.boundsError") {
    return BoundsMessage(event);
  }
  if (type.name == "*runtime.PanicNilError") {  // runtime/panic.go; made behind the probe, so only of one passed on
    return std::string(kNilPanic);
  }
  switch (type.kind) {
    case CodeType::Kind::kString: return Clean(event.text);
    case CodeType::Kind::kSigned:
    case CodeType::Kind::kUnsigned: return NumberMessage(event, type);
    case CodeType::Kind::kBool: {
      const auto value = ValueAt<uint8_t>(event, 0);
      return value && *value <= 1 ? std::optional<std::string>(*value != 0 ? "true" : "false") : std::nullopt;
    }
    case CodeType::Kind::kOther: break;
  }
  return std::nullopt;
}

std::string StackText(const std::vector<model::CodeLocation>& stack, std::optional<uint64_t> goroutine) {
  const auto first = std::find_if(stack.begin(), stack.end(),
                                  [](const model::CodeLocation& location) { return !IsRuntime(location.function); });
  if (first == stack.end()) {
    return {};
  }
  std::string text = goroutine ? fmt::format("goroutine {} [running]:\n", *goroutine) : "goroutine [running]:\n";
  for (auto it = first; it != stack.end() && it->function != "runtime.goexit"; ++it) {
    text += fmt::format("{}(...)\n\t{}:{}\n", it->function, it->file, it->line);
  }
  return Clean(std::move(text));
}

std::optional<model::SpanEvent> BuildExceptionEvent(const PanicEvent& event, model::CodeSymbols* symbols,
                                                    const WallClock& clock) {
  model::SpanEvent exception;
  exception.time_unix_ns = clock.ToUnixNs(event.header.start_mono_ns);
  exception.name = kExceptionEvent;
  AttributeWriter attributes(model::SemconvMode::kNew, &exception.attributes);
  std::optional<std::string> message;
  if (!event.type_vaddr) {
    message = kNilPanic;
  } else if (symbols != nullptr) {
    CodeType type = symbols->TypeAt(*event.type_vaddr);
    message = PanicMessage(event, type);
    if (type.name == "*errors.errorString" && message == kAbortHandler) {
      return std::nullopt;
    }
    if (!type.name.empty()) {
      attributes.AddText({kExceptionType, ""}, Clean(std::move(type.name)));
    }
  }
  if (message.has_value()) {
    attributes.AddText({kExceptionMessage, ""}, *std::move(message));
  }
  std::string stack =
      symbols == nullptr ? std::string() : StackText(symbols->StackOf(event.return_vaddrs), event.goroutine);
  if (!stack.empty()) {
    attributes.AddText({kExceptionStacktrace, ""}, std::move(stack));
  }
  return exception;
}

}  // namespace nodespan::spans
