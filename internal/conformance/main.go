// Command conformance sends BPMN models of a folder through the parser, the rules and the compiler, and prints for each
// suite, a folder in it, how many are accepted and how many are refused, with the rules that refuse most. Models under a folder named
// "invalid" have to be refused: an accepted one is wrong and makes the command fail.
package main

import (
	"bytes"
	"cmp"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/onecms/nextgen-workflow/bpmn"
)

func main() {
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: conformance FOLDER")
		os.Exit(2)
	}
	suites, err := run(flag.Arg(0))
	if err != nil {
		fmt.Fprintln(os.Stderr, "conformance:", err)
		os.Exit(1)
	}
	wrong := 0
	fmt.Printf("%-16s %9s %9s %6s\n", "suite", "accepted", "refused", "wrong")
	for _, name := range slices.Sorted(maps.Keys(suites)) {
		s := suites[name]
		fmt.Printf("%-16s %9d %9d %6d   %s\n", name, s.accepted, s.refused, len(s.wrong), s.most(3))
		for _, file := range s.wrong {
			fmt.Println("  accepted, but has to be refused:", file)
		}
		wrong += len(s.wrong)
	}
	if wrong > 0 {
		os.Exit(1)
	}
}

// suite is the outcome of the models in one subfolder.
type suite struct {
	accepted, refused int
	wrong             []string
	rules             map[string]int // refused models by rule
}

func run(dir string) (map[string]*suite, error) {
	suites := map[string]*suite{}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		source, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if !bytes.Contains(source, []byte("http://www.omg.org/spec/BPMN/20100524/MODEL")) {
			return nil
		}
		name, err := suiteOf(dir, path)
		if err != nil {
			return err
		}
		if suites[name] == nil {
			suites[name] = &suite{rules: map[string]int{}}
		}
		suites[name].add(path, source)
		return nil
	})
	if err == nil && len(suites) == 0 {
		err = fmt.Errorf("there is no BPMN model in %s", dir)
	}
	return suites, err
}

// suiteOf is the first folder on the way to a model, with "/invalid" for those that have to be refused.
func suiteOf(dir, path string) (string, error) {
	way, err := filepath.Rel(dir, filepath.Dir(path))
	if err != nil {
		return "", err
	}
	parts := strings.Split(filepath.ToSlash(way), "/")
	if slices.Contains(parts, "invalid") {
		return parts[0] + "/invalid", nil
	}
	return parts[0], nil
}

func (s *suite) add(path string, source []byte) {
	_, diagnostics := bpmn.Compile(source)
	if !diagnostics.HasErrors() {
		s.accepted++
		if strings.Contains(filepath.ToSlash(filepath.Dir(path))+"/", "/invalid/") {
			s.wrong = append(s.wrong, path)
		}
		return
	}
	s.refused++
	seen := map[string]bool{}
	for _, d := range diagnostics {
		if d.Severity == bpmn.Error && !seen[d.Code] {
			seen[d.Code] = true
			s.rules[d.Code]++
		}
	}
}

// most names the rules that refuse most models.
func (s *suite) most(n int) string {
	names := slices.SortedFunc(maps.Keys(s.rules), func(a, b string) int {
		return cmp.Or(cmp.Compare(s.rules[b], s.rules[a]), cmp.Compare(a, b))
	})
	var parts []string
	for _, name := range names[:min(n, len(names))] {
		parts = append(parts, fmt.Sprintf("%s %d", name, s.rules[name]))
	}
	return strings.Join(parts, ", ")
}
