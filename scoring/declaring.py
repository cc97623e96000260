"""What a user may declare: under which schemes, by which clauses, for whom."""

import datetime
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

from django.db.models import Q
from pypinyin import lazy_pinyin

from members.models import Member, Organization, User
from members.names import initials_of_words
from scoring.engine.articles import Article
from scoring.engine.scheme import EntryItem
from scoring.models import Adoption
from scoring.permissions import DECLARING_ROLES, can_declare_item
from scoring.querysets import scored_under
from scoring.services import adoptions_of


@dataclass(frozen=True)
class Desk:
    """Where a user declares: for oneself or others, under which adoptions; the general ones first."""

    user: User
    day: datetime.date
    for_self: bool
    adoptions: list[Adoption]
    counting: dict[Organization, list[Adoption]]  # where the user declares for others

    @classmethod
    def own(cls, user: User, day: datetime.date) -> "Desk":
        return cls._of_readable(user, day, True, list(adoptions_of(user.member, day).values()), {})

    @classmethod
    def over_others(cls, user: User, day: datetime.date, member: Member | None = None) -> "Desk":
        """Under every scheme that somebody is scored under where the user declares; or that `member` is."""
        places = Organization.objects.for_roles(user, *DECLARING_ROLES).holding_members()
        counting = Adoption.objects.counting_at(places, day)
        adoptions = list(adoptions_of(member, day).values()) if member else _with_people(user, counting, day)
        return cls._of_readable(user, day, False, adoptions, counting)

    @classmethod
    def _of_readable(cls, user, day, for_self, adoptions, counting) -> "Desk":
        """Versions that cannot be read are passed over where there is another."""
        readable = [adoption for adoption in adoptions if not adoption.version.faults]
        desk = cls(user, day, for_self, readable, counting)
        useful = [adoption for adoption in readable if desk.items(adoption)]
        return cls(user, day, for_self, useful or adoptions[:1], counting)

    def adoption(self, code: str) -> Adoption | None:
        """The one of a scheme; without a code the first. None where the user has no such choice."""
        return next((one for one in self.adoptions if not code or one.version.code == code), None)

    def items(self, adoption: Adoption) -> list[EntryItem]:
        """Clauses that the user may declare by."""
        items = adoption.version.scheme.entry_items
        return [item for item in items if can_declare_item(self.user, item, for_self=self.for_self)]

    def scored(self, adoption: Adoption) -> Q:
        """Condition of members who are scored under the adoption's scheme where the user declares."""
        return scored_under(adoption.version.code, self.counting, self.day)


def _with_people(user: User, counting: dict[Organization, list[Adoption]], day: datetime.date) -> list[Adoption]:
    """An adoption of each scheme; one for the holders of a post only where there are any."""
    found: dict[str, Adoption] = {}
    for adoption in sorted((one for here in counting.values() for one in here), key=lambda one: bool(one.position)):
        found.setdefault(adoption.version.code, adoption)
    people = Member.objects.for_roles(user, *DECLARING_ROLES).exclude(pk=user.member_id)
    return [
        adoption
        for code, adoption in found.items()
        if not adoption.position
        or (not adoption.version.faults and people.filter(scored_under(code, counting, day)).exists())
    ]


def search_clauses(rows: list[tuple[EntryItem, Article]], text: str) -> list[tuple[EntryItem, Article]]:
    """The clauses that have every word of a search: first in their own title, then in the article's, then in its text.

    A word is Chinese, or pinyin in full (xianxue) or by initials (xfjf).
    """
    words = [word.lower() for word in re.split(r"[\s,\uff0c、;\uff1b]+", text) if word]
    found = [
        (index_of(item.title, article.title, f"{article.heading}\n{article.text}").rank(words), (item, article))
        for item, article in rows
    ]
    return [row for rank, row in sorted(found, key=lambda one: one[0]) if rank < Index.NOT_FOUND]


@dataclass(frozen=True)
class Heading:
    """A title as it is searched: its words, its pinyin from every syllable on, its initials."""

    words: str
    spelt: tuple[str, ...]
    initials: str

    @classmethod
    def of(cls, title: str) -> "Heading":
        bare = re.sub(r"\W", "", title)
        syllables = lazy_pinyin(bare)
        spelt = tuple("".join(syllables[start:]).lower() for start in range(len(syllables)))
        return cls(title.lower(), spelt, initials_of_words(bare))

    def has(self, word: str) -> bool:
        if word in self.words:
            return True
        return word.isascii() and (word in self.initials or any(one.startswith(word) for one in self.spelt))


@dataclass(frozen=True)
class Index:
    """A clause as it is searched."""

    title: Heading
    article: Heading
    text: str
    spelt: str  # the text's syllables, a blank before each

    SHORTEST: ClassVar[int] = 4  # letters of pinyin that are looked for in a text: shorter ones are everywhere
    NOT_FOUND: ClassVar[int] = 3

    def rank(self, words: list[str]) -> int:
        """How far one has to look for the farthest of the words: 0 title, 1 article's title, 2 text."""
        return max(map(self._rank, words), default=0)

    def _rank(self, word: str) -> int:
        if self.title.has(word):
            return 0
        if self.article.has(word):
            return 1
        return 2 if word in self.text or self._sounds_like(word) else self.NOT_FOUND

    def _sounds_like(self, word: str) -> bool:
        """The syllables of the text from some one on begin with the word."""
        if not (word.isascii() and word.isalpha() and len(word) >= self.SHORTEST):
            return False
        return re.search(" " + " ?".join(word), self.spelt) is not None


@lru_cache(maxsize=4096)
def index_of(title: str, article_title: str, text: str) -> Index:
    """The index of a clause: worked out once in a process, as long as its words stay the same."""
    spelt = "".join(f" {one}" for one in lazy_pinyin(text)).lower()
    return Index(Heading.of(title), Heading.of(article_title), text.lower(), spelt)
