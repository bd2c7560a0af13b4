package bpmn

import (
	"encoding/xml"
	"strings"
)

// checkUnsupportedExtension refuses attributes and extension elements that change how an element executes and that are
// not supported; ignoring them would run another process than the one that was drawn.
func checkUnsupportedExtension(m *Model, r report) {
	m.recorded("unsupported-extension", r)
	m.walk(func(e *Element) {
		if e.Space != nsBPMN || e.isUnsupportedNode() {
			return
		}
		for _, a := range e.Attrs {
			if refusedAttribute(e, a) {
				r(e, "%s has the attribute %s=%q, which is not supported", label(e), attributeName(a.Name), shorten(a.Value))
			}
		}
		if !e.is("extensionElements") {
			return
		}
		for _, c := range e.Children {
			if refusedExtension(e.Parent, c) {
				r(c, "%s has the extension element %s, which is not supported", label(e.Parent), named(c))
			}
		}
	})
}

func refusedAttribute(e *Element, a xml.Attr) bool {
	value := strings.TrimSpace(a.Value)
	if isVendor(a.Name.Space) {
		if vendorAttributes[e.Local][a.Name.Local] {
			return false
		}
		harmless, refused := refusedAttributes[a.Name.Local]
		return refused && !strings.EqualFold(value, harmless)
	}
	if a.Name.Space == nsOwn {
		return !ownAttributes[e.Local][a.Name.Local] // a slip of the pen, which would lose what it says
	}
	if a.Name.Space != "" {
		return false
	}
	switch a.Name.Local {
	case "method":
		return value != "" && value != "##Compensate"
	case "startQuantity", "completionQuantity":
		return value != "1"
	}
	return false
}

func refusedExtension(of, e *Element) bool {
	if e.Space == nsZeebe {
		return !harmlessZeebe[e.Local] && of != nil && !zeebeExtensions[of.Local][e.Local] && (!of.isFlowNode() || !zeebeExtensions["node"][e.Local])
	}
	return e.Space == nsOwn || isVendor(e.Space) && refusedExtensions[e.Local] && !readExtension(of, e.Local)
}

// readExtension reports whether an extension of the element is read.
func readExtension(of *Element, name string) bool {
	return of != nil && (vendorExtensions[of.Local][name] || of.isFlowNode() && vendorExtensions["node"][name] ||
		catches(of) && vendorExtensions["catch"][name])
}

// catches reports whether the element is an event that waits for something.
func catches(e *Element) bool {
	return e.is(string(StartEvent)) || e.is(string(CatchEvent)) || e.is(string(BoundaryEvent))
}
