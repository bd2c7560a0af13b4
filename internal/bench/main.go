// Command bench measures the human step (claim, complete, the next task is there) beside a bare Temporal loop in the same
// run, what automatic processes cost and leave in Temporal, and claims per second over many open tasks. It runs the
// product as "nextgen dev" does, on a durable PostgreSQL.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/onecms/nextgen-workflow/internal/stack"
)

func main() {
	out := flag.String("json", "", "file for the figures as JSON")
	span := flag.Duration("for", 12*time.Second, "how long each series is measured")
	tasks := flag.Int("tasks", 1_000_000, "open tasks for the claims")
	parallel := flag.String("parallel", "1,16,50", "numbers of cases at once")
	due := flag.Int("due", 10_000, "tasks that are due within one second, for the deadlines")
	only := flag.String("only", "", "steps, shapes, transactions, deadlines or claims; empty runs them all")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *out, *only, *parallel, *span, *tasks, *due); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out, only, parallel string, span time.Duration, tasks, due int) error {
	s, stop, err := stack.StartWhole(ctx, os.Stderr)
	if err != nil {
		return err
	}
	defer stop()
	url := s.DatabaseURL()
	if err := people(ctx, url); err != nil {
		return err
	}
	all, err := benchCases(ctx, s, only, parallel, span)
	if err != nil {
		return err
	}
	if only == "" || only == "deadlines" {
		seen, err := benchDeadlines(ctx, s, url, due)
		if err != nil {
			return err
		}
		all = append(all, seen)
	}
	if only == "" || only == "transactions" {
		transactions, err := benchTransactions(ctx, s, url, span)
		if err != nil {
			return err
		}
		all = append(all, transactions)
	}
	if only == "" || only == "claims" {
		s.Stop()
		claims, err := benchClaims(ctx, url, tasks, span)
		if err != nil {
			return err
		}
		all = appendAll(all, claims)
	}
	return write(out, all)
}

// benchCases measures what needs the running product.
func benchCases(ctx context.Context, s *stack.Stack, only, parallel string, span time.Duration) (all []any, err error) {
	if only == "" || only == "steps" {
		steps, err := benchSteps(ctx, s, strings.Split(parallel, ","), span)
		if err != nil {
			return nil, err
		}
		all = appendAll(all, steps)
	}
	if only == "" || only == "shapes" {
		shapes, err := benchShapes(ctx, s)
		if err != nil {
			return nil, err
		}
		all = appendAll(all, shapes)
	}
	return all, nil
}

func appendAll[T any](all []any, more []T) []any {
	for _, one := range more {
		all = append(all, one)
	}
	return all
}

// write keeps the figures, where a file is named for them.
func write(out string, all []any) error {
	if out == "" {
		return nil
	}
	raw, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(out, append(raw, '\n'), 0o644)
}

const row = "%-34s %8d %8d %10.1f %9.1f %9.1f %9.1f\n"

func head() {
	fmt.Printf("%-34s %8s %8s %10s %9s %9s %9s\n", "series", "parallel", "steps", "steps/s", "p50 ms", "p95 ms", "p99 ms")
}

func (s series) print() {
	fmt.Printf(row, s.Name, s.Parallel, s.Steps, s.PerSec, s.P50, s.P95, s.P99)
	printCPU(s.CPU)
	for _, r := range s.Ratios {
		fmt.Printf("%-52s %9.2fx %8.2fx %8.2fx %8.2fx\n", "  times the "+r.To, r.PerSec, r.P50, r.P95, r.P99)
	}
}
