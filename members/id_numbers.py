"""Checks of Chinese ID numbers (公民身份号码, GB 11643) against themselves and against the other columns."""

import datetime
import re

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECK_DIGITS = "10X98765432"


def check_digit(first_17: str) -> str:
    return CHECK_DIGITS[sum(int(digit) * weight for digit, weight in zip(first_17, WEIGHTS, strict=True)) % 11]


def id_number_fault(number: str, born: datetime.date | None, gender: str) -> str | None:
    """A sentence on what is wrong with an ID number (upper case), or None.

    born, gender ("m", "f"): what the other columns say; empty where they are faulty themselves.
    """
    if len(number) != 18:
        return f"身份证号应为 18 位,这里有 {len(number)} 位。"
    if not re.fullmatch(r"[0-9]{17}[0-9X]", number):
        return "身份证号前 17 位应为数字,最后一位是数字或 X。"
    try:
        date = datetime.date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return f"身份证号第 7 到 14 位是出生日期,{number[6:10]}-{number[10:12]}-{number[12:14]} 不存在。"
    if check_digit(number[:17]) != number[17]:
        return "身份证号的最后一位校验码不对,号码可能有输错的数字。"
    if born and date != born:
        return f"身份证号里的出生日期是 {date},与出生日期 {born} 不一致。"
    if gender and (int(number[16]) % 2 == 1) != (gender == "m"):
        return f"身份证号第 17 位表示{'男' if int(number[16]) % 2 else '女'},与性别不一致。"
    return None
