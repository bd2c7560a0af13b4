package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/protobuf/proto"

	"github.com/onecms/nextgen-workflow/internal/casework"
	"github.com/onecms/nextgen-workflow/internal/stack"
)

// shape is what one automatic process cost: from the request to start it until the API says that it has ended.
type shape struct {
	Name          string  `json:"name"`
	Ms            float64 `json:"ms"`
	Visits        int     `json:"visits"` // of flow nodes, as the API lists them
	Runs          int     `json:"runs"`   // one more for each continue-as-new
	WorkflowTasks int     `json:"workflowTasks"`
	Events        int     `json:"events"`      // of the history, all runs together
	LargestEvents int     `json:"largestRun"`  // events of the longest run
	Bytes         int     `json:"bytes"`       // of the history, all runs together
	LargestBytes  int     `json:"largestSize"` // bytes of the largest run
}

const modelHead = `<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:flowable="http://flowable.org/bpmn" targetNamespace="bench">
<process id="%s" isExecutable="true"><startEvent id="begin"/>`

// chain is a process of so many service tasks in a row, each an expression that counts.
func chain(key string, steps int) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, modelHead, key)
	from := "begin"
	for i := range steps {
		id := fmt.Sprintf("s%d", i)
		fmt.Fprintf(&b, `<sequenceFlow id="f%d" sourceRef="%s" targetRef="%s"/><serviceTask id="%s" flowable:expression="${n + 1}" flowable:resultVariable="n"/>`, i, from, id, id)
		from = id
	}
	fmt.Fprintf(&b, `<sequenceFlow id="last" sourceRef="%s" targetRef="end"/><endEvent id="end"/></process></definitions>`, from)
	return b.Bytes()
}

// many is a process of one service task that is repeated for so many items side by side.
func many(key string, items int) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, modelHead, key)
	fmt.Fprintf(&b, `<sequenceFlow id="f" sourceRef="begin" targetRef="each"/><serviceTask id="each" flowable:expression="${loopCounter + 1}">
<multiInstanceLoopCharacteristics><loopCardinality>${%d}</loopCardinality></multiInstanceLoopCharacteristics></serviceTask>
<sequenceFlow id="g" sourceRef="each" targetRef="end"/><endEvent id="end"/></process></definitions>`, items)
	return b.Bytes()
}

// benchShapes runs automatic processes and counts what they leave in Temporal.
func benchShapes(ctx context.Context, s *stack.Stack) ([]shape, error) {
	c, err := client.DialContext(ctx, client.Options{HostPort: s.TemporalAddress, Logger: silent{}})
	if err != nil {
		return nil, err
	}
	defer c.Close()
	fmt.Printf("%-30s %9s %7s %5s %6s %7s %9s %11s %13s\n", "process", "ms", "visits", "runs", "tasks", "events", "KiB", "run: events", "run: KiB")
	var all []shape
	for _, p := range []struct {
		name, key string
		source    []byte
		visits    int
	}{
		{"warm up", "benchWarm", chain("benchWarm", 10), 12},
		{"1,000 service tasks in a row", "benchChain", chain("benchChain", 1000), 1002},
		{"multi-instance of 1,000", "benchMany1", many("benchMany1", 1000), 1002},
		{"multi-instance of 10,000", "benchMany10", many("benchMany10", 10_000), 10_002},
	} {
		if _, err := s.As("mike.admin").DeployModel(ctx, p.source); err != nil {
			return nil, err
		}
		found, err := oneShape(ctx, s, c, p.key)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.name, err)
		}
		if found.Visits != p.visits {
			return nil, fmt.Errorf("%s: %d nodes were visited instead of %d", p.name, found.Visits, p.visits)
		}
		found.Name = p.name
		all = append(all, found)
		fmt.Printf("%-30s %9.0f %7d %5d %6d %7d %9.1f %11d %13.1f\n", found.Name, found.Ms, found.Visits, found.Runs, found.WorkflowTasks,
			found.Events, float64(found.Bytes)/1024, found.LargestEvents, float64(found.LargestBytes)/1024)
	}
	return all, nil
}

func oneShape(ctx context.Context, s *stack.Stack, c client.Client, key string) (shape, error) {
	var found shape
	began := time.Now()
	who := s.As("mike.admin")
	started, err := who.StartCase(ctx, casework.CaseStart{ProcessKey: key, Variables: map[string]any{"n": 0}})
	if err != nil {
		return found, err
	}
	if err := awaitEnd(ctx, who, started.ProcessInstanceID); err != nil {
		return found, err
	}
	found.Ms = float64(time.Since(began).Microseconds()) / 1000
	if found.Visits, err = countVisits(ctx, who, started.ProcessInstanceID); err != nil {
		return found, err
	}
	return found, readHistories(ctx, c, started.ProcessInstanceID, &found)
}

func awaitEnd(ctx context.Context, who *stack.Client, id string) error {
	deadline := time.After(5 * time.Minute)
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for {
		i, err := who.Instance(ctx, id)
		switch {
		case err != nil:
			return err
		case len(i.Incidents) > 0:
			return errors.New(i.Incidents[0].Message)
		case i.CompletedAt != nil:
			return nil
		}
		select {
		case <-deadline:
			return errors.New("the process does not end")
		case <-again.C:
		}
	}
}

func countVisits(ctx context.Context, who *stack.Client, id string) (n int, err error) {
	for cursor := ""; ; {
		var page casework.List[casework.Activity]
		path := "/api/workflow/process-instances/" + id + "/activities?limit=200&cursor=" + cursor
		if _, err := who.Do(ctx, http.MethodGet, path, nil, &page); err != nil {
			return n, err
		}
		n += len(page.Items)
		if cursor = page.NextCursor; cursor == "" {
			return n, nil
		}
	}
}

// readHistories adds up the histories of all runs of a workflow, from the last run back to the first.
func readHistories(ctx context.Context, c client.Client, id string, into *shape) error {
	for run := ""; ; {
		events, size, before := 0, 0, ""
		h := c.GetWorkflowHistory(ctx, id, run, false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
		for h.HasNext() {
			e, err := h.Next()
			if err != nil {
				return fmt.Errorf("history of run %q: %w", run, err)
			}
			events, size = events+1, size+proto.Size(e)
			switch e.GetEventType() {
			case enumspb.EVENT_TYPE_WORKFLOW_TASK_COMPLETED:
				into.WorkflowTasks++
			case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED:
				before = e.GetWorkflowExecutionStartedEventAttributes().GetContinuedExecutionRunId()
			default:
			}
		}
		into.Runs++
		into.Events, into.Bytes = into.Events+events, into.Bytes+size
		into.LargestEvents, into.LargestBytes = max(into.LargestEvents, events), max(into.LargestBytes, size)
		if run = before; run == "" {
			return nil
		}
	}
}
