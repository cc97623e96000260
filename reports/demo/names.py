"""Names and numbers of people who do not exist."""

import datetime
from random import Random

from members.id_numbers import check_digit

# The last rows are rare, and some read otherwise as surnames than as words.
SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
    "苏卢蒋贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯"
    "邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文庞樊兰殷施陶洪翟安颜倪严牛温芦季俞章鲁葛伍韦申"
    "单仇查解覃缪区盖乐尉"
)
COMPOUND = ("欧阳", "上官", "尉迟")
BORN_EARLY = {
    "m": "建国 卫民 广林 长河 学文 玉山 保华 庆丰 有田 永福 金生 根宝 茂林 维新 怀义 守信 传福 景山 兆祥 树春 福海 德厚 万有 洪山",
    "f": "秀英 桂英 玉兰 淑芬 桂芳 秀兰 玉珍 凤英 淑珍 春梅 素芬 月娥 翠花 桂香 秀云 玉芹 金凤 巧珍 惠芳 爱莲 银环 素琴 兰香 瑞芝",
}
BORN_LATE = {
    "m": "俊杰 浩然 宇航 一鸣 家明 世安 文斌 海涛 晓东 立新 鹏程 子昂 志远 天佑 思源 嘉树 云飞 承志 书豪 锦程 向阳 少华 明哲 睿",
    "f": "晓燕 海燕 丽娟 文静 雅琴 慧敏 佳怡 思雨 欣怡 若兰 雨桐 静怡 雪梅 婷婷 梦洁 可心 诗雨 悦 子涵 安琪 晨曦 知夏 书瑶 语嫣",
}
LATE = 1972


class Names:
    """Names that no two people share, and numbers to go with them."""

    def __init__(self, rng: Random):
        self.rng = rng
        self.taken: set[str] = set()

    def person(self, gender: str, born: datetime.date) -> str:
        """A name in the fashion of the year of birth."""
        given = (BORN_LATE if born.year >= LATE else BORN_EARLY)[gender].split()
        while True:
            surname = self.rng.choice(SURNAMES) if self.rng.random() > 0.015 else self.rng.choice(COMPOUND)
            name = surname + self.rng.choice(given)
            if name not in self.taken:
                self.taken.add(name)
                return name


def id_number(serial: int, gender: str, born: datetime.date) -> str:
    """An ID number that holds together, of an area that does not exist."""
    order = serial * 2 + (gender == "m")
    first = f"990000{born:%Y%m%d}{order % 1000:03}"
    return first + check_digit(first)


def phone(serial: int) -> str:
    """A mobile number with a prefix that no network has."""
    return f"154{serial:08}"
