// Command remoteworker does the work of a service task from outside of the product, as a worker in any language would: it
// knows Temporal, the name of the task queue and the JSON of its input, and nothing of NextGen Workflow.
package main

import (
	"context"
	"encoding/json"
	"log"
	"os"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
)

const topic = "elements-remote"

// order is the part of the input that this service reads.
type order struct {
	CaseNumber string `json:"caseNumber"`
	Variables  struct {
		Amount  json.Number `json:"amount"`
		Decline bool        `json:"decline"`
	} `json:"variables"`
}

// rating is the answer.
type rating struct {
	Score int    `json:"score"`
	For   string `json:"for"`
}

func rate(_ context.Context, o order) (rating, error) {
	if o.Variables.Decline {
		return rating{}, temporal.NewNonRetryableApplicationError("the order is declined", "BpmnError", nil, "DECLINED", map[string]string{"why": "asked to"})
	}
	return rating{Score: len(o.Variables.Amount) + 5, For: o.CaseNumber}, nil
}

func main() {
	c, err := client.Dial(client.Options{HostPort: os.Args[1]})
	if err != nil {
		log.Fatalln("connect:", err)
	}
	defer c.Close()
	w := worker.New(c, topic, worker.Options{})
	w.RegisterActivityWithOptions(rate, activity.RegisterOptions{Name: topic})
	if err := w.Run(stdinCloses()); err != nil {
		log.Fatalln("run:", err)
	}
}

// stdinCloses ends the worker with the test that started it.
func stdinCloses() <-chan any {
	done := make(chan any)
	go func() {
		defer close(done)
		buffer := make([]byte, 1)
		for {
			if _, err := os.Stdin.Read(buffer); err != nil {
				return
			}
		}
	}()
	return done
}
