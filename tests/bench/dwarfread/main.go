// SPDX-License-Identifier: Apache-2.0

// Command dwarfread looks up the fields of three structs in the debug information of a Go executable, as tracers that
// read it do, and prints how long that took and how far its resident memory rose: the baseline of inspection.py.
//
//	dwarfread BINARY
package main

import (
	"bufio"
	"debug/dwarf"
	"debug/elf"
	"fmt"
	"os"
	"strings"
	"time"
)

var wanted = map[string]bool{"net/http.Request": true, "net/http.response": true, "runtime.g": true}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: dwarfread BINARY")
		os.Exit(2)
	}
	before := memory("VmRSS")
	start := time.Now()
	err := find(os.Args[1])
	elapsed := time.Since(start)
	if err != nil {
		fmt.Fprintln(os.Stderr, "dwarfread:", err)
		os.Exit(1)
	}
	fmt.Printf("{\"ms\": %.1f, \"extra_mb\": %.1f}\n", float64(elapsed.Microseconds())/1000, memory("VmHWM")-before)
}

func find(path string) error {
	file, err := elf.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	data, err := file.DWARF()
	if err != nil {
		return err
	}
	found := 0
	for reader := data.Reader(); found < len(wanted); {
		entry, err := reader.Next()
		if err != nil {
			return err
		}
		if entry == nil {
			break
		}
		if entry.Tag == dwarf.TagCompileUnit {
			continue
		}
		name, _ := entry.Val(dwarf.AttrName).(string)
		if entry.Tag == dwarf.TagStructType && wanted[name] {
			if _, err := data.Type(entry.Offset); err != nil {
				return err
			}
			found++
		}
		if entry.Children {
			reader.SkipChildren()
		}
	}
	if found == 0 {
		return fmt.Errorf("no struct found")
	}
	return nil
}

// memory returns a line of /proc/self/status in MB.
func memory(name string) float64 {
	status, err := os.Open("/proc/self/status")
	if err != nil {
		return 0
	}
	defer status.Close()
	for lines := bufio.NewScanner(status); lines.Scan(); {
		if rest, ok := strings.CutPrefix(lines.Text(), name+":"); ok {
			var kb float64
			fmt.Sscan(rest, &kb)
			return kb / 1024
		}
	}
	return 0
}
