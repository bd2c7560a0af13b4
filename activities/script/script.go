// Package script runs the scripts of script tasks, each in a process that has nothing of the worker's: a script that
// takes too much time or memory is ended with its process. docs/service-tasks.md describes what scripts see.
package script

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/onecms/nextgen-workflow/activities/script/javascript"
	"github.com/onecms/nextgen-workflow/activities/service"
	"github.com/onecms/nextgen-workflow/internal/casework"
)

// Config bounds scripts. A zero field has the default of its comment.
type Config struct {
	Command     []string      // program and arguments of a process that calls Serve with its standard input and output
	Time        time.Duration // of one script; 5s
	MemoryBytes uint64        // of one script; 128 MiB
	ResultBytes int           // of a result, and of each variable that is set; 8 MiB
	SourceBytes int           // of a script; 64 KiB
	Calls       int           // nested calls in a script; 1,000
	Processes   int           // scripts at once; 2
}

// grace is how much longer than its time a script may take before its process is ended.
const grace = time.Second

// Runner runs scripts. It is safe for concurrent use. Close ends its processes.
type Runner struct {
	cfg   Config
	slots chan struct{} // one for each script that runs

	mu     sync.Mutex
	idle   []*process
	closed bool
}

// New builds a Runner. Processes start when they are needed.
func New(cfg Config) (*Runner, error) {
	cfg.Time = cmp.Or(cfg.Time, 5*time.Second)
	cfg.MemoryBytes = cmp.Or(cfg.MemoryBytes, 128<<20)
	cfg.ResultBytes = cmp.Or(cfg.ResultBytes, 8<<20)
	cfg.SourceBytes = cmp.Or(cfg.SourceBytes, 64<<10)
	cfg.Calls = cmp.Or(cfg.Calls, 1_000)
	cfg.Processes = cmp.Or(cfg.Processes, 2)
	if len(cfg.Command) == 0 {
		return nil, errors.New("script: no command that runs scripts")
	}
	if cfg.Time < time.Millisecond || cfg.MemoryBytes < 1<<20 || cfg.ResultBytes < 1 || cfg.SourceBytes < 1 || cfg.Calls < 1 || cfg.Processes < 1 {
		return nil, errors.New("script: a limit is below its least value")
	}
	return &Runner{cfg: cfg, slots: make(chan struct{}, cfg.Processes)}, nil
}

// Run is the activity casework.ActivityRunScript.
func (r *Runner) Run(ctx context.Context, in casework.ActivityInput) (casework.ScriptResult, error) {
	if in.Script == nil || !strings.EqualFold(in.Script.Format, "javascript") {
		format := ""
		if in.Script != nil {
			format = in.Script.Format
		}
		return casework.ScriptResult{}, service.Permanent(service.BadField, "scripts in %q are not run here; the language is javascript", format)
	}
	a, err := r.answer(ctx, in)
	if err != nil {
		return casework.ScriptResult{}, err
	}
	if f := a.Failure; f != nil && f.Kind == javascript.Thrown {
		return casework.ScriptResult{}, service.BpmnError(f.Code, f.Message, f.Variables)
	} else if f != nil {
		return casework.ScriptResult{}, service.Permanent(string(f.Kind), "%s", f.Message)
	}
	if a.Result == nil {
		return casework.ScriptResult{}, service.Passing(broken, "the process that runs scripts gave no answer")
	}
	return *a.Result, nil
}

// broken is the type of failures that are none of the script.
const broken = "ScriptRunner"

// answer runs the script in a process, and ends that if the script cannot be ended otherwise.
func (r *Runner) answer(ctx context.Context, in casework.ActivityInput) (answer, error) {
	select {
	case r.slots <- struct{}{}:
		defer func() { <-r.slots }()
	case <-ctx.Done():
		return answer{}, ctx.Err()
	}
	p, err := r.take()
	if err != nil {
		return answer{}, service.Passing(broken, "no process for the script: %v", err)
	}
	limits := javascript.Limits{Time: r.cfg.Time, Calls: r.cfg.Calls, SourceBytes: r.cfg.SourceBytes, ResultBytes: r.cfg.ResultBytes}
	a, err := p.run(ctx, job{Input: in, Limits: limits, Memory: r.cfg.MemoryBytes}, grace)
	if err == nil {
		r.put(p, a)
		return a, nil
	}
	p.kill()
	switch {
	case ctx.Err() != nil:
		return answer{}, ctx.Err()
	case errors.Is(err, errDied) && p.command.ProcessState.ExitCode() == 0:
		return answer{}, service.Passing(broken, "the process that runs scripts ended before it had a script")
	case errors.Is(err, errDied):
		return answer{}, service.Permanent(string(javascript.OverLimit),
			"the script was stopped: it took more than %d MiB of memory, or nested too deeply", r.cfg.MemoryBytes>>20)
	}
	return answer{}, service.Permanent(string(javascript.OverLimit), "the script was stopped: it took longer than %s", r.cfg.Time)
}

// take takes a process that is idle, or starts one.
func (r *Runner) take() (*process, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil, errors.New("the worker stops")
	}
	for len(r.idle) > 0 {
		last := len(r.idle) - 1
		p := r.idle[last]
		r.idle = r.idle[:last]
		if p.alive() {
			return p, nil
		}
		p.kill()
	}
	p, err := start(r.cfg.Command)
	if err != nil {
		return nil, fmt.Errorf("script process: %w", err)
	}
	return p, nil
}

// put keeps a process for the next script, unless a script went over a limit in it: that may have left something behind.
func (r *Runner) put(p *process, a answer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed || a.Failure != nil && a.Failure.Kind == javascript.OverLimit {
		p.kill()
		return
	}
	r.idle = append(r.idle, p)
}

// Close ends the processes that are idle, and lets those that run be the last.
func (r *Runner) Close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	for _, p := range r.idle {
		p.kill()
	}
	r.idle = nil
}
