package engine_test

import (
	"os"
	"runtime/debug"
	"testing"
)

// TestMain lets garbage wait: the property tests make much of it and keep little.
func TestMain(m *testing.M) {
	debug.SetGCPercent(800)
	os.Exit(m.Run())
}
