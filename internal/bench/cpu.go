package main

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// tick is the unit of /proc/PID/stat, in milliseconds.
const tick = 10

// cpuTime sums the processor time spent so far, in milliseconds, by the part of the system that spent it. It is empty
// where there is no /proc.
func cpuTime() map[string]float64 {
	spent := map[string]float64{}
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return spent
	}
	for _, path := range stats {
		stat, err := os.ReadFile(path)
		if err != nil {
			continue // gone
		}
		cmdline, err := os.ReadFile(filepath.Join(filepath.Dir(path), "cmdline"))
		if err != nil {
			continue
		}
		if part := partOf(cmdline); part != "" {
			spent[part] += ticksOf(stat) * tick
		}
	}
	return spent
}

// partOf names the part a process belongs to; empty for what is no part of the system.
func partOf(cmdline []byte) string {
	words := strings.FieldsFunc(string(bytes.TrimRight(cmdline, "\x00")), func(r rune) bool { return r == 0 || r == ' ' })
	if len(words) == 0 {
		return ""
	}
	switch program := filepath.Base(words[0]); {
	case program == "nextgen" && len(words) > 1:
		return words[1]
	case program == "nextgen-temporal":
		return "temporal"
	case program == "postgres:" && len(words) > 2 && strings.HasPrefix(words[2], "temporal"):
		return "postgres for temporal"
	case program == "postgres:" || program == "postgres":
		return "postgres for nextgen"
	case words[0] == os.Args[0]:
		return "bench"
	}
	return ""
}

// ticksOf reads user and system time from /proc/PID/stat, fields 14 and 15 of proc(5).
func ticksOf(stat []byte) float64 {
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	const user, system = 11, 12 // counted from the field after the name
	if len(fields) <= system {
		return 0
	}
	u, _ := strconv.ParseFloat(fields[user], 64)
	s, _ := strconv.ParseFloat(fields[system], 64)
	return u + s
}

// printCPU writes one line: the sum, then the parts.
func printCPU(each map[string]float64) {
	if len(each) == 0 {
		return
	}
	var sum float64
	var parts []string
	for _, part := range slices.Sorted(maps.Keys(each)) {
		sum += each[part]
		parts = append(parts, fmt.Sprintf("%s %.1f", part, each[part]))
	}
	fmt.Printf("  CPU %.1f ms a step: %s\n", sum, strings.Join(parts, ", "))
}
