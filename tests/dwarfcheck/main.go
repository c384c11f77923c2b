// SPDX-License-Identifier: Apache-2.0

// Command dwarfcheck prints the layout of all named structs of an unstripped Go executable, and the source of some of its
// instructions, as its DWARF has them, one JSON object per line: the independent witness against which goinspect's reading
// of type descriptors and function tables is compared (tests/inspection/real_binaries_test.cc reads BINARY.dwarf.json
// beside BINARY).
//
//	go run . BINARY > BINARY.dwarf.json
package main

import (
	"bufio"
	"debug/dwarf"
	"debug/elf"
	"encoding/json"
	"fmt"
	"os"
	"sort"
	"strings"
)

type field struct {
	Name   string `json:"name"`
	Offset int64  `json:"offset"`
	Size   int64  `json:"size"`
}

type structType struct {
	Name   string  `json:"name"`
	Size   int64   `json:"size"`
	Fields []field `json:"fields"`
}

// instruction is one row of a line table.
type instruction struct {
	Address uint64 `json:"address"`
	File    string `json:"file"`
	Line    int    `json:"line"`
}

// Of so many rows one is printed; prime, so that functions are met at all their parts.
const rowsPerInstruction = 61

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: dwarfcheck BINARY")
		os.Exit(2)
	}
	data, err := readDWARF(os.Args[1])
	var structs []structType
	var instructions []instruction
	if err == nil {
		structs, err = readStructs(data)
	}
	if err == nil {
		instructions, err = readInstructions(data)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "dwarfcheck:", err)
		os.Exit(1)
	}
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	for _, s := range structs {
		if err := encoder.Encode(s); err != nil {
			fmt.Fprintln(os.Stderr, "dwarfcheck:", err)
			os.Exit(1)
		}
	}
	for _, i := range instructions {
		if err := encoder.Encode(i); err != nil {
			fmt.Fprintln(os.Stderr, "dwarfcheck:", err)
			os.Exit(1)
		}
	}
}

func readDWARF(path string) (*dwarf.Data, error) {
	file, err := elf.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return file.DWARF()
}

func isGo(unit *dwarf.Entry) bool {
	language, ok := unit.Val(dwarf.AttrLanguage).(int64)
	return ok && language == 0x16
}

func readInstructions(data *dwarf.Data) ([]instruction, error) {
	var instructions []instruction
	count := 0
	units := data.Reader()
	for {
		unit, err := units.Next()
		if err != nil || unit == nil {
			return instructions, err
		}
		units.SkipChildren()
		if unit.Tag != dwarf.TagCompileUnit || !isGo(unit) {
			continue
		}
		lines, err := data.LineReader(unit)
		if err != nil {
			return nil, err
		}
		var row dwarf.LineEntry
		for lines != nil && lines.Next(&row) == nil {
			if count++; count%rowsPerInstruction == 0 && !row.EndSequence {
				instructions = append(instructions, instruction{row.Address, row.File.Name, row.Line})
			}
		}
	}
}

func readStructs(data *dwarf.Data) ([]structType, error) {
	byName := map[string][]structType{}
	reader := data.Reader()
	for {
		entry, err := reader.Next()
		if err != nil {
			return nil, err
		}
		if entry == nil {
			break
		}
		if entry.Tag == dwarf.TagCompileUnit {
			// Only Go: names of C structs mean something else.
			if !isGo(entry) {
				reader.SkipChildren()
			}
			continue
		}
		if entry.Tag != dwarf.TagStructType {
			continue
		}
		t, err := data.Type(entry.Offset)
		if err != nil {
			return nil, err
		}
		s, ok := t.(*dwarf.StructType)
		if !ok || s.Incomplete || !isTypeName(s.StructName) {
			continue
		}
		result := structType{Name: unescape(s.StructName), Size: s.ByteSize, Fields: []field{}}
		for _, f := range s.Field {
			result.Fields = append(result.Fields, field{f.Name, f.ByteOffset, f.Type.Size()})
		}
		byName[result.Name] = append(byName[result.Name], result)
	}
	// A name with several layouts (types declared inside functions) says nothing about any of them.
	var structs []structType
	for _, same := range byName {
		if len(same) == 1 {
			structs = append(structs, same[0])
		}
	}
	sort.Slice(structs, func(i, j int) bool { return structs[i].Name < structs[j].Name })
	return structs, nil
}

// isTypeName tells types that a program declares from those the compiler makes up for slices, maps and literals.
func isTypeName(name string) bool {
	first := name[:strings.IndexAny(name+"/.[<{ ", "/.[<{ ")]
	return first != "" && first != "struct" && first != "noalg" && !strings.HasPrefix(name, "go.shape.") && strings.Contains(name, ".") &&
		!strings.ContainsAny(name, "<*")
}

// unescape undoes the linker's escaping of dots in the last element of a package path ("gopkg%2ein").
func unescape(name string) string {
	return strings.ReplaceAll(name, "%2e", ".")
}
