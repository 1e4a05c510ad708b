"""Reports and flags over HTTP: a page and CSV with equal numbers, nothing hostile in them, to each what is theirs."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import Callable, Coroutine
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from gateway.adapters.audit_queries import AuditQueries
from gateway.audit.record import AlarmRecord, DecisionRecord, ExecutionRecord, OutcomeRecord, ReadTable, RecordedTable
from gateway.audit.record import RecordedPartner as Asker
from gateway.edge.audit_access import LogAccess
from gateway.edge.audit_report_pages import TITLES, Sheet, csv_report, html_report
from gateway.edge.audit_reports import add_reports
from gateway.edge.formats.csv import unescape_formula
from gateway.edge.terminal import flag_lines
from gateway.flagging import Thresholds
from gateway.reporting import COUNTS, DIMENSIONS, NOT_FOR_PARTNERS, cells, report
from tests.audit.logs import ORIGIN
from tests.audit.test_reporting import decided, drawn
from tests.edge.log_readers import Served, serving

CALLS = "SELECT port_unlocode FROM california.freight.calls"
VISITS = "SELECT ship FROM los_angeles.pola.visit"
HOSTILE = (
    "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "=HYPERLINK(\"http://x\")", "+1", "-1+1",
    "@SUM(A1)", "\t=1", "'; DROP", "</td></table>", "&lt;b&gt;", "a,b\"c\r\nd", "\u202e", "＝1+1",
)  # fmt: skip

Story = Callable[[Served], Coroutine[Any, Any, Any]]


def routes(app: FastAPI, queries: AuditQueries, access: LogAccess) -> None:
    add_reports(app, queries, access, ORIGIN, Thresholds(variants=4))


def told(folder: Path, story: Story) -> Any:
    async def run() -> Any:
        async with serving(folder, add=routes) as served:
            return await story(served)

    return asyncio.run(run())


class Page(HTMLParser):
    """Reads the one table of a page; anything that could run or load is an error."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.shown: list[list[str]] = []
        self.tags: list[str] = []
        self._in_cell = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag not in ("script", "img", "link", "iframe", "object", "base", "form", "svg", "a")
        assert not any(name.startswith("on") or name in ("src", "href", "style") for name, _ in attrs)
        self.tags.append(tag)
        if tag == "tr":
            self.rows.append([])
            self.shown.append([])
        if tag in ("th", "td"):
            self.rows[-1].append("")
            self.shown[-1].append("")
            self._in_cell = True
        if tag == "data":
            self.rows[-1][-1] = dict(attrs)["value"] or ""

    def handle_endtag(self, tag: str) -> None:
        self._in_cell = self._in_cell and tag not in ("th", "td")

    def handle_data(self, data: str) -> None:
        if self._in_cell:
            self.shown[-1][-1] += data
            if self.tags[-1] != "data":
                self.rows[-1][-1] += data


def read_page(body: str) -> Page:
    page = Page()
    page.feed(body)
    page.close()
    return page


def read_csv(body: bytes) -> list[list[str]]:
    rows = list(csv.reader(io.StringIO(body.decode(), newline="")))
    return [[unescape_formula(cell) for cell in row] for row in rows]


def sheet_of(by: tuple[str, ...], seed: int = 7) -> Sheet:
    made = drawn(seed, 200)
    names, lines, total = cells(report(made.records, decided(made.records), by), is_partner=False)
    return Sheet(
        names, lines, total, len(by), "since the log began", "All questions.", "now", ORIGIN, len(made.records)
    )


@pytest.mark.parametrize("by", [("port", "partner", "purpose", "quarter"), ("organisation",), ("quarter", "port")])
def test_page_and_csv_hold_the_same_cell_for_cell(by: tuple[str, ...]) -> None:
    sheet = sheet_of(by)

    page, table = read_page(html_report(sheet).decode()), read_csv(csv_report(sheet))

    expected = [[str(cell) for cell in line] for line in sheet.lines]
    assert table == [sheet.names, *expected]
    assert page.rows == [[TITLES[name] for name in sheet.names], *expected, [str(cell) for cell in sheet.total]]
    for values, shown in zip(page.rows[1:], page.shown[1:], strict=True):
        assert [
            text.replace(",", "") if value.isdigit() else text for value, text in zip(values, shown, strict=True)
        ] == values


def test_every_column_has_a_title() -> None:
    assert TITLES.keys() == {*DIMENSIONS, *COUNTS, "agreements"}


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_hostile_comes_through(text: str) -> None:
    sheet = Sheet(["partner", "asked", "agreements"], [[text, 1, text]], ["all", 1, ""], 1, text, text, text, text, 1)

    page, table = html_report(sheet).decode(), csv_report(sheet)

    found = read_page(page)
    assert [cell.replace("\r\n", "\n") for cell in found.rows[1]] == [
        text.replace("\r\n", "\n"),
        "1",
        text.replace("\r\n", "\n"),
    ]
    assert read_csv(table)[1] == [text, "1", text]
    for cell in next(iter(csv.reader(io.StringIO(table.decode().split("\r\n", 1)[1], newline="")))):
        assert cell[:1] not in "=+-@\t\r\n＝＋－＠" or cell == "1"


