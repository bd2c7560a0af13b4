package bpmn

// maxDiagnostics bounds what is reported about one file.
const maxDiagnostics = 1000

// Compile reads a source file, checks it by all rules and compiles every executable process in it, in document order.
// All findings come back together, sorted by place. The programs are nil when any finding is an error; warnings do not
// stop them. It never panics, whatever the bytes are.
func Compile(src []byte) ([]*Program, Diagnostics) { return CompileWith(src, Options{}) }

// CompileWith is Compile with options.
func CompileWith(src []byte, o Options) ([]*Program, Diagnostics) {
	model, ds := parse(src, o)
	if model == nil {
		return nil, ds
	}
	found, dropped := check(model)
	ds = limit(append(ds, found...), dropped)
	if ds.HasErrors() {
		return nil, ds
	}
	var programs []*Program
	for _, p := range model.executable() {
		programs = append(programs, compileProcess(p, model.SHA256))
	}
	return programs, ds
}

// limit sorts the findings and cuts them off, errors kept before warnings. The dropped ones were found and not kept.
func limit(ds Diagnostics, dropped int) Diagnostics {
	ds.Sort()
	if len(ds) <= maxDiagnostics && dropped == 0 {
		return ds
	}
	kept := make(Diagnostics, 0, maxDiagnostics+1)
	for _, severity := range []Severity{Error, Warning} {
		for _, d := range ds {
			if d.Severity == severity && len(kept) < maxDiagnostics {
				kept = append(kept, d)
			}
		}
	}
	kept = append(kept, *fault(Pos{1, 1}, "too-many-findings", "the file has %d findings; the first %d are listed", len(ds)+dropped, maxDiagnostics))
	kept.Sort()
	return kept
}
