package engine_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/bpmn"
	"github.com/onecms/nextgen-workflow/bpmn/engine"
)

// maxEvents bounds a run: one of a model built of blocks has ended by then.
const maxEvents = 3000

// maxVisits bounds a run of a graph that multiplies its tokens; the burst that passes it is finished.
const maxVisits = 1000

// graphs is the number of graphs that are run; there are more, since some are refused.
const graphs = 5000

// eachSeed runs a check for every seed on all processors and reports the first that fails. NEXTGEN_SEED runs one alone.
func eachSeed(t *testing.T, seeds uint64, check func(random *rand.Rand) error) {
	t.Helper()
	if one, err := strconv.ParseUint(os.Getenv("NEXTGEN_SEED"), 10, 64); err == nil {
		require.NoError(t, check(rand.New(rand.NewPCG(one, 0))), "seed %d", one)
		return
	}
	var next atomic.Uint64
	var running sync.WaitGroup
	var once sync.Once
	var failure error
	for range runtime.GOMAXPROCS(0) {
		running.Go(func() {
			for seed := next.Add(1) - 1; seed < seeds; seed = next.Add(1) - 1 {
				if err := check(rand.New(rand.NewPCG(seed, 0))); err != nil {
					once.Do(func() { failure = fmt.Errorf("seed %d: %w", seed, err) })
					next.Store(seeds)
				}
			}
		})
	}
	running.Wait()
	require.NoError(t, failure)
}

func TestModelsBuiltOfBlocksEndWithEveryBlockLeftAsOftenAsEntered(t *testing.T) {
	t.Parallel()
	eachSeed(t, 5000, func(random *rand.Rand) error {
		model := newRandomModel(random)
		p, err := tryCompile(withListeners(random, model.xml.String()))
		if err != nil {
			return err
		}
		r := newRandomRun(random, p)
		if err := r.start("start"); err != nil {
			return err
		}
		for !r.over() {
			ev, ok := r.next()
			if !ok || len(r.events) > maxEvents {
				return fmt.Errorf("the instance does not end: %d events, open are %v", len(r.events), r.state.Open())
			}
			if err := r.apply(ev); err != nil {
				return err
			}
		}
		if err := model.checkCounts(r); err != nil {
			return err
		}
		return r.replay()
	})
}

func TestModelsWithoutStructureKeepWhatHoldsForAll(t *testing.T) {
	t.Parallel()
	var compiled, ended atomic.Int64
	eachSeed(t, 12_000, func(random *rand.Rand) error {
		if compiled.Load() >= graphs {
			return nil
		}
		p, err := tryCompile(withListeners(random, randomGraph(random)))
		if err != nil {
			return nil //nolint:nilerr // a graph that makes no sense is refused
		}
		compiled.Add(1)
		r := newRandomRun(random, p)
		if err := r.start("start"); err != nil {
			return err
		}
		for len(r.events) < 40 && len(r.state.Tokens) < 100 && r.cutOff < 2 && r.visits <= maxVisits && !r.over() {
			ev, ok := r.next()
			if !ok {
				break
			}
			if err := r.apply(ev); err != nil {
				return err
			}
		}
		if r.visits <= maxVisits { // every step was done twice already
			if err := r.replay(); err != nil {
				return err
			}
		}
		if r.state.Ended {
			ended.Add(1)
			return nil
		}
		return r.apply(engine.Event{Kind: engine.Terminate})
	})
	if os.Getenv("NEXTGEN_SEED") == "" {
		require.GreaterOrEqual(t, compiled.Load(), int64(graphs), "too few graphs make sense")
		require.Greater(t, ended.Load(), int64(500), "too few instances end")
	}
}

func tryCompile(elements string) (*bpmn.Program, error) {
	programs, findings := bpmn.Compile(definitions(elements))
	if findings.HasErrors() {
		return nil, fmt.Errorf("the model is refused: %v", findings)
	}
	return programs[0], nil
}