def test_the_page_loads_nothing_and_can_be_read_by_everybody() -> None:
    page = html_report(sheet_of(("port", "partner"))).decode()

    assert 'http-equiv="content-security-policy" content="default-src &#x27;none&#x27;' in page
    for part in ('<html lang="en">', "<caption>", 'scope="col"', 'scope="row"', "<main>", "@media print", "<title>"):
        assert part in page
    assert "http" not in page.replace("http-equiv", "")


def test_who_asks_for_a_report_gets_theirs(tmp_path: Path) -> None:
    async def story(served: Served) -> None:
        await served.ask(CALLS)
        await served.ask(VISITS)
        await served.ask(VISITS, "bob")
        await served.ask("SELECT nothing FROM nowhere")

        seen = {}
        for who in ("auditor", "la", "oakland", "hueneme", "ana", "bob", "stranger"):
            answer = await served.get("/api/audit/report?format=csv&by=port,partner", who)
            assert answer.status_code == 200, answer.text
            names, *lines = read_csv(answer.content)
            seen[who] = [tuple(line[:6]) for line in lines]
            assert NOT_FOR_PARTNERS.isdisjoint(names) == (who in ("ana", "bob", "stranger"))
        # port, partner, asked, answered, partial, refused
        assert seen["auditor"] == [
            ("(none)", "gobiz/ana", "1", "0", "0", "1"), ("los_angeles", "gobiz/ana", "2", "2", "0", "0"),
            ("los_angeles", "gobiz/bob", "1", "1", "0", "0"), ("oakland", "gobiz/ana", "1", "1", "0", "0"),
        ]  # fmt: skip
        assert seen["la"] == [line for line in seen["auditor"] if line[0] == "los_angeles"]
        assert seen["oakland"] == [line for line in seen["auditor"] if line[0] == "oakland"]
        assert seen["ana"] == [line for line in seen["auditor"] if line[1] == "gobiz/ana"]
        assert seen["bob"] == [line for line in seen["auditor"] if line[1] == "gobiz/bob"]
        assert seen["hueneme"] == seen["stranger"] == []
        assert (await served.get("/api/audit/report", "nobody")).status_code == 401

    told(tmp_path, story)


def test_each_reading_is_written_down_before_it_is_shown(tmp_path: Path) -> None:
    async def story(served: Served) -> None:
        await served.ask(VISITS)
        await served.get("/api/audit/report?by=port&from=2026-01-01", "auditor")
        await served.get("/api/audit/report?format=csv", "ana")
        await served.get("/api/audit/flags", "la")
        await served.get("/api/audit/flags", "ana")

        readings = [(r["role"], r["way"], r["wanted"], r["concerns"]) for r in served.records("reading")]
        default = {"by": "port,partner,purpose,quarter"}
        assert readings == [
            ("auditor", "report", {"by": "port", "from": "2026-01-01", "format": "html"}, []),
            ("partner", "report", {**default, "format": "csv"}, []),
            ("steward", "flags", {}, ["los_angeles"]),
        ]

    told(tmp_path, story)


def test_the_page_over_http_is_a_file_to_keep(tmp_path: Path) -> None:
    async def story(served: Served) -> None:
        await served.ask(VISITS)
        answer = await served.get("/api/audit/report", "auditor")

        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert answer.headers["content-disposition"] == 'attachment; filename="report.html"'
        page = read_page(answer.text)
        assert [row[:2] for row in page.rows[1:]] == [["los_angeles", "gobiz/ana"], ["all", ""]]

    told(tmp_path, story)


@pytest.mark.parametrize(
    "query",
    [
        "by=", "by=port,port", "by=vessel", "by=port,", "from=yesterday", "to=2026-13-01", "from=2026-1-1",
        "format=pdf", "unknown=1", "by=port&by=partner", "from=%00", "from=20261122",
    ],
)  # fmt: skip
def test_a_request_that_means_nothing_is_refused(tmp_path: Path, query: str) -> None:
    async def story(served: Served) -> None:
        answer = await served.get(f"/api/audit/report?{query}", "auditor")

        assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")
        assert served.records("reading") == []

    told(tmp_path, story)


