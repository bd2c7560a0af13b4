package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/bpmn"
	"github.com/onecms/nextgen-workflow/internal/conformance/world"
)

// monkey does whatever can be done with the instances of a world, in any order.
type monkey struct {
	*rand.Rand
	world *world.World
}

// acts bounds what a monkey does with one model.
const acts = 40

// work answers work with anything: a result, a failure, an error, or not at all.
func (m *monkey) work(world.Work) world.Answer {
	return []world.Answer{
		{}, {Value: json.RawMessage(`{"a":[1]}`), Variables: m.variables()}, {After: time.Minute},
		{Failed: true, Type: "Broken", Reason: "broken"}, {Failed: true, Code: "ERR_CODE", Reason: "thrown"}, {Never: true},
	}[m.IntN(6)]
}

func (m *monkey) variables() map[string]json.RawMessage {
	names := []string{"test", "integerVariable", "people", "done", "again", "n", "x", "log"}
	values := []string{`"a"`, `"ab"`, `0`, `2`, `true`, `false`, `null`, `["a","b"]`, `{"k":1}`}
	return map[string]json.RawMessage{names[m.IntN(len(names))]: json.RawMessage(values[m.IntN(len(values))])}
}

// possible is everything that can be done now.
func (m *monkey) possible() []func() error {
	w := m.world
	var can []func() error
	for _, t := range w.Tasks() {
		if t.Open() {
			can = append(can, func() error { return w.Complete(t.ID, m.variables()) }, func() error { return w.Assign(t.ID, "ann") })
		}
	}
	for _, i := range w.Instances() {
		if i.Ended() {
			continue
		}
		can = append(can, func() error { return w.SetVariables(i.ID, "", m.variables()) })
		if m.IntN(10) == 0 {
			can = append(can, func() error { return w.Terminate(i.ID, "enough") })
		}
		for _, s := range i.State.Subscriptions {
			switch bpmn.EventKind(s.Kind) {
			case bpmn.MessageEvent:
				can = append(can, func() error { return w.Trigger(i.ID, s.Node, m.variables()) })
			case bpmn.SignalEvent:
				can = append(can, func() error { return w.Signal(s.Name, i.ID, m.variables()) })
			}
		}
		for _, o := range i.Incidents {
			can = append(can, func() error { return w.Retry(i.ID, o.NodeInstance, m.variables()) })
		}
	}
	for _, a := range w.AdHocs() {
		can = append(can, func() error { return w.Finish(a) })
		if len(a.Elements) > 0 {
			can = append(can, func() error { return w.Begin(a, a.Elements[m.IntN(len(a.Elements))]) })
		}
	}
	if due := w.NextDue(); !due.IsZero() {
		can = append(can, func() error { return w.AdvanceTo(due) })
	}
	return can
}

// play runs a model and returns the defect that was found, if any. That something came too late is none.
func play(source []byte, seed uint64) error {
	m := &monkey{Rand: rand.New(rand.NewPCG(seed, seed))}
	m.world = world.New(world.Config{Options: bpmn.Options{BareScripts: true, BareExpressions: true}, Handler: m.work})
	err := m.world.Deploy("model", source)
	for _, d := range m.world.Definitions() {
		if _, startErr := m.world.Start(world.Request{Key: d.Key, Variables: m.variables()}); startErr != nil {
			err = errors.Join(err, startErr)
		}
	}
	for range acts {
		if can := m.possible(); len(can) > 0 && !errors.Is(err, world.ErrDefect) {
			err = can[m.IntN(len(can))]()
		}
	}
	if errors.Is(err, world.ErrDefect) {
		return err
	}
	return nil
}

var activity = regexp.MustCompile(`<(\w+:)?(userTask|scriptTask|serviceTask|receiveTask|sendTask|task|manualTask|subProcess|transaction|callActivity|adHocSubProcess)(\s[^>]*?)(/?)>`)

// markers are ways to repeat an activity; P is the prefix of the file.
var markers = []string{
	`<Pmulti isSequential="false"><PloopCardinality>3</PloopCardinality></Pmulti>`, `<Pmulti isSequential="true"><PloopCardinality>2</PloopCardinality></Pmulti>`,
	`<PstandardLoopCharacteristics testBefore="false" loopMaximum="2"><PloopCondition>${true}</PloopCondition></PstandardLoopCharacteristics>`,
	`<Pmulti isSequential="false"><PloopCardinality>0</PloopCardinality></Pmulti>`,
}

// repeated are variants of a model, in each of which one activity is repeated that was not.
func repeated(source string) []string {
	var variants []string
	if strings.Contains(source, "LoopCharacteristics") {
		return nil
	}
	for n, at := range activity.FindAllStringSubmatchIndex(source, -1) {
		if strings.Contains(source[at[0]:at[1]], "triggeredByEvent") {
			continue
		}
		prefix, name := "", source[at[4]:at[5]]
		if at[2] >= 0 {
			prefix = source[at[2]:at[3]]
		}
		if name == "userTask" && strings.HasPrefix(markers[n%len(markers)], "<Pstandard") {
			continue // the engine cannot do that yet
		}
		marker := strings.ReplaceAll(strings.ReplaceAll(markers[n%len(markers)], "Pmulti", "PmultiInstanceLoopCharacteristics"), "P", prefix)
		if at[8] < at[9] { // it is empty
			variants = append(variants, source[:at[8]]+">"+marker+"</"+prefix+name+">"+source[at[1]:])
		} else {
			variants = append(variants, source[:at[1]]+marker+source[at[1]:])
		}
	}
	return variants
}

// modelsIn are the BPMN files of a folder.
func modelsIn(t *testing.T, dir string) (files []string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && (strings.HasSuffix(path, ".bpmn") || strings.HasSuffix(path, ".xml")) {
			files = append(files, path)
		}
		return err
	}))
	return files
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// mess plays with a model and with its variants that repeat one more activity.
func mess(t *testing.T, file string, seeds uint64) {
	t.Helper()
	source, err := os.ReadFile(file)
	require.NoError(t, err)
	for n, variant := range append([]string{string(source)}, repeated(string(source))...) {
		for seed := range seeds {
			require.NoError(t, play([]byte(variant), seed), fmt.Sprintf("%s, variant %d, seed %d", file, n, seed))
		}
	}
}

func TestAnythingDoneInAnyOrderFindsNoDefect(t *testing.T) {
	t.Parallel()
	for _, file := range modelsIn(t, "testdata") {
		mess(t, file, 2)
	}
	for _, suite := range []string{"betsy/models", "scenarios", "paths"} { // of others, where they are there
		if dir := filepath.Join(shared, suite); exists(dir) {
			for _, file := range modelsIn(t, dir) {
				mess(t, file, 1)
			}
		}
	}
}
