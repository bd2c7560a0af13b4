package bpmn

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/net/html/charset"
)

// Limits of a source file. They bound memory and time for hostile input.
const (
	MaxSourceBytes = 5 << 20
	maxDepth       = 200
	maxAttributes  = 200 // on one element
	maxElements    = 250_000
)

// XML namespaces.
const (
	nsBPMN    = "http://www.omg.org/spec/BPMN/20100524/MODEL"
	nsDiagram = "http://www.omg.org/spec/BPMN/20100524/DI"
	nsXML     = "http://www.w3.org/XML/1998/namespace"
	nsXSI     = "http://www.w3.org/2001/XMLSchema-instance"
	nsModeler = "http://camunda.org/schema/modeler/1.0"
	nsZeebe   = "http://camunda.org/schema/zeebe/1.0"
	nsOwn     = "http://nextgen-workflow.org/bpmn"
)

// Parse reads the source without applying the rules. It returns a nil model when the source cannot be read at all:
// too large, malformed, with a document type, or not BPMN. It never panics.
func Parse(src []byte) (*Model, Diagnostics) { return parse(src, Options{}) }

func parse(src []byte, o Options) (*Model, Diagnostics) {
	root, failure := readTree(src)
	if failure != nil {
		return nil, Diagnostics{*failure}
	}
	if failure := checkRoot(root); failure != nil {
		return nil, Diagnostics{*failure}
	}
	sum := sha256.Sum256(src)
	return buildModel(root, hex.EncodeToString(sum[:]), o), nil
}

// fault makes the diagnostic of a source that cannot be read.
func fault(pos Pos, code, format string, args ...any) *Diagnostic {
	return &Diagnostic{Severity: Error, Code: code, Line: pos.Line, Column: pos.Column, Message: fmt.Sprintf(format, args...)}
}

// checkRoot refuses documents that are not BPMN 2.0.
func checkRoot(root *Element) *Diagnostic {
	switch {
	case root.is("definitions"):
		return nil
	case root.Local == "definitions":
		return fault(root.Pos, "wrong-namespace", "the root element <definitions> is in the namespace %q; BPMN 2.0 is %q", shorten(root.Space), nsBPMN)
	default:
		return fault(root.Pos, "not-bpmn", "the root element is <%s>; a BPMN 2.0 file has <definitions>", shorten(root.Local))
	}
}

// treeReader builds the element tree from tokens.
type treeReader struct {
	decoder *xml.Decoder
	root    *Element
	current *Element
	depth   int
	kept    int // elements in the tree
	skip    int // depth at which a skipped element began; 0: none
}

func readTree(src []byte) (*Element, *Diagnostic) {
	if len(src) > MaxSourceBytes {
		return nil, fault(Pos{1, 1}, "too-large", "the file has %d bytes; the limit is %d", len(src), MaxSourceBytes)
	}
	input, decoded, err := decodeUTF16(src)
	if err != nil {
		return nil, fault(Pos{1, 1}, "encoding", "the file cannot be read as UTF-16: %v", err)
	}
	r := treeReader{decoder: xml.NewDecoder(bytes.NewReader(input))}
	r.decoder.CharsetReader = func(label string, in io.Reader) (io.Reader, error) {
		if decoded {
			return in, nil
		}
		return charset.NewReaderLabel(label, in)
	}
	for {
		line, column := r.decoder.InputPos()
		pos := Pos{Line: line, Column: max(column, 1)}
		token, err := r.decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, r.malformed(err)
		}
		if failure := r.take(token, pos); failure != nil {
			return nil, failure
		}
	}
	if r.root == nil {
		return nil, fault(Pos{1, 1}, "malformed-xml", "the file has no XML element")
	}
	return r.root, nil
}

// decodeUTF16 turns UTF-16 with a byte order mark to UTF-8 and drops the mark of UTF-8.
func decodeUTF16(src []byte) (out []byte, decoded bool, err error) {
	var label string
	switch {
	case bytes.HasPrefix(src, []byte{0xEF, 0xBB, 0xBF}):
		return src[3:], false, nil
	case bytes.HasPrefix(src, []byte{0xFE, 0xFF}):
		label = "utf-16be"
	case bytes.HasPrefix(src, []byte{0xFF, 0xFE}):
		label = "utf-16le"
	default:
		return src, false, nil
	}
	in, err := charset.NewReaderLabel(label, bytes.NewReader(src[2:]))
	if err != nil {
		return nil, false, err
	}
	out, err = io.ReadAll(in)
	return out, true, err
}

