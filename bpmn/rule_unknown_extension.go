package bpmn

import (
	"encoding/xml"
	"strings"
)

// checkUnknownExtension warns about attributes and extension elements that have no effect here.
func checkUnknownExtension(m *Model, r report) {
	checkUnknownAttributes(m.Root, r)
	m.walk(func(e *Element) {
		switch {
		case e.isUnsupportedNode() || e.Space == "":
		case e.Space != nsBPMN:
			r(e, "%s is not known and has no effect", named(e))
		case e.is("extensionElements"):
			for _, c := range e.Children {
				if !knownExtension(e.Parent, c) {
					r(c, "the extension element %s of %s is not known and has no effect", named(c), label(e.Parent))
				}
			}
		default:
			checkUnknownAttributes(e, r)
		}
	})
}

// knownExtension reports whether another rule or the compiler looks at the extension element.
func knownExtension(of, e *Element) bool {
	if isVendor(e.Space) {
		return e.Local == "executionListener" || e.Local == "taskListener" || harmlessExtensions[e.Local] ||
			readExtension(of, e.Local) || refusedExtension(of, e)
	}
	return e.Space == nsZeebe || e.Space == nsOwn
}

func checkUnknownAttributes(e *Element, r report) {
	for _, a := range e.Attrs {
		if !knownAttribute(e, a.Name) {
			r(e, "the attribute %s of %s is not known and has no effect", attributeName(a.Name), label(e))
		}
	}
}

func knownAttribute(e *Element, name xml.Name) bool {
	switch {
	case isVendor(name.Space):
		_, refused := refusedAttributes[name.Local]
		return refused || harmlessAttributes[name.Local] || vendorAttributes[e.Local][name.Local]
	case name.Space == "":
		known, listed := plainAttributes[e.Local]
		return !listed || known[name.Local]
	}
	refused := name.Space == nsOwn && e.Parent != nil // by the other rule, which does not look at the root
	return refused || name.Space == nsZeebe && strings.HasPrefix(name.Local, "modelerTemplate") || name.Space == nsXSI || name.Space == nsModeler || name.Space == "xml" || name.Space == nsXML
}

// attributeName shows an attribute as it is usually written.
func attributeName(name xml.Name) string {
	return named(&Element{Space: name.Space, Local: shorten(name.Local)})
}
