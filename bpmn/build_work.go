package bpmn

import "github.com/onecms/nextgen-workflow/bpmn/expr"

// work reads where and how soon a user task is worked on.
func (b *modelBuilder) work(e *Element) Work {
	return Work{
		Queue:          b.workText(e, "queue"),
		Skills:         b.workList(e, "skills"),
		FourEyesOf:     b.workList(e, "fourEyesOf"),
		Calendar:       b.workText(e, "calendar"),
		ClaimWithin:    b.workText(e, "claimWithin"),
		CompleteWithin: b.workText(e, "completeWithin"),
	}
}

// workText reads an attribute of the product's own, else the property of its name; nil when there is neither.
func (b *modelBuilder) workText(e *Element, name string) *expr.Template {
	if source := e.own(name); source != "" {
		return b.template(e, name, source)
	}
	switch p := e.property(name); {
	case p == nil:
		return nil
	case p.Space == nsZeebe:
		return b.feel(p, name, p.attr("value"))
	default:
		return b.template(p, name, p.attr("value"))
	}
}

// workList is workText for a comma-separated list.
func (b *modelBuilder) workList(e *Element, name string) []*expr.Template {
	if source := e.own(name); source != "" {
		return b.templates(e, name, source)
	}
	switch p := e.property(name); {
	case p == nil:
		return nil
	case p.Space == nsZeebe:
		return b.feelList(p, "value")
	default:
		return b.templates(p, name, p.attr("value"))
	}
}

// property is the first extension property of a name that has a value; nil when there is none.
func (e *Element) property(name string) *Element {
	for _, extensions := range e.children("extensionElements") {
		for _, list := range extensions.Children {
			if list.Local != "properties" || !isVendor(list.Space) && list.Space != nsZeebe {
				continue
			}
			for _, p := range list.Children {
				if p.Space == list.Space && p.Local == "property" && p.attr("name") == name && p.attr("value") != "" {
					return p
				}
			}
		}
	}
	return nil
}
