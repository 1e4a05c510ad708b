"""What clients with sessions say: answered at once, or begun as the query that it means, and refused in the log."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from gateway.asking import Asking
from gateway.audit.record import DecisionRecord, RefusalRecord
from gateway.conversation import Change, QueryRequest, Session, Told
from gateway.dialogue import Dialogue
from gateway.errors import (
    BadParameters,
    BadProperty,
    Denied,
    GatewayError,
    NoSuchStatement,
    NotAllowed,
    NotParsed,
    NoTransaction,
    Unresolved,
)
from gateway.model import Condition, Partner
from tests.simulator import FakeEngine, FixedPolicy, Log, gate
from tests.world import LA_CALLS, OAK_CALLS, PARTNER, VISIT, gives, says

TWO_PURPOSES = replace(PARTNER, purposes=("freight_resilience", "emissions_reduction"))
QUERY = "SELECT ship FROM calls"


class Client:
    """A client that keeps its session, as Trino's do."""

    def __init__(self, policy: FixedPolicy | None = None, partner: Partner = PARTNER) -> None:
        self.log = Log()
        self.engine = FakeEngine(self.log)
        self.policy = policy or FixedPolicy()
        self.partner = partner
        self.session = Session(transaction="")
        self.purpose = ""

    def say(self, text: str) -> Any:
        """Send a statement; what it changes is changed. Rows come as they are, a query as its beginning."""

        async def whole() -> Told | Asking:
            dialogue = Dialogue(gate(self.log, self.engine, self.policy), 30)
            spoken = await dialogue.speak(self.partner, QueryRequest(text, self.purpose, session=self.session))
            if isinstance(spoken, Asking):
                async for _ in (await spoken.first()).pages():
                    pass
            return spoken

        spoken = asyncio.run(whole())
        if isinstance(spoken, Told):
            self._change(spoken.change)
        return spoken

    def refused(self, text: str) -> GatewayError:
        """Send a statement that is refused; the refusal is in the log, once."""
        before = len(self.log.records)
        with pytest.raises(GatewayError) as told:
            self.say(text)
        (record,) = self.log.records[before:]
        assert isinstance(record, RefusalRecord)
        assert (record.query, record.code, record.sql[:9]) == (told.value.query_id, told.value.code, record.sql[:9])
        return told.value

    def has(self, **session: Any) -> Client:
        """The same client with another session."""
        self.session = replace(self.session, **session)
        return self

    @property
    def asked(self) -> list[str]:
        """The texts that were decided."""
        return [record.sql for record in self.log.records if isinstance(record, DecisionRecord)]

    def _change(self, change: Change) -> None:
        properties = {**self.session.properties, **change.set_session}
        prepared = {**self.session.prepared, **change.added_prepare}
        transaction = "" if change.clear_transaction else change.started_transaction or self.session.transaction
        self.session = replace(
            self.session,
            catalog=change.set_catalog or self.session.catalog,
            schema=change.set_schema or self.session.schema,
            properties={name: value for name, value in properties.items() if name not in change.clear_session},
            prepared={name: text for name, text in prepared.items() if name not in change.deallocated_prepare},
            transaction=transaction,
        )


# --- queries --------------------------------------------------------------------------------------------------------


def test_a_query_is_begun_as_it_is_and_read_once() -> None:
    client = Client()

    assert isinstance(client.say(QUERY), Asking)
    assert client.asked == [QUERY]


def test_a_query_that_is_refused_is_written_down_once() -> None:
    assert isinstance(Client().refused("SELECT nothing FROM calls"), Unresolved)


@pytest.mark.parametrize(
    "text", ["INSERT INTO calls SELECT 1", "CALL system.runtime.sync_partition_metadata('x')", "SELEC 1", ""]
)
def test_what_is_neither_a_query_nor_a_command_is_refused_by_name(text: str) -> None:
    fault = Client().refused(text)

    assert isinstance(fault, NotAllowed | NotParsed)
    assert fault.hint


