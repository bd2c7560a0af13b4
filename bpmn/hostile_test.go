package bpmn_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/bpmn"
)

const (
	opening = `<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:flowable="http://flowable.org/bpmn">`
	body    = `<startEvent id="s"/><sequenceFlow id="f" sourceRef="s" targetRef="e"/><endEvent id="e"/>`
	small   = opening + `<process id="p">` + body + `</process></definitions>`
)

// in replaces the only process of the small model by other content.
func in(content string) string { return opening + content + "</definitions>" }

func toUTF16(text string, order binary.AppendByteOrder) string {
	var out []byte
	for _, unit := range utf16.Encode([]rune("\ufeff" + text)) {
		out = order.AppendUint16(out, unit)
	}
	return string(out)
}

func TestFilesThatCannotBeReadAreRefusedWithTheirPlace(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ source, code, place, message string }{
		"nothing":                        {"", "malformed-xml", "1:1", "no XML element"},
		"only space":                     {" \n ", "malformed-xml", "1:1", "no XML element"},
		"only a comment":                 {"<!-- x -->", "malformed-xml", "1:1", "no XML element"},
		"no XML":                         {"hello", "malformed-xml", "1:1", "outside"},
		"JSON":                           {`{"a": 1}`, "malformed-xml", "1:1", "outside"},
		"binary":                         {"\x00\x01\x02", "malformed-xml", "1:", "illegal character"},
		"an end that is not closed":      {opening + "\n<process>", "malformed-xml", "2:10", "unexpected EOF"},
		"an end of something else":       {opening + "\n<process></proc>", "malformed-xml", "2:17", "closed by </proc>"},
		"an attribute without quotes":    {"<definitions\nid=x/>", "malformed-xml", "2:", "unquoted"},
		"an attribute twice":             {in("\n <process id='a' id='b'/>"), "malformed-xml", "2:2", `"id" twice`},
		"a second root":                  {small + "\n<more/>", "malformed-xml", "2:1", "second root"},
		"text behind the root":           {small + "\nmore", "malformed-xml", "1:", "outside"},
		"an undefined entity":            {in("\n<documentation>&boo;</documentation>"), "malformed-xml", "2:", "entity"},
		"a control character":            {in("\n<documentation>\x01</documentation>"), "malformed-xml", "2:", "illegal character"},
		"a document type":                {"<?xml version='1.0'?>\n<!DOCTYPE definitions SYSTEM 'http://x/y.dtd'>\n" + small, "doctype", "2:1", "not accepted"},
		"an external entity":             {"<!DOCTYPE d [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>" + in("&x;"), "doctype", "1:1", "not accepted"},
		"entities that grow":             {"<!DOCTYPE d [<!ENTITY a 'aa'><!ENTITY b '&a;&a;'>]>" + in("&b;"), "doctype", "1:1", "not accepted"},
		"a document type inside":         {in("\n<!DOCTYPE x>"), "doctype", "2:1", "not accepted"},
		"an entity declaration inside":   {in("\n<!ENTITY x 'y'>"), "doctype", "2:1", "not accepted"},
		"depth":                          {in(strings.Repeat("<a>", 100_000)), "too-deep", "1:", "nested more than"},
		"depth that is closed":           {in(strings.Repeat("<a>", 5000) + strings.Repeat("</a>", 5000)), "too-deep", "1:", "nested more than"},
		"depth inside of the diagram":    {in("<d:x xmlns:d='http://www.omg.org/spec/BPMN/20100524/DI'>" + strings.Repeat("<a>", 5000)), "too-deep", "1:", "nested more than"},
		"attributes":                     {"<definitions " + manyAttributes(300) + "/>", "malformed-xml", "1:1", "more than 200 attributes"},
		"size":                           {in(strings.Repeat(" ", bpmn.MaxSourceBytes)), "too-large", "1:1", "the limit is 5242880"},
		"elements":                       {in(strings.Repeat("<a/>", 260_000)), "too-large", "1:", "more than 250000 elements"},
		"a line break behind a mark":     {"&\n", "malformed-xml", "1:1", "entity"},
		"an unknown encoding":            {"<?xml version='1.0' encoding='klingon'?>" + small, "encoding", "1:", "klingon"},
		"bytes that are not UTF-8":       {in("\n<documentation>\xff\xfe</documentation>"), "encoding", "2:", "UTF-8"},
		"UTF-16 that is not":             {"<?xml version='1.0' encoding='UTF-16'?>" + small, "", "1:", ""},
		"UTF-16 with half a character":   {"\xff\xfe<", "", "1:", ""},
		"another root element":           {"\n<html/>", "not-bpmn", "2:1", "the root element is <html>"},
		"a root in no namespace":         {"<definitions/>", "wrong-namespace", "1:1", "BPMN 2.0 is"},
		"a model of BPMN 1":              {"<definitions xmlns='http://schema.omg.org/spec/BPMN/1.1'/>", "wrong-namespace", "1:1", "BPMN 2.0 is"},
		"a namespace without its prefix": {"<b:definitions/>", "wrong-namespace", "1:1", "BPMN 2.0 is"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			programs, findings := bpmn.Compile([]byte(c.source))
			require.Nil(t, programs)
			require.Len(t, findings, 1)
			d := findings[0]
			require.Equal(t, bpmn.Error, d.Severity)
			if c.code != "" {
				require.Equal(t, c.code, d.Code, d.Message)
			}
			require.Contains(t, d.Message, c.message)
			require.True(t, strings.HasPrefix(fmt.Sprintf("%d:%d", d.Line, d.Column), c.place), "%s", d)
			require.Less(t, len(d.Message), 500)
		})
	}
}

