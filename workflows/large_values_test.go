package workflows_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	large "github.com/onecms/nextgen-workflow/bpmn/values"
	"github.com/onecms/nextgen-workflow/internal/casework"
	"github.com/onecms/nextgen-workflow/workflows"
)

// packed are variables as the store packs them, with their contents put into the memory.
func (c *testCase) packed(vars map[string]string) json.RawMessage {
	data := map[string]json.RawMessage{}
	for name, value := range vars {
		data[name] = json.RawMessage(value)
	}
	contents := large.Contents{}
	raw, err := json.Marshal(contents.PackAll(data))
	require.NoError(c.t, err)
	require.NoError(c.t, c.store.KeepLargeValues(c.t.Context(), c.start.InstanceID, contents))
	return raw
}

func longText(bytes int) string { return `"` + strings.Repeat("x", bytes) + `"` }

const mostState = 64 << 10

// TestACaseWithManyMebibytesOfVariablesContinuesAsNew is about the state that a run hands to the next one.
func TestACaseWithManyMebibytesOfVariablesContinuesAsNew(t *testing.T) {
	t.Parallel()
	c := newCase(t, process(twoTasks))
	vars := map[string]string{}
	for i := range 5 {
		vars[fmt.Sprint("v", i)] = longText(1<<20 + i)
	}
	c.start.Variables = c.packed(vars)
	c.at(time.Hour, func() {
		cmd := c.completion("first")
		cmd.Variables = c.packed(map[string]string{"late": longText(3 << 20)})
		c.SetContinueAsNewSuggested(true)
		c.send(cmd)
	})
	in := c.nextInput(c.run())
	raw, err := json.Marshal(in)
	require.NoError(t, err)
	require.Less(t, len(raw), mostState)
	require.Zero(t, c.store.reads, "nothing looks at them")

	c.newRun(began.Add(2 * time.Hour))
	c.at(time.Minute, func() { c.complete("second") })
	require.NoError(t, c.runWith(in))
	require.Len(t, c.store.commits, 3)
	late, err := large.Resolve(large.Contents(c.store.contents), c.store.commits[1].Variables[0].Value)
	require.NoError(t, err)
	require.Equal(t, longText(3<<20), string(late))
}

// A worker elsewhere gets the values themselves, as far as they can be sent; what is large in its answer is kept.
func TestAWorkerElsewhereKnowsNoReferences(t *testing.T) {
	t.Parallel()
	like := string(large.Contents{}.Pack(json.RawMessage(`"a secret of another case"`), 0))
	for _, rev := range []int{2, 3} {
		t.Run(fmt.Sprint("revision ", rev), func(t *testing.T) {
			t.Parallel()
			c := newCase(t, withErrors(charge))
			c.start.EngineRev = rev
			c.start.Variables = c.packed(map[string]string{"doc": longText(1 << 20)})
			service := c.serve("ChargeCard", func(int, casework.ActivityInput) (any, error) {
				return map[string]json.RawMessage{"answer": json.RawMessage(longText(1 << 20)), "like": json.RawMessage(like)}, nil
			})
			c.stopAt(time.Hour)
			require.NoError(t, c.run())
			require.Nil(t, service.in[0].References)
			require.Equal(t, longText(1<<20), string(service.in[0].Variables["doc"]))
			step := c.store.commits[1]
			require.Equal(t, rev-1, len(step.Values), "older revisions keep every size in the state")
			for name, want := range map[string]string{"answer": longText(1 << 20), "like": like} {
				for _, v := range step.Variables {
					if v.Name == name {
						got, err := large.Resolve(large.Contents(step.Values), v.Value)
						require.NoError(t, err)
						require.Equal(t, want, string(got))
					}
				}
			}
		})
	}
}

func TestWhatCannotBeSentToAWorkerElsewhereIsAnIncident(t *testing.T) {
	t.Parallel()
	c := newCase(t, withErrors(charge))
	c.start.Variables = c.packed(map[string]string{"doc": longText(2 << 20)})
	service := c.serve("ChargeCard", func(int, casework.ActivityInput) (any, error) { return nil, nil })
	c.at(time.Hour, func() {
		cmd := c.order(casework.CommandRetryIncident, func(cmd *casework.Command) {
			cmd.IncidentID, cmd.Variables = c.store.commits[1].Incidents[0].IncidentID, json.RawMessage(`{"doc": null}`)
		})
		c.send(cmd)
	})
	c.stopAt(2 * time.Hour)
	require.NoError(t, c.run())
	require.Contains(t, c.store.commits[1].Incidents[0].Message, "2097154 bytes; 1572864 are possible")
	require.Zero(t, c.store.reads, "its size says enough")
	require.Len(t, service.in, 1, "a person can mend that")
}

