"""What a YAML parser finds wrong, in words for whoever wrote the text: what it is, and what to do."""

from __future__ import annotations

import yaml

# How the parser's own message begins → what is said instead; the first that fits. libyaml and PyYAML differ a little.
SAID = {
    "mapping values are not allowed": "这里多了一个冒号。一行写一个「键: 值」;文字里有冒号的,给整段文字加引号",
    "mapping keys are not allowed": "这里不能另起一个键,请检查缩进和上一行",
    "block sequence entries are not allowed": "这里不能用「- 」开始一项,请另起一行并与上面对齐",
    "could not find expected ':'": "这个键后面没有冒号。请写成「键: 值」,冒号后面空一格",
    "could not found expected ':'": "这个键后面没有冒号。请写成「键: 值」,冒号后面空一格",
    "found a tab character": "缩进用了制表符,请改用空格",
    "found character '\\t'": "缩进用了制表符,请改用空格",
    "found character": "这里不能用这个符号开头(如制表符、@、` 或 %)。缩进请用空格,文字请加引号",
    "found unexpected end of stream": "从这里开始的引号没有成对",
    "found unexpected document indicator": "从这里开始的引号没有成对",
    "found unknown escape character": "双引号里的反斜杠写法不认识。请改用单引号,或者把「\\」写成「\\\\」",
    "found duplicate anchor": "「&」后面的名字用了两次,请改一个",
    "second occurrence": "「&」后面的名字用了两次,请改一个",
    "found undefined alias": "「*」引用的名字前面没有写过",
    "found unconstructable recursive": "「*」引用了它自己,请直接写出内容",
    "could not determine a constructor": "不能用「!」标明类型,请删去",
    "found undefined tag handle": "不能用「!」标明类型,请删去",
    "expected a mapping or list of mappings for merging": "「<<」后面只能引用一组「键: 值」",
    "did not find expected ',' or": "括号里的各项之间要用逗号隔开,最后要有右括号",
    "expected ',' or": "括号里的各项之间要用逗号隔开,最后要有右括号",
    "did not find expected node content": "这里缺一个值,或者括号、逗号多了、少了",
    "expected the node content": "这里缺一个值,或者括号、逗号多了、少了",
    "did not find expected '-' indicator": "这一行没有同上面的各项对齐。列表的每一项都要以「- 」开头,缩进相同",
    "did not find expected key": "这一行没有同上面的键对齐。同一层的键缩进要相同",
    "expected <block end>": "这一行没有同上面的内容对齐。同一层的缩进要相同",
    "did not find expected <document start>": "上一份已经写完,另一份之前要有一行「---」",
    "expected '<document start>'": "上一份已经写完,另一份之前要有一行「---」",
    "did not find expected alphabetic or numeric": "「&」或「*」后面要有名字;文字以它们开头的,请加引号",
    "unacceptable character": "这里有看不见的控制字符,请删去",
    "control characters are not allowed": "这里有看不见的控制字符,请删去",
}
UNKNOWN = "这里的写法读不懂,请检查缩进、引号、括号和冒号"


def yaml_problem(error: yaml.YAMLError, text: str) -> tuple[int, str]:
    """The line where `text` cannot be read, and a sentence with the column."""
    problem = str(getattr(error, "problem", None) or getattr(error, "reason", None) or error)
    line, column = _place(error, text, problem)
    said = next((words for start, words in SAID.items() if problem.startswith(start)), UNKNOWN)
    return line, f"第 {column} 列不是正确的 YAML:{said}。"


def _place(error: yaml.YAMLError, text: str, problem: str) -> tuple[int, int]:
    """Line and column, counted from 1; of an open quote, where it begins."""
    began = getattr(error, "context_mark", None) if problem.startswith("found unexpected") else None
    mark = began or getattr(error, "problem_mark", None)
    if mark:
        return mark.line + 1, mark.column + 1
    position = getattr(error, "position", None)  # in bytes, of what cannot even be decoded
    before = text.encode()[: position or 0].decode(errors="ignore")
    return before.count("\n") + 1, len(before) - before.rfind("\n")
