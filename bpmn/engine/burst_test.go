package engine_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/bpmn/engine"
)

func TestABurstThatIsCutOffAtItsLastNodeStillEndsWhatItIsIn(t *testing.T) {
	t.Parallel()
	p := compile(t, `<startEvent id="s"/><subProcess id="sub"><startEvent id="si"/><manualTask id="each"><multiInstanceLoopCharacteristics isSequential="true">
		<loopCardinality>${n}</loopCardinality></multiInstanceLoopCharacteristics></manualTask><endEvent id="ei"/><sequenceFlow id="i1" sourceRef="si" targetRef="each"/>
		<sequenceFlow id="i2" sourceRef="each" targetRef="ei"/></subProcess><endEvent id="e"/><sequenceFlow id="f1" sourceRef="s" targetRef="sub"/><sequenceFlow id="f2" sourceRef="sub" targetRef="e"/>`)
	for n := 990; n <= 1000; n++ {
		variables := map[string]json.RawMessage{"n": fmt.Append(nil, n)}
		s, _, err := engine.Step(p, engine.State{}, engine.Event{Kind: engine.Start, StartEvent: "s", At: began, Variables: variables})
		for err == nil && len(s.Pending) > 0 {
			s, _, err = engine.Step(p, s, engine.Event{Kind: engine.Continue, At: began})
		}
		require.NoError(t, err)
		require.True(t, s.Ended, "%d instances: open are %v", n, s.Open())
	}
}
