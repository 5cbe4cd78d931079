"""jakinib population: a table for people, JSON for machines, one line for bad input."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from jakinib.cli import main


def run(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr("sys.argv", ["jakinib", *arguments])
    with pytest.raises(SystemExit) as stop:
        main()
    return int(stop.value.code or 0)


QUICK = ["population", "ra_adult", "-n", "4", "--regimen", "4 mg qd x 2", "--workers", "1"]


def test_json_and_nothing_else_on_standard_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "pop.parquet"
    assert run([*QUICK, "--out", str(out), "--json"], monkeypatch) == 0
    record = json.loads(capfd.readouterr().out)
    assert record["manifest"]["complete"] is True
    rows = {row["quantity"]: row for row in record["summary"]}
    assert rows["AUC_ng_h_per_mL"]["n"] == 4 == len(pd.read_parquet(out))
    assert (
        rows["AUC_ng_h_per_mL"]["p5"] <= rows["AUC_ng_h_per_mL"]["median"] <= rows["AUC_ng_h_per_mL"]["p95"]
    )


def test_the_table_counts_failures_and_gives_bands(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run([*QUICK, "--with", "fed"], monkeypatch) == 0
    out = capfd.readouterr().out
    assert "0 failed" in " ".join(out.split())
    for word in ("median", "5 %", "95 %", "Cmax_ng_per_mL", "mean_inhibition_percent"):
        assert word in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["population", "ra_adlt"], "did you mean ra_adult"),
        ([*QUICK, "--with", "feed"], "did you mean fed"),
        (["population", "ra_adult", "-n", "0"], "0 patients"),
        ([*QUICK, "--cytokine", "IL-66"], "unknown cytokine"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(
    arguments: list[str], said: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments, monkeypatch) == 2
    captured = capfd.readouterr()
    assert captured.out == ""
    message = [line for line in captured.err.splitlines() if line.startswith("jakinib:")]
    assert len(message) == 1
    assert said in message[0]
