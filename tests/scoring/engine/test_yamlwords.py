"""What is no YAML is said in Chinese, with line and column."""

import pytest

from scoring.engine.marks import MarkError, read_documents

BAD = [
    ("a: 1\n b: 2\n", 2, 3, "这里多了一个冒号"),
    ("a:\n\tb: 1\n", 2, 1, "这里不能用这个符号开头(如制表符"),
    ("a: [1, 2\n", 2, 1, "括号里的各项之间要用逗号隔开"),
    ('a: 1\nb: "x\nc: 2\n', 2, 4, "从这里开始的引号没有成对"),
    ("a: '说\n---\nb: c\n", 1, 4, "从这里开始的引号没有成对"),
    ('a: "\\q"\n', 1, 5, "双引号里的反斜杠写法不认识"),
    ("l:\n  - a\n  b: c\n", 3, 3, "这一行没有同上面的各项对齐"),
    ("l:\n  - a\n - b\n", 3, 2, "这一行没有同上面的键对齐"),
    ("a: *b\n", 1, 4, "「*」引用的名字前面没有写过"),
    ("a: &b [*b]\n", 1, 4, "「*」引用了它自己"),
    ("a: !!python/name:os.system x\n", 1, 4, "不能用「!」标明类型"),
    ("{a: b}}\n", 1, 7, "上一份已经写完"),
    ("# 注释\na: 坏\x01\n", 2, 5, "这里有看不见的控制字符"),
    ("a: |3x\n", 1, 6, "这里的写法读不懂"),
]


@pytest.mark.parametrize(("text", "line", "column", "said"), BAD)
def test_bad_yaml_is_said_with_its_place(text, line, column, said):
    with pytest.raises(MarkError) as error:
        list(read_documents(text))
    assert error.value.line == line
    assert error.value.text.startswith(f"第 {column} 列不是正确的 YAML:{said}")
    assert error.value.text.endswith("。")
