package stack

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/onecms/nextgen-workflow/internal/casework"
)

// Client is a user of the API. It is safe for concurrent use.
type Client struct {
	base string
	user string
	http *http.Client
}

// connections keeps as many open as a test has users; the default transport keeps two.
var connections = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 100}}

// As returns a client for a user of the sample organisation.
func (s *Stack) As(user string) *Client {
	return &Client{base: s.URL, user: user, http: connections}
}

// Problem is an answer that is not a success.
type Problem struct {
	Status int             `json:"status"`
	Code   casework.Code   `json:"code"`
	Detail string          `json:"detail"`
	Raw    json.RawMessage `json:"-"`
}

// Error implements error.
func (p *Problem) Error() string { return fmt.Sprintf("%d %s: %s", p.Status, p.Code, p.Detail) }

// Completed is the answer of a completion.
type Completed struct {
	casework.Task
	NextTasks []casework.Task `json:"nextTasks"`
}

// Do sends a request and decodes the answer into into, where that is not nil. A problem document becomes a *Problem.
func (c *Client) Do(ctx context.Context, method, path string, body, into any, headers ...string) (int, error) {
	if body == nil {
		return c.send(ctx, method, path, "", nil, into, headers)
	}
	raw, err := json.Marshal(body)
	if err != nil {
		return 0, err
	}
	return c.send(ctx, method, path, "application/json", bytes.NewReader(raw), into, headers)
}

// DeployModel deploys a BPMN file.
func (c *Client) DeployModel(ctx context.Context, source []byte) ([]casework.Definition, error) {
	var list casework.List[casework.Definition]
	_, err := c.send(ctx, http.MethodPost, "/api/workflow/definitions", "application/xml", bytes.NewReader(source), &list, nil)
	return list.Items, err
}

func (c *Client) send(ctx context.Context, method, path, media string, body io.Reader, into any, headers []string) (int, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, body)
	if err != nil {
		return 0, err
	}
	req.Header.Set("X-User-Id", c.user)
	if media != "" {
		req.Header.Set("Content-Type", media)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return resp.StatusCode, err
	}
	if resp.StatusCode >= http.StatusBadRequest {
		p := &Problem{Status: resp.StatusCode, Raw: raw}
		_ = json.Unmarshal(raw, p)
		return resp.StatusCode, p
	}
	if into == nil || len(raw) == 0 {
		return resp.StatusCode, nil
	}
	return resp.StatusCode, json.Unmarshal(raw, into)
}

// StartCase starts a case and waits for its first tasks.
func (c *Client) StartCase(ctx context.Context, start casework.CaseStart, headers ...string) (casework.StartedCase, error) {
	var started casework.StartedCase
	_, err := c.Do(ctx, http.MethodPost, "/api/workflow/cases", start, &started, append([]string{"Prefer", "wait=20"}, headers...)...)
	return started, err
}

// Claim claims a task.
func (c *Client) Claim(ctx context.Context, taskID string, headers ...string) (casework.Task, error) {
	var t casework.Task
	_, err := c.Do(ctx, http.MethodPost, "/api/workflow/tasks/"+url.PathEscape(taskID)+"/claim", nil, &t, headers...)
	return t, err
}

// ClaimNext claims the best task; nil when there is none.
func (c *Client) ClaimNext(ctx context.Context, headers ...string) (*casework.Task, error) {
	var t casework.Task
	status, err := c.Do(ctx, http.MethodPost, "/api/workflow/tasks/claim/next", nil, &t, headers...)
	if err != nil || status == http.StatusNoContent {
		return nil, err
	}
	return &t, nil
}

// Complete completes a task and waits for the next ones.
func (c *Client) Complete(ctx context.Context, taskID string, done casework.Completion, headers ...string) (Completed, error) {
	var t Completed
	_, err := c.Do(ctx, http.MethodPost, "/api/workflow/tasks/"+url.PathEscape(taskID)+"/complete", done, &t, append([]string{"Prefer", "wait=20"}, headers...)...)
	return t, err
}

// Instance reads a process instance.
func (c *Client) Instance(ctx context.Context, id string) (casework.Instance, error) {
	var i casework.Instance
	_, err := c.Do(ctx, http.MethodGet, "/api/workflow/process-instances/"+url.PathEscape(id), nil, &i)
	return i, err
}

// OpenTasks lists the open tasks of an instance.
func (c *Client) OpenTasks(ctx context.Context, instanceID string) ([]casework.Task, error) {
	var list casework.List[casework.Task]
	_, err := c.Do(ctx, http.MethodGet, "/api/workflow/tasks?status=OPEN,CLAIMED,ESCALATED&processInstanceId="+url.QueryEscape(instanceID), nil, &list)
	return list.Items, err
}
