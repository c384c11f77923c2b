// SPDX-License-Identifier: Apache-2.0

// Command dwarfcheck prints the layout of all named structs of an unstripped Go executable as its DWARF has it, one
// JSON object per line and struct: the independent witness against which goinspect's reading of type descriptors is
// compared (src/goinspect/real_binaries_test.cc reads BINARY.dwarf.json beside BINARY).
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

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: dwarfcheck BINARY")
		os.Exit(2)
	}
	structs, err := readStructs(os.Args[1])
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
}

func readStructs(path string) ([]structType, error) {
	file, err := elf.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := file.DWARF()
	if err != nil {
		return nil, err
	}
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
			if language, ok := entry.Val(dwarf.AttrLanguage).(int64); !ok || language != 0x16 {
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
