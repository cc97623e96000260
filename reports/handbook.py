"""The handbook of the product (docs/handbook), one page a role, as the site's help shows it."""

from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import PurePosixPath

from django.conf import settings
from django.templatetags.static import static
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token

from members.models import Role

FOLDER = settings.BASE_DIR / "docs" / "handbook"
# In the order of the contents; the pages of roles are named as the roles.
PAGES = {
    "basics": "先看这一页",
    **{role.replace("_", "-"): Role(role).label for role in Role.values},
}


@dataclass(frozen=True)
class HelpPage:
    beginning: SafeString  # what stands above the first of the headings
    body: SafeString
    headings: tuple[tuple[str, str], ...]  # id and words of each second-level heading


def page_of(role: str) -> str:
    """The page for somebody of a role; the first one for somebody without."""
    return role.replace("_", "-") if role else "basics"


@cache
def help_page(name: str) -> HelpPage:
    """A page. Its pictures and its links to other pages lead into the site; its headings can be linked to."""
    parser = MarkdownIt("commonmark").enable("table")
    parser.add_render_rule("image", _picture)
    tokens = parser.parse((FOLDER / f"{name}.md").read_text(encoding="utf-8"))
    headings = _number_headings(tokens)
    for token in tokens:
        for child in token.children or ():
            _lead_into_the_site(child)
    first = next((place for place, token in enumerate(tokens) if token.tag == "h2"), len(tokens))
    beginning, body = (
        mark_safe(parser.renderer.render(part, parser.options, {}))  # noqa: S308  our own text
        for part in (tokens[:first], tokens[first:])
    )
    return HelpPage(beginning, body, headings)


def _number_headings(tokens: list[Token]) -> tuple[tuple[str, str], ...]:
    """Give second-level headings the ids part-1, part-2, …; these with their words."""
    found = []
    for token, inline in pairwise(tokens):
        if token.type == "heading_open" and token.tag == "h2":
            token.attrSet("id", f"part-{len(found) + 1}")
            found.append((token.attrs["id"], inline.content))
    return tuple(found)


def _lead_into_the_site(token: Token) -> None:
    if token.type == "image":
        token.attrSet("src", static(f"handbook/{PurePosixPath(str(token.attrs['src'])).name}"))
    if token.type == "link_open" and str(token.attrs["href"]).endswith(".md"):
        token.attrSet("href", reverse("reports:help_page", args=[PurePosixPath(str(token.attrs["href"])).stem]))


def _picture(renderer: RendererHTML, tokens: list[Token], index: int, options, env) -> str:
    """A picture that opens in its full size: on a phone a page of a wide screen is small."""
    token = tokens[index]
    words = renderer.renderInlineAsText(token.children, options, env)
    return format_html(
        '<a class="picture" href="{0}"><img src="{0}" alt="{1}" loading="lazy"></a>', token.attrs["src"], words
    )
