// Command conformance runs process models that others wrote, with what they expect, through the product's compiler and
// engine, and prints for each suite how many cases pass, are refused, or are wrong. It fails when a suite does not reach
// what is expected of it.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/onecms/nextgen-workflow/internal/conformance/report"
)

func main() {
	err := command(os.Args[1:], os.Stdout, os.Stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		os.Exit(2)
	case err != nil:
		fmt.Fprintln(os.Stderr, "conformance:", err)
		os.Exit(1)
	}
}

// options are what the command line says.
type options struct {
	dir, json, suite, id string
	list, real           bool
	expect               report.Expectations
}

func parse(args []string, errs io.Writer) (options, error) {
	o := options{expect: report.Defaults()}
	flags := flag.NewFlagSet("conformance", flag.ContinueOnError)
	flags.SetOutput(errs)
	flags.Usage = func() {
		fmt.Fprintln(errs, "usage: conformance [flags] FOLDER")
		flags.PrintDefaults()
	}
	flags.StringVar(&o.json, "json", "", "write the outcome of every case to this `file`")
	flags.StringVar(&o.suite, "suite", "", "run this `suite` only")
	flags.StringVar(&o.id, "case", "", "run the case with this `id` only, and print every event and effect")
	flags.BoolVar(&o.list, "list", false, "list the cases that do not pass, with the reasons")
	flags.BoolVar(&o.real, "real", false, "play what can be played on bin/nextgen with PostgreSQL and Temporal as well")
	flags.Var(o.expect, "expect", "change what a suite has to reach, in percent, as in scenarios.pass=90; may be `repeated`")
	if err := flags.Parse(args); err != nil {
		return o, flag.ErrHelp
	}
	if flags.NArg() != 1 {
		flags.Usage()
		return o, flag.ErrHelp
	}
	o.dir = flags.Arg(0)
	return o, nil
}

// command runs what the arguments ask for.
func command(args []string, out, errs io.Writer) error {
	o, err := parse(args, errs)
	if err != nil {
		return err
	}
	var trace func(string)
	if o.id != "" {
		trace = func(line string) { fmt.Fprintln(out, line) }
	}
	suites, err := run(o, trace)
	if err != nil {
		return err
	}
	if o.real {
		played, err := playReal(o, out)
		if err != nil {
			return err
		}
		suites = append(suites, played...)
	}
	if o.list || o.id != "" {
		report.PrintCases(out, suites, report.Pass, report.Refused, report.Wrong, report.Doubtful, report.Aside)
	}
	report.Print(out, suites)
	if o.json != "" {
		if err := report.WriteJSON(o.json, suites); err != nil {
			return err
		}
	}
	if o.id != "" {
		return nil
	}
	short := o.expect.Shortfalls(suites)
	for _, s := range short {
		fmt.Fprintln(out, "below what is expected:", s)
	}
	if len(short) > 0 {
		return fmt.Errorf("%d expectations are not met", len(short))
	}
	return nil
}
