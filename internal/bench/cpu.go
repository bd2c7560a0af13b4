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

// process is what /proc tells of one process.
type process struct {
	parent int
	ms     float64 // processor time, user and system
	part   string
}

// cpuTime sums the processor time spent so far, in milliseconds, by the part of the system that spent it: by this process
// and those that descend from it. It is empty where there is no /proc.
func cpuTime() map[string]float64 {
	all := processes()
	spent := map[string]float64{}
	for pid, p := range all {
		if p.part != "" && descends(all, pid, os.Getpid()) {
			spent[p.part] += p.ms
		}
	}
	return spent
}

func processes() map[int]process {
	all := map[int]process{}
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return all
	}
	for _, path := range stats {
		dir := filepath.Dir(path)
		pid, err := strconv.Atoi(filepath.Base(dir))
		if err != nil {
			continue
		}
		stat, err := os.ReadFile(path)
		if err != nil {
			continue // gone
		}
		cmdline, err := os.ReadFile(filepath.Join(dir, "cmdline"))
		if err != nil {
			continue
		}
		p := readStat(stat)
		p.part = partOf(cmdline)
		all[pid] = p
	}
	return all
}

// descends reports whether a process is another one or was started below it.
func descends(all map[int]process, pid, from int) bool {
	for ; pid != from; pid = all[pid].parent {
		if _, known := all[pid]; !known {
			return false
		}
	}
	return true
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

// readStat reads the parent and the times from /proc/PID/stat, fields 4, 14 and 15 of proc(5).
func readStat(stat []byte) process {
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	const parent, user, system = 1, 11, 12 // counted from the field after the name
	if len(fields) <= system {
		return process{}
	}
	p, _ := strconv.Atoi(fields[parent])
	u, _ := strconv.ParseFloat(fields[user], 64)
	s, _ := strconv.ParseFloat(fields[system], 64)
	return process{parent: p, ms: (u + s) * tick}
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
