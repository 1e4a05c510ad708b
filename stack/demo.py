"""`make demo`: a running stack and three questions of three partners, each answer with its notices."""

from __future__ import annotations

import shlex
import subprocess
import sys
from dataclasses import dataclass

from rich.console import Console

from stack.layout import CHECKOUT, find_home
from stack.settings import remembered

PORTGATE = [sys.executable, "-m", "gateway"]


@dataclass(frozen=True, slots=True)
class Scene:
    """One question, and who asks it for what."""

    title: str
    partner: str
    purpose: str
    sql: str


SCENES = (
    Scene(
        "A state analyst asks all five ports how late ships were in the last 90 days",
        "gobiz-analyst",
        "freight_resilience",
        """SELECT port_unlocode, count(*) AS calls,
       round(avg(date_diff('minute', eta_berth_first_utc, ata_berth_utc)) / 60.0, 1) AS hours_late
FROM vessel_calls
WHERE ata_berth_utc >= current_timestamp - INTERVAL '90' DAY
GROUP BY port_unlocode
ORDER BY calls DESC""",
    ),
    Scene(
        "An ocean carrier counts boxes by line: its own name is shown, every other line's is withheld",
        "msc-planner",
        "goods_movement_efficiency",
        """SELECT port_unlocode, carrier_smdg, count(*) AS moves
FROM container_moves
GROUP BY port_unlocode, carrier_smdg
ORDER BY moves DESC
LIMIT 8""",
    ),
    Scene(
        "A researcher asks how long import boxes stay, by the way they leave",
        "university-researcher",
        "goods_movement_efficiency",
        """SELECT port_unlocode, mode_out, count(*) AS boxes, round(avg(dwell_days), 2) AS mean_days
FROM container_dwell
WHERE direction = 'IMPORT'
GROUP BY port_unlocode, mode_out
ORDER BY port_unlocode, mode_out""",
    ),
)

AFTERWARDS = """
Everything runs until you stop it. The gateway: {url} (trust {ca})
  ask       {portgate} query --as gobiz-analyst --purpose freight_resilience "SELECT * FROM vessel_calls LIMIT 5"
  refused   {portgate} query --as gobiz-analyst --purpose freight_resilience "SELECT driver_id FROM gate_transactions"
  explain   {portgate} explain --as msc-planner --purpose goods_movement_efficiency "SELECT * FROM container_moves"
  catalog   {portgate} catalog vessel_calls
  parts     {portgate} status
  stop      make down"""


def main() -> int:
    """Start the stack if it does not run, ask the three questions; the first exit code that is not zero counts."""
    console = Console(soft_wrap=True, highlight=False)
    home = find_home()
    started = ask(["up"])
    if started:
        return started
    for number, scene in enumerate(SCENES, start=1):
        console.print()
        console.print(f"[bold]{number}. {scene.title}[/bold]")
        console.print(f"portgate query --as {scene.partner} --purpose {scene.purpose}", style="dim")
        console.print(scene.sql, style="cyan", markup=False)
        console.print()
        failed = ask(["query", "--as", scene.partner, "--purpose", scene.purpose, scene.sql])
        if failed:
            return failed
    settings = remembered(home)
    url = f"https://localhost:{settings.tcp.gateway}" if settings else ""
    portgate = shlex.quote(".venv/bin/portgate")
    console.print(AFTERWARDS.format(url=url, ca=home.ca_file, portgate=portgate), markup=False)
    return 0


def ask(words: list[str]) -> int:
    """Run one command as a person would; what it says goes to the terminal."""
    command = [*PORTGATE, *words]
    return subprocess.run(command, cwd=CHECKOUT, check=False).returncode  # noqa: S603 - our own command


if __name__ == "__main__":
    sys.exit(main())