def test_the_purpose_is_the_propertys_then_the_tags_then_the_requests_then_the_partners_first() -> None:
    client = Client(partner=TWO_PURPOSES)

    def asked_for() -> str:
        client.say(QUERY)
        return client.policy.questions[-1].purpose

    assert asked_for() == "freight_resilience"
    client.purpose = "emissions_reduction"
    assert asked_for() == "emissions_reduction"
    client.has(tags=("nightly", "purpose=freight_resilience"))
    assert asked_for() == "freight_resilience"
    client.say("SET SESSION portgate.purpose = 'emissions_reduction'")
    assert asked_for() == "emissions_reduction"
    client.say("RESET SESSION portgate.purpose")
    assert asked_for() == "freight_resilience"


def test_a_purpose_that_the_partner_may_not_declare_is_refused_when_it_is_set_and_when_it_is_used() -> None:
    client = Client()

    assert isinstance(client.refused("SET SESSION portgate.purpose = 'emissions_reduction'"), Denied)
    client.has(properties={"portgate.purpose": "emissions_reduction"})
    assert isinstance(client.refused(QUERY), Denied)


def test_partial_answers_are_taken_for_as_long_as_the_session_says_so() -> None:
    client = Client()
    client.engine.dead.add("oakland")

    client.say("SET SESSION portgate.partial = true")
    client.say(QUERY)
    client.say("SET SESSION portgate.partial = false")
    with pytest.raises(GatewayError, match="no answer from the database of: oakland"):
        client.say(QUERY)


def test_a_withheld_column_is_null_or_a_refusal_that_names_it_before_anything_is_sent() -> None:
    policy = FixedPolicy(says({LA_CALLS: [gives("ship", "carrier")], OAK_CALLS: [gives("call_id")]}))
    client = Client(policy)

    client.say(QUERY)
    client.say("SET SESSION portgate.withheld = 'refuse'")
    sent = len(client.engine.sent)
    fault = client.refused(QUERY)

    assert isinstance(fault, Denied)
    assert "oakland: freight.calls.ship" in fault.message
    assert len(client.engine.sent) == sent
    assert isinstance(client.say("SELECT ship FROM los_angeles.freight.calls"), Asking)
    client.say("SET SESSION portgate.withheld = 'null'")
    client.say(QUERY)


# --- the session ----------------------------------------------------------------------------------------------------


def test_use_changes_where_names_are_looked_for() -> None:
    client = Client()

    assert client.say("USE Oakland.TOS") == Told("USE", change=Change(set_catalog="oakland", set_schema="tos"))
    client.say("SELECT mmsi FROM ship")
    assert client.say("USE information_schema") == Told("USE", change=Change(set_schema="information_schema"))


def test_use_of_what_is_not_there_and_of_what_is_not_shown_are_refused_in_the_same_words() -> None:
    seen = Client(FixedPolicy(says({LA_CALLS: [gives("ship")]})))

    hidden, absent = seen.refused("USE oakland.tos"), seen.refused("USE nowhere.tos")
    hidden_schema, absent_schema = seen.refused("USE los_angeles.pola"), seen.refused("USE los_angeles.nope")

    assert hidden.message.replace("oakland", "nowhere") == absent.message == "there is no catalog nowhere"
    assert hidden_schema.message.replace("pola", "nope") == absent_schema.message
    assert {type(each) for each in (hidden, absent, hidden_schema, absent_schema)} == {Unresolved}


def test_use_of_a_schema_needs_a_catalog() -> None:
    assert "no catalog in the session" in Client().refused("USE tos").message


