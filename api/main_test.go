package api_test

import (
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/onecms/nextgen-workflow/internal/testdb"
)

func TestMain(m *testing.M) { testdb.Main(complete{m}) }

// complete fails a run of all tests in which an answer that openapi.yaml declares never came: it may not exist.
type complete struct{ m *testing.M }

// Run implements what testdb.Main wants.
func (c complete) Run() int {
	code := c.m.Run()
	code = plans.verdict(code)
	if code != 0 || partial() {
		return code
	}
	contract, err := theContract()
	if err != nil {
		fmt.Fprintln(os.Stderr, "openapi.yaml:", err)
		return 1
	}
	for _, answer := range contract.unseen() {
		fmt.Fprintln(os.Stderr, "openapi.yaml declares an answer that no test has seen:", answer)
		code = 1
	}
	return code
}

// partial reports whether only some of the tests were asked for.
func partial() bool {
	for _, name := range []string{"test.run", "test.skip", "test.list", "test.bench", "test.fuzz"} {
		if f := flag.Lookup(name); f != nil && f.Value.String() != "" {
			return true
		}
	}
	return false
}