// Our own activities take references and answer with such.
func TestOurOwnActivitiesTakeReferences(t *testing.T) {
	t.Parallel()
	c := newCase(t, process(`<startEvent id="start"/><scriptTask id="run" scriptFormat="javascript" flowable:resultVariable="sum"><script>doc.length</script></scriptTask>
		<userTask id="rest" flowable:assignee="pat"/><sequenceFlow id="f1" sourceRef="start" targetRef="run"/><sequenceFlow id="f2" sourceRef="run" targetRef="rest"/>`))
	c.start.Variables = c.packed(map[string]string{"doc": longText(3 << 20), "small": "1"})
	var answered json.RawMessage
	service := c.serve(casework.ActivityRunScript, func(int, casework.ActivityInput) (any, error) {
		contents := large.Contents{}
		answered = contents.Pack(json.RawMessage(longText(2<<20)), large.LargeBytes)
		return casework.ScriptResult{Result: answered}, c.store.KeepLargeValues(context.Background(), c.start.InstanceID, contents)
	})
	c.stopAt(time.Hour)
	require.NoError(t, c.run())
	in := service.in[0]
	require.Equal(t, &casework.References{Variables: []string{"doc"}}, in.References)
	_, isReference := large.Read(in.Variables["doc"])
	require.True(t, isReference)
	step := c.store.commits[1]
	require.Equal(t, string(answered), string(step.Variables[0].Value))
	require.Empty(t, step.Values, "the activity has written it")
	require.Less(t, len(step.Answer), 1000)
	require.Zero(t, c.store.reads)
}

func TestALargeValueThatCannotBeReadStopsTheRunAndDoesNotFailTheCase(t *testing.T) {
	t.Parallel()
	c := newCase(t, process(`<startEvent id="start"/><exclusiveGateway id="g" default="f2"/><endEvent id="end"/><sequenceFlow id="f1" sourceRef="start" targetRef="g"/>
		<sequenceFlow id="f2" sourceRef="g" targetRef="end"/><sequenceFlow id="f3" sourceRef="g" targetRef="end"><conditionExpression>${doc.size() == 1}</conditionExpression></sequenceFlow>`))
	c.start.Variables = c.packed(map[string]string{"doc": longText(1 << 20)})
	clear(c.store.contents)
	err := c.run()
	var panicked *temporal.PanicError
	require.ErrorAs(t, err, &panicked)
	require.ErrorContains(t, err, "there is no large value")
	require.Empty(t, c.store.commits)
}

// A step with large values is never the input of an activity that the server would refuse.
func TestALargeStepIsWrittenWhenTheDatabaseIsThereAgain(t *testing.T) {
	t.Parallel()
	c := newCase(t, process(twoTasks))
	c.start.Variables = json.RawMessage(`{"doc":` + longText(3<<20) + `}`)
	c.store.fail = func(attempt int, _ casework.StepCommit) error {
		if attempt < 8 {
			return errors.New("the database is away")
		}
		return nil
	}
	c.stopAt(time.Hour)
	require.NoError(t, c.run())
	require.Len(t, c.store.commits[0].Values, 1)
	require.Equal(t, casework.InstanceTerminated, c.store.lastCommit().End.Status)
}

// contents is a ContentStore that counts.
type contents struct {
	large.Contents
	reads int
}

// LargeValue implements workflows.ContentStore.
func (c *contents) LargeValue(_ context.Context, sha string) ([]byte, error) {
	c.reads++
	return c.Value(sha)
}

func TestTheCacheOfLargeValuesForgetsWhatWasNotUsedForLongest(t *testing.T) {
	t.Parallel()
	store, hashes := &contents{Contents: large.Contents{}}, []string{}
	for i := range 4 {
		content := fmt.Sprintf(`"%d%s"`, i, strings.Repeat("x", 97))
		sum := sha256.Sum256([]byte(content))
		hashes = append(hashes, hex.EncodeToString(sum[:]))
		store.Contents[hashes[i]] = content
	}
	cache := workflows.NewValueCache(store, 300) // three of them
	read := func(i, reads int) {
		t.Helper()
		content, err := cache.Value(hashes[i])
		require.NoError(t, err)
		require.Equal(t, store.Contents[hashes[i]], string(content))
		require.Equal(t, reads, store.reads)
	}
	read(0, 1)
	read(1, 2)
	read(2, 3)
	read(0, 3)
	read(3, 4) // 1 goes
	read(0, 4)
	read(2, 4)
	read(1, 5)

	cache = workflows.NewValueCache(store, 300)
	cache.Keep(map[string]string{hashes[0]: store.Contents[hashes[0]]})
	read(0, 5)
	_, err := cache.Value("0123")
	require.ErrorContains(t, err, "no large value")
	store.Contents[hashes[1]] = `"another"`
	_, err = cache.Value(hashes[1])
	require.ErrorContains(t, err, "another hash")
	small := workflows.NewValueCache(store, 50)
	for range 2 {
		_, err = small.Value(hashes[0]) // larger than the cache
		require.NoError(t, err)
	}
}