func manyAttributes(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "a%d='' ", i)
	}
	return b.String()
}

func TestEncodingsThatAreDeclaredAreRead(t *testing.T) {
	t.Parallel()
	named := strings.Replace(small, `id="p"`, `id="p" name="Prüfung"`, 1)
	cases := map[string]string{
		"UTF-8":                    named,
		"UTF-8 with a mark":        "\xef\xbb\xbf" + named,
		"UTF-8 with a declaration": "<?xml version='1.0' encoding='UTF-8'?>" + named,
		"Latin-1":                  "<?xml version='1.0' encoding='ISO-8859-1'?>" + strings.ReplaceAll(named, "ü", "\xfc"),
		"UTF-16, little end":       toUTF16("<?xml version='1.0' encoding='UTF-16'?>"+named, binary.LittleEndian),
		"UTF-16, big end":          toUTF16(named, binary.BigEndian),
		"a reference":              strings.ReplaceAll(named, "ü", "&#252;"),
	}
	for name, source := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			programs := compileClean(t, []byte(source))
			require.Len(t, programs, 1)
			require.Equal(t, "Prüfung", programs[0].Name)
		})
	}
}

func TestAFileHasAnyNumberOfProcesses(t *testing.T) {
	t.Parallel()
	second := strings.NewReplacer(`"s"`, `"s2"`, `"e"`, `"e2"`, `"f"`, `"f2"`).Replace(body)
	cases := map[string]struct {
		source string
		keys   []string
		code   string
	}{
		"none":                    {in(""), nil, "no-executable-process"},
		"one that is drawn only":  {in(`<process id="p" isExecutable="false"/>`), nil, "no-executable-process"},
		"two":                     {in(`<process id="p">` + body + `</process><process id="q">` + second + `</process>`), []string{"p", "q"}, ""},
		"two in their order":      {in(`<process id="z">` + body + `</process><process id="a">` + second + `</process>`), []string{"z", "a"}, ""},
		"one and a drawn one":     {in(`<process id="d" isExecutable="false"><task id="t"/></process><process id="q">` + body + `</process>`), []string{"q"}, ""},
		"two of the same id":      {in(`<process id="p">` + body + `</process><process id="p">` + second + `</process>`), nil, "duplicate-process"},
		"two that share elements": {in(`<process id="p">` + body + `</process><process id="q">` + body + `</process>`), nil, "duplicate-id"},
		"one without anything":    {in(`<process id="p"/>`), nil, "no-start-event"},
		"one without an id":       {in(`<process>` + body + `</process>`), nil, "process-key"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			programs, findings := bpmn.Compile([]byte(c.source))
			var keys []string
			for _, p := range programs {
				keys = append(keys, p.Key)
				requireConsistent(t, p)
			}
			require.Equal(t, c.keys, keys, "%v", findings)
			if c.code != "" {
				require.Contains(t, codesOf(findings), c.code)
			}
		})
	}
}

