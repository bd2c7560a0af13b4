package api_test

import (
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/onecms/nextgen-workflow/api"
)

// undocumented are routes that openapi.yaml leaves out on purpose.
var undocumented = map[string]string{
	"GET /docs":       "leads to the page below",
	"GET /docs/{any}": "the page that shows openapi.yaml to people, with its scripts",
}

func TestTheDocumentHasEveryRouteAndNoOther(t *testing.T) {
	t.Parallel()
	server, err := api.New(api.Config{}, api.Deps{Store: noStore{}, Engine: &engine{}, Steps: noSteps{}, Health: health{}}, zap.NewNop())
	require.NoError(t, err)
	var registered []string
	parameter := regexp.MustCompile(`[:*](\w+)`)
	for _, r := range server.Registered() {
		name := r.Method + " " + parameter.ReplaceAllString(r.Path, "{$1}")
		if undocumented[name] == "" {
			registered = append(registered, name)
		}
	}
	contract, err := theContract()
	require.NoError(t, err)
	var declared []string
	for _, op := range contract.operations {
		declared = append(declared, op.String())
	}
	slices.Sort(registered)
	require.Equal(t, registered, declared)
}
