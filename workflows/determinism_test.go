package workflows_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// hostSide are the files of package workflows that no workflow calls, or that a workflow calls like a pure function: the
// caches of compiled programs and of large values.
var hostSide = []string{"client.go", "search_attributes.go", "programs.go", "large_values.go", "position.go"}

// forbidden are packages that a workflow may not use, nil, or what of a package it may not use.
var forbidden = map[string][]string{
	"math/rand": nil, "math/rand/v2": nil, "crypto/rand": nil, "os": nil, "net": nil, "net/http": nil, "sync": nil, "log": nil, "context": nil,
	"time":                   {"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTicker", "NewTimer", "Local", "LoadLocation"},
	"github.com/google/uuid": {"New", "NewString", "NewRandom", "NewUUID", "NewV6", "NewV7", "NewRandomFromReader"},
	"go.temporal.io/sdk/workflow": {
		"Go", "GoNamed", "NewSelector", "NewNamedSelector", "AwaitWithTimeout", "AwaitWithOptions", "Sleep", "NewChannel", "NewBufferedChannel",
	},
}

func TestWorkflowCodeIsDeterministic(t *testing.T) {
	t.Parallel()
	seen := 0
	for _, root := range []string{".", "../bpmn"} {
		require.NoError(t, filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			name := entry.Name()
			if err != nil || entry.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") ||
				(root == "." && slices.Contains(hostSide, name)) {
				return err
			}
			seen++
			require.Empty(t, undetermined(t, path, nil))
			return nil
		}))
	}
	require.Greater(t, seen, 30)
}

// undetermined lists what is wrong with a file, as "line: what".
func undetermined(t *testing.T, path string, source any) (found []string) {
	t.Helper()
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, path, source, parser.SkipObjectResolution)
	require.NoError(t, err)
	add := func(n ast.Node, what string) {
		found = append(found, strconv.Itoa(files.Position(n.Pos()).Line)+": "+what)
	}
	imported := map[string]string{} // by the name in this file
	for _, i := range file.Imports {
		name, err := strconv.Unquote(i.Path.Value)
		require.NoError(t, err)
		names, known := forbidden[name]
		if known && names == nil {
			add(i, "import "+name)
		}
		local := filepath.Base(name)
		if i.Name != nil {
			local = i.Name.Name
		}
		imported[local] = name
		if known && local == "." {
			add(i, "dot import of "+name)
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			add(n, "go statement")
		case *ast.SelectStmt:
			add(n, "select")
		case *ast.ChanType:
			add(n, "channel")
		case *ast.SendStmt:
			add(n, "send")
		case *ast.SelectorExpr:
			if x, ok := n.X.(*ast.Ident); ok && slices.Contains(forbidden[imported[x.Name]], n.Sel.Name) {
				add(n, imported[x.Name]+"."+n.Sel.Name)
			}
		}
		return true
	})
	return found
}

// TestTheDeterminismCheckFindsWhatItIsFor proves that it can fail.
func TestTheDeterminismCheckFindsWhatItIsFor(t *testing.T) {
	t.Parallel()
	for source, want := range map[string][]string{
		"import \"time\"\nvar d = time.Hour":          nil,
		"import \"time\"\nvar d = time.Now()":         {"3: time.Now"},
		"import clock \"time\"\nvar now = clock.Now":  {"3: time.Now"},
		"import . \"time\"\nvar now = Now":            {"2: dot import of time"},
		"import \"math/rand/v2\"\nvar n = rand.Int()": {"2: import math/rand/v2"},
		"import \"os\"":       {"2: import os"},
		"func f() { go f() }": {"2: go statement"},
		"func f(c chan int) {\n\tselect {\n\tcase c <- 1:\n\t}\n}":       {"2: channel", "3: select", "4: send"},
		"import \"github.com/google/uuid\"\nvar id = uuid.NewString()":   {"3: github.com/google/uuid.NewString"},
		"import \"github.com/google/uuid\"\nvar id = uuid.NewSHA1":       nil,
		"import \"go.temporal.io/sdk/workflow\"\nvar w = workflow.Go":    {"3: go.temporal.io/sdk/workflow.Go"},
		"import \"go.temporal.io/sdk/workflow\"\nvar w = workflow.Await": nil,
	} {
		require.Equal(t, want, undetermined(t, "x.go", "package x\n"+source), source)
	}
}
