"""The notebooks run from top to bottom and show what they speak of."""

from __future__ import annotations

import os
from pathlib import Path

import nbclient
import nbformat
import pytest

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def run(path: Path, monkeypatch: pytest.MonkeyPatch) -> nbformat.NotebookNode:
    searched = [str(ROOT / "model"), os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, searched)))
    notebook = nbformat.read(path, as_version=4)
    return nbclient.NotebookClient(notebook, timeout=100, kernel_name="python3").execute(cwd=str(path.parent))


def outputs(notebook: nbformat.NotebookNode, kind: str) -> list[str]:
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    return [output["data"][kind] for cell in cells for output in cell.outputs if kind in output.get("data", {})]


def test_notebooks_are_numbered_from_one() -> None:
    assert [path.name[:2] for path in NOTEBOOKS] == [f"{number:02d}" for number in range(1, len(NOTEBOOKS) + 1)]
    assert NOTEBOOKS


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_and_draws(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    notebook = run(path, monkeypatch)
    assert outputs(notebook, "image/png")
    streams = [
        output for cell in notebook.cells for output in cell.get("outputs", []) if output.get("name") == "stderr"
    ]
    assert not streams, "a notebook warns of nothing"


def test_what_the_notebook_on_the_drug_margin_says_is_so() -> None:
    import healthreform as hr

    kept = {"drug_mark_up[tertiary]": 0.15, "drug_mark_up[secondary]": 0.15, "drug_mark_up[primary]": 0.10}
    runs = {
        "enacted": hr.simulate(stop=2025),
        "kept": hr.simulate(changes=kept, stop=2025),
        "uncompensated": hr.simulate(changes={"mark_up_price_compensation": 0.0}, stop=2025),
    }
    pay = {name: float(run["pay_ratio"].sel(tier="tertiary", time=2016)) for name, run in runs.items()}
    margin = {name: float(run["surplus_margin"].sel(tier="tertiary", time=2016)) for name, run in runs.items()}
    assert pay["uncompensated"] < pay["enacted"] < pay["kept"]
    assert margin["uncompensated"] < margin["enacted"] < margin["kept"]
    lost = {name: hr.ledger(runs[name], runs["kept"])["total"] for name in ("enacted", "uncompensated")}
    assert lost["uncompensated"]["health_worker"] < min(0, lost["enacted"]["health_worker"])
    providers = [name for name in lost["uncompensated"].index if name.startswith("provider[")]
    assert lost["uncompensated"]["health_worker"] < lost["uncompensated"][providers].sum(), "pay bears most of it"
    bill = {name: run["hospital_item_share"].sel(care="inpatient", time=2020).to_series() for name, run in runs.items()}
    assert bill["enacted"]["services"] > bill["kept"]["services"]
    assert bill["uncompensated"]["tests"] > bill["enacted"]["tests"]
