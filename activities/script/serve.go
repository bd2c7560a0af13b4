package script

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync/atomic"
	"time"

	"github.com/onecms/nextgen-workflow/activities/script/javascript"
	"github.com/onecms/nextgen-workflow/internal/casework"
)

// job is a script as it is sent to a process, and answer what comes back. Exactly one field of an answer is set.
type job struct {
	Input  casework.ActivityInput `json:"input"`
	Limits javascript.Limits      `json:"limits"`
	Memory uint64                 `json:"memory"` // bytes
}

type answer struct {
	Result  *casework.ScriptResult `json:"result,omitempty"`
	Failure *javascript.Failure    `json:"failure,omitempty"`
}

// maxStackBytes bounds what deep nesting takes, in JSON.parse for instance. More ends the process.
const maxStackBytes = 64 << 20

// Serve is the process in which scripts run: it reads one after the other from in and answers each on out, until in ends.
// It bounds the memory of the process it runs in, and ends the process if a script cannot be stopped in another way, so it
// must have that process to itself.
func Serve(in io.Reader, out io.Writer) error {
	debug.SetMaxStack(maxStackBytes)
	debug.SetGCPercent(50) // little is left unswept
	decoder, encoder := json.NewDecoder(in), json.NewEncoder(out)
	for {
		var j job
		if err := decoder.Decode(&j); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return fmt.Errorf("read a script: %w", err)
		}
		if err := encoder.Encode(runJob(j)); err != nil {
			return fmt.Errorf("answer a script: %w", err)
		}
	}
}

func runJob(j job) answer {
	var running atomic.Pointer[javascript.Script]
	tooMuch := fmt.Sprintf("it took more than %d MiB of memory", j.Memory>>20)
	watch := watchMemory(j.Memory, func() {
		if s := running.Load(); s != nil {
			s.Interrupt(tooMuch)
		}
	})
	defer watch.stop()
	s, err := javascript.New(j.Input, j.Limits)
	if err == nil {
		running.Store(s)
		var result casework.ScriptResult
		if result, err = s.Run(); err == nil && !watch.far() {
			return answer{Result: &result}
		}
	}
	var failed *javascript.Failure
	if !errors.As(err, &failed) { // it was over before the watcher looked
		failed = &javascript.Failure{Kind: javascript.OverLimit, Message: "the script was stopped: " + tooMuch}
	}
	return answer{Failure: failed}
}

// watcher looks at the memory of the process from time to time.
type watcher struct {
	before, limit uint64 // bytes
	ticker        *time.Ticker
	done          chan struct{}
}

// watchMemory calls over when the live memory has grown by more than the limit, and ends the process at twice the limit:
// then one built-in function takes it, which nothing interrupts.
func watchMemory(limit uint64, over func()) *watcher {
	w := &watcher{before: heapBytes(), limit: limit, ticker: time.NewTicker(2 * time.Millisecond), done: make(chan struct{})}
	go func() {
		for {
			select {
			case <-w.done:
				return
			case <-w.ticker.C:
			}
			if w.far() {
				os.Exit(exitMemory)
			}
			if heapBytes() > w.before+limit {
				if runtime.GC(); heapBytes() > w.before+limit { // what is left is in use
					over()
				}
			}
		}
	}()
	return w
}

// far reports twice the limit, which a script within the limit does not reach with what it leaves unswept.
func (w *watcher) far() bool { return heapBytes() > w.before+2*w.limit }

// exitMemory is the exit code of a process that took too much memory.
const exitMemory = 3

func (w *watcher) stop() {
	w.ticker.Stop()
	close(w.done)
}

// heapBytes is what objects take, those included that are no longer used but not yet swept away.
func heapBytes() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
