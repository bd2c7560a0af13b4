package bpmn

// checkItemType requires that data is a collection exactly where the definition of its type says so, and that the items
// of a repeated activity are of the type of their collection.
func checkItemType(m *Model, r report) {
	m.walk(func(e *Element) {
		if e.is("dataObject") || e.is("dataInput") || e.is("dataOutput") {
			item := m.root(e.attr("itemSubjectRef"), "itemDefinition")
			declared := e.attr("isCollection")
			if item != nil && declared != "" && isTrue(declared, false) != isTrue(item.attr("isCollection"), false) {
				r(e, "%s has isCollection=%q, unlike its type %q", label(e), shorten(declared), shorten(item.attr("id")))
			}
		}
		if e.is("multiInstanceLoopCharacteristics") {
			m.checkLoopItem(e, "inputDataItem", "loopDataInputRef", r)
			m.checkLoopItem(e, "outputDataItem", "loopDataOutputRef", r)
		}
	})
}

func (m *Model) checkLoopItem(marker *Element, item, collection string, r report) {
	one, many := marker.child(item), marker.child(collection)
	if one == nil || many == nil {
		return
	}
	itemType := m.root(one.attr("itemSubjectRef"), "itemDefinition")
	var listType *Element
	marker.Parent.walk(func(e *Element) {
		if e.attr("id") == many.Text && many.Text != "" {
			listType = m.root(e.attr("itemSubjectRef"), "itemDefinition")
		}
	})
	switch {
	case itemType == nil:
	case isTrue(itemType.attr("isCollection"), false):
		r(one, "%s of %q is a collection; it is one item of %q", item, shorten(marker.owner()), shorten(many.Text))
	case listType != nil && listType.attr("structureRef") != itemType.attr("structureRef"):
		r(one, "%s of %q is a %q, but %q holds %q", item, shorten(marker.owner()), shorten(itemType.attr("structureRef")), shorten(many.Text), shorten(listType.attr("structureRef")))
	}
}
