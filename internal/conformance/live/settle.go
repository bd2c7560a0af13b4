package live

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/onecms/nextgen-workflow/internal/casework"
	"github.com/onecms/nextgen-workflow/internal/conformance/world"
)

// patience is how long the product may take until it has done what was done in memory.
const patience = 30 * time.Second

// settle waits until the product has come as far as the memory has: the same instances have visited the same elements,
// which are in the same states, have the same variables, and have ended or not. The API tells of no moment at which everything has come to rest
// that one request sets off in several instances, so that it is asked again and again.
func (e *double) settle() error {
	deadline := time.After(patience)
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		difference, err := e.compare()
		if err != nil || difference == "" {
			return err
		}
		select {
		case <-e.ctx.Done():
			return e.ctx.Err()
		case <-deadline:
			return fmt.Errorf("the product does not come to where the memory is: %s", difference)
		case <-again.C:
		}
	}
}

// compare says in what the product differs from the memory.
func (e *double) compare() (difference string, err error) {
	all := e.World.Instances()
	if difference, err = e.bind(all); difference != "" || err != nil {
		return difference, err
	}
	for _, want := range all {
		if e.ended[want.ID] {
			continue
		}
		have, err := e.read(want)
		if err != nil {
			return "", err
		}
		if difference := differ(want, have); difference != "" {
			return fmt.Sprintf("%s (%s): %s", want.Definition.Key, want.ID, difference), nil
		}
		if want.Ended() {
			e.ended[want.ID] = true
		}
	}
	return "", nil
}

// differ compares an instance as it should be with what it is.
func differ(want, have world.Instance) string {
	visited, found := visits(want), visits(have)
	switch {
	case want.Ended() != have.Ended():
		return fmt.Sprintf("ended is %t instead of %t, after %s", have.Ended(), want.Ended(), strings.Join(found, " "))
	case !slices.Equal(visited, found):
		return fmt.Sprintf("the visits are [%s] instead of [%s]", strings.Join(found, " "), strings.Join(visited, " "))
	case !sameVariables(want.State.Variables, have.State.Variables):
		return fmt.Sprintf("the variables are %s instead of %s", have.State.Variables, want.State.Variables)
	case len(want.Incidents) != len(have.Incidents):
		return fmt.Sprintf("the incidents are %v instead of %v", have.Incidents, want.Incidents)
	}
	return ""
}

// sameVariables compares variables, but for the values of texts: they may tell of ids and moments, which differ.
func sameVariables(want, have map[string]json.RawMessage) bool {
	if len(want) != len(have) {
		return false
	}
	for name, raw := range want {
		var a, b any
		if json.Unmarshal(raw, &a) != nil || json.Unmarshal(have[name], &b) != nil {
			return false
		}
		if _, isText := a.(string); !isText && !reflect.DeepEqual(a, b) {
			return false
		}
	}
	return true
}

// visits are the visits of an instance with their states, sorted.
func visits(i world.Instance) []string {
	found := make([]string, 0, len(i.Activities))
	for _, a := range i.Activities {
		state := casework.ActivityActive
		switch {
		case a.Cancelled:
			state = casework.ActivityCancelled
		case !a.Left.IsZero():
			state = casework.ActivityCompleted
		}
		found = append(found, a.Element+":"+string(state))
	}
	slices.Sort(found)
	return found
}

// row is an instance in the database. The API has no list of called instances, nor of those that began by events.
type row struct{ id, parent, call, key string }

const instancesSince = `
SELECT i.process_instance_id, COALESCE(i.parent_process_id, ''), COALESCE(i.parent_element_id, ''), d.process_key
FROM flowable.process_instances i JOIN flowable.workflow_definitions d ON d.workflow_id = i.workflow_id
WHERE i.started_at >= $1::TIMESTAMPTZ ORDER BY i.started_at, i.process_instance_id`

func (e *double) rows() ([]row, error) {
	found, err := e.product.db.Query(e.ctx, instancesSince, e.begun)
	if err != nil {
		return nil, err
	}
	defer found.Close()
	var all []row
	for found.Next() {
		var r row
		if err := found.Scan(&r.id, &r.parent, &r.call, &r.key); err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, found.Err()
}

// bind finds out which instance of the product is which in memory.
func (e *double) bind(all []world.Instance) (difference string, err error) {
	rows, err := e.rows()
	if err != nil {
		return "", err
	}
	bound := map[string]bool{}
	for _, id := range e.real {
		bound[id] = true
	}
	for _, i := range all {
		if e.real[i.ID] != "" {
			continue
		}
		call := e.call(i)
		at := slices.IndexFunc(rows, func(r row) bool {
			return !bound[r.id] && r.key == i.Definition.Key && r.parent == e.real[i.Parent] && r.call == call
		})
		if at < 0 {
			return fmt.Sprintf("an instance of %s has not begun", i.Definition.Key), nil
		}
		e.real[i.ID] = rows[at].id
		bound[rows[at].id] = true
	}
	if len(rows) > len(all) {
		return fmt.Sprintf("%d instances have begun instead of %d", len(rows), len(all)), nil
	}
	return "", nil
}

// call is the node instance of the call activity that an instance was called by.
func (e *double) call(i world.Instance) string {
	parent, err := e.World.Instance(i.Parent)
	if err != nil {
		return ""
	}
	for _, a := range parent.Activities {
		if a.Child == i.ID {
			return a.NodeInstance
		}
	}
	return ""
}
