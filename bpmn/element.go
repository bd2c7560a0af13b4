package bpmn

import (
	"cmp"
	"encoding/xml"
	"strings"
)

// isVendor reports whether the namespace belongs to the family of engines that share one extension vocabulary.
func isVendor(space string) bool {
	switch space {
	case "http://flowable.org/bpmn", "http://activiti.org/bpmn",
		"http://camunda.org/schema/1.0/bpmn", "http://operaton.org/schema/1.0/bpmn":
		return true
	}
	return false
}

// Element is an XML element with its place in the source. Diagram elements are not kept.
type Element struct {
	Space, Local string
	Pos          Pos
	Attrs        []xml.Attr // without namespace declarations
	Children     []*Element
	Parent       *Element
	Text         string // character data, trimmed

	raw []byte // character data while the element is open
}

// is reports whether e is the BPMN element with the given name.
func (e *Element) is(local string) bool { return e.Space == nsBPMN && e.Local == local }

// attr is the value of an attribute without namespace, trimmed; empty when absent.
func (e *Element) attr(local string) string {
	for _, a := range e.Attrs {
		if a.Name.Space == "" && a.Name.Local == local {
			return strings.TrimSpace(a.Value)
		}
	}
	return ""
}

// vendor is the value of the first given vendor attribute that is present and not blank, trimmed.
func (e *Element) vendor(locals ...string) string {
	for _, local := range locals {
		for _, a := range e.Attrs {
			if a.Name.Local == local && isVendor(a.Name.Space) && strings.TrimSpace(a.Value) != "" {
				return strings.TrimSpace(a.Value)
			}
		}
	}
	return ""
}

// own is the value of an attribute in the product's own namespace, trimmed; empty when absent.
func (e *Element) own(local string) string {
	for _, a := range e.Attrs {
		if a.Name.Space == nsOwn && a.Name.Local == local {
			return strings.TrimSpace(a.Value)
		}
	}
	return ""
}

// children returns the BPMN children of the given name.
func (e *Element) children(local string) []*Element {
	var found []*Element
	for _, c := range e.Children {
		if c.is(local) {
			found = append(found, c)
		}
	}
	return found
}

// extensions returns the vendor elements of the given name inside extensionElements.
func (e *Element) extensions(local string) []*Element {
	var found []*Element
	for _, ext := range e.children("extensionElements") {
		for _, c := range ext.Children {
			if c.Local == local && isVendor(c.Space) {
				found = append(found, c)
			}
		}
	}
	return found
}

// owner is the id of the element or of the nearest one around it that has an id.
func (e *Element) owner() string {
	for ; e != nil; e = e.Parent {
		if id := e.attr("id"); id != "" {
			return id
		}
	}
	return ""
}

// documentation joins the text of the documentation elements.
func (e *Element) documentation() string {
	var texts []string
	for _, d := range e.children("documentation") {
		if d.Text != "" {
			texts = append(texts, d.Text)
		}
	}
	return strings.Join(texts, "\n\n")
}

// named is the element's tag as messages show it, with the vendor prefix where it is one.
func named(e *Element) string {
	switch {
	case e.Space == nsBPMN || e.Space == "":
		return e.Local
	case isVendor(e.Space):
		return vendorPrefix(e.Space) + ":" + e.Local
	case e.Space == nsOwn:
		return "nextgen:" + e.Local
	default:
		return "{" + shorten(e.Space) + "}" + shorten(e.Local)
	}
}

// vendorPrefix is the conventional prefix of a vendor namespace: "flowable", "camunda".
func vendorPrefix(space string) string {
	host, _, _ := strings.Cut(strings.TrimPrefix(space, "http://"), ".")
	return cmp.Or(host, "vendor")
}

// isTrue reads an xsd:boolean; missing where the attribute is absent.
func isTrue(value string, missing bool) bool {
	switch value {
	case "":
		return missing
	case "true", "1":
		return true
	}
	return false
}
