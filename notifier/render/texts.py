"""Loads the texts of one language; every language has the same texts, so that no recipient gets less."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml
from jinja2 import Environment, StrictUndefined, Template

from schemas.languages import Language

PLAIN = Environment(undefined=StrictUndefined, autoescape=False)  # noqa: S701 - plain text; HTML escapes when it is set
OTHER_RULE = "other"
"""What is said of a rule that has no text of its own yet."""


@dataclass(frozen=True, slots=True)
class Sender:
    """Who writes."""

    name: str
    email: str
    tagline: str
    address: tuple[str, ...]
    abroad: Language
    """The language in which the post of the sender reads the name of another country."""

    @property
    def one_line(self) -> str:
        """The address in a sentence."""
        return ", ".join(self.address)


class Texts:
    """The texts of one language, by dotted name."""

    def __init__(self, language: Language, tree: Mapping[str, Any], sender: Sender) -> None:
        self.language = language
        self.sender = sender
        self._tree = tree
        self._templates: dict[str, Template] = {}

    def get(self, name: str) -> Any:
        """A text, list or mapping, unchanged.

        Raises KeyError.
        """
        found: Any = self._tree
        for part in name.split("."):
            found = found[part]
        return found

    def say(self, name: str, /, **values: str) -> str:
        """A text with its values filled in."""
        template = self._templates.get(name)
        if template is None:
            template = self._templates[name] = PLAIN.from_string(str(self.get(name)).strip())
        return template.render(values)

    def say_each(self, name: str, /, **values: str) -> list[str]:
        """A list of texts, each with its values filled in."""
        return [PLAIN.from_string(text).render(values) for text in self.get(name)]

    def rule(self, rule: str, side: str) -> str:
        """The dotted name of what is said of a rule to this side."""
        known = self._tree["rules"]
        name = rule.replace("-", "_")
        chosen = name if side in known.get(name, {}) else OTHER_RULE
        return f"rules.{chosen}"


@cache
def texts(language: Language) -> Texts:
    """The texts of a language."""
    folder = files("notifier") / "texts"
    tree = yaml.safe_load((folder / f"{language}.yaml").read_text("utf-8"))
    sender = yaml.safe_load((folder / "sender.yaml").read_text("utf-8"))
    own = sender[language]
    writer = Sender(sender["name"], sender["email"], own["tagline"], tuple(own["address"]), sender["abroad"])
    return Texts(language, tree, writer)
