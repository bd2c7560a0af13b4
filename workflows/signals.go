package workflows

import (
	"cmp"
	"encoding/json"
	"slices"

	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/workflow"

	"github.com/onecms/nextgen-workflow/internal/casework"
)

type signalChannel struct {
	kind    casework.CommandKind
	channel workflow.ReceiveChannel
}

func (r *run) openChannels(ctx workflow.Context) {
	for _, kind := range casework.CommandKinds() {
		ch := workflow.GetSignalChannelWithOptions(ctx, string(kind), workflow.SignalChannelOptions{
			Description: "an accepted command; changes nothing unless PostgreSQL knows it",
		})
		r.signals = append(r.signals, signalChannel{kind: kind, channel: ch})
	}
}

func (r *run) hasSignals() bool {
	return slices.ContainsFunc(r.signals, func(s signalChannel) bool { return s.channel.Len() > 0 })
}

// drain takes every received signal without yielding. A payload that cannot be read is dropped: no accepted command
// looks like that.
func (r *run) drain() []casework.Command {
	var commands []casework.Command
	for _, s := range r.signals {
		for {
			var raw converter.RawValue
			if !s.channel.ReceiveAsync(&raw) {
				break
			}
			r.received++
			var c casework.Command
			if json.Unmarshal(raw.Payload().GetData(), &c) != nil || c.CommandID == "" {
				continue
			}
			c.Kind = s.kind
			commands = append(commands, c)
		}
	}
	return commands
}

// receive moves signals to the inbox, in the order in which PostgreSQL accepted them, each once.
func (r *run) receive() {
	for _, c := range r.drain() {
		known := slices.Contains(r.state.Applied, c.CommandID) ||
			slices.ContainsFunc(r.state.Inbox, func(o casework.Command) bool { return o.CommandID == c.CommandID })
		if !known {
			r.state.Inbox = append(r.state.Inbox, c)
			r.held = false
		}
	}
	slices.SortStableFunc(r.state.Inbox, func(a, b casework.Command) int { return cmp.Compare(a.Seq, b.Seq) })
}
