package expr_test

import (
	"encoding/xml"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/bpmn/expr"
)

// foreignModels are models that others wrote, if they are there.
const foreignModels = "../../../shared/conformance"

func TestExpressionsInModelsThatOthersWroteCanBeRead(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat(foreignModels); err != nil {
		t.Skip("the models are not there: ", err)
	}
	found := 0
	require.NoError(t, filepath.WalkDir(foreignModels, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".xml") && !strings.HasSuffix(path, ".bpmn") {
			return err
		}
		for _, text := range textsOf(t, path) {
			if strings.Contains(text, "${") || strings.Contains(text, "#{") {
				found++
				_, err := expr.Parse(text)
				require.NoError(t, err, "%s: %s", path, text)
			}
		}
		return nil
	}))
	require.Greater(t, found, 100)
}

// textsOf lists the attributes and texts of a file, up to the place where it stops to be XML.
func textsOf(t *testing.T, path string) (texts []string) {
	t.Helper()
	file, err := os.Open(path)
	require.NoError(t, err)
	defer file.Close()
	decoder := xml.NewDecoder(file)
	decoder.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil }
	for {
		token, err := decoder.Token()
		if err != nil {
			return texts
		}
		switch token := token.(type) {
		case xml.StartElement:
			for _, a := range token.Attr {
				texts = append(texts, a.Value)
			}
		case xml.CharData:
			texts = append(texts, string(token))
		}
	}
}
