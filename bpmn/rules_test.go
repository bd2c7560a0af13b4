package bpmn

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// ruleDir holds a folder for every rule, with a model that the rule accepts and one that it does not. The first line of
// the latter says where: "<!-- finding at 5:3, 7:3 -->".
var ruleDir = filepath.Join("testdata", "rules")

func compileRuleModel(t *testing.T, code, file string) (source string, ds Diagnostics) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(ruleDir, code, file))
	require.NoError(t, err)
	_, ds = Compile(raw)
	return string(raw), ds
}

func places(ds Diagnostics, code string) string {
	var found []string
	for _, d := range ds {
		if d.Code == code {
			found = append(found, fmt.Sprintf("%d:%d", d.Line, d.Column))
		}
	}
	return strings.Join(found, ", ")
}

func TestEveryRuleFindsItsMistakeAndNothingElse(t *testing.T) {
	t.Parallel()
	for _, rule := range rules {
		t.Run(rule.code, func(t *testing.T) {
			t.Parallel()
			_, ds := compileRuleModel(t, rule.code, "valid.bpmn")
			require.Empty(t, ds)

			source, ds := compileRuleModel(t, rule.code, "invalid.bpmn")
			first, _, _ := strings.Cut(source, "\n")
			want := strings.TrimSuffix(strings.TrimPrefix(first, "<!-- finding at "), " -->")
			require.Equal(t, want, places(ds, rule.code), "%v", ds)
			for _, d := range ds {
				if d.Code == rule.code {
					require.Equal(t, rule.severity, d.Severity)
					require.NotEmpty(t, d.ElementID, d.Message)
					require.NotContains(t, d.Message, "%!", "a broken format")
				}
			}
		})
	}
}

func TestEveryRuleHasItsTestDataAndItsFile(t *testing.T) {
	t.Parallel()
	entries, err := os.ReadDir(ruleDir)
	require.NoError(t, err)
	var folders, codes []string
	for _, e := range entries {
		folders = append(folders, e.Name())
	}
	for _, r := range rules {
		codes = append(codes, r.code)
		require.FileExists(t, "rule_"+strings.ReplaceAll(r.code, "-", "_")+".go")
	}
	require.True(t, slices.IsSorted(codes), "the registry is in alphabetical order")
	require.Equal(t, codes, folders)
}
