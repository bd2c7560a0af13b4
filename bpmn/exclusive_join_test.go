package bpmn_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/bpmn"
)

func TestOnlyJoinsThatCertainlyStayClosedAreNamed(t *testing.T) {
	t.Parallel()
	const x, j = `<exclusiveGateway id="x"/>`, `<parallelGateway id="j"/>`
	split := x + j + `<userTask id="a"/><userTask id="b"/>` + flow("x", "a") + flow("x", "b")
	plain := split + flow("a", "j") + flow("b", "j") + flow("j", "e")
	cases := map[string]struct {
		elements string
		named    bool
	}{
		"two branches of a choice":   {plain + flow("s", "x"), true},
		"flows straight to it":       {x + j + flow("s", "x") + flow("x", "j") + `<sequenceFlow id="y" sourceRef="x" targetRef="j"/>` + flow("j", "e"), true},
		"a choice within one branch": {split + flow("s", "x") + `<exclusiveGateway id="y"/><userTask id="c"/>` + flow("a", "y") + flow("y", "c") + flow("y", "e") + flow("c", "j") + flow("b", "j") + flow("j", "e"), true},
		"a loop before the choice":   {plain + flow("s", "y") + `<exclusiveGateway id="y"/><userTask id="r"/>` + flow("y", "r") + flow("r", "y") + flow("y", "x"), true},
		"a loop behind the join":     {split + flow("s", "x") + flow("a", "j") + flow("b", "j") + `<exclusiveGateway id="y"/>` + flow("j", "y") + flow("y", "x") + flow("y", "e"), true},
		"an interrupting timer":      {plain + `<userTask id="r"/>` + flow("s", "r") + flow("r", "x") + atR(true) + flow("z", "x"), true},

		"a non-interrupting timer":     {plain + `<userTask id="r"/>` + flow("s", "r") + flow("r", "x") + atR(false) + flow("z", "x"), false},
		"two tokens at the choice":     {plain + `<userTask id="r"/><userTask id="q"/>` + flow("s", "r") + flow("s", "q") + flow("r", "x") + flow("q", "x"), false},
		"a loop through the choice":    {split + flow("s", "x") + flow("b", "j") + `<parallelGateway id="y"/>` + flow("a", "y") + flow("y", "j") + flow("y", "x") + flow("j", "e"), false},
		"a branch with another way in": {plain + flow("s", "y") + `<parallelGateway id="y"/>` + flow("y", "x") + flow("y", "b"), false},
		"a fork within one branch":     {x + j + `<parallelGateway id="y"/>` + flow("s", "x") + flow("x", "y") + flow("x", "e") + flow("y", "j") + `<sequenceFlow id="z" sourceRef="y" targetRef="j"/>` + flow("j", "e"), false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			programs, findings := bpmn.Compile([]byte(in(`<process id="p"><startEvent id="s"/><endEvent id="e"/>` + c.elements + `</process>`)))
			require.NotNil(t, programs, "%v", findings)
			require.Equal(t, c.named, slices.Contains(codesOf(findings), "exclusive-join"), "%v", findings)
		})
	}
}

// atR is a timer "z" on the task "r".
func atR(interrupting bool) string {
	attribute := ""
	if !interrupting {
		attribute = ` cancelActivity="false"`
	}
	return `<boundaryEvent id="z" attachedToRef="r"` + attribute + `>` + oneDay + `</boundaryEvent>`
}
