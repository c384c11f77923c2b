// SPDX-License-Identifier: Apache-2.0
#include "elf/image.h"

#include <elf.h>
#include <sys/mman.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "base/errors.h"
#include "base/unique_fd.h"
#include "elf/elf_builder.h"
#include "elf/little_endian.h"
#include "elf/notes.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace nodespan::elf {
namespace {

using absl::StatusCode;
using testing::Append;
using ::testing::ElementsAre;
using testing::ElfBuilder;
using ::testing::HasSubstr;

constexpr uint64_t kData = 0x10000;

std::vector<uint8_t> Counting(size_t count) {
  std::vector<uint8_t> bytes(count);
  for (size_t i = 0; i < count; ++i) {
    bytes[i] = static_cast<uint8_t>(i * 7 + i / 251);
  }
  return bytes;
}

struct Relocation {
  uint64_t slot;
  uint64_t type;
  int64_t addend;
};

// A position-independent file: a table of relocations at 0x1000, data at kData.
std::vector<uint8_t> WithRelocations(uint16_t machine, const std::vector<Relocation>& relocations,
                                     std::vector<uint8_t> data) {
  std::vector<uint8_t> table;
  for (const Relocation& relocation : relocations) {
    Append(table, relocation.slot);
    Append(table, relocation.type);
    Append(table, relocation.addend);
  }
  std::vector<uint8_t> dynamic;
  for (const uint64_t word :
       std::vector<uint64_t>{DT_RELA, 0x1000, DT_RELASZ, table.size(), DT_RELAENT, 24, DT_NULL, 0}) {
    Append(dynamic, word);
  }
  return ElfBuilder(machine, ET_DYN)
      .Add(PT_LOAD, PF_R, 0x1000, std::move(table))
      .Add(PT_LOAD, PF_R | PF_W, kData, std::move(data))
      .Add(PT_DYNAMIC, PF_R, 0x9000, std::move(dynamic))
      .Build();
}

base::UniqueFd ToFile(const std::vector<uint8_t>& bytes) {
  base::UniqueFd fd(::memfd_create("image_test", MFD_CLOEXEC));
  EXPECT_EQ(::write(fd.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  return fd;
}

TEST(ImageTest, AddressesTranslateWithinOneSegmentOnly) {
  const auto file = ElfBuilder()
                        .Add(PT_LOAD, PF_R | PF_X, 0x400000, Counting(100))
                        .Add(PT_LOAD, PF_R | PF_W, 0x500000, Counting(50), 1000)
                        .Build();
  const auto image = Image::OpenBytes(file);
  ASSERT_TRUE(image.ok()) << image.status();
  EXPECT_EQ((*image)->FileOffset(0x400000), 4096U);
  EXPECT_EQ((*image)->FileOffset(0x400063), 4096U + 99);
  EXPECT_EQ((*image)->FileOffset(0x400064), std::nullopt);
  EXPECT_EQ((*image)->FileOffset(0x3fffff), std::nullopt);
  EXPECT_EQ((*image)->FileOffset(0x500000 + 50), std::nullopt) << ".bss has no place in the file";
  EXPECT_TRUE((*image)->IsMapped(0x500000 + 50));
  EXPECT_TRUE((*image)->IsMapped(0x500000 + 1049));
  EXPECT_FALSE((*image)->IsMapped(0x500000 + 1050));
  EXPECT_EQ((*image)->VaddrOfFileOffset(4096 + 99), 0x400063U);
  EXPECT_EQ((*image)->VaddrOfFileOffset(0), std::nullopt);
  ASSERT_NE((*image)->View(0x400000, 100), nullptr);
  EXPECT_EQ((*image)->View(0x400000, 100)[99], Counting(100)[99]);
  EXPECT_EQ((*image)->View(0x400000, 101), nullptr);
  EXPECT_EQ((*image)->View(0x400001, UINT64_MAX), nullptr);
  EXPECT_EQ((*image)->View(0x500000 + 40, 11), nullptr);
  EXPECT_EQ((*image)->ReadWord(0x500000 + 43), std::nullopt);
  EXPECT_NE((*image)->ReadWord(0x500000 + 42), std::nullopt);
}

TEST(ImageTest, SegmentBehindTheEndOfTheFileIsAnError) {
  auto file = ElfBuilder().Add(PT_LOAD, PF_R, 0x400000, Counting(100)).Build();
  file.pop_back();
  const auto image = Image::OpenBytes(file);
  EXPECT_EQ(image.status().code(), StatusCode::kDataLoss);
  EXPECT_THAT(std::string(base::Message(image.status())), HasSubstr("truncated"));
}

TEST(ImageTest, RelativeRelocationsReplaceTheSlots) {
  for (const auto& [machine, type] : {std::pair<uint16_t, uint64_t>{EM_X86_64, 8}, {EM_AARCH64, 1027}}) {
    // Unsorted, as Go's linker leaves them; also a foreign type, a slot outside, an unaligned one.
    const auto file = WithRelocations(machine,
                                      {{kData + 80, type, 0x1234},
                                       {kData + 8, type, 0x5678},
                                       {kData + 16, 6, 0x9999},
                                       {0xdead0000, type, 1},
                                       {kData + 33, type, 1}},
                                      std::vector<uint8_t>(200));
    const auto image = Image::OpenBytes(file);
    ASSERT_TRUE(image.ok()) << image.status();
    EXPECT_EQ((*image)->relocations().size(), 2U);
    EXPECT_EQ((*image)->ReadWord(kData + 8), 0x5678U);
    EXPECT_EQ((*image)->ReadWord(kData + 80), 0x1234U);
    EXPECT_EQ((*image)->ReadWord(kData + 16), 0U);
    EXPECT_EQ((*image)->ReadWord(kData + 33), 0U);
    const auto slots = (*image)->relocations().SlotsPointingTo(0x5678);
    ASSERT_EQ(slots.size(), 1U);
    EXPECT_EQ((*image)->VaddrOfFileOffset(slots[0]), kData + 8);
  }
}

TEST(ImageTest, AddendsInPlaceAreLeftAlone) {
  std::vector<uint8_t> data(64);
  testing::Put<uint64_t>(data, 8, 0x4711);
  const auto file = WithRelocations(EM_X86_64, {}, data);
  const auto image = Image::OpenBytes(file);
  ASSERT_TRUE(image.ok()) << image.status();
  EXPECT_EQ((*image)->ReadWord(kData + 8), 0x4711U);
}

TEST(ImageTest, RelocationsReachEveryChunkAndEveryWindow) {
  constexpr uint64_t kStride = 40'000;
  std::vector<Relocation> relocations;
  for (uint64_t slot = 0; slot < 2'000'000; slot += kStride) {
    relocations.insert(relocations.begin(), {kData + slot, 8, static_cast<int64_t>(kData + slot + 1)});
  }
  const auto file = WithRelocations(EM_X86_64, relocations, std::vector<uint8_t>(2'000'000));
  const auto image = Image::OpenBytes(file);
  ASSERT_TRUE(image.ok()) << image.status();
  uint64_t found = 0;
  ASSERT_TRUE((*image)->Scan((*image)->loads()[1], 0, [&](const Image::Window& window) {
    for (uint64_t i = 0; i + 8 <= window.bytes.size(); i += 8) {
      if (const uint64_t word = Load<uint64_t>(window.bytes.data() + i); word != 0) {
        EXPECT_EQ(word, window.vaddr + i + 1);
        ++found;
      }
    }
    return true;
  }));
  EXPECT_EQ(found, relocations.size());
  for (uint64_t slot = 0; slot < 2'000'000; slot += kStride) {
    EXPECT_EQ((*image)->ReadWord(kData + slot), kData + slot + 1);
  }
}

TEST(ImageTest, RelocationsThatLeadFarAwayAreLeftOut) {
  constexpr int64_t first = 0x1000;  // address of the first segment of WithRelocations()
  constexpr int64_t kFar = int64_t{1} << 32;
  const auto file = WithRelocations(
      EM_X86_64,
      {{kData, 8, first + kFar - 1}, {kData + 8, 8, first + kFar}, {kData + 16, 8, -1}, {kData + 24, 8, first}},
      std::vector<uint8_t>(64));
  const auto image = Image::OpenBytes(file);
  ASSERT_TRUE(image.ok()) << image.status();
  EXPECT_EQ((*image)->ReadWord(kData), first + kFar - 1);
  EXPECT_EQ((*image)->ReadWord(kData + 8), 0U);
  EXPECT_EQ((*image)->ReadWord(kData + 16), 0U);
  EXPECT_EQ((*image)->ReadWord(kData + 24), first);
}

TEST(ImageTest, RelocationTableOutsideTheFileIsAnError) {
  auto file = WithRelocations(EM_X86_64, {{kData, 8, 1}}, std::vector<uint8_t>(64));
  const size_t dynamic_off = 3 * 4096;
  testing::Put<uint64_t>(file, dynamic_off + 8, 0x77770000);
  EXPECT_EQ(Image::OpenBytes(file).status().code(), StatusCode::kDataLoss);
  testing::Put<uint64_t>(file, dynamic_off + 8, 0x1000);
  testing::Put<uint64_t>(file, dynamic_off + 24, uint64_t{1} << 60);
  EXPECT_EQ(Image::OpenBytes(file).status().code(), StatusCode::kResourceExhausted);
  testing::Put<uint64_t>(file, dynamic_off + 24, 24);
  testing::Put<uint64_t>(file, dynamic_off + 40, 16);
  EXPECT_EQ(Image::OpenBytes(file).status().code(), StatusCode::kDataLoss);
}

TEST(ImageTest, ScanShowsEveryByteOnceAndLooksAhead) {
  const auto data = Counting(1'000'003);
  const auto file = ElfBuilder().Add(PT_LOAD, PF_R, 0x400000, data).Build();
  const auto image = Image::OpenBytes(file);
  ASSERT_TRUE(image.ok()) << image.status();
  uint64_t next = 0x400000;
  ASSERT_TRUE((*image)->Scan((*image)->loads()[0], 24, [&](const Image::Window& window) {
    EXPECT_EQ(window.vaddr, next);
    EXPECT_TRUE(std::equal(window.bytes.begin(), window.bytes.end(), data.begin() + (next - 0x400000)));
    EXPECT_EQ(window.bytes.size(), std::min<uint64_t>(window.start_bytes + 24, 0x400000 + data.size() - next));
    next += window.start_bytes;
    return true;
  }));
  EXPECT_EQ(next, 0x400000 + data.size());
}

TEST(FileBytesTest, TruncationWhileOpenIsAnErrorAndNoSignal) {
  const auto bytes = Counting(1 << 20);
  const base::UniqueFd fd = ToFile(bytes);
  const auto file = FileBytes::Open(fd.get());
  ASSERT_TRUE(file.ok()) << file.status();
  const uint8_t* first = (*file)->View(0, 100);
  ASSERT_NE(first, nullptr);
  ASSERT_EQ(::ftruncate(fd.get(), 10), 0);
  EXPECT_EQ((*file)->View(500'000, 100), nullptr);
  EXPECT_EQ((*file)->load_status().code(), StatusCode::kDataLoss);
  EXPECT_THAT(std::string(base::Message((*file)->load_status())), HasSubstr("truncated"));
  EXPECT_TRUE(std::equal(first, first + 100, bytes.begin())) << "what was read stays";
}

TEST(FileBytesTest, ChangesAfterReadingAreNotSeen) {
  const auto bytes = Counting(200'000);
  const base::UniqueFd fd = ToFile(bytes);
  const auto file = FileBytes::Open(fd.get());
  ASSERT_TRUE(file.ok()) << file.status();
  const uint8_t* view = (*file)->View(1000, 8);
  ASSERT_EQ(::pwrite(fd.get(), "attacked", 8, 1000), 8);
  EXPECT_TRUE(std::equal(view, view + 8, bytes.begin() + 1000));
}

TEST(FileBytesTest, OnlyWhatIsViewedIsResident) {
  const auto bytes = Counting(1 << 20);
  const auto file = FileBytes::OpenBytes(bytes);
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ((*file)->resident_bytes(), 0U);
  ASSERT_NE((*file)->View(FileBytes::kChunkBytes - 1, 2), nullptr);
  EXPECT_EQ((*file)->resident_bytes(), 2 * FileBytes::kChunkBytes);
  std::vector<uint8_t> copy(300'000);
  ASSERT_TRUE((*file)->Read(500'000, copy));
  EXPECT_TRUE(std::equal(copy.begin(), copy.end(), bytes.begin() + 500'000));
  EXPECT_EQ((*file)->resident_bytes(), 2 * FileBytes::kChunkBytes);
  (*file)->Release(1, 2 * FileBytes::kChunkBytes - 1);
  EXPECT_EQ((*file)->resident_bytes(), FileBytes::kChunkBytes) << "only whole chunks are given back";
  const uint8_t* again = (*file)->View(FileBytes::kChunkBytes, 4);
  ASSERT_NE(again, nullptr);
  EXPECT_TRUE(std::equal(again, again + 4, bytes.begin() + FileBytes::kChunkBytes));
}

TEST(FileBytesTest, ResidentAndScannedBytesAreBounded) {
  const base::UniqueFd fd(::memfd_create("sparse", MFD_CLOEXEC));
  ASSERT_EQ(::ftruncate(fd.get(), int64_t{1} << 30), 0);
  const auto file = FileBytes::Open(fd.get());
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ((*file)->View(0, FileBytes::kMaxResidentBytes + 1), nullptr);
  EXPECT_EQ((*file)->load_status().code(), StatusCode::kResourceExhausted);
  EXPECT_EQ((*file)->resident_bytes(), 0U);
  EXPECT_NE((*file)->View(0, 10), nullptr) << "smaller needs are still served";

  const auto other = FileBytes::Open(fd.get());
  std::vector<uint8_t> buffer(64 << 20);
  uint64_t scanned = 0;
  while (scanned <= FileBytes::kMaxScannedBytes && (*other)->Read(scanned, buffer)) {
    scanned += buffer.size();
  }
  EXPECT_EQ(scanned, FileBytes::kMaxScannedBytes);
  EXPECT_EQ((*other)->load_status().code(), StatusCode::kResourceExhausted);
}

TEST(FileBytesTest, RefusesWhatIsNotAPlainFile) {
  int pipe_fds[2];
  ASSERT_EQ(::pipe(pipe_fds), 0);
  const base::UniqueFd read_end(pipe_fds[0]);
  const base::UniqueFd write_end(pipe_fds[1]);
  EXPECT_EQ(FileBytes::Open(read_end.get()).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(FileBytes::OpenBytes({}).status().code(), StatusCode::kNotFound);
  EXPECT_FALSE(FileBytes::Open(-1).ok());
  const base::UniqueFd huge(::memfd_create("huge", MFD_CLOEXEC));
  ASSERT_EQ(::ftruncate(huge.get(), int64_t{1} << 40), 0);
  EXPECT_EQ(FileBytes::Open(huge.get()).status().code(), StatusCode::kResourceExhausted);
}

std::vector<uint8_t> Note(std::string_view name, uint32_t name_bytes, uint32_t type, std::string_view description) {
  std::vector<uint8_t> note;
  Append<uint32_t>(note, name_bytes);
  Append<uint32_t>(note, static_cast<uint32_t>(description.size()));
  Append<uint32_t>(note, type);
  testing::AppendText(note, name);
  note.resize(12 + (name_bytes + 3) / 4 * 4);
  testing::AppendText(note, description);
  note.resize((note.size() + 3) / 4 * 4);
  return note;
}

TEST(NotesTest, FindsANoteByNameAndType) {
  std::vector<uint8_t> notes = Note("GNU", 4, 1, "abi");
  const auto go = Note("Go", 4, 4, "action/content");  // its size counts the padding
  const auto gnu = Note("GNU", 4, 3, "\x12\x34");
  notes.insert(notes.end(), go.begin(), go.end());
  notes.insert(notes.end(), gnu.begin(), gnu.end());
  const auto go_id = FindNote(notes, "Go", 4);
  ASSERT_TRUE(go_id.has_value());
  EXPECT_EQ(std::string(go_id->begin(), go_id->end()), "action/content");
  const auto gnu_id = FindNote(notes, "GNU", 3);
  ASSERT_TRUE(gnu_id.has_value());
  EXPECT_THAT(*gnu_id, ElementsAre(0x12, 0x34));
  EXPECT_FALSE(FindNote(notes, "Go", 3).has_value());
  EXPECT_FALSE(FindNote(notes, "G", 4).has_value());
  EXPECT_FALSE(FindNote({}, "Go", 4).has_value());
}

TEST(NotesTest, SizesBeyondTheEndAreNotFollowed) {
  for (const size_t field : {0, 4}) {
    auto notes = Note("Go", 4, 4, "id");
    testing::Put<uint32_t>(notes, field, 0xffffffff);
    EXPECT_FALSE(FindNote(notes, "Go", 4).has_value());
  }
  const auto notes = Note("Go", 4, 4, "id");
  for (size_t length = 0; length < notes.size() - 2; ++length) {
    EXPECT_FALSE(FindNote(std::span(notes).first(length), "Go", 4).has_value()) << length;
  }
}

}  // namespace
}  // namespace nodespan::elf
