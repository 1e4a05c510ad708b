"""The part that guards the data can be read in one sitting: its lines of code are counted."""

from __future__ import annotations

import ast
import io
import tokenize
from pathlib import Path

import pytest

from tests.conftest import CHECKOUT

GATEWAY = CHECKOUT / "gateway"
DATA = {"allowed.py", "functions.py", "statements.py", "words.py"}
"""Files of the kernel that are tables, checked line by line and not read as code."""
KERNEL = [file for file in GATEWAY.glob("kernel/*.py") if file.name not in DATA]
BUDGETS = {
    "errors, model and kernel": ([GATEWAY / "errors.py", GATEWAY / "model.py", *KERNEL], 2900),
    "desk": ([GATEWAY / "desk.py"], 150),
    "audit": ([file for file in GATEWAY.glob("audit/*.py") if file.name != "record.py"], 500),
    "witness": (list((CHECKOUT / "witness").glob("*.py")), 1200),
    "pipeline": ([GATEWAY / "pipeline.py"], 120),
}
"""What may be how long, in lines that hold code: no blanks, comments or docstrings. `audit/record.py` is a table too:
the shapes of the records."""

_NOT_CODE = {
    tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER,
}  # fmt: skip


def code_lines(file: Path) -> int:
    """Count the lines that hold code."""
    text = file.read_text()
    described: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            described.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in _NOT_CODE:
            lines.update(range(token.start[0], token.end[0] + 1))
    return len(lines - described)


@pytest.mark.parametrize("part", BUDGETS)
def test_a_part_stays_within_its_budget(part: str) -> None:
    files, budget = BUDGETS[part]

    assert 0 < sum(code_lines(file) for file in files) <= budget


def test_docstrings_and_comments_do_not_count(tmp_path: Path) -> None:
    file = tmp_path / "some.py"
    file.write_text('"""What it is."""\n\n# why\nx = (\n    1,\n)\n')

    assert code_lines(file) == 3