func (r *treeReader) malformed(err error) *Diagnostic {
	line, column := r.decoder.InputPos()
	message := strings.TrimPrefix(err.Error(), "xml: ")
	var syntax *xml.SyntaxError
	if errors.As(err, &syntax) {
		message = syntax.Msg
		if line != syntax.Line {
			line, column = syntax.Line, 1
		}
	}
	code := "malformed-xml"
	if strings.Contains(message, "encoding") || strings.Contains(message, "charset") || strings.Contains(message, "UTF-8") {
		code = "encoding"
	}
	column = max(column, 1) // the decoder counts 0 after it steps back over a line break
	return fault(Pos{line, column}, code, "the file is not well-formed XML: %s", shorten(message))
}

// take adds one token to the tree.
func (r *treeReader) take(token xml.Token, pos Pos) *Diagnostic {
	switch t := token.(type) {
	case xml.Directive:
		return fault(pos, "doctype", "document types and entity declarations are not accepted")
	case xml.CharData:
		if r.current == nil && len(bytes.TrimSpace(t)) > 0 {
			return fault(pos, "malformed-xml", "the file has text outside of its root element: %s", shorten(string(t)))
		}
		if r.current != nil && r.skip == 0 && (len(r.current.raw) > 0 || len(bytes.TrimSpace(t)) > 0) {
			r.current.raw = append(r.current.raw, t...)
		}
	case xml.StartElement:
		return r.open(t, pos)
	case xml.EndElement:
		r.close()
	}
	return nil
}

func (r *treeReader) open(t xml.StartElement, pos Pos) *Diagnostic {
	r.depth++
	switch {
	case r.depth > maxDepth:
		return fault(pos, "too-deep", "elements are nested more than %d deep", maxDepth)
	case r.depth == 1 && r.root != nil:
		return fault(pos, "malformed-xml", "the file has a second root element <%s>", shorten(t.Name.Local))
	case r.skip > 0:
		return nil
	case t.Name.Space == nsDiagram && r.depth > 1:
		r.skip = r.depth
		return nil
	}
	if r.kept++; r.kept > maxElements {
		return fault(pos, "too-large", "the file has more than %d elements", maxElements)
	}
	e := &Element{Space: t.Name.Space, Local: t.Name.Local, Pos: pos, Parent: r.current}
	if failure := e.setAttributes(t.Attr); failure != nil {
		return failure
	}
	if r.current == nil {
		r.root = e
	} else {
		r.current.Children = append(r.current.Children, e)
	}
	r.current = e
	return nil
}

func (r *treeReader) close() {
	r.depth--
	if r.skip > 0 {
		if r.depth < r.skip {
			r.skip = 0
		}
		return
	}
	r.current.Text, r.current.raw = string(bytes.TrimSpace(r.current.raw)), nil
	r.current = r.current.Parent
}

// setAttributes keeps all attributes but namespace declarations.
func (e *Element) setAttributes(attrs []xml.Attr) *Diagnostic {
	if len(attrs) > maxAttributes {
		return fault(e.Pos, "malformed-xml", "the element <%s> has more than %d attributes", shorten(e.Local), maxAttributes)
	}
	for i, a := range attrs {
		for _, b := range attrs[:i] {
			if a.Name == b.Name {
				return fault(e.Pos, "malformed-xml", "the element <%s> has the attribute %q twice", shorten(e.Local), shorten(a.Name.Local))
			}
		}
		if a.Name.Space != "xmlns" && (a.Name.Space != "" || a.Name.Local != "xmlns") {
			e.Attrs = append(e.Attrs, a)
		}
	}
	return nil
}

// shorten keeps text from the source readable inside a message.
func shorten(s string) string {
	s = strings.Join(strings.Fields(cut(s, 400)), " ")
	if short := cut(s, 120); short != s {
		return short + "…"
	}
	return s
}

// cut returns at most n bytes of s, whole characters only.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "")
}