@pytest.mark.parametrize(
    ("text", "change"),
    [
        ("SET SESSION query_max_run_time = '30s'", {"query_max_run_time": "30s"}),
        ("SET SESSION Portgate.PARTIAL = TRUE", {"portgate.partial": "true"}),
        ("SET SESSION time_zone_id = 'asia/kolkata'", {"time_zone_id": "Asia/Kolkata"}),
        ("SET TIME ZONE 'America/Los_Angeles'", {"time_zone_id": "America/Los_Angeles"}),
        ("SET TIME ZONE INTERVAL -'8' HOUR", {"time_zone_id": "-08:00"}),
        ("SET TIME ZONE INTERVAL '05:30' HOUR TO MINUTE", {"time_zone_id": "+05:30"}),
    ],
)
def test_a_property_that_is_open_is_set(text: str, change: Mapping[str, str]) -> None:
    assert Client().say(text).change == Change(set_session=change)


@pytest.mark.parametrize(
    "text",
    [
        "SET SESSION join_distribution_type = 'BROADCAST'",
        "SET SESSION los_angeles.complex_expression_pushdown = true",
        "RESET SESSION oakland.aggregation_pushdown_enabled",
        "SET SESSION portgate.partial = 'perhaps'",
        "SET SESSION portgate.withheld = 'show'",
        "SET SESSION query_max_run_time = 'forever'",
        "SET SESSION time_zone_id = 'Nowhere'",
    ],
)
def test_a_property_or_a_value_that_is_not_open_is_refused(text: str) -> None:
    assert isinstance(Client().refused(text), BadProperty)


def test_a_property_that_is_not_open_is_refused_in_the_headers_as_well() -> None:
    client = Client().has(properties={"postgresql.complex_expression_pushdown": "true"})

    fault = client.refused(QUERY)

    assert isinstance(fault, BadProperty)
    assert fault.message == "session property postgresql.complex_expression_pushdown is not open"
    assert client.engine.sent == []


@pytest.mark.parametrize("text", ["SET TIME ZONE 'Nowhere'", "SET TIME ZONE INTERVAL '20' HOUR"])
def test_a_time_zone_that_is_none_is_refused(text: str) -> None:
    assert "Time zone not supported" in Client().refused(text).message


def test_the_zone_that_is_set_is_the_one_that_trino_is_told_until_it_is_local_again() -> None:
    client = Client().has(time_zone="Asia/Kolkata")

    for text in (QUERY, "SET TIME ZONE 'America/Los_Angeles'", QUERY, "SET TIME ZONE LOCAL", QUERY):
        client.say(text)

    assert [each.time_zone for each in client.engine.sessions] == [
        "Asia/Kolkata",
        "America/Los_Angeles",
        "Asia/Kolkata",
    ]


def test_show_session_lists_what_is_open_and_what_it_is_set_to() -> None:
    client = Client()
    client.say("SET SESSION portgate.partial = true")

    told = client.say("SHOW SESSION LIKE 'portgate.%'")
    one = client.say("SHOW SESSION LIKE 'query$_max$_run%' ESCAPE '$'")

    assert [name for name, _ in told.columns] == ["Name", "Value", "Default", "Type", "Description"]
    assert [row[:4] for row in told.rows] == [
        ("portgate.partial", "true", "false", "boolean"),
        ("portgate.purpose", "freight_resilience", "freight_resilience", "varchar"),
        ("portgate.withheld", "null", "null", "varchar"),
    ]
    assert [row[:3] for row in one.rows] == [("query_max_run_time", "30.00s", "30.00s")]
    assert len(client.say("SHOW SESSION").rows) == 6


def test_the_status_of_who_asks_cannot_be_changed() -> None:
    for text in ("SET SESSION AUTHORIZATION ben", "RESET SESSION AUTHORIZATION", "SET ROLE admin", "SET PATH a.b"):
        assert isinstance(Client().refused(text), NotAllowed)


# --- transactions ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "begin",
    [
        "START TRANSACTION",
        "START TRANSACTION ISOLATION LEVEL READ UNCOMMITTED, READ WRITE",
        "START TRANSACTION READ ONLY",
    ],
)
@pytest.mark.parametrize("end", ["COMMIT", "ROLLBACK WORK"])
def test_a_transaction_begins_and_ends_in_the_clients_session(begin: str, end: str) -> None:
    client = Client()

    started = client.say(begin)
    assert uuid.UUID(started.change.started_transaction).version == 4
    assert isinstance(client.say(QUERY), Asking)
    assert isinstance(client.refused(begin), NotAllowed)
    assert client.say(end) == Told(end.split()[0], change=Change(clear_transaction=True))
    assert isinstance(client.say(QUERY), Asking)