func codesOf(ds bpmn.Diagnostics) []string {
	var codes []string
	for _, d := range ds {
		codes = append(codes, d.Code)
	}
	return codes
}

func TestAnyNumberOfFindingsIsCutOff(t *testing.T) {
	t.Parallel()
	var source bytes.Buffer
	source.WriteString(in("")[:len(opening)] + `<process id="p">` + body)
	for i := range 3000 {
		fmt.Fprintf(&source, "\n<userTask id='t%d'/>", i)
	}
	source.WriteString("\n<choreographyTask id='last'/></process></definitions>")
	_, findings := bpmn.Compile(source.Bytes())
	require.Len(t, findings, 1001)
	require.Equal(t, "too-many-findings", findings[0].Code)
	require.Contains(t, codesOf(findings), "unsupported-element", "errors are kept before warnings")
}

func FuzzCompile(f *testing.F) {
	for _, seed := range []string{
		"", small, in(""), toUTF16(small, binary.BigEndian), "<!DOCTYPE x>", "<a>", opening, in(`<process id="p"/>`),
		in(`<process id="p"><userTask id="u" flowable:candidateGroups="a,${b},c(d,e)" flowable:dueDate="P1D" name="${x}"/>` + body + `</process>`),
		in(`<process id="p"><serviceTask id="t" flowable:expression="${1 + 1}" flowable:resultVariable="r"/>` + body + `</process>`),
		in(`<process id="p"><exclusiveGateway id="g" default="f"/><sequenceFlow id="g1" sourceRef="g" targetRef="g"><conditionExpression>${a}</conditionExpression></sequenceFlow>` + body + `</process>`),
		in(`<process id="p"><boundaryEvent id="b" attachedToRef="b"><timerEventDefinition><timeDate>2026-01-01</timeDate></timerEventDefinition></boundaryEvent>` + body + `</process>`),
		in(roots + `<process id="p">` + nested + `</process>`),
		in(`<process id="p"><subProcess id="a" triggeredByEvent="true"><subProcess id="a"><startEvent id="s"><linkEventDefinition name="x"/></startEvent></subProcess></subProcess>` + body + `</process>`),
		in(`<process id="p"><task id="t" default="t"><multiInstanceLoopCharacteristics flowable:collection="${"><loopCardinality>-1</loopCardinality></multiInstanceLoopCharacteristics>
			<dataInputAssociation><sourceRef>t</sourceRef><targetRef>t</targetRef><assignment><from/><to>${}</to></assignment></dataInputAssociation></task>` + body + `</process>`),
		in(`<process id="p"><callActivity id="c"><extensionElements><flowable:in local="true"/><flowable:inputOutput><flowable:inputParameter><flowable:map><flowable:entry/></flowable:map></flowable:inputParameter></flowable:inputOutput></extensionElements></callActivity>` + body + `</process>`),
		in(`<process id="p"><serviceTask id="x" flowable:type="http" flowable:timeout="P9D"><extensionElements><flowable:field name="a" stringValue="${"/><flowable:failedJobRetryTimeCycle>R9/P9Y</flowable:failedJobRetryTimeCycle></extensionElements></serviceTask>` + body + `</process>`),
		in(`<process id="p"><intermediateThrowEvent id="x"><eventDefinitionRef>p</eventDefinitionRef><messageEventDefinition messageRef=":"/><compensateEventDefinition activityRef="x"/></intermediateThrowEvent><association sourceRef="x" targetRef="x"/>` + body + `</process>`),
		in(`<process id="p"><laneSet><lane id="l"><flowNodeRef>s</flowNodeRef><childLaneSet><lane id="m"><flowNodeRef>s</flowNodeRef></lane></childLaneSet></lane></laneSet>` + body + `</process>`),
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, source []byte) {
		programs, findings := bpmn.Compile(source)
		require.Equal(t, findings.HasErrors(), programs == nil)
		for _, d := range findings {
			require.True(t, d.Line >= 1 && d.Column >= 1 && d.Code != "" && d.Message != "", "%s", d)
		}
		for _, p := range programs {
			requireConsistent(t, p)
		}
		_, again := bpmn.Compile(source)
		require.Equal(t, findings, again, "the same file has the same findings")
	})
}
