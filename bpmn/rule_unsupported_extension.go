package bpmn

import (
	"encoding/xml"
	"strings"
)

// checkUnsupportedExtension refuses attributes and extension elements that change how an element executes and that are
// not supported; ignoring them would run another process than the one that was drawn.
func checkUnsupportedExtension(m *Model, r report) {
	m.walk(func(e *Element) {
		if e.Space != nsBPMN || e.isUnsupportedNode() {
			return
		}
		for _, a := range e.Attrs {
			if refusedAttribute(a) {
				r(e, "%s has the attribute %s=%q, which is not supported", label(e), attributeName(a.Name), shorten(a.Value))
			}
		}
		if !e.is("extensionElements") {
			return
		}
		for _, c := range e.Children {
			if refusedExtension(c) || c.Local == "value" && isVendor(c.Space) && e.Parent.is("dataObject") {
				r(c, "%s has the extension element %s, which is not supported", label(e.Parent), named(c))
			}
		}
	})
}

func refusedAttribute(a xml.Attr) bool {
	value := strings.TrimSpace(a.Value)
	if isVendor(a.Name.Space) {
		harmless, refused := refusedAttributes[a.Name.Local]
		return refused && !strings.EqualFold(value, harmless)
	}
	if a.Name.Space != "" {
		return false
	}
	switch a.Name.Local {
	case "isForCompensation", "parallelMultiple":
		return isTrue(value, false)
	case "startQuantity", "completionQuantity":
		return value != "1"
	}
	return false
}

func refusedExtension(e *Element) bool {
	return e.Space == nsZeebe || isVendor(e.Space) && refusedExtensions[e.Local]
}
