package values_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/bpmn/values"
)

// likeness is data that has the form of a reference to a content.
func likeness(content string) string {
	made := values.Contents{}
	return string(made.Pack(json.RawMessage(content), 0))
}

func TestNoDataIsTakenForAReference(t *testing.T) {
	t.Parallel()
	hash := strings.Repeat("ab", 32)
	for name, data := range map[string]string{
		"a reference":              likeness(`"x"`),
		"with spaces":              strings.ReplaceAll(likeness(`"x"`), ":", " : "),
		"an escaped name":          strings.Replace(likeness(`"x"`), "$", `\u0024`, 1),
		"an escaped hash":          `{"$large":{"sha256":"\u0061` + hash[1:] + `","size":3}}`,
		"padded with escapes":      `{"$large":{"sha256":"` + hash + `","size":3,"pad":"` + strings.Repeat(`\u0041`, 5000) + `"}}`,
		"the name twice":           `{"$large":1,"$large":{"sha256":"` + hash + `","size":3}}`,
		"more than a reference":    `{"a":1,"$large":{"sha256":"` + hash + `","size":3}}`,
		"less than a reference":    `{"$large":{}}`,
		"another name in its case": `{"$LARGE":{"sha256":"` + hash + `","size":3}}`,
		"within something":         `{"a":` + likeness(`"x"`) + `}`,
		"in a list":                `[` + likeness(`"x"`) + `]`,
		"as text":                  `"` + strings.ReplaceAll(likeness(`"x"`), `"`, `\"`) + `"`,
		"text":                     `"$large"`,
		"null":                     `null`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			contents := values.Contents{}
			data := values.Canonical(json.RawMessage(data))
			packed := contents.Pack(data, 1<<20)
			// As PostgreSQL may write it: decoded and encoded again.
			var decoded any
			require.NoError(t, json.Unmarshal(packed, &decoded))
			rewritten, err := json.Marshal(decoded)
			require.NoError(t, err)
			for _, packed := range []json.RawMessage{packed, rewritten} {
				r, isReference := values.Read(packed)
				require.Equal(t, len(contents) > 0, isReference, "%s", packed)
				if isReference {
					require.Equal(t, string(data), contents[r.SHA256])
					require.Equal(t, len(data), r.Size)
				}
			}
			resolved, err := values.Resolve(contents, packed)
			require.NoError(t, err)
			require.Equal(t, string(data), string(resolved))
		})
	}
}

func TestWhatTravelsTogetherIsBounded(t *testing.T) {
	t.Parallel()
	for seed := range uint64(50) {
		random := rand.New(rand.NewPCG(seed, 0))
		data, least := map[string]json.RawMessage{}, 0
		for i := range random.IntN(100) {
			size := 1 << random.IntN(17)
			data[fmt.Sprint("v", i)] = json.RawMessage(`"` + strings.Repeat("x", size) + `"`)
			if size+2 <= values.SmallBytes {
				least += size + 2
			}
		}
		contents, again := values.Contents{}, values.Contents{}
		packed := contents.PackAll(data)
		require.Equal(t, packed, again.PackAll(data), "seed %d: the same values are packed in another way", seed)
		require.Equal(t, len(data), len(packed))
		inline := 0
		for name, value := range packed {
			resolved, err := values.Resolve(contents, value)
			require.NoError(t, err)
			require.Equal(t, string(data[name]), string(resolved))
			if _, isReference := values.Read(value); !isReference {
				inline += len(value)
				require.LessOrEqual(t, len(value), values.LargeBytes)
			}
			require.Equal(t, len(data[name]), values.Size(value))
		}
		require.LessOrEqual(t, inline, max(values.InlineBytes, least), "seed %d", seed)
	}
}

func TestOnlyWhatResemblesAReferenceIsPackedWhereSizeDoesNotCount(t *testing.T) {
	t.Parallel()
	contents := values.Contents{}
	long := json.RawMessage(`"` + strings.Repeat("x", 1<<20) + `"`)
	packed := contents.PackSimilar(map[string]json.RawMessage{"long": long, "like": json.RawMessage(likeness("1"))})
	require.Equal(t, long, packed["long"])
	resolved, err := values.Resolve(contents, packed["like"])
	require.NoError(t, err)
	require.Equal(t, likeness("1"), string(resolved))
	require.Len(t, contents, 1)
	require.Nil(t, contents.PackSimilar(nil))
	require.Nil(t, contents.PackAll(nil))
}

func TestAContentThatIsNotThereIsAnError(t *testing.T) {
	t.Parallel()
	_, err := values.Resolve(values.Contents{}, json.RawMessage(likeness(`"x"`)))
	require.ErrorContains(t, err, "no large value")
}

func FuzzPack(f *testing.F) {
	f.Add([]byte(likeness(`"x"`)))
	f.Add([]byte(`{"\u0024large":{"sha256":"","size":0}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		data := values.Canonical(raw)
		contents := values.Contents{}
		packed := contents.Pack(data, values.LargeBytes)
		resolved, err := values.Resolve(contents, packed)
		if err != nil || string(resolved) != string(data) {
			t.Fatalf("%s becomes %s: %v", data, resolved, err)
		}
	})
}
