"""Reports content that no table knows: attributes, and text between elements."""

from typing import cast

from lxml.etree import XPath, _Element

from producers.intake.anomalies import Anomalies, shown, tag
from producers.intake.dmfa.value_faults import SPACE
from schemas.dmfa.forms import elements

INSTANCE = "{http://www.w3.org/2001/XMLSchema-instance}"
ALLOWED = {f"{INSTANCE}schemaLocation", f"{INSTANCE}noNamespaceSchemaLocation"}
STRAY = XPath("boolean(descendant-or-self::*/@*|descendant-or-self::*[*]/text()[normalize-space()])")
"""Whether a block has content that no table knows: an attribute, or text between its elements."""
STRAY_PLACES = XPath("descendant-or-self::*[@*|self::*[*]/text()[normalize-space()]]")


def text_between(element: _Element, text: str | None, anomalies: Anomalies) -> None:
    """Tell a text that follows an element inside `element`."""
    if text and text.strip(SPACE):
        message = f"{shown(text.strip(SPACE))} stands between its elements. Take it out."
        anomalies.tell(element, f"{anomalies.form.number}-092", tag(element), message)


def stray(element: _Element, anomalies: Anomalies, *, later: bool = False) -> None:
    """Report every attribute and every text between elements.

    In a declaration of a quarter `later` than the tables, not what stands inside what they do not know.
    """
    if STRAY(element):
        for place in cast("list[_Element]", STRAY_PLACES(element)):
            if later and not elements().issuperset(str(ancestor.tag) for ancestor in (place, *place.iterancestors())):
                continue
            if place.attrib:
                attributes(place, anomalies)
            else:
                message = "It has text between its elements. Take it out."
                anomalies.tell(place, f"{anomalies.form.number}-092", tag(place), message)


def attributes(element: _Element, anomalies: Anomalies) -> None:
    """Report the attributes of an element, except those that name its schema."""
    strange = [str(name) for name in element.attrib if name not in ALLOWED]
    if strange:
        message = f"It has the attribute {shown(strange[0])}, which no form has. Take it out."
        anomalies.tell(element, f"{anomalies.form.number}-092", tag(element), message)
