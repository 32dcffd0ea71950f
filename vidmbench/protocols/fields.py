"""What each field of a protocol decides, declared once beside the field.

A field carries one of three declarations in its annotation, ``Annotated[type, ProtocolField(...)]``:

- :class:`ProtocolField`: it can move a number. From this follow its entry in the signature, whether features are cached
  apart by it, when ``vidmbench explain`` changes it, which golden values protocols share, and its words in tables.
- :class:`GoesWith`: it means something only together with another field, and shares that field's declaration.
- :class:`NoEffect`: it moves no number by itself, and why.

A field without a declaration is an error as soon as its model is used.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from pydantic import BaseModel

#: What a field decides. ``detector``: the network; ``array``: what it is fed; ``framing``: how a named data set is
#: cropped and resized before; ``clips``: which frames of which videos; ``statistics``: the number made from features.
Step = Literal["detector", "array", "framing", "clips", "statistics"]


@dataclass(frozen=True)
class ProtocolField:
    """A field that can move a number.

    The functions are called with its value, followed by the values of the fields that go with it. None of them is
    called where the value is None.

    Attributes:
        step: What it decides. A field of ``detector`` or ``array`` is part of the key of cached features.
        key: Its name in signatures; None where there is no entry of its own, see
            :func:`vidmbench.protocols.signature.signature_of`.
        text: Its value in signatures; None for a value that is not written, such as "nothing done".
        golden: Its value in keys of golden arrays, for the steps that have golden arrays of their own.
        words: A few words for tables that compare conventions, or None for a value that goes without saying; None where
            they do not show it.
    """

    step: Step
    key: str | None
    text: Callable[..., str | None] = str
    golden: Callable[..., str] = str
    words: Callable[..., str | None] | None = None


@dataclass(frozen=True)
class GoesWith:
    """A field that means something only together with another.

    Attributes:
        field: The other field, declared before it in the same model.
    """

    field: str


@dataclass(frozen=True)
class NoEffect:
    """A field that moves no number by itself.

    Attributes:
        reason: Why not.
    """

    reason: str


@dataclass(frozen=True)
class FieldGroup:
    """One field that can move a number, or several that go together.

    Attributes:
        names: Names in the model.
        rule: Their declaration.
    """

    names: tuple[str, ...]
    rule: ProtocolField

    def values(self, stage: BaseModel) -> tuple[Any, ...]:
        """The values in a stage of a protocol."""
        return tuple(getattr(stage, name) for name in self.names)


@cache
def field_groups(model: type[BaseModel]) -> tuple[FieldGroup, ...]:
    """The fields of a model that can move a number.

    Args:
        model: A stage of a protocol, or a part of one.

    Returns:
        In the order of declaration; fields of a base class come last.

    Raises:
        TypeError: A field has no declaration, or several.
    """
    groups: dict[str, list[str]] = {}
    rules: dict[str, ProtocolField] = {}
    inherited = {name for base in model.__bases__ if issubclass(base, BaseModel) for name in base.model_fields}
    for name in sorted(model.model_fields, key=lambda name: name in inherited):
        kinds = (ProtocolField, GoesWith, NoEffect)
        declared = [item for item in model.model_fields[name].metadata if isinstance(item, kinds)]
        if len(declared) != 1:
            raise TypeError(
                f"{model.__name__}.{name} needs one declaration of what it decides (vidmbench.protocols.fields), "
                f"found {len(declared)}"
            )
        (declaration,) = declared
        if isinstance(declaration, ProtocolField):
            groups[name], rules[name] = [name], declaration
        elif isinstance(declaration, GoesWith):
            groups[declaration.field].append(name)
    return tuple(FieldGroup(tuple(names), rules[name]) for name, names in groups.items())


def signature_texts(stage: BaseModel, *steps: Step) -> list[tuple[str, str]]:
    """Entries of a signature.

    Args:
        stage: A stage of a protocol, or a part of one.
        steps: Only fields that decide one of these.

    Returns:
        Key and text of every field that has any.
    """
    texts = []
    for group in field_groups(type(stage)):
        values = group.values(stage)
        if group.rule.step in steps and group.rule.key is not None and values[0] is not None:
            text = group.rule.text(*values)
            if text is not None:
                texts.append((group.rule.key, text))
    return texts


def golden_texts(stage: BaseModel, step: Step) -> dict[str, str]:
    """Parts of the key of a golden array, by the name of the field."""
    groups = ((group, group.values(stage)) for group in field_groups(type(stage)) if group.rule.step == step)
    return {group.names[0]: group.rule.golden(*values) for group, values in groups if values[0] is not None}


def field_names(model: type[BaseModel], *steps: Step) -> tuple[str, ...]:
    """Names of the fields of a model that decide one of some steps."""
    return tuple(name for group in field_groups(model) if group.rule.step in steps for name in group.names)


def with_defaults(model: type[BaseModel], content: Mapping[str, Any]) -> dict[str, Any]:
    """Fields as a record holds them, with the defaults of those that it lacks because they came later."""
    optional = {name: field for name, field in model.model_fields.items() if not field.is_required()}
    return {**{name: field.get_default(call_default_factory=True) for name, field in optional.items()}, **content}


def words_of(model: type[BaseModel], content: dict[str, Any]) -> list[str]:
    """What a table of conventions says of a stage, as a record holds it.

    Args:
        model: The stage's model.
        content: The fields that have a value, by name; older records lack those that came later.
    """
    content = with_defaults(model, content)

    def values(names: Sequence[str]) -> list[Any]:
        return [content.get(name) for name in names]

    words = [
        group.rule.words(*values(group.names))
        for group in field_groups(model)
        if group.rule.words is not None and content.get(group.names[0]) is not None
    ]
    return [word for word in words if word]
