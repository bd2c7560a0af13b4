package main

import (
	"io"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParseOptions(t *testing.T) {
	o, err := parseOptions([]string{"--postgres-url", "postgres://localhost/", "--ip", "0.0.0.0", "--search-attribute", "A=Keyword"}, io.Discard)
	require.NoError(t, err)
	require.Equal(t, "127.0.0.1:7233", o.address())
	require.Equal(t, "http://127.0.0.1:8233", o.uiURL())
	require.Equal(t, "A=Keyword", o.SearchAttributes.String())
}

func TestParseOptionsRefuses(t *testing.T) {
	for name, args := range map[string][]string{
		"no url":         {},
		"port":           {"--port", "70000"},
		"same ports":     {"--port", "8233"},
		"ip":             {"--ip", "localhost"},
		"retention":      {"--retention", "1m"},
		"type":           {"--search-attribute", "A=Blob"},
		"form":           {"--search-attribute", "A"},
		"two types":      {"--search-attribute", "A=Int", "--search-attribute", "A=Text"},
		"same databases": {"--database", "x", "--visibility-database", "x"},
		"log level":      {"--log-level", "loud"},
		"argument":       {"extra"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("DATABASE_URL", "")
			if name != "no url" {
				args = append([]string{"--postgres-url", "postgres://localhost/"}, args...)
			}
			_, err := parseOptions(args, io.Discard)
			require.Error(t, err)
		})
	}
}

func TestTheURLMayComeFromTheEnvironment(t *testing.T) {
	t.Setenv("DATABASE_URL", "postgres://localhost/")
	o, err := parseOptions(nil, io.Discard)
	require.NoError(t, err)
	require.Equal(t, "postgres://localhost/", o.PostgresURL)
}
