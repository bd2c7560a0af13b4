package betsy

import "github.com/onecms/nextgen-workflow/internal/conformance/world"

// performer stands for the people who work on ad-hoc sub-processes: each activity is begun once, then there are no more.
type performer struct {
	begun map[string]int // activities so far, by instance and node instance
}

// work does one thing in an open ad-hoc sub-process; false when there is none.
func (p *performer) work(w *world.World) (bool, error) {
	open := w.AdHocs()
	if len(open) == 0 {
		return false, nil
	}
	a := open[0]
	key := a.Instance + "/" + a.NodeInstance
	rest := a.Elements[p.begun[key]:]
	if len(rest) == 0 {
		delete(p.begun, key)
		return true, w.Finish(a)
	}
	if a.Sequential {
		rest = rest[:1]
	}
	p.begun[key] += len(rest)
	return true, w.Begin(a, rest...)
}

// live lets time pass and people work until nothing happens any more.
func live(w *world.World) error {
	p := performer{begun: map[string]int{}}
	for {
		if err := w.Skip(world.Began.Add(horizon), moments); err != nil {
			return err
		}
		if worked, err := p.work(w); !worked || err != nil {
			return err
		}
	}
}
