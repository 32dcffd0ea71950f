"""The Jinja templates of HTML tables and of the report's page: every value is escaped, a missing one is an error."""

from functools import cache
from html import escape
from importlib import resources
from typing import TYPE_CHECKING, Any

from vidmbench.core.text import printable

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup


def render(package: str, template: str, **values: Any) -> "Markup":
    """Renders a template.

    Args:
        package: Dotted name of the package whose folder ``templates`` holds the template.
        template: Name of the file.
        values: What the template prints; all text is escaped, except what :func:`render` itself returned.

    Raises:
        jinja2.UndefinedError: The template names a value that was not passed.
    """
    from markupsafe import Markup

    return Markup(_environment(package).get_template(template).render(**values))


def verbatim(package: str, name: str) -> "Markup":
    """A style sheet or script of a package, to be printed as it is."""
    from markupsafe import Markup

    return Markup((resources.files(package) / name).read_text(encoding="utf-8"))


@cache
def _environment(package: str) -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader(package, "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_escaped,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _escaped(value: Any) -> Any:
    """The value as HTML, on one line, with quotes spelled as in the committed tables (``&quot;`` and ``&#x27;``).

    Autoescape, which spells them ``&#34;`` and ``&#39;``, leaves the result alone.
    """
    from markupsafe import Markup

    return value if hasattr(value, "__html__") else Markup(escape(printable(str(value))))
