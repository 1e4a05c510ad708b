"""What was interrupted half-way is recognised and made anew; nothing half made is ever used."""

from __future__ import annotations

import io
import json
import shutil
import tarfile
from collections.abc import Callable
from datetime import date
from hashlib import sha256
from pathlib import Path

import pytest

from stack import components, data, fetching, install, postgres
from stack.faults import ComponentFault
from stack.layout import Home
from stack.settings import StackSettings

SETTINGS = StackSettings(as_of=date(2026, 11, 22), scale=0.01)
COMPILER = fetching.Jar("the Java compiler", "org.eclipse.jdt", "ecj", "0", sha256(b"right").hexdigest())
NOT_NEEDED = Path("/nowhere")


class Silent:
    """A meter that shows nothing."""

    def begin(self, job: str, total: int | None) -> None:
        """Show nothing."""

    def advance(self, job: str, amount: int, note: str = "") -> None:
        """Show nothing."""

    def end(self, job: str) -> None:
        """Show nothing."""


def archive(at: Path, content: bytes) -> Path:
    """An archive with one folder and one file in it."""
    at.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(at, "w:gz") as tar:
        member = tarfile.TarInfo("trino-server-0/bin/launcher")
        member.size = len(content)
        tar.addfile(member, io.BytesIO(content))
    return at


def repository_with(cache: Path, content: bytes) -> Path:
    return archive(cache / "maven" / "io/trino/trino-server/0/trino-server-0.tar.gz", content)


def compiler_in(cache: Path, content: bytes) -> Path:
    jar = cache / "maven" / "org/eclipse/jdt/ecj/0/ecj-0.jar"
    jar.parent.mkdir(parents=True)
    jar.write_bytes(content)
    return jar


def test_a_whole_archive_is_checked_unpacked_and_removed(tmp_path: Path) -> None:
    kept = repository_with(tmp_path, b"right")
    target = tmp_path / "trino-server-0"

    fetching.fetch_trino(tmp_path, fetching.Archive("0", sha1(kept)), target, Silent())

    assert (target / "bin" / "launcher").read_bytes() == b"right"
    assert not kept.exists()
    assert [place.name for place in tmp_path.iterdir() if place.name.startswith("unpack-")] == []


def test_an_archive_that_breaks_off_is_removed_and_downloaded_again(
    tmp_path: Path, refusing_network: Callable[[], None]
) -> None:
    kept = repository_with(tmp_path, b"right")
    digest = sha1(kept)
    kept.write_bytes(kept.read_bytes()[:-20])
    refusing_network()

    with pytest.raises(ComponentFault, match="could not be downloaded") as told:
        fetching.fetch_trino(tmp_path, fetching.Archive("0", digest), tmp_path / "trino-server-0", Silent())

    assert not kept.exists()
    assert not (tmp_path / "trino-server-0").exists()
    assert "make setup" in told.value.mend


def test_an_unpacking_that_breaks_off_leaves_no_trino(tmp_path: Path) -> None:
    kept = archive(tmp_path / "broken.tar.gz", b"x" * 100_000)
    kept.write_bytes(kept.read_bytes()[:-30])

    with pytest.raises((EOFError, tarfile.TarError)):
        fetching.unpack(kept, tmp_path / "trino-server-0", Silent())

    assert [place.name for place in tmp_path.iterdir()] == ["broken.tar.gz"]


def test_a_java_compiler_is_checked_and_moved_to_its_place(tmp_path: Path) -> None:
    kept = compiler_in(tmp_path, b"right")
    target = tmp_path / "bin" / "ecj-0.jar"

    fetching.fetch_jar(tmp_path, COMPILER, target, Silent())

    assert target.read_bytes() == b"right"
    assert not kept.exists()


def test_a_java_compiler_that_is_not_the_one_named_is_removed(
    tmp_path: Path, refusing_network: Callable[[], None]
) -> None:
    kept = compiler_in(tmp_path, b"wrong")
    target = tmp_path / "bin" / "ecj-0.jar"
    refusing_network()

    with pytest.raises(ComponentFault, match="the Java compiler 0 could not be downloaded"):
        fetching.fetch_jar(tmp_path, COMPILER, target, Silent())

    assert not kept.exists()
    assert not target.exists()


def test_data_without_its_mark_is_not_taken_for_made(home: Home) -> None:
    home.ports.mkdir()
    (home.ports / "made.json").write_text(json.dumps(data.wanted(SETTINGS)))
    assert data.is_generated(home, SETTINGS)

    (home.ports / "made.json").write_text(json.dumps(data.wanted(SETTINGS))[:-10])

    assert not data.is_generated(home, SETTINGS)


@pytest.mark.parametrize("change", [{"scale": 0.02}, {"as_of": date(2026, 11, 23)}, {"ports": ("oakland",)}])
def test_data_of_other_settings_is_made_anew(home: Home, change: dict[str, object]) -> None:
    home.ports.mkdir()
    (home.ports / "made.json").write_text(json.dumps(data.wanted(SETTINGS)))

    assert not data.is_generated(home, SETTINGS.model_copy(update=change))


def test_data_that_was_made_but_not_loaded_is_not_taken_for_loaded(home: Home) -> None:
    home.ports.mkdir()
    (home.ports / "made.json").write_text(json.dumps(data.wanted(SETTINGS)))
    assert not data.is_loaded(home, SETTINGS)

    (home.root / "loaded.json").write_text(json.dumps(data.wanted(SETTINGS)))

    assert data.is_loaded(home, SETTINGS)


def test_a_half_made_data_folder_of_postgresql_is_made_anew_and_a_whole_one_is_kept(home: Home) -> None:
    parts = components.Components(NOT_NEEDED, NOT_NEEDED, NOT_NEEDED, components.postgres_bin(), NOT_NEEDED)
    (home.root / "postgres.half-made").touch()
    home.postgres.mkdir()
    (home.postgres / "PG_VERSION").write_text("18\n")

    postgres.prepare(home, parts)

    assert (home.postgres / "pg_hba.conf").exists()
    made = (home.postgres / "pg_hba.conf").stat().st_mtime_ns
    postgres.prepare(home, parts)
    assert (home.postgres / "pg_hba.conf").stat().st_mtime_ns == made
    assert list(home.root.glob("postgres*")) == [home.postgres]
    shutil.rmtree(home.postgres)


def test_an_environment_without_its_mark_is_half_made(tmp_path: Path) -> None:
    mark = tmp_path / "portgate-installed.json"
    assert install.read_mark(mark) is None

    mark.write_text('{"python": "3.1')
    assert install.read_mark(mark) is None

    mark.write_text('{"python": "3.11"}')
    assert install.read_mark(mark) == {"python": "3.11"}


def sha1(file: Path) -> str:
    return fetching.digest_of(file, Silent())


@pytest.fixture
def refusing_network(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Make every download of this process fail at once, as without a network."""

    def refuse() -> None:
        for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, "http://127.0.0.1:9")

    return refuse
