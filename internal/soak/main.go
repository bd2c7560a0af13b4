// Command soak lets two hundred simulated people work on twenty queues of every type for a while, over HTTP and on the
// product as "nextgen dev" runs it, and watches that nobody and nothing starves, that the limits of people and queues hold,
// and that no task is held or done twice. It fails if one of them is not so.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"time"

	"github.com/onecms/nextgen-workflow/internal/stack"
)

func main() {
	var plan plan
	out := flag.String("json", "", "file for the figures as JSON")
	flag.DurationVar(&plan.span, "for", 30*time.Minute, "how long people work before no more cases come")
	flag.IntVar(&plan.people, "people", 200, "simulated people")
	flag.IntVar(&plan.queues, "queues", 20, "queues that they work on; at least 10")
	flag.IntVar(&plan.backlog, "backlog", 600, "open tasks that are kept up by new cases")
	flag.DurationVar(&plan.most, "served-within", 5*time.Minute, "how long an unimportant task may wait at most, whatever comes in meanwhile")
	flag.Uint64Var(&plan.seed, "seed", 1, "of all that is left to chance")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, plan, *out); err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, plan plan, out string) error {
	s, stop, err := stack.StartWhole(ctx, os.Stderr)
	if err != nil {
		return err
	}
	defer stop()
	place, err := settle(ctx, s, plan)
	if err != nil {
		return err
	}
	report, err := work(ctx, s, place, plan)
	report.print()
	if out != "" {
		raw, failed := json.MarshalIndent(report, "", "  ")
		if failed != nil {
			return failed
		}
		if failed := os.WriteFile(out, append(raw, '\n'), 0o644); failed != nil {
			return failed
		}
	}
	return err
}