def test_nothing_ends_where_nothing_has_begun() -> None:
    client = Client()

    for text in ("COMMIT", "ROLLBACK"):
        assert client.refused(text).message == "No transaction in progress"
    assert isinstance(client.has(transaction=None).refused("START TRANSACTION"), NoTransaction)
    assert isinstance(client.has(transaction="mine").refused(QUERY), NoTransaction)


# --- prepared statements --------------------------------------------------------------------------------------------


def test_the_partners_own_text_is_echoed_and_the_bound_text_is_what_is_decided_and_logged() -> None:
    client = Client()

    told = client.say("PREPARE Mine FROM SELECT ship -- ?\nFROM calls WHERE ship = ? AND carrier <> '?'")
    client.say("EXECUTE Mine USING 'EVER ''GIVEN'''")

    assert told.change.added_prepare == {"Mine": "SELECT ship -- ?\nFROM calls WHERE ship = ? AND carrier <> '?'"}
    assert client.asked == ["SELECT ship -- ?\nFROM calls WHERE ship = 'EVER ''GIVEN''' AND carrier <> '?'"]


def test_each_execution_is_decided_anew() -> None:
    client = Client()
    client.say(f"PREPARE mine FROM {QUERY}")

    client.say("EXECUTE mine")
    client.policy.answer = says({})
    fault = client.refused("EXECUTE mine")

    assert isinstance(fault, Denied)
    assert len(client.policy.questions) == 2


def test_a_prepared_statement_is_found_by_its_name_whatever_the_capitals() -> None:
    client = Client()
    client.say("PREPARE Mine FROM SELECT 1")

    client.say("EXECUTE MINE")
    client.say("deallocate prepare mine")

    assert client.session.prepared == {}
    assert isinstance(client.refused("EXECUTE Mine"), NoSuchStatement)
    assert isinstance(client.refused("DEALLOCATE PREPARE Mine"), NoSuchStatement)
    assert isinstance(client.refused("DESCRIBE INPUT Mine"), NoSuchStatement)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("EXECUTE IMMEDIATE 'SELECT ship FROM calls WHERE ship = ?'", "expected 1 but found 0"),
        ("EXECUTE IMMEDIATE 'SELECT ship FROM calls' USING 1", "expected 0 but found 1"),
        ("EXECUTE IMMEDIATE 'SELECT ?' USING ship", "not constant"),
        ("EXECUTE IMMEDIATE 'SELECT ?' USING (SELECT max(ship) FROM calls)", "not constant"),
        ("EXECUTE IMMEDIATE 'SELECT ?' USING 1 AS x", "not one value"),
        ("EXECUTE IMMEDIATE 'SELECT 1 LIMIT ?' USING 1 + 1", "whole number"),
    ],
)
def test_values_that_do_not_fit_are_refused(text: str, message: str) -> None:
    fault = Client().refused(text)

    assert isinstance(fault, BadParameters)
    assert message in fault.message


def test_what_is_executed_at_once_is_any_statement_but_another_execution() -> None:
    client = Client()

    assert client.say("EXECUTE IMMEDIATE 'USE california.freight'").update_type == "USE"
    assert isinstance(client.say("EXECUTE IMMEDIATE 'SELECT ? + ?' USING 1, INTEGER '-2'"), Asking)
    for inner in ("EXECUTE x", "EXECUTE IMMEDIATE ''SELECT 1''", "PREPARE x FROM SELECT 1", "DEALLOCATE PREPARE x"):
        assert isinstance(client.refused(f"EXECUTE IMMEDIATE '{inner}'"), NotAllowed)
        assert isinstance(client.refused(f"PREPARE y FROM {inner}"), NotAllowed | NotParsed)


