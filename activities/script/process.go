package script

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"time"
)

// process is one process that runs scripts, one at a time.
type process struct {
	command *exec.Cmd
	in      io.WriteCloser
	encoder *json.Encoder
	answers chan answer // closed when the process has ended
}

// start starts a process with an empty environment. It ends with this one.
func start(command []string) (*process, error) {
	cmd := exec.Command(command[0], command[1:]...) //nolint:noctx // it outlives the call that starts it
	cmd.Env, cmd.Dir = []string{}, "/"
	cmd.SysProcAttr = dieWithParent()
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", command[0], err)
	}
	p := &process{command: cmd, in: in, encoder: json.NewEncoder(in), answers: make(chan answer)}
	go func() {
		defer close(p.answers)
		decoder := json.NewDecoder(out)
		for {
			var a answer
			if err := decoder.Decode(&a); err != nil {
				return
			}
			p.answers <- a
		}
	}()
	return p, nil
}

// errDied means that the process ended in the middle of a script: the script took too much of something.
var errDied = errors.New("the process ended")

// run runs one script. After an error the process is of no use any more and must be killed.
func (p *process) run(ctx context.Context, j job, grace time.Duration) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, j.Limits.Time+grace)
	defer cancel()
	sent := make(chan error, 1)
	go func() { sent <- p.encoder.Encode(j) }()
	for {
		select {
		case err := <-sent:
			if err != nil {
				return answer{}, errDied
			}
			sent = nil
		case a, alive := <-p.answers:
			if !alive {
				return answer{}, errDied
			}
			return a, nil
		case <-ctx.Done():
			return answer{}, ctx.Err()
		}
	}
}

// alive reports whether a process that is idle has not ended.
func (p *process) alive() bool {
	select {
	case <-p.answers: // closed, or an answer that nobody has asked for
		return false
	default:
		return true
	}
}

// kill ends the process at once and waits for its end.
func (p *process) kill() {
	_ = p.in.Close()
	_ = p.command.Process.Kill()
	for range p.answers { // until its output has been read
	}
	_ = p.command.Wait() // its state says nothing that is not known
}