def test_a_period_holds_its_first_and_its_last_day(tmp_path: Path) -> None:
    async def story(served: Served) -> None:
        await served.ask(VISITS)  # on 2026-11-22

        asked = {}
        for period in ("from=2026-11-22", "to=2026-11-22", "from=2026-11-23", "to=2026-11-21"):
            answer = await served.get(f"/api/audit/report?format=csv&by=quarter&{period}", "auditor")
            asked[period[:2] + period[-2:]] = len(read_csv(answer.content)) - 1
        assert asked == {"fr22": 1, "to22": 1, "fr23": 0, "to21": 0}

    told(tmp_path, story)


def test_rows_read_at_ports_and_alarms_are_each_ports_own(tmp_path: Path) -> None:
    async def story(served: Served) -> None:
        asker, time = Asker("ana", "gobiz", "c", (), "t"), "2026-11-22T12:00:00.000Z"
        ports = ("los_angeles", "oakland")
        tables = tuple(RecordedTable(port, "t", ("c",), {}, (), ("a",)) for port in ports)
        decision = DecisionRecord(
            "q", time, asker, "freight_resilience", "", "x", "", tables, {}, "d", "b", concerns=ports
        )
        index = (await served.store.append(decision)).index
        await served.store.append(OutcomeRecord("q", time, index, "finished", 3, 30, ports, concerns=ports))
        read = (ReadTable(ports[0], "t", ("c",), 100, 0), ReadTable(ports[1], "t", ("c",), 7, 0))
        given = {"los_angeles": 1_000, "oakland": 70}
        await served.store.append(
            ExecutionRecord("q", time, index, "t", "u", "FINISHED", read, given=given, concerns=ports)
        )
        await served.store.append(AlarmRecord("q", time, "ana#2", index, "o", "oakland.t", (), 2, concerns=(ports[1],)))

        for who, expected in (("auditor", {"los_angeles": (100, 1_000, 0), "oakland": (7, 70, 2)}),
                              ("oakland", {"oakland": (7, 70, 2)})):  # fmt: skip
            names, *lines = read_csv((await served.get("/api/audit/report?format=csv&by=port", who)).content)
            places = [names.index(name) for name in ("rows_from_ports", "bytes_from_ports", "alarms")]
            assert {line[0]: tuple(int(line[place]) for place in places) for line in lines} == expected

    told(tmp_path, story)


def test_flags_go_to_auditors_and_to_the_stewards_of_the_ports(tmp_path: Path) -> None:
    async def story(served: Served) -> None:
        for number in range(6):
            await served.ask(f"{VISITS} WHERE id = {number}")

        seen = {}
        for who in ("auditor", "la", "oakland", "ana"):
            answer = await served.get("/api/audit/flags", who)
            seen[who] = (answer.status_code, [flag["kind"] for flag in answer.json().get("flags", [])])
        assert seen == {
            "auditor": (200, ["near_duplicates"]),
            "la": (200, ["near_duplicates"]),
            "oakland": (200, []),
            "ana": (403, []),
        }  # fmt: skip
        document = (await served.get("/api/audit/flags", "auditor")).json()
        [flag] = document["flags"]
        assert (flag["partner"], flag["organisation"], flag["severity"], flag["ports"]) == (
            "ana", "gobiz", "high", ["los_angeles"],
        )  # fmt: skip
        kept = {record["index"] for record in served.records("decision")}
        assert flag["count"] == len(flag["records"]) == 6
        assert set(flag["records"]) <= kept
        assert document["thresholds"]["variants"] == 4
        assert (await served.get("/api/audit/flags?from=2027-01-01", "auditor")).json()["flags"] == []
        for unknown in ("fro", "f", "since"):
            assert (await served.get(f"/api/audit/flags?{unknown}=2027-01-01", "auditor")).status_code == 400
        lines = list(flag_lines(document))
        assert lines[0].startswith("high    near duplicates, 2026-11-22 ")
        assert "ana asked 6 variants of one question" in lines[1]
        assert lines[-1].startswith("1 flags in ")

    told(tmp_path, story)


def test_flags_reach_a_terminal_without_control_characters() -> None:
    flag = {
        "kind": "odd_hours", "severity": "medium", "partner": "a\x1b[2J", "organisation": "o\x07", "reason": "x\x1b[2J",
        "first": "2026-11-22T12:00:00.000Z", "last": "2026-11-22T13:00:00.000Z", "ports": [], "count": 20,
        "records": list(range(20)),
    }  # fmt: skip

    lines = list(flag_lines({"flags": [flag], "records": 9}))

    assert all(line.isprintable() for line in lines)
    assert lines[2].endswith("20 records: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 …")


def test_settings_reach_the_flags(tmp_path: Path) -> None:
    async def story(served: Served) -> None:
        document = (await served.get("/api/audit/flags", "auditor")).json()
        assert document["thresholds"] == {**_plain(Thresholds()), "variants": 4}

    told(tmp_path, story)


def _plain(thresholds: Thresholds) -> dict[str, int]:
    return {name: getattr(replace(thresholds), name) for name in Thresholds.__dataclass_fields__}