def test_a_fault_points_into_the_text_that_holds_it() -> None:
    client = Client()

    prepared = client.refused("PREPARE p FROM\n  SELECT )")
    assert (prepared.line, prepared.column) == (2, 10)
    client.has(prepared={"p": "SELECT ?,\n  nothing FROM calls"})
    executed = client.refused("EXECUTE p USING 'a long text that moves all'")
    assert (executed.line, executed.column) == (2, 3)
    at_once = client.refused("EXECUTE IMMEDIATE 'SELECT ?, nothing FROM calls' USING 'a long text'")
    assert (at_once.line, at_once.column) == (1, 30)
    explained = client.refused("EXPLAIN\nSELECT nothing FROM calls")
    assert (explained.line, explained.column) == (2, 8)


def test_what_a_prepared_statement_takes_and_gives_is_told_without_a_row() -> None:
    client = Client().has(prepared={"p": "SELECT ship AS s FROM calls WHERE carrier = ? LIMIT ?"})
    client.engine.pages = [[]]

    taken = client.say("DESCRIBE INPUT p")
    given = client.say("DESCRIBE OUTPUT p")

    assert taken == Told(columns=(("Position", "integer"), ("Type", "varchar")), rows=((0, "unknown"), (1, "unknown")))
    assert [name for name, _ in given.columns] == [
        "Column Name", "Catalog", "Schema", "Table", "Type", "Type Size", "Aliased",
    ]  # fmt: skip
    assert given.rows == (("ship", "", "", "", "varchar", 0, True),)
    assert client.engine.sent[-1][0].endswith("LIMIT 0")


# --- what there is, and what would be asked ---------------------------------------------------------------------------


def test_show_is_the_query_that_it_means() -> None:
    client = Client()

    assert isinstance(client.say("SHOW TABLES FROM california.freight LIKE 'c%'"), Asking)
    assert isinstance(client.say("DESCRIBE calls"), Asking)
    assert client.asked == ["SHOW TABLES FROM california.freight LIKE 'c%'", "DESCRIBE calls"]
    assert isinstance(client.refused("DESCRIBE nothing"), Unresolved)


MINE = ((Condition("carrier", "eq", "MSC"),),)
RULED = FixedPolicy(
    says(
        {LA_CALLS: [gives("ship", "carrier", id="la-1", rows=MINE)], OAK_CALLS: [gives("call_id", id="oak-1")],
         VISIT: [gives("ship", id="la-2")]}
    )
)  # fmt: skip


def test_explain_says_what_each_port_gives_in_one_row() -> None:
    client = Client(RULED)

    told = client.say("EXPLAIN SELECT ship FROM calls")

    assert told.columns == (("Query Plan", "varchar"),)
    ((text,),) = told.rows
    for line in (
        "Purpose: freight_resilience", "Port los_angeles", "  freight.calls under la-1", "    columns: ship",
        "    in the port's words: words of la-1", "    rows: carrier is MSC",
    ):  # fmt: skip
        assert line in text.split("\n")
    assert "Notice column_withheld oakland.freight.calls.ship" in text
    assert client.engine.sent == []


def test_explain_names_no_column_of_a_ports_own_table_that_is_not_shown() -> None:
    client = Client(
        FixedPolicy(says({VISIT: [gives("ship")], LA_CALLS: [gives("ship")]}, {"crew": "no", "hours": "no"}))
    )

    for form in ("", "(FORMAT JSON) "):
        assert "crew" not in str(client.say(f"EXPLAIN {form}SELECT * FROM los_angeles.pola.visit").rows)
        assert "hours" in str(client.say(f"EXPLAIN {form}SELECT * FROM los_angeles.freight.calls").rows)


def test_explain_says_the_same_as_an_object() -> None:
    ((text,),) = Client(RULED).say("EXPLAIN (FORMAT JSON, TYPE LOGICAL) SELECT ship FROM calls").rows

    told = json.loads(text)
    (port, *_) = told["ports"]
    assert (port["port"], port["tables"][0]["rows"]) == ("los_angeles", ["carrier is MSC"])
    assert told["reads"] == ["california.freight.calls"]


