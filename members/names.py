"""Chinese names in pinyin, for quick search."""

from pypinyin import Style, lazy_pinyin

# Characters that read otherwise as surnames than as words.
SURNAMES = {
    "单": "shan", "仇": "qiu", "查": "zha", "解": "xie", "曾": "zeng", "区": "ou", "朴": "piao", "盖": "ge", "乐": "yue",
    "尉": "wei", "召": "shao", "员": "yun", "种": "chong", "秘": "bi", "覃": "qin", "晟": "cheng", "逄": "pang", "缪": "miao",
    "宓": "mi", "翟": "zhai", "折": "she", "么": "yao", "繁": "po", "祭": "zhai", "句": "gou", "阚": "kan", "粘": "nian",
    "乜": "nie", "藏": "zang", "蔚": "yu", "炅": "gui", "省": "xing", "圈": "juan", "万俟": "mo qi", "尉迟": "yu chi",
    "长孙": "zhang sun", "单于": "chan yu", "澹台": "tan tai",
}  # fmt: skip


def pinyin(name: str) -> str:
    """A name's syllables without tones in lower case (单建国 → shanjianguo), the surname read as a surname."""
    surname, rest = surname_and_rest(name)
    return "".join(surname + lazy_pinyin(rest)).lower()


def initials(name: str) -> str:
    """First letters of the syllables (单建国 → sjg)."""
    surname, rest = surname_and_rest(name)
    return "".join(syllable[0] for syllable in surname) + initials_of_words(rest)


def initials_of_words(text: str) -> str:
    return "".join(lazy_pinyin(text, style=Style.FIRST_LETTER)).lower()


def surname_and_rest(name: str) -> tuple[list[str], str]:
    """The syllables of a surname that reads otherwise than as a word, and the characters after it."""
    name = "".join(name.split())
    for length in (2, 1):
        if name[:length] in SURNAMES:
            return SURNAMES[name[:length]].split(), name[length:]
    return [], name