def test_explain_io_names_the_tables_in_trinos_shape_and_estimates_nothing() -> None:
    text = "EXPLAIN (TYPE IO, FORMAT JSON) SELECT c.ship FROM calls c JOIN los_angeles.pola.visit v ON c.ship = v.ship"
    ((said,),) = Client(RULED).say(text).rows

    told = json.loads(said)
    assert [each["table"] for each in told["inputTableColumnInfos"]] == [
        {"catalog": "california", "schemaTable": {"schema": "freight", "table": "calls"}},
        {"catalog": "los_angeles", "schemaTable": {"schema": "pola", "table": "visit"}},
    ]
    assert set(told["estimate"].values()) == {"NaN"}
    assert all(each["constraint"] == {"none": False, "columnConstraints": []} for each in told["inputTableColumnInfos"])


def test_explain_io_names_a_port_that_the_query_names() -> None:
    ((said,),) = Client(RULED).say("EXPLAIN (TYPE IO) SELECT ship FROM los_angeles.freight.calls").rows

    ((info),) = json.loads(said)["inputTableColumnInfos"]
    assert info["table"]["catalog"] == "los_angeles"


def test_validate_is_true_or_the_error_of_the_query() -> None:
    client = Client(RULED)

    assert client.say("EXPLAIN (TYPE VALIDATE) SELECT ship FROM calls") == Told(
        columns=(("Valid", "boolean"),), rows=((True,),)
    )
    assert client.log.happened[-2].endswith("rows unread")
    assert isinstance(client.refused("EXPLAIN (TYPE VALIDATE) SELECT nothing FROM calls"), Unresolved)


@pytest.mark.parametrize("form", ["", "(FORMAT JSON) ", "(TYPE LOGICAL) ", "(TYPE IO) ", "(TYPE VALIDATE) "])
def test_no_explanation_holds_a_word_of_what_is_sent(form: str) -> None:
    client = Client(RULED)
    client.say("SELECT ship, carrier FROM calls WHERE carrier <> 'x'")
    sent = client.engine.sent[-1][0]
    told = str(client.say(f"EXPLAIN {form}SELECT ship, carrier FROM calls WHERE carrier <> 'x'").rows)

    for word in ("SELECT", "UNION", "coalesce", "CAST", "portgate mapping", "pola", "visit", "random", "hrs", "LIMIT"):
        assert word not in told
    assert '"pola"."visit"' in sent


def test_what_is_hidden_from_a_query_is_hidden_from_its_explanation_in_the_same_words() -> None:
    client = Client(FixedPolicy(says({LA_CALLS: [gives("ship")]})))

    for form in ("", "(FORMAT JSON) ", "(TYPE IO) ", "(TYPE VALIDATE) "):
        hidden = client.refused(f"EXPLAIN {form}SELECT mmsi FROM oakland.tos.ship")
        absent = client.refused(f"EXPLAIN {form}SELECT mmsi FROM oakland.tos.none")
        assert hidden.message.replace("ship", "none") == absent.message


@pytest.mark.parametrize(
    "text",
    [
        "EXPLAIN ANALYZE SELECT 1", "EXPLAIN (FORMAT GRAPHVIZ) SELECT 1", "EXPLAIN USE a.b",
        "EXPLAIN INSERT INTO t SELECT 1", "SHOW STATS FOR calls", "SHOW CREATE SCHEMA a", "SHOW ROLES", "SHOW GRANTS",
    ],
)  # fmt: skip
def test_what_would_tell_more_is_refused_by_name(text: str) -> None:
    fault = Client().refused(text)

    assert isinstance(fault, NotAllowed)
    assert fault.hint


def test_a_refusal_that_cannot_be_written_down_is_not_told() -> None:
    client = Client()
    client.log.full_after = 0

    with pytest.raises(GatewayError, match="the audit log cannot be written"):
        client.say("SET ROLE admin")
